"""What someone did on Etsy meanwhile: conflicts, ownership, sold pieces, states, listings that are gone."""

from dataclasses import replace
from typing import Any

import pytest

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.changes import FieldConflict
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline_tests.builders import a_shop, two_sizes
from etsy_pipeline_tests.planning.published import AS_PUBLISHED, LINK, PUBLISHED, stocked


def planned(desired: Listing = PUBLISHED, live: LiveListing = AS_PUBLISHED, link: Link = LINK, **shop: Any) -> PlanItem:
    return plan_product(ValidatedListing("prod_1", "Mug", desired), link, live, a_shop(**shop))


def edited(**values: object) -> LiveListing:
    return replace(AS_PUBLISHED, values={**AS_PUBLISHED.values, **values})


def test_what_is_on_etsy_as_published_is_left_alone_whatever_the_order_of_tags() -> None:
    item = planned()
    assert (item.action, item.conflicts) == ("skip", ())


def test_an_owned_field_that_was_edited_on_etsy_is_a_conflict_and_would_be_overwritten() -> None:
    item = planned(live=edited(title="Seller's title"))
    assert item.action == "update"
    assert item.conflicts == (
        FieldConflict("title", "Stoneware Mug", "Seller's title", "Stoneware Mug", "overwritten"),
    )
    [change] = item.differences
    assert (change.old, change.published, change.live, change.new) == (
        "Seller's title", "Stoneware Mug", "Seller's title", "Stoneware Mug"
    )  # fmt: skip


def test_it_is_kept_where_the_shop_says_so_and_told_every_time() -> None:
    item = planned(replace(PUBLISHED, title="New"), edited(title="Seller's title"), on_conflict="keep")
    assert (item.action, item.conflicts[0].outcome, item.desired) == ("skip", "kept", None)


def test_an_edit_that_medusa_has_meanwhile_too_is_no_conflict() -> None:
    item = planned(replace(PUBLISHED, title="Same"), edited(title="Same"))
    assert item.conflicts == ()


@pytest.mark.parametrize("owner", ["create_only", "seller"])
def test_a_field_that_is_not_ours_is_never_sent_again(owner: str) -> None:
    changed = replace(PUBLISHED, tags=("new",), title="New")
    item = planned(changed, edited(tags=("theirs",)), ownership={"tags": owner})
    assert [change.field for change in item.differences] == ["title"]
    assert item.desired is not None
    assert item.desired.tags == PUBLISHED.tags, "what we last published is what we remember"
    assert item.conflicts == ()


def test_a_new_listing_is_born_without_the_fields_of_the_seller() -> None:
    settings = a_shop(ownership={"tags": "seller", "materials": "create_only", "images": "seller"})
    item = plan_product(ValidatedListing("p", "", replace(PUBLISHED, materials=("clay",))), None, None, settings)
    assert item.desired is not None
    assert (item.desired.tags, item.desired.materials, item.desired.publish_as) == ((), ("clay",), "draft")
    assert "tags" not in {change.field for change in item.differences}


@pytest.mark.parametrize(
    ("medusa", "published", "live", "sent"),
    [(10, 10, 8, None), (9, 10, 8, None), (7, 10, 8, 7), (50, 10, 8, 50), (10, 10, 12, 10)],
    ids=["sold on Etsy", "sold on both", "fewer in Medusa", "restocked", "raised on Etsy by hand"],
)
def test_pieces_that_etsy_sold_are_not_offered_again(medusa: int, published: int, live: int, sent: int | None) -> None:
    """Medusa need not know of Etsy's orders: while its own stock has not risen, what was sold stays sold."""
    link = replace(LINK, published=replace(PUBLISHED, inventory=stocked(published)))
    item = planned(replace(PUBLISHED, inventory=stocked(medusa)), replace(AS_PUBLISHED, inventory=stocked(live)), link)
    assert (item.desired.quantity if item.desired else None) == sent
    assert [conflict.field for conflict in item.conflicts] == ["quantity"]


def test_what_was_sold_stays_sold_when_something_else_was_published_meanwhile() -> None:
    """Ten in Medusa, two sold on Etsy; then a new title was sent, and eight pieces with it."""
    sold = replace(AS_PUBLISHED, inventory=stocked(8))
    first = planned(replace(PUBLISHED, title="New"), sold)
    assert first.desired is not None
    assert (first.desired.quantity, first.desired.inventory.offerings[0].wanted) == (8, 10)
    after = replace(LINK, published=first.desired)
    titled = replace(sold, values={"title": "New"})
    assert planned(replace(PUBLISHED, title="New"), titled, after).action == "skip"
    assert planned(replace(PUBLISHED, title="New", inventory=stocked(9)), titled, after).action == "skip"
    restocked = planned(replace(PUBLISHED, title="New", inventory=stocked(12)), titled, after)
    assert restocked.desired is not None
    assert restocked.desired.quantity == 12


def test_a_sold_out_listing_is_not_renewed_for_a_fee_while_medusa_has_no_new_stock() -> None:
    live = replace(AS_PUBLISHED, state="sold_out", inventory=stocked(0))
    item = planned(live=live)
    assert (item.action, item.life, item.conflicts[0].outcome) == ("skip", "sold_out_waits", "sold")
    renewed = planned(replace(PUBLISHED, inventory=stocked(20)), live)
    assert (renewed.action, renewed.cost.fee_usd_cents) == ("update", 20)
    assert {change.field for change in renewed.differences} == {"quantity", "state"}


def test_a_listing_that_its_seller_deactivated_stays_so() -> None:
    item = planned(live=replace(AS_PUBLISHED, state="inactive"))
    assert (item.action, item.life, item.conflicts) == ("skip", "held_by_seller", ())


def test_a_listing_that_we_deactivated_comes_back() -> None:
    link = replace(LINK, wanted_state="inactive", listing_state="inactive")
    item = planned(live=replace(AS_PUBLISHED, state="inactive"), link=link)
    assert (item.action, [change.field for change in item.differences]) == ("update", ["state"])


def test_a_listing_that_is_gone_is_created_again_with_a_brake() -> None:
    item = planned(live=LiveListing(42, GONE))
    assert (item.action, item.etsy_listing_id, item.cost.fee_usd_cents) == ("create", 42, 20)
    assert [brake.code for brake in item.brakes] == ["listing_gone"]


def test_a_listing_that_etsy_took_down_is_left_to_a_person() -> None:
    item = planned(replace(PUBLISHED, title="New"), LiveListing(42, "removed"))
    assert (item.action, item.life, item.desired) == ("invalid", "removed_by_etsy", None)


def test_the_live_state_counts_for_what_is_deactivated() -> None:
    absent = ValidatedListing("prod_1", "Mug", PUBLISHED, (), "out of stock")
    live = replace(AS_PUBLISHED, state="inactive")
    assert plan_product(absent, LINK, live, a_shop()).action == "skip"


def test_a_price_that_is_the_sellers_survives_other_changes() -> None:
    desired = replace(PUBLISHED, inventory=stocked(5, "20"))
    live = replace(AS_PUBLISHED, inventory=stocked(10, "35"))
    item = planned(desired, live, ownership={"price": "create_only"})
    assert item.desired is not None
    assert (str(item.desired.price), item.desired.quantity) == ("35", 5)
    assert [change.field for change in item.differences] == ["quantity"]


def test_variations_that_are_the_sellers_keep_their_grid_and_are_not_sold_where_medusa_has_none() -> None:
    link = replace(LINK, published=replace(PUBLISHED, inventory=two_sizes()))
    smaller = replace(two_sizes(("11", "12")), offerings=two_sizes(("11", "12")).offerings[:1])
    item = planned(replace(PUBLISHED, inventory=smaller), replace(AS_PUBLISHED, inventory=two_sizes()), link,
                   ownership={"variations": "create_only"})  # fmt: skip
    assert item.desired is not None
    assert [(cell.values, str(cell.price), cell.for_sale) for cell in item.desired.inventory.offerings] == [
        (("S",), "11", 3),
        (("L",), "12", 0),
    ]
    assert [change.field for change in item.differences] == ["price", "quantity"]
