"""Nothing is created blindly: a plan compares what is new with what was seen in the shop, and waits for a person."""

from datetime import UTC, datetime

import pytest

from etsy_pipeline.store import items, link_candidates, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.looked import a_seen_listing, looked_through
from etsy_pipeline_tests.sync.matched import a_mug, candidates, decide, error_codes, failing, of, plan
from etsy_pipeline_tests.sync.planned import absent, connected, invalid
from etsy_pipeline_tests.sync.published import published


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
