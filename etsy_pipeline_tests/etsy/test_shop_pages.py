"""Reading all of a shop while it changes: each listing once, and never fewer than there are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.etsy.seen import seen_listing
from etsy_pipeline.etsy.shop_pages import CEILING, ORDER
from etsy_pipeline.linking.seen import STATES
from etsy_pipeline_tests.etsy.pages import Etsy, all_listings


def test_all_six_states_are_asked_and_an_empty_shop_is_empty() -> None:
    etsy = Etsy()
    assert all_listings(etsy) == {}
    assert {state for state, _, limit in etsy.asked if limit == 100} == set(STATES)
    assert len(etsy.asked) == 11, "a page of each state, and a look at the five that were not the last"


def test_a_shop_of_twelve_thousand_takes_about_one_call_for_a_hundred() -> None:
    etsy = Etsy(active=range(1, CEILING + 1))
    assert len(all_listings(etsy)) == CEILING
    assert len(etsy.asked) == 130


def test_a_listing_that_falls_between_two_pages_is_found_all_the_same() -> None:
    etsy = Etsy(active=range(1, 301))
    first_active = len(ORDER)
    etsy.after[first_active] = lambda: etsy.move(1, "active", "sold_out")  # number 101 moves to the first page
    found = all_listings(etsy)
    assert set(found) == set(range(1, 301))
    assert (found[101].state, found[1].state) == ("active", "sold_out")


def test_a_draft_that_is_published_meanwhile_is_found_once_as_it_is_now() -> None:
    etsy = Etsy(draft=[1, 2], active=[3])
    etsy.after[1] = lambda: etsy.move(1, "draft", "active")
    found = all_listings(etsy)
    assert {number: seen.state for number, seen in found.items()} == {1: "active", 2: "draft", 3: "active"}


def test_a_listing_that_moves_to_a_state_that_was_read_already_is_found() -> None:
    etsy = Etsy(active=[1, 2])
    etsy.after[5] = lambda: etsy.move(1, "active", "sold_out")  # sold out was the fourth; before the active ones
    assert {number: seen.state for number, seen in all_listings(etsy).items()} == {1: "sold_out", 2: "active"}


def test_of_two_sightings_the_one_with_the_later_change_of_state_holds() -> None:
    class Told(Etsy):
        def answer(self, number: int, state: str) -> dict[str, Any]:
            return super().answer(number, state) | {"state_timestamp": 200 if state == "expired" else 100}

    etsy = Told(expired=[1], active=[1])
    (found,) = all_listings(etsy).values()
    assert (found.state, found.state_at) == ("expired", datetime.fromtimestamp(200, UTC))


def test_a_shop_that_never_stands_still_is_not_read_to_the_end() -> None:
    etsy, numbers = Etsy(active=range(1, 301)), iter(range(1_000, 2_000))
    etsy.after = {call: lambda: etsy.states["active"].insert(0, next(numbers)) for call in range(1, 1_000)}
    with pytest.raises(EtsyUnavailable) as caught:
        all_listings(etsy)
    assert caught.value.code == "shop_kept_changing"
    assert len(etsy.asked) < 100


def test_a_count_that_etsy_always_tells_wrong_is_believed_no_more_than_what_it_shows() -> None:
    class Miscounting(Etsy):
        def __call__(self, state: str, offset: int, limit: int, *, oldest_first: bool = False) -> dict[str, Any]:
            page = super().__call__(state, offset, limit, oldest_first=oldest_first)
            return page | {"count": page["count"] + (state == "active")}

    etsy = Miscounting(active=range(1, 151))
    assert len(all_listings(etsy)) == 150, "twice the same: there are no more"


@pytest.mark.parametrize(
    "answer",
    [
        {}, [], None, {"count": 1}, {"results": []}, {"count": "1", "results": []}, {"count": 1, "results": None},
        {"count": 1, "results": [{"state": "active"}]}, {"count": 1, "results": [{"listing_id": 1}]},
        {"count": 1, "results": ["Mug"]}, {"count": 1, "results": [{"listing_id": 1, "state": "active", "price": {}}]},
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing_is_never_taken_for_an_empty_shop(answer: Any) -> None:
    class Silent(Etsy):
        def __call__(self, *_: object, **__: object) -> Any:
            return answer

    with pytest.raises(EtsyUnavailable) as caught:
        all_listings(Silent())
    assert caught.value.code == "etsy_answer_malformed"


def test_what_is_kept_of_a_listing() -> None:
    seen = seen_listing(
        {
            "listing_id": 7, "state": "edit", "title": "Mug &amp; Cup", "url": "https://etsy.test/7", "quantity": 3,
            "description": "From https://shop.test/products/mug (blue).\n\nref:etsy_pipeline/0123456789abcdef0123",
            "price": {"amount": 1050, "divisor": 100, "currency_code": "USD"}, "taxonomy_id": 1062,
            "tags": ["a &lt; b"], "created_timestamp": 100, "ending_timestamp": 300, "state_timestamp": 150,
            "last_modified_timestamp": 200, "updated_timestamp": 250, "should_auto_renew": True, "is_private": True,
            "views": 5, "num_favorers": 2,
            "images": [{"listing_image_id": 2, "rank": 2, "url_570xN": "b"},
                       {"listing_image_id": 1, "rank": 1, "url_570xN": "a", "url_fullxfull": "A"}],
        }
    )  # fmt: skip
    assert (seen.state, seen.title, seen.tags) == ("edit", "Mug & Cup", ("a < b",))
    assert (seen.price, seen.currency_code, seen.quantity) == ("10.50", "USD", 3)
    assert (seen.image_url, seen.image_ids) == ("a", (1, 2))
    assert (seen.reference, seen.mentions) == (
        "ref:etsy_pipeline/0123456789abcdef0123",
        ("https://shop.test/products/mug",),
    )
    moments = (seen.created_at, seen.ending_at, seen.state_at, seen.modified_at)
    assert [moment and moment.timestamp() for moment in moments] == [100, 300, 150, 250]
    assert (seen.should_auto_renew, seen.is_private, seen.views, seen.num_favorers) == (True, True, 5, 2)


def test_a_listing_of_which_etsy_tells_little_is_kept_all_the_same() -> None:
    seen = seen_listing({"listing_id": 7, "state": "draft", "url": None, "price": None, "images": None})
    assert (seen.listing_id, seen.state, seen.url, seen.price, seen.ending_at) == (7, "draft", "", "", None)
