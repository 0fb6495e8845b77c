"""What an approval leaves to another sync is not done when the sync is over, and looks like it."""

import pytest

from etsy_pipeline.orchestration.sensors import plan_requests
from etsy_pipeline.store import items, jobs
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries, unsent
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def old_ones(shop: Shop) -> list[str]:
    """Three products that are on Etsy."""
    old = shop.world.product_ids("clean")[:3]
    shop.world.keep_only(*old)
    assert shop.sync().synced_count == 3
    return old


def change(shop: Shop, product_id: str, pieces: int, title: str = "") -> None:
    values = {"variants": stock_of_all(shop, product_id, pieces)} | ({"set": {"title": title}} if title else {})
    shop.world.medusa("PATCH", f"products/{product_id}", values)


def unaware(shop: Shop) -> tuple[EtsySyncJob, EtsySyncJob]:
    """A full plan, and one of the stock lane, of the same products: both wait for a decision."""
    full = shop.plan()
    with shop.store.writing() as session:
        twin = lifecycle.new_job(session, shop.id, trigger="ui", lane="stock", plan_run_id="run_twin")
    return full, shop.plan(run_id="run_twin", transaction_id=twin.transaction_id)


def test_it_ends_with_errors_and_the_product_is_planned_anew(shop: Shop, old_ones: list[str]) -> None:
    first, second, _ = old_ones
    change(shop, first, 2, "Another title")
    change(shop, second, 3, "Another title, too")
    full, stock = unaware(shop)
    shop.approve(stock, excluded_products=[second])
    job = shop.publish(shop.approve(full))
    (item,) = [item for item in shop.items(full) if item.product_id == first]
    assert (item.outcome, item.error_code) == ("skipped", "held_by_another_sync")
    assert item.note == f"left to {stock.transaction_id}, which holds it"
    assert (job.state, job.synced_count, job.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 1, 0)
    again = queries.latest_jobs(shop.store)[0]
    assert again.requested_selection is not None
    assert (again.trigger, again.requested_selection.product_ids) == ("replan", (first,))
    assert "1 products were left to another sync, which held them or took pieces of them off sale; " in job.message
    assert f"{again.transaction_id} plans them anew" in job.message

    assert shop.publish(stock).synced_count == 1
    plan = shop.plan(transaction_id=again.transaction_id, covers_selection=False)
    assert plan.totals.update == 1
    assert shop.publish(shop.approve(plan)).state is SyncState.COMPLETED
    titles = {listing["title"] for listing in shop.world.listings()}
    assert {"Another title", "Another title, too"} <= titles


def test_its_plan_waits_for_a_full_sync_that_holds_the_product(shop: Shop, old_ones: list[str]) -> None:
    change(shop, old_ones[0], 2)
    full, stock = unaware(shop)
    shop.approve(full)
    job = shop.publish(shop.approve(stock))
    assert (job.state, job.synced_count) == (SyncState.COMPLETED_WITH_ERRORS, 0)
    again = queries.latest_jobs(shop.store)[0]

    def is_begun() -> bool:
        with shop.store.reading() as session:
            waiting = jobs.in_state(session, SyncState.REQUESTED)
            requests = plan_requests(waiting, jobs.in_state(session, *UNDER_WAY))
        return again.transaction_id in [request.run_key for request in requests]

    assert not is_begun()
    assert shop.publish(full).state is SyncState.COMPLETED
    assert is_begun()
    plan = shop.plan(transaction_id=again.transaction_id, covers_selection=False)
    assert plan.state is SyncState.NOTHING_TO_DO, "the full one sent it"


def test_what_was_not_to_be_sent_anyway_is_no_error(shop: Shop, old_ones: list[str]) -> None:
    first, second, _ = old_ones
    change(shop, first, 2)
    change(shop, second, 2)
    full, stock = unaware(shop)
    shop.approve(stock, excluded_products=[second])
    job = shop.publish(shop.approve(full, excluded_products=[first]))
    assert (job.state, job.synced_count, job.skipped_count) == (SyncState.COMPLETED, 1, 2)
    approvals.cancel(shop.store, stock.transaction_id)


def test_a_sync_whose_rest_is_dropped_says_so_too(shop: Shop, old_ones: list[str]) -> None:
    first, second, _ = old_ones
    change(shop, first, 2)
    change(shop, second, 2)
    full, stock = unaware(shop)
    shop.approve(stock, excluded_products=[second])
    shop.approve(full)
    shop.fault(operation="updateListingInventory", kind="status", times=1, status=429, headers={"retry-after": "86400"})
    assert shop.publish(full).state is SyncState.PAUSED
    with shop.store.writing() as session:  # as if nothing had been begun
        items.change_waiting(session, full.id, [second], step="")
    unsent.drop(shop.store, full.transaction_id, [second], decided_by="Ada", through="cli")
    job = queries.job(shop.store, full.transaction_id)
    assert job.state is SyncState.COMPLETED_WITH_ERRORS
    assert "left to another sync" in job.message
