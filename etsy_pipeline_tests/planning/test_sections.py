"""In which part of a plan a product is shown."""

import pytest

from etsy_pipeline.listings.remedies import OF_THE_SHOP, REMEDIES
from etsy_pipeline.listings.rules import RULES, verdict
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.sections import SECTIONS, section_of

PROFILE = verdict("shipping_profile_missing")
TITLE = verdict("title_too_long", length=200, limit=140)
WARNING = verdict("no_images")


@pytest.mark.parametrize(
    ("verdicts", "section"),
    [
        ((PROFILE,), "waits"),
        ((PROFILE, WARNING), "waits"),
        ((PROFILE, TITLE), "invalid"),
        ((TITLE,), "invalid"),
        ((), "invalid"),
        ((WARNING,), "invalid"),
    ],
)
def test_a_product_waits_where_only_the_shop_lacks_something(verdicts: tuple[Verdict, ...], section: str) -> None:
    assert section_of("invalid", 3, verdicts) == section


@pytest.mark.parametrize(
    ("action", "care", "section"),
    [("create", 4, "create"), ("update", 0, "update"), ("deactivate", 2, "deactivate"), ("skip", 6, "left"), ("skip", 9, "same"), ("skip", 1, "same")],
)  # fmt: skip
def test_what_is_sent_is_shown_by_what_is_done_and_the_rest_by_why_not(action: str, care: int, section: str) -> None:
    assert section_of(action, care, (PROFILE,)) == section
    assert section in SECTIONS


def test_what_is_told_once_of_a_shop_is_an_error_of_the_rules() -> None:
    assert {RULES[code].severity for code in OF_THE_SHOP} == {"error"}
    assert {RULES[code].severity for code in REMEDIES} == {"error"}
