"""From a validated listing and its link to what will be done, and what that costs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning import plan
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.digest import item_digest, plan_digest
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.plan_view import Totals, groups_in_order, groups_of, headline, row, told_of_quota, totals
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline_tests.builders import a_listing, a_shop, two_sizes

LISTING = a_listing()
LIVE = Link(
    "prod_1", product_title="Mug", etsy_listing_id=42, listing_state="active", wanted_state="active", published=LISTING
)


def plan_product(
    validated: ValidatedListing,
    link: Link | None,
    live: LiveListing | None = None,
    settings: ShopSettings | None = None,
) -> PlanItem:
    return plan.plan_product(validated, link, live, settings or a_shop())


def plan_removed(link: Link) -> PlanItem:
    return plan_product(plan.removed(link), link)


def ready(**changes: Any) -> ValidatedListing:
    return ValidatedListing("prod_1", "Mug", replace(LISTING, **changes))


def absent(reason: str = "out of stock") -> ValidatedListing:
    return ValidatedListing("prod_1", "Mug", LISTING, (), reason)


INVALID = ValidatedListing("prod_1", "Mug", None, (Verdict("no_variants", "error", "variants", "No variant."),))


@pytest.mark.parametrize(
    ("validated", "link", "action", "reason"),
    [
        (ready(), None, "create", "not on Etsy yet"),
        (ready(), LIVE, "skip", "unchanged since it was last published"),
        (ready(title="New"), LIVE, "update", "title changed"),
        (ready(), replace(LIVE, listing_state="inactive", wanted_state="inactive"), "update", "state changed"),
        (ready(), replace(LIVE, published=None), "update", "an earlier attempt did not come to its end"),
        (ready(), replace(LIVE, sync_status="failed"), "update", "the last attempt failed; nothing changed since"),
        (absent(), LIVE, "deactivate", "out of stock"),
        (absent(), replace(LIVE, listing_state="inactive"), "skip", "out of stock"),
        (absent(), None, "skip", "out of stock"),
        (INVALID, None, "invalid", "No variant."),
        (INVALID, LIVE, "invalid", "No variant."),
    ],
)
def test_what_is_done(validated: ValidatedListing, link: Link | None, action: str, reason: str) -> None:
    item = plan_product(validated, link)
    assert item.action == action
    assert item.reason.startswith(reason)


def test_a_product_that_left_the_catalogue_is_deactivated() -> None:
    assert (plan_removed(LIVE).action, plan_removed(LIVE).reason) == ("deactivate", "no longer in the catalogue")


@pytest.mark.parametrize(
    ("item", "calls", "cents"),
    [
        (plan_product(ready(), None), 4, 20),
        (plan_product(ready(images=()), None), 3, 0),
        (plan_product(ready(publish_as="draft"), None), 4, 0),
        (plan_product(ready(), LIVE), 0, 0),
        (plan_product(ready(title="New"), LIVE), 1, 0),
        (plan_product(ready(inventory=two_sizes()), LIVE), 2, 0),
        (plan_product(ready(images=(ListingImage("a"), ListingImage("b"))), LIVE), 3, 0),
        (plan_product(ready(), replace(LIVE, listing_state="draft", wanted_state="draft")), 1, 20),
        (plan_product(absent(), LIVE), 1, 0),
    ],
)
def test_what_it_costs(item: PlanItem, calls: int, cents: int) -> None:
    """Only what changed is sent; publishing costs a fee (FACTS §5). What a renewal costs is in `test_life.py`."""
    assert (item.cost.calls, item.cost.fee_usd_cents) == (calls, cents)


def test_differences_name_the_field_the_old_and_the_new() -> None:
    item = plan_product(ready(title="New", inventory=two_sizes()), LIVE)
    assert [(change.field, change.part, change.old, change.new) for change in item.differences] == [
        ("title", "listing", "Stoneware Mug", "New"),
        ("variations", "inventory", "29.99, 10 pieces", "10–12, 6 pieces, 2 variations by Size"),
    ]


def test_the_digest_does_not_depend_on_the_order_of_items() -> None:
    one, two = item_digest("a", "create", None, "{}", ()), item_digest("b", "skip", 1, None, ())
    first = plan_digest(shop_id=1, shop_fingerprint="x", item_digests=[one, two])
    assert first == plan_digest(shop_id=1, shop_fingerprint="x", item_digests=[two, one])


ITEMS = st.tuples(
    st.text(),
    st.sampled_from(["create", "update"]),
    st.none() | st.integers(),
    st.none() | st.text(),
    st.frozensets(st.sampled_from(["title", "price"])),
)


@given(ITEMS, ITEMS)
def test_another_plan_has_another_digest(one: Any, two: Any) -> None:
    """Also where the same listing is kept, but another of its fields is sent."""
    assert (item_digest(*one) == item_digest(*two)) == (one == two)


def test_totals_add_up_and_are_told_in_a_sentence() -> None:
    items = [plan_product(ready(), None), plan_product(ready(), LIVE), plan_product(INVALID, None), plan_removed(LIVE)]
    found = totals(items[:2]) + totals(items[2:])
    assert (found.products, found.changes) == (4, 2)
    assert headline(found) == (
        "Plan: 1 new, 0 changes, 1 taken down (1 with nothing to do, 1 cannot be published); 5 calls to Etsy, "
        "$0.20 in fees."
    )
    assert "5 calls to Etsy and about 1,200 to look, $0.20 in fees." in headline(replace(found, looks=1200))


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert headline(totals([plan_product(ready(), LIVE)])).startswith("Nothing to do on Etsy")


@pytest.mark.parametrize(
    ("code", "words"), [("title_missing", "Cannot be published"), ("shipping_profile_missing", "Waits")]
)
def test_a_row_says_in_words_whether_a_product_or_its_shop_lacks_something(code: str, words: str) -> None:
    item = PlanItem("p", "Mug", "invalid", "", verdicts=(Verdict(code, "error", "x", "It is missing."),))
    assert row(item).words == words


def test_a_row_shows_old_and_new_and_warnings() -> None:
    item = PlanItem(
        "p", "Mug", "update", "",
        differences=(Difference("title", "listing", "A", "B"),),
        conflicts=(FieldConflict("sku", "A", "B", "C", "kept"),),
        brakes=(Brake("price_moved", "Far."),),
        verdicts=(Verdict("no_images", "warning", "images", "No picture."),),
    )  # fmt: skip
    shown = row(item)
    assert (shown.symbol, shown.detail) == ("~", "title: A → B (1 warning: No picture.)")
    assert shown.care == "BRAKE price_moved: Far.; CONFLICT sku was changed on Etsy, from A to B, and is kept"


def test_a_price_is_compared_by_its_value() -> None:
    same = replace(LISTING.inventory.offerings[0], price=Decimal("29.990"))
    item = plan_product(ready(inventory=replace(LISTING.inventory, offerings=(same,))), LIVE)
    assert item.action == "skip"


def test_items_are_counted_in_groups_by_reason() -> None:
    items = [plan_product(ready(title="New"), LIVE), plan_product(INVALID, None), plan_product(ready(), None)]
    assert [groups_of(item) for item in items] == [
        {("update", "title")}, {("invalid", "no_variants")}, {("create", "not on Etsy yet")}
    ]  # fmt: skip
    assert groups_in_order([["skip", "a", 9], ["create", "b", 1], ["create", "c", 2]]) == [
        ("create", "c", 2), ("create", "b", 1), ("skip", "a", 9)
    ]  # fmt: skip


def test_what_needs_care_is_in_the_headline() -> None:
    assert headline(Totals(update=1, braked=1, conflicting=2), plan_brakes=1).endswith(
        "Look twice: 2 brakes and 2 conflicts."
    )


def test_a_listing_that_has_to_be_deactivated_stays_where_the_shop_says_so() -> None:
    item = plan_product(absent(), LIVE, None, a_shop(deactivate_removed=False))
    assert (item.action, item.reason) == ("skip", "out of stock; deactivate_removed is off")


def test_a_plan_says_whether_it_fits_into_today() -> None:
    assert told_of_quota(5, Quota(per_day=5000, left_today=4100)) == "It fits: 4,100 of 5,000 calls are left today."
    assert told_of_quota(5000, Quota(5000, 100)).startswith("It needs 2 days: 100 of 5,000")
    assert told_of_quota(Totals(api_calls=88, looks=13).calls, Quota(5000, 100)).startswith("It needs 2 days")
    assert told_of_quota(5, None) == told_of_quota(0, Quota(1, 1)) == ""
