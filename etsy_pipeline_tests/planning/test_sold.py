"""Orders came in on Etsy, and a listing could not be read: whatever would offer pieces again is held back."""

from dataclasses import replace
from typing import Any

import pytest

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.sold import held_back, is_stock_read
from etsy_pipeline_tests.builders import a_shop, a_validated_listing
from etsy_pipeline_tests.planning.published import AS_PUBLISHED, LINK, PUBLISHED, stocked


def planned(desired: Listing, live: LiveListing | None = None, link: Link = LINK, orders: int = 1) -> PlanItem:
    validated = a_validated_listing(listing=desired)
    return held_back(plan_product(validated, link, live, a_shop()), live, orders)


@pytest.mark.parametrize(
    ("desired", "link"),
    [
        (replace(PUBLISHED, inventory=stocked(50)), LINK),
        (replace(PUBLISHED, inventory=stocked(10, "35")), LINK),
        (replace(PUBLISHED, inventory=stocked(11)), replace(LINK, listing_state="sold_out")),
        (PUBLISHED, replace(LINK, published=None)),
    ],
    ids=["more stock", "a price, which takes all quantities along", "set active again", "an attempt that was cut off"],
)
def test_what_would_offer_pieces_is_held_back_and_says_why(desired: Listing, link: Link) -> None:
    item = planned(desired, link=link, orders=2)
    assert (item.action, item.desired, item.differences, item.cost.calls) == ("skip", None, (), 0)
    assert [brake.code for brake in item.brakes] == ["stock_unread"]
    assert "2 orders were paid or canceled" in item.brakes[0].message
    assert item.care == 0, "it stands first in the plan"
    assert planned(desired, link=link, orders=0).action == "update", "only orders are a reason"


def test_what_offers_no_pieces_goes_on() -> None:
    assert planned(replace(PUBLISHED, title="New")).action == "update"
    assert planned(PUBLISHED).action == "skip"
    assert planned(PUBLISHED).brakes == ()


def test_a_new_product_has_sold_nothing() -> None:
    assert planned(PUBLISHED, link=Link("prod_1")).action == "create"


def test_a_listing_that_was_read_is_planned_from_what_it_has_left() -> None:
    item = planned(replace(PUBLISHED, inventory=stocked(10, "35")), replace(AS_PUBLISHED, inventory=stocked(7)))
    assert item.desired is not None
    assert (item.action, item.desired.quantity) == ("update", 7)


@pytest.mark.parametrize(
    ("live", "is_read"),
    [
        (None, False),
        (AS_PUBLISHED, True),
        (replace(AS_PUBLISHED, inventory=None), False),
        (replace(AS_PUBLISHED, inventory=None, state="sold_out"), False),
        (LiveListing(42, "draft"), True),
        (LiveListing(42, "removed"), True),
        (LiveListing(42, GONE), True),
    ],
)
def test_stock_is_known_where_it_was_read_and_where_nothing_can_be_sold(live: Any, is_read: bool) -> None:  # noqa: FBT001
    assert is_stock_read(live) == is_read
