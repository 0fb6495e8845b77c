"""From a validated listing and its link to what will be done, and what that costs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning.digest import item_digest, plan_digest
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan import PlanItem, plan_product, plan_removed
from etsy_pipeline.planning.plan_view import headline, row, totals
from etsy_pipeline_tests.builders import a_listing, two_sizes

LISTING = a_listing()
LIVE = Link("prod_1", "Mug", etsy_listing_id=42, listing_state="active", published=LISTING)


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
        (ready(), replace(LIVE, listing_state="inactive"), "update", "state changed"),
        (ready(), replace(LIVE, published=None), "update", "an earlier attempt did not come to its end"),
        (ready(), replace(LIVE, has_failed=True), "update", "the last attempt failed; nothing changed since"),
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
        (plan_product(ready(inventory=two_sizes()), LIVE), 1, 0),
        (plan_product(ready(images=(ListingImage("a"), ListingImage("b"))), LIVE), 3, 0),
        (plan_product(ready(), replace(LIVE, listing_state="inactive")), 1, 0),
        (plan_product(ready(), replace(LIVE, listing_state="expired")), 1, 20),
        (plan_product(absent(), LIVE), 1, 0),
    ],
)
def test_what_it_costs(item: PlanItem, calls: int, cents: int) -> None:
    """Only what changed is sent; publishing and renewing cost a fee, reactivating does not (FACTS §5, §6)."""
    assert (item.cost.calls, item.cost.fee_usd_cents) == (calls, cents)


def test_differences_name_the_field_the_old_and_the_new() -> None:
    item = plan_product(ready(title="New", inventory=two_sizes()), LIVE)
    assert [(change.field, change.part, change.old, change.new) for change in item.differences] == [
        ("title", "listing", "Stoneware Mug", "New"),
        ("inventory", "inventory", "29.99, 10 pieces", "10–12, 6 pieces, 2 variations"),
    ]


def test_the_digest_does_not_depend_on_the_order_of_items() -> None:
    one, two = item_digest("a", "create", None, "{}"), item_digest("b", "skip", 1, None)
    first = plan_digest(shop_id=1, shop_fingerprint="x", item_digests=[one, two])
    assert first == plan_digest(shop_id=1, shop_fingerprint="x", item_digests=[two, one])


@given(
    st.tuples(st.text(), st.sampled_from(["create", "update"]), st.none() | st.integers(), st.none() | st.text()),
    st.tuples(st.text(), st.sampled_from(["create", "update"]), st.none() | st.integers(), st.none() | st.text()),
)
def test_another_plan_has_another_digest(one: Any, two: Any) -> None:
    assert (item_digest(*one) == item_digest(*two)) == (one == two)


def test_totals_add_up_and_are_told_in_a_sentence() -> None:
    items = [plan_product(ready(), None), plan_product(ready(), LIVE), plan_product(INVALID, None), plan_removed(LIVE)]
    found = totals(items[:2]) + totals(items[2:])
    assert (found.products, found.changes) == (4, 2)
    assert headline(found) == (
        "Plan: 1 to create, 0 to update, 1 to deactivate (1 skipped, 1 invalid); 5 API calls, $0.20 in fees."
    )


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert headline(totals([plan_product(ready(), LIVE)])).startswith("Nothing to do on Etsy")


def test_a_row_shows_old_and_new_and_warnings() -> None:
    shown = row(
        action="update", product_id="p", product_title="Mug", reason="", calls=1, fee_usd_cents=0,
        differences=[{"field": "title", "old": "A", "new": "B"}],
        verdicts=[{"severity": "warning", "message": "No picture."}],
    )  # fmt: skip
    assert (shown.symbol, shown.detail) == ("~", "title: A → B (1 warning: No picture.)")


def test_a_price_is_compared_by_its_value() -> None:
    same = replace(LISTING.inventory.offerings[0], price=Decimal("29.990"))
    item = plan_product(ready(inventory=replace(LISTING.inventory, offerings=(same,))), LIVE)
    assert item.action == "skip"
