"""Nothing is created blindly: a plan compares what is new with what was seen in the shop, and waits for a person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.store import items, link_candidates, link_decisions, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, LinkDecision
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.builders import a_product, a_variant, validated
from etsy_pipeline_tests.looked import a_seen_listing, looked_through
from etsy_pipeline_tests.sync.planned import absent, connected, invalid, planned
from etsy_pipeline_tests.sync.published import published

MUG = "MUG-1"


def a_mug(product_id: str = "prod_A", sku: str = MUG, **changes: Any) -> Product:
    """A product of one variant with a SKU; none is called like another."""
    variants = (a_variant(id=f"variant_of_{product_id}", sku=sku),)
    return a_product(id=product_id, **({"title": f"Mug {product_id} {sku}", "variants": variants} | changes))


def plan(store: Store, account: EtsyAccount, *products: Product | ValidatedListing, **changes: Any) -> EtsySyncJob:
    """A plan of these products."""
    found = [validated(item) if isinstance(item, Product) else item for item in products]
    return planned(store, account, validated=found, **changes)


def of(store: Store, job: EtsySyncJob, product_id: str) -> PlanItem:
    """What a plan says of a product."""
    with store.reading() as session:
        (found,) = items.of_products(session, job.id, [product_id])
    return found.plan


def error_codes(item: PlanItem) -> list[str]:
    return [verdict.code for verdict in item.verdicts if verdict.severity == "error"]


def candidates(store: Store, account: EtsyAccount) -> list[tuple[str, int, str, str | None]]:
    """What is kept for a person to decide."""
    with store.reading() as session:
        found = link_candidates.of_account(session, account.id)
    return [(one.product_id, one.listing_id, one.kind, one.moved_from) for one in found]


def decide(store: Store, account: EtsyAccount, product_id: str, listing_id: int, decision: Any) -> None:
    with store.writing() as session:
        link_decisions.add(session, LinkDecision(account.id, decision, "Ada", "cli", product_id, listing_id))


def failing() -> None:
    """A look through the shop that does not come to its end: Etsy is out of calls."""


def test_a_listing_with_the_same_sku_is_asked_about_and_nothing_is_created(store: Store) -> None:
    """Case existing_listing_same_sku."""
    account = connected(store)
    looked_through(store, account.id, a_seen_listing(900_001, title="Handmade cup"))
    job = plan(store, account, a_mug())
    item = of(store, job, "prod_A")
    assert (item.action, error_codes(item)) == ("invalid", ["listing_may_exist"])
    for told in ("900001", "Handmade cup", "SKU MUG-1", "active", "https://www.etsy.com/listing/900001", ".jpg"):
        assert told in item.reason
    assert (job.totals.create, job.totals.fees_usd_cents, job.state) == (0, 0, SyncState.NOTHING_TO_DO)
    assert ("invalid", "listing_may_exist", 1) in job.groups
    assert candidates(store, account) == [("prod_A", 900_001, "certain", None)]


def test_a_plan_in_which_all_products_wait_for_a_decision_has_nothing_to_do_and_says_what_to_do(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing(1), a_seen_listing(2, skus=("BOWL-1",)))
    job = plan(store, account, a_mug(), a_mug("prod_B", "BOWL-1"))
    assert (job.state, job.failed_count, job.total_products) == (SyncState.NOTHING_TO_DO, 2, 2)
    assert job.message == (
        "2 products may be on Etsy already, and nothing is created until you have decided: "
        f"`etsy-pipeline links candidates {account.id}`, or Candidates on the review page."
    )
    job = plan(store, account, a_mug(), invalid("prod_B"))
    assert (job.state, job.failed_count) == (SyncState.FAILED, 2), "one of them is wrong"
    assert job.message.startswith("1 product may be")


def test_a_policy_that_approves_never_creates_it(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing())
    job = plan(store, account, a_mug(), a_mug("prod_B", "BOWL-1"))
    assert job.totals.create == 1
    with store.reading() as session:
        assert items.product_ids(session, job.id, actions=("create",)) == ["prod_B"]


def test_created_anyway_is_a_persons_decision(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing())
    plan(store, account, a_mug())
    decide(store, account, "prod_A", 900_001, "create_anyway")
    assert of(store, plan(store, account, a_mug()), "prod_A").action == "create"
    assert not candidates(store, account), "what is decided is no candidate any more"


@pytest.mark.parametrize("decision", ["ignored", "gone", "private"])
def test_a_listing_that_cannot_be_it_holds_nothing_up(store: Store, decision: str) -> None:
    account, now = connected(store), datetime.now(UTC)
    looked_through(store, account.id, a_seen_listing(is_private=decision == "private"))
    with store.writing() as session:
        if decision == "ignored":
            assert seen_listings.set_ignored(session, account.id, 900_001, now)
        if decision == "gone":
            seen_listings.set_gone(session, account.id, [900_001], now)
    assert of(store, plan(store, account, a_mug()), "prod_A").action == "create"


def test_a_product_that_is_not_for_sale_is_skipped_as_ever(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing())
    assert of(store, plan(store, account, absent("prod_A")), "prod_A").action == "skip"


def test_an_invalid_product_is_asked_about_too(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing())
    assert error_codes(of(store, plan(store, account, a_mug(title="")), "prod_A")) == [
        "title_missing",
        "listing_may_exist",
    ]


def test_without_a_look_through_the_shop_nothing_is_created_and_everything_else_goes_on(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_old", "OLD-1"))
    job = plan(store, account, a_mug("prod_old", "OLD-1", title="Old mug, renamed"), a_mug(), look_through=failing)
    assert of(store, job, "prod_old").action == "update"
    assert error_codes(of(store, job, "prod_A")) == ["shop_not_scanned"]
    assert job.totals.create == 0


@pytest.mark.parametrize(("hours", "action"), [(23, "create"), (25, "invalid")])
def test_a_look_is_good_for_a_day(store: Store, hours: float, action: str) -> None:
    account = connected(store)
    looked_through(store, account.id, hours_ago=hours)
    item = of(store, plan(store, account, a_mug(), look_through=failing), "prod_A")
    assert item.action == action
    if action == "invalid":
        assert "too long ago" in item.reason


def test_a_look_that_did_not_come_to_its_end_is_none(store: Store) -> None:
    account = connected(store)
    with store.writing() as session:
        seen_listings.begin(session, account.id, datetime.now(UTC))
    assert error_codes(of(store, plan(store, account, a_mug(), look_through=failing), "prod_A")) == ["shop_not_scanned"]


def test_a_candidate_of_an_old_look_is_told_rather_than_the_look(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing(), hours_ago=50)
    assert error_codes(of(store, plan(store, account, a_mug(), look_through=failing), "prod_A")) == [
        "listing_may_exist"
    ]


def test_a_plan_looks_through_the_shop_only_where_something_is_new(store: Store) -> None:
    account, looks = connected(store), []
    published(store, account, a_mug())

    def look() -> None:
        looks.append("looked")
        looked_through(store, account.id)

    plan(store, account, a_mug(), absent("prod_C"), look_through=look)
    assert not looks
    plan(store, account, a_mug(), a_mug("prod_B", "BOWL-1"), look_through=look)
    assert looks == ["looked"]


def test_a_product_that_came_back_with_a_new_id_keeps_its_listing_until_a_person_moves_it(store: Store) -> None:
    """Case reimported_product_new_id: nothing is deactivated, nothing is created."""
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"))
    gone, new = of(store, job, "prod_A"), of(store, job, "prod_B")
    assert (gone.action, gone.reason) == (
        "skip", f"may have moved to prod_B; decide with `etsy-pipeline links candidates {account.id}`"
    )  # fmt: skip
    assert error_codes(new) == ["listing_may_exist"]
    assert f"listing {listing_id}" in new.reason
    assert "linked to prod_A" in new.reason
    assert (job.totals.changes, job.totals.fees_usd_cents) == (0, 0)
    assert candidates(store, account) == [("prod_B", listing_id, "certain", "prod_A")]


def test_so_it_is_where_the_look_through_the_shop_saw_its_listing_too(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    looked_through(store, account.id, a_seen_listing(listing_id, title="Sold under another title"))
    job = plan(store, account, a_mug("prod_B"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)


def test_so_it_is_for_products_without_skus_that_are_called_the_same(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", title="Stoneware mug"))
    job = plan(store, account, a_mug("prod_B", "", title="Stoneware mug"))
    assert of(store, job, "prod_A").action == "skip"
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]


def test_so_it_is_where_the_listing_is_called_otherwise_on_etsy(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", title="Stoneware mug"))
    looked_through(store, account.id, a_seen_listing(listing_id, title="Her own words", skus=()))
    job = plan(store, account, a_mug("prod_B", "", title="Stoneware mug"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)
    job = plan(store, account, a_mug("prod_A", ""), a_mug("prod_B", "", title="Stoneware mug"))
    assert of(store, job, "prod_B").action == "create", "prod_A is there"


def test_so_it_is_where_only_the_handle_is_the_same(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", handle="stoneware-mug"))
    plan(store, account, a_mug("prod_A", "", handle="stoneware-mug"))
    job = plan(store, account, a_mug("prod_B", "", title="Quite another title", handle="stoneware-mug"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]
    job = plan(store, account, a_mug("prod_C", "", title="Nothing of it", handle="tea-towel"))
    assert (of(store, job, "prod_C").action, of(store, job, "prod_A").action) == ("create", "deactivate")


def test_so_it_is_in_a_plan_of_the_new_product_alone(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"), covers_selection=False)
    assert job.totals.create == 0
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]


def test_so_it_is_where_nobody_could_look_through_the_shop(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"), look_through=failing)
    assert (of(store, job, "prod_A").action, job.totals.changes) == ("skip", 0)


def test_a_product_that_is_gone_for_good_is_deactivated(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B", "BOWL-1"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


def test_once_a_person_says_that_it_is_another_product_both_are_planned(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    decide(store, account, "prod_B", listing_id, "create_anyway")
    job = plan(store, account, a_mug("prod_B"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


def test_a_plan_of_some_products_replaces_what_was_found_of_these_only(store: Store) -> None:
    account = connected(store)
    looked_through(store, account.id, a_seen_listing(1), a_seen_listing(2, skus=("BOWL-1",)))
    plan(store, account, a_mug(), a_mug("prod_B", "BOWL-1"))
    plan(store, account, a_mug("prod_A", "OTHER"), covers_selection=False)
    assert candidates(store, account) == [("prod_B", 2, "certain", None)]
    plan(store, account, absent("prod_C"))
    assert not candidates(store, account), "a plan of all products replaces all"


def test_candidates_are_listed_the_surest_first_and_by_class(store: Store) -> None:
    account = connected(store)
    seen = [a_seen_listing(1, skus=("B",)), a_seen_listing(2, skus=("B",)), a_seen_listing(3, skus=("A",))]
    looked_through(store, account.id, *seen)
    plan(store, account, a_mug("prod_1", "B"), a_mug("prod_2", "A"))
    with store.reading() as session:
        kinds = [one.kind for one in link_candidates.of_account(session, account.id)]
        assert kinds == ["certain", "ambiguous", "ambiguous"]
        assert link_candidates.counts(session, account.id) == {"certain": 1, "ambiguous": 2}
        (second,) = link_candidates.of_account(session, account.id, "ambiguous", 1, 1)
        assert (second.product_id, second.listing_id) == ("prod_1", 2)
        of_products = link_candidates.of_products(session, account.id, ["prod_2", "prod_3"])
    (only,) = of_products["prod_2"]
    assert only.identity.skus == ("A",)
    assert only.evidence[0].of_listing == "A"
