"""The guard's arithmetic, and which plans need nobody."""

from dataclasses import replace
from decimal import Decimal

import pytest

from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.listing import Offering
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.approval_policy import PolicyReview
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.open_sales import with_open_sales
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.sales.guard import NOTHING_OPEN, OpenOnListing, OpenSales, SoldVariant, guard_of
from etsy_pipeline_tests.builders import a_product, a_shop, a_variant, validated
from etsy_pipeline_tests.planning.published import AS_PUBLISHED, LINK, stocked

SMALL, LARGE = Offering("MUG-S", ("S",), Decimal(9), 8), Offering("MUG-L", ("L",), Decimal(9), 5)
SHOP = a_shop(orders={"mode": "stock"}, approval={"lower_stock": True})


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_there_is_none_where_sales_never_come_to_medusa(mode: str) -> None:
    assert guard_of([SMALL], mode, NOTHING_OPEN) is None  # type: ignore[arg-type] # one of its words


@pytest.mark.parametrize(
    ("found", "on_etsy", "allowed"),
    [
        (NOTHING_OPEN, 3, 8),
        (None, 3, 3),  # orders were not read
        (None, 9, 8),
        (OpenOnListing(is_frozen=True), 3, 3),
        (OpenOnListing((SoldVariant("MUG-S", (), 2),)), 9, 6),
        (OpenOnListing((SoldVariant("MUG-S", (), 2),)), 3, 3),
        (OpenOnListing((SoldVariant("", ("s",), 2),)), 9, 6),  # by its values, in another case
        (OpenOnListing((SoldVariant("MUG-S", (), 9),)), 9, 0),
        (OpenOnListing((SoldVariant("MUG-L", (), 2),)), 3, 3),  # another variation was sold: this one is not raised
        (OpenOnListing((SoldVariant("MUG-X", ("X",), 2),)), 9, 8),  # nobody knows which
    ],
)
def test_pieces_that_may_be_for_sale(found: OpenOnListing | None, on_etsy: int, allowed: int) -> None:
    guard = guard_of([SMALL, LARGE], "stock", found)
    assert guard is not None
    assert guard.allowed(SMALL, on_etsy) == allowed


def test_a_variant_that_is_not_known_any_more_freezes_its_listing() -> None:
    identity = ProductIdentity(variants=(VariantIdentity("v_1", "MUG-1"),))
    seen = with_open_sales(AS_PUBLISHED, OpenSales({"v_1": 2, "v_gone": 1}), LINK, identity)
    assert seen.open_sales == OpenOnListing((SoldVariant("MUG-1", (), 2),), is_frozen=True)


def item_with(pieces: int, on_etsy: int, **product: object) -> PlanItem:
    return plan_product(_mug(pieces, **product), _published(), _live(on_etsy), SHOP)


def _mug(pieces: int, **product: object) -> ValidatedListing:
    return validated(a_product(variants=(a_variant(available=pieces),), **product), SHOP)


def _published() -> Link:
    return replace(LINK, published=_mug(10).listing)


def _live(on_etsy: int) -> LiveListing:
    return replace(AS_PUBLISHED, values={}, inventory=stocked(on_etsy), open_sales=NOTHING_OPEN)


def objections(*items: PlanItem) -> list[str]:
    review = PolicyReview(SHOP)
    for item in items:
        review.look_at(item)
    return review.objections()


class TestLoweringNeedsNobody:
    """`approval.lower_stock`, with `auto_approve` off."""

    def test_fewer_pieces(self) -> None:
        assert objections(item_with(7, 10)) == []

    def test_none_at_all(self) -> None:
        assert item_with(0, 10).action == "deactivate"
        assert objections(item_with(0, 10)) == []

    def test_more_pieces_do(self) -> None:
        assert objections(item_with(9, 8)) == ["the shop approves no plan by itself"]

    def test_other_fields_do(self) -> None:
        assert objections(item_with(7, 10, title="Another mug"), item_with(7, 10)) == [
            "the shop approves no plan by itself"
        ]

    def test_a_first_plan_of_an_adopted_listing_does(self) -> None:
        link = replace(_published(), origin="adopted", last_synced_at=None)
        assert objections(plan_product(_mug(7), link, _live(10), SHOP)) == ["the shop approves no plan by itself"]
