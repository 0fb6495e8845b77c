"""A person approves an older plan while a newer one is drawn up: the newer one leaves to it what it sends."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.store import jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.builders import a_product, known, validated
from etsy_pipeline_tests.sync.planned import approve, code_of, connected, planned


@pytest.fixture
def account(store: Store) -> EtsyAccount:
    return connected(store)


def planned_while(store: Store, account: EtsyAccount, happens: Callable[[], object], *, count: int) -> EtsySyncJob:
    """A plan of so many new products, in the middle of which something happens."""
    products = [validated(a_product(id=f"prod_{number}")) for number in range(count)]

    waiting = [happens]

    def identified() -> Iterator[IdentifiedProduct]:
        if waiting:
            waiting.pop()()
        return iter(known(products)())

    return planned(store, account, validated=products, identified=identified)


def actions(store: Store, job: EtsySyncJob) -> dict[str, str]:
    return {item.product_id: item.plan.action for item in queries.plan_items(store, job.transaction_id)}


def test_it_is_drawn_up_all_the_same_without_what_the_other_one_holds(store: Store, account: EtsyAccount) -> None:
    older = planned(store, account, count=2)
    newer = planned_while(store, account, lambda: approve(store, older), count=3)
    assert (newer.state, newer.lane, newer.brakes) == (SyncState.PLANNED, "full", ())
    assert actions(store, newer) == {"prod_0": "skip", "prod_1": "skip", "prod_2": "create"}
    reasons = {item.plan.reason for item in queries.plan_items(store, newer.transaction_id)}
    assert reasons == {"not on Etsy yet", f"held by {older.transaction_id}, which is under way"}
    sums, mine = newer.totals, left_alone(store, newer).plan
    assert (sums.create, sums.skip, sums.held, sums.products) == (1, 2, 2, 3)
    assert (sums.fees_usd_cents, sums.api_calls) == (mine.cost.fee_usd_cents, mine.cost.calls)
    assert {(action, count) for action, _, count in newer.groups} == {("create", 1), ("skip", 2)}
    assert "2 are held by a sync that is under way" in queries.plan_summary(newer).headline
    assert queries.job(store, older.transaction_id).state is SyncState.CONFIRMED


def left_alone(store: Store, job: EtsySyncJob) -> SyncItem:
    """The product that only the newer plan has."""
    return next(item for item in queries.plan_items(store, job.transaction_id) if item.product_id == "prod_2")


def test_it_can_be_approved_once_the_other_one_is_over(store: Store, account: EtsyAccount) -> None:
    older = planned(store, account, count=2)
    newer = planned_while(store, account, lambda: approve(store, older), count=3)
    assert code_of(lambda: approve(store, newer)) == "publication_in_progress"
    approvals.cancel(store, older.transaction_id)
    assert approve(store, newer).state is SyncState.CONFIRMED, "its digest is that of what is left"


def test_where_nothing_is_left_there_is_nothing_to_do(store: Store, account: EtsyAccount) -> None:
    older = planned(store, account, count=2)
    newer = planned_while(store, account, lambda: approve(store, older), count=2)
    assert (newer.state, newer.skipped_count, newer.failed_count) == (SyncState.NOTHING_TO_DO, 2, 0)
    assert newer.totals.held == 2


def test_what_the_other_one_has_sent_meanwhile_is_left_to_it_too(store: Store, account: EtsyAccount) -> None:
    older = planned(store, account, count=2)

    def sends_one() -> None:
        approve(store, older)
        with store.writing() as session:
            job = lifecycle.move(session, older, Event.BEGIN_PUBLICATION, who="publisher")
            progress.finish_items(session, job.id, ["prod_0"], "synced", datetime.now(UTC))

    newer = planned_while(store, account, sends_one, count=3)
    assert actions(store, newer) == {"prod_0": "skip", "prod_1": "skip", "prod_2": "create"}


def test_what_was_left_out_of_the_approval_is_not(store: Store, account: EtsyAccount) -> None:
    older = planned(store, account, count=2)
    newer = planned_while(store, account, lambda: approve(store, older, excluded_products=["prod_0"]), count=2)
    assert actions(store, newer) == {"prod_0": "create", "prod_1": "skip"}
    with store.reading() as session:
        assert jobs.under_way(session, account.id) is not None
