"""Every row and both columns of LIFECYCLE §5: what becomes of a listing in each state, with its fee and its word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.listing import Inventory
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning.approval_policy import PolicyReview
from etsy_pipeline.planning.brakes import of_plan
from etsy_pipeline.planning.life import HELD, REVIVALS, is_renewed
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.planning.plan import plan_product, stock_only
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.plan_view import groups_of, headline, row, totals
from etsy_pipeline.planning.sending import has_fee
from etsy_pipeline_tests.builders import a_shop, two_sizes
from etsy_pipeline_tests.planning.published import AS_PUBLISHED, LINK, PUBLISHED, stocked

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PAID = NOW + timedelta(days=40)
OVER = NOW - timedelta(days=1)
STATES = ("active", "inactive", "sold_out", "expired", "removed", "draft", GONE, "edit")

WANTED = ValidatedListing("prod_1", "Mug", PUBLISHED)
MORE = ValidatedListing("prod_1", "Mug", replace(PUBLISHED, inventory=stocked(11)))
NOT_WANTED = ValidatedListing("prod_1", "Mug", PUBLISHED, (), "not published in Medusa (status draft)")


def live(state: str, **changes: Any) -> LiveListing:
    left = stocked(0) if state == "sold_out" else PUBLISHED.inventory
    return replace(AS_PUBLISHED, state=state, inventory=left, **({"ending_at": PAID} | changes))


def by_us(state: str) -> Link:
    return replace(LINK, wanted_state=state)


def told(item: PlanItem) -> tuple[str, str, int]:
    return item.action, item.life, item.cost.fee_usd_cents


@pytest.mark.parametrize(
    ("seen", "link", "validated", "settings", "expected"),
    [
        (live("active"), LINK, WANTED, {}, ("skip", "", 0)),
        (live("active"), LINK, MORE, {}, ("update", "", 0)),
        (live("inactive"), by_us("inactive"), WANTED, {}, ("update", "reactivate", 0)),
        (live("inactive", ending_at=OVER), by_us("inactive"), WANTED, {}, ("update", "reactivate", 20)),
        (live("inactive", ending_at=None), by_us("inactive"), WANTED, {}, ("update", "reactivate", 20)),
        (live("inactive"), LINK, MORE, {}, ("skip", "held_by_seller", 0)),
        (live("sold_out"), LINK, WANTED, {}, ("skip", "sold_out_waits", 0)),
        (live("sold_out"), LINK, MORE, {}, ("update", "renew_sold_out", 20)),
        (live("sold_out"), LINK, MORE, {"renew_sold_out": "auto"}, ("update", "renew_sold_out", 20)),
        (live("sold_out"), LINK, MORE, {"renew_sold_out": "never"}, ("skip", "sold_out_waits", 0)),
        (live("expired"), LINK, MORE, {}, ("skip", "expired_waits", 0)),
        (live("expired"), LINK, WANTED, {"renew_expired": "ask"}, ("update", "renew_expired", 20)),
        (live("expired"), LINK, WANTED, {"renew_expired": "auto"}, ("update", "renew_expired", 20)),
        (live("removed"), LINK, MORE, {}, ("invalid", "removed_by_etsy", 0)),
        (live(GONE), replace(LINK, listing_state="removed"), MORE, {}, ("invalid", "removed_by_etsy", 0)),
        (live("draft"), by_us("draft"), WANTED, {}, ("update", "finish_draft", 20)),
        (live("draft"), replace(LINK, sync_status="failed"), WANTED, {}, ("update", "finish_draft", 20)),
        (live("draft"), LINK, MORE, {}, ("skip", "held_by_seller", 0)),
        (live(GONE), LINK, WANTED, {}, ("create", "listing_gone", 20)),
        (live("edit"), LINK, MORE, {}, ("skip", "state_unknown", 0)),
        (live("active", is_private=True), LINK, MORE, {}, ("skip", "private_listing", 0)),
    ],
)
def test_what_becomes_of_a_listing_that_medusa_wants_sold(
    seen: LiveListing, link: Link, validated: ValidatedListing, settings: dict[str, Any], expected: tuple[str, str, int]
) -> None:
    item = plan_product(validated, link, seen, a_shop(**settings), NOW)
    assert told(item) == expected
    if item.life and item.action != "create":
        assert groups_of(item) == {(item.action, item.life)}
        assert row(item).detail.startswith(f"{item.life}: "), "one look tells"
    if item.life in HELD:
        [why] = item.verdicts
        assert "42" in why.message
        assert item.desired is None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted_state", ["active", "inactive", "draft"])
def test_what_becomes_of_one_that_medusa_does_not_want_sold(state: str, wanted_state: str) -> None:
    item = plan_product(NOT_WANTED, by_us(wanted_state), live(state), a_shop(), NOW)
    assert told(item) == ("deactivate" if state == "active" else "skip", "", 0)
    assert item.reason == NOT_WANTED.absent_because


def test_a_private_listing_is_not_even_deactivated() -> None:
    item = plan_product(NOT_WANTED, LINK, live("active", is_private=True), a_shop(), NOW)
    assert told(item) == ("skip", "private_listing", 0)


def test_a_listing_that_is_gone_is_created_anew_by_a_person_alone() -> None:
    item = plan_product(WANTED, LINK, live(GONE), a_shop(approval={"auto_approve": True}), NOW)
    assert [brake.code for brake in item.brakes] == ["listing_gone"]


def test_what_the_books_say_counts_where_the_listing_was_not_read() -> None:
    """Sold out as far as we know: only stock that rose since it was published is new."""
    sold_out = replace(LINK, listing_state="sold_out")
    assert told(plan_product(WANTED, sold_out, None, a_shop(), NOW)) == ("skip", "sold_out_waits", 0)
    assert told(plan_product(MORE, sold_out, None, a_shop(), NOW)) == ("update", "renew_sold_out", 20)


def test_a_draft_that_is_to_stay_one_is_updated_and_not_published() -> None:
    stays = ValidatedListing("prod_1", "Mug", replace(PUBLISHED, title="New", publish_as="draft"))
    item = plan_product(stays, by_us("draft"), live("draft"), a_shop(), NOW)
    assert told(item) == ("update", "", 0)


LIVES = st.builds(
    live,
    st.sampled_from([*STATES, "never heard of"]),
    ending_at=st.sampled_from([None, PAID, OVER]),
    is_private=st.booleans(),
)
LINKS = st.builds(by_us, st.sampled_from(["active", "inactive", "draft", None])).flatmap(
    lambda link: st.sampled_from([link, replace(link, sync_status="failed"), replace(link, published=None)])
)
SETTINGS = st.fixed_dictionaries(
    {name: st.sampled_from(["never", "ask", "auto"]) for name in ("renew_sold_out", "renew_expired")}
)


@given(LIVES, LINKS, SETTINGS, st.sampled_from([WANTED, MORE, NOT_WANTED]))
def test_money_and_other_peoples_listings_are_safe_whatever_comes(
    seen: LiveListing, link: Link, settings: dict[str, Any], validated: ValidatedListing
) -> None:
    item = plan_product(validated, link, seen, a_shop(**settings), NOW)
    sends = item.action in {"create", "update", "deactivate"}
    assert not (sends and seen.is_private), "a private listing is never touched"
    assert not (sends and seen.state in {"removed", "edit", "never heard of"})
    if item.cost.fee_usd_cents:
        assert validated is not NOT_WANTED
        assert item.life in {"listing_gone", "finish_draft", "renew_sold_out", "renew_expired", "reactivate"}
    if item.life in {"renew_sold_out", "renew_expired"}:
        assert settings[item.life] != "never"
    assert has_fee(item) == (item.action == "update" and item.cost.fee_usd_cents > 0)


def review(budget: int | None, *items: PlanItem, month_usd_cents: int = 0, **settings: Any) -> str:
    values = {"approval": {"auto_approve": True}, "brakes": {"fees_per_month_usd": budget}}
    found = PolicyReview(a_shop(**(values | settings)), month_usd_cents)
    for item in items:
        found.look_at(item)
    return "; ".join(found.objections())


RENEWED = plan_product(MORE, LINK, live("sold_out"), a_shop(), NOW)


@pytest.mark.parametrize(
    ("setting", "budget", "before", "objection"),
    [
        ("auto", 1, 0, ""),
        ("auto", 1, 80, ""),
        ("auto", 1, 81, "renewals would take the month's fees to $1.01; the month's budget is $1.00"),
        ("auto", 0, 0, "renewals would take the month's fees to $0.20; the month's budget is $0.00"),
        ("auto", None, 0, "prod_1: it costs a fee"),
        ("ask", 1, 0, "prod_1: it costs a fee"),
    ],
)
def test_a_policy_spends_only_within_a_budget_that_somebody_set(
    setting: str, budget: int | None, before: int, objection: str
) -> None:
    assert review(budget, RENEWED, month_usd_cents=before, renew_sold_out=setting) == objection


def test_nothing_but_renewals_is_paid_for_without_a_person() -> None:
    created = plan_product(WANTED, None, None, a_shop(), NOW)
    finished = plan_product(WANTED, by_us("draft"), live("draft"), a_shop(), NOW)
    assert review(100, created, renew_sold_out="auto").startswith("prod_1: it is a create")
    assert review(100, finished, renew_sold_out="auto").startswith("prod_1: it costs a fee")


def test_a_plan_that_goes_beyond_the_months_budget_brakes() -> None:
    facts = {"on_sale": 9, "missing": 0, "deactivations": 0, "fees_usd_cents": 40, "month_usd_cents": 80}
    limits = a_shop(brakes={"fees_per_month_usd": 1}).brakes
    assert [brake.code for brake in of_plan(**facts, limits=limits)] == ["fees_over_month"]
    assert of_plan(**(facts | {"month_usd_cents": 60}), limits=limits) == ()
    assert of_plan(**(facts | {"fees_usd_cents": 0, "month_usd_cents": 999}), limits=limits) == ()
    assert of_plan(**facts, limits=a_shop().brakes) == (), "no limit was set"


def test_a_plan_tells_its_fees_those_of_the_month_and_what_renews_by_itself() -> None:
    renewing = ValidatedListing("prod_1", "Mug", replace(PUBLISHED, should_auto_renew=True))
    on = plan_product(renewing, LINK, live("active"), a_shop(), NOW)
    off = plan_product(WANTED, replace(LINK, published=renewing.listing), live("active"), a_shop(), NOW)
    assert [item.auto_renewal_usd_cents for item in (on, off, RENEWED)] == [60, -60, 0]
    assert plan_product(renewing, None, None, a_shop(), NOW).auto_renewal_usd_cents == 60
    sums = replace(totals([on, RENEWED]), month_usd_cents=320)
    assert "$0.20 in fees (after $3.20 this month); $0.60 a year more for automatic renewal." in headline(sums)
    assert "$0.60 a year less" in headline(totals([off]))


@pytest.mark.parametrize(
    ("state", "ending_at", "before", "renewed"),
    [
        ("active", PAID, OVER, True),
        ("active", None, None, True),
        ("sold_out", PAID, OVER, True),
        ("sold_out", OVER, OVER, False),
        ("sold_out", PAID, None, False),
        ("expired", PAID, OVER, False),
    ],
    ids=["renewed", "active", "renewed and sold out again", "still sold out", "who knows", "expired"],
)
def test_whether_a_listing_was_renewed(state: str, ending_at: datetime, before: datetime, *, renewed: bool) -> None:
    assert is_renewed(live(state, ending_at=ending_at), before) is renewed


PAGE = Path(__file__).parents[2] / "docs" / "life-of-a-listing.md"


@pytest.mark.parametrize("word", [*sorted(HELD), *REVIVALS.values(), "listing_gone"])
def test_every_word_is_explained(word: str) -> None:
    assert f"`{word}`" in PAGE.read_text()


BAD_TITLE = Verdict("title_empty", "error", "title", "It has no title.")


def invalid(stock: Inventory | None) -> ValidatedListing:
    return ValidatedListing("prod_1", "Mug", None, (BAD_TITLE,), stock=stock)


def test_of_an_invalid_product_no_more_is_sold_than_there_is() -> None:
    item = plan_product(invalid(stocked(4, "99")), LINK, live("active"), a_shop(), NOW)
    assert (item.action, [change.field for change in item.differences]) == ("update", ["quantity"])
    assert item.desired == replace(PUBLISHED, inventory=stocked(4)), "nothing else of it is sent"
    assert ("invalid", "title_empty") in groups_of(item), "it is still told"
    assert stock_only(item, invalid(stocked(4)), LINK, live("active"), a_shop(), "later") is item
    sold = replace(live("active"), inventory=stocked(2))
    assert plan_product(invalid(stocked(4)), LINK, sold, a_shop(), NOW).action == "invalid", "Etsy has fewer already"


@pytest.mark.parametrize(
    ("stock", "seen"),
    [(stocked(10), live("active")), (stocked(15), live("active")), (None, live("active")), (stocked(4), live("draft"))],
    ids=["as before", "more", "not known", "not on sale"],
)
def test_and_nothing_is_done_to_it_otherwise(stock: Inventory | None, seen: LiveListing) -> None:
    assert plan_product(invalid(stock), LINK, seen, a_shop(), NOW).action == "invalid"


SIZES = replace(PUBLISHED, inventory=two_sizes())
OF_SIZES = replace(LINK, published=SIZES)
LIVE_SIZES = replace(AS_PUBLISHED, inventory=two_sizes())


def renamed(*offerings: tuple[str, str, int]) -> ValidatedListing:
    found = [
        replace(two_sizes().offerings[0], values=(value,), sku=sku, quantity=pieces, is_enabled=pieces > 0)
        for value, sku, pieces in offerings
    ]
    return ValidatedListing("prod_1", "Mug", replace(SIZES, inventory=replace(two_sizes(), offerings=tuple(found))))


def in_stock_lane(validated: ValidatedListing) -> PlanItem:
    item = plan_product(validated, OF_SIZES, LIVE_SIZES, a_shop(), NOW)
    return stock_only(item, validated, OF_SIZES, LIVE_SIZES, a_shop(), "while another sync is under way")


@pytest.mark.parametrize(
    ("seen", "link", "action"),
    [
        (live("inactive"), by_us("inactive"), "update"),
        (live("inactive", ending_at=OVER), by_us("inactive"), "skip"),
        (live("inactive", ending_at=None), by_us("inactive"), "skip"),
        (live("inactive"), replace(by_us("inactive"), sync_status="failed"), "skip"),
        (live("inactive"), LINK, "skip"),
        (live("sold_out"), by_us("inactive"), "skip"),
        (live("draft"), by_us("draft"), "skip"),
    ],
)
def test_the_stock_lane_puts_on_sale_what_we_took_off_and_pays_for_nothing(
    seen: LiveListing, link: Link, action: str
) -> None:
    item = plan_product(MORE, link, seen, a_shop(), NOW)
    beside = stock_only(item, MORE, link, seen, a_shop(), "while another sync is under way")
    assert (beside.action, beside.cost.fee_usd_cents) == (action, 0)
    assert (beside is item) == (action == "update" or item.action == "skip")


@pytest.mark.parametrize(
    ("validated", "left"),
    [
        (renamed(("S", "SKU-S", 3)), {"S": 3, "L": 0}),
        (renamed(("S", "SKU-S", 3), ("Large", "SKU-L", 2)), {"S": 3, "L": 2}),
        (renamed(("S", "SKU-S", 3), ("Large", "", 2)), {"S": 3, "L": 0}),
    ],
    ids=["gone", "renamed, with its SKU", "renamed, without one"],
)
def test_a_variation_that_medusa_no_longer_has_is_not_sold_in_the_stock_lane(
    validated: ValidatedListing, left: dict[str, int]
) -> None:
    item = in_stock_lane(validated)
    assert item.desired is not None
    assert {cell.values[0]: cell.for_sale for cell in item.desired.inventory.offerings} == left
    assert "quantity" in {change.field for change in item.differences}


def test_a_listing_of_which_no_variation_is_left_is_taken_off_sale_in_the_stock_lane() -> None:
    item = in_stock_lane(renamed(("Small", "NEW", 3)))
    assert (item.action, item.reason) == ("deactivate", "nothing of what is for sale on Etsy is left in Medusa")


ADOPTED = replace(
    LINK,
    origin="adopted",
    last_synced_at=None,
    keeps=("title", "variations", "sku"),
    variant_map=(VariantOnEtsy("variant_1", "SKU-S", ("S",)),),
    published=SIZES,
)


MUG_IN_SIZES = ProductIdentity(variants=(VariantIdentity("variant_1", "SKU-S"), VariantIdentity("variant_2", "SKU-L")))


def of_adopted(**changes: Any) -> ValidatedListing:
    return ValidatedListing("prod_1", "Mug", replace(SIZES, **changes), identity=MUG_IN_SIZES)


def test_the_first_change_of_an_adopted_listing_needs_a_person() -> None:
    first = plan_product(of_adopted(tags=("new",)), ADOPTED, LIVE_SIZES, a_shop(), NOW)
    assert [brake.code for brake in first.brakes] == ["first_plan_of_adopted_link"]
    again = plan_product(of_adopted(tags=("new",)), replace(ADOPTED, last_synced_at=NOW), LIVE_SIZES, a_shop(), NOW)
    assert (again.action, again.brakes) == ("update", ())
    off = plan_product(NOT_WANTED, ADOPTED, LIVE_SIZES, a_shop(), NOW)
    assert [brake.code for brake in off.brakes] == ["first_plan_of_adopted_link"]
    assert plan_product(of_adopted(), ADOPTED, LIVE_SIZES, a_shop(), NOW).brakes == (), "nothing is changed"


def test_what_an_adopted_listing_keeps_is_its_sellers() -> None:
    item = plan_product(of_adopted(title="Ours", tags=("new",)), ADOPTED, LIVE_SIZES, a_shop(), NOW)
    assert [change.field for change in item.differences] == ["tags"]


def test_a_variation_of_the_sellers_stays_where_another_one_gets_its_pieces() -> None:
    """Etsy has a size that came after the listing was adopted, and that no variant is."""
    extra = replace(two_sizes().offerings[0], values=("XL",), sku="THEIRS", quantity=9)
    seen = replace(LIVE_SIZES, inventory=replace(two_sizes(), offerings=(*two_sizes().offerings, extra)))
    fewer = tuple(replace(cell, quantity=1) for cell in two_sizes().offerings)
    item = plan_product(of_adopted(inventory=replace(two_sizes(), offerings=fewer)), ADOPTED, seen, a_shop(), NOW)
    assert item.desired is not None
    assert {cell.values[0]: cell.for_sale for cell in item.desired.inventory.offerings} == {"S": 1, "L": 3, "XL": 9}
    assert [change.field for change in item.differences] == ["quantity"]


def test_a_listing_that_was_off_sale_when_it_was_adopted_stays_so() -> None:
    seen = replace(LIVE_SIZES, state="inactive")
    assert told(plan_product(of_adopted(), ADOPTED, seen, a_shop(), NOW)) == ("skip", "held_by_seller", 0)
