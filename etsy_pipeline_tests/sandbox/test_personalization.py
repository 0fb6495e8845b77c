"""What a buyer is asked: the local Etsy's questions (FACTS §5)."""

from typing import Any

import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy

QUESTION = {"question_text": "Which name?", "question_type": "text_input", "required": True}


@pytest.mark.parametrize(
    ("questions", "status"),
    [
        ([QUESTION], 201),
        ([], 201),
        ([QUESTION, QUESTION], 400),
        ([QUESTION | {"question_text": "x" * 46}], 400),
        ([QUESTION | {"question_type": "dropdown"}], 400),
        ([QUESTION | {"required": "yes"}], 400),
        ("Which name?", 400),
    ],
)
def test_a_listing_asks_one_question_of_text(etsy: Etsy, questions: Any, status: int) -> None:
    """FACTS §5."""
    listing_id = etsy.draft()
    path = f"/shops/{SHOP}/listings/{listing_id}/personalization"
    answer = etsy("POST", path, json={"personalization_questions": questions})
    assert answer.status_code == status
    read = etsy("GET", f"/listings/{listing_id}/personalization").json()
    assert len(read["personalization_questions"]) == (len(questions) if status == 201 else 0)
    assert response_problems("getListingPersonalization", 200, read) == []


def test_several_questions_need_the_parameter(etsy: Etsy) -> None:
    """FACTS §5."""
    path = f"/shops/{SHOP}/listings/{etsy.draft()}/personalization"
    query = {"supports_multiple_personalization_questions": "true"}
    body = {"personalization_questions": [QUESTION] * 5}
    assert etsy("POST", path, json=body, params=query).status_code == 201


def ask(etsy: Etsy, listing_id: int, **changes: Any) -> None:
    body = {"personalization_questions": [QUESTION | changes]}
    assert etsy("POST", f"/shops/{SHOP}/listings/{listing_id}/personalization", json=body).status_code == 201


def test_a_listing_tells_that_it_is_personalised_and_how_when_asked(etsy: Etsy) -> None:
    """Etsy's document."""
    listing_id = etsy.draft()
    assert etsy("GET", f"/listings/{listing_id}").json()["is_personalizable"] is False
    ask(etsy, listing_id)
    listing = etsy("GET", f"/listings/{listing_id}", params={"includes": "Images,Personalization"}).json()
    assert listing["is_personalizable"] is True
    questions = listing["personalization"]["personalization_questions"]
    assert [item["question_text"] for item in questions] == ["Which name?"]
    assert response_problems("getListing", 200, listing) == []


def test_questions_come_back_escaped(etsy: Etsy) -> None:
    """FACTS §0.9."""
    listing_id = etsy.draft()
    ask(etsy, listing_id, question_text="The dog's name?", instructions="<10 letters")
    found = etsy("GET", f"/listings/{listing_id}/personalization").json()["personalization_questions"][0]
    assert (found["question_text"], found["instructions"]) == ("The dog&#39;s name?", "&lt;10 letters")


def test_questions_can_be_taken_away(etsy: Etsy) -> None:
    """Etsy's document: deleteListingPersonalization."""
    listing_id = etsy.draft()
    ask(etsy, listing_id)
    assert etsy("DELETE", f"/shops/{SHOP}/listings/{listing_id}/personalization").status_code == 204
    assert etsy("GET", f"/listings/{listing_id}/personalization").json() == {"personalization_questions": []}
