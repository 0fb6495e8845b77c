"""A sync is paused for days: nothing is oversold meanwhile, and what we took off sale comes back."""

from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.leaves_paused_sync import LEAVES
from etsy_pipeline.planning.plan_item import HELD_AND_OVERSOLD
from etsy_pipeline.store import budgets, items
from etsy_pipeline.store.records import EtsySyncJob, SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.notify import _notices
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all
from etsy_pipeline_tests.sandbox import by_hand

pytestmark = pytest.mark.usefixtures("no_waiting")

A_DAY = {"kind": "status", "status": 429, "headers": {"retry-after": "86400"}}


@pytest.fixture
def free(shop: Shop) -> str:
    """A product that is on Etsy, with three pieces of each variation, as two others are."""
    chosen = shop.world.product_ids("clean")[:3]
    shop.world.keep_only(*chosen)
    for product_id in chosen:
        stock(shop, product_id, 3)
    assert shop.sync().synced_count == 3
    return chosen[2]


@pytest.fixture
def paused(shop: Shop, free: str) -> EtsySyncJob:
    """A sync of new titles that waits for a day: Etsy's calls ended with the first one."""
    for product_id in shop.world.product_ids("clean"):
        if product_id != free:
            change(shop, product_id, set={"title": f"A new title of {product_id}"})
    job = shop.approve(shop.plan())
    shop.fault(operation="updateListing", times=1, **A_DAY)
    job = shop.publish(job, at_once=1)
    assert (job.state, job.deferred_count, job.lane) == (SyncState.PAUSED, 2, "full")
    with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
        ledger.held_until = None  # as if Etsy had meant that call alone
    return job


@pytest.fixture
def begun(shop: Shop, paused: EtsySyncJob) -> str:
    """The product with which it was about to begin."""
    return next(item.product_id for item in shop.items(paused) if item.step)


@pytest.fixture
def not_begun(shop: Shop, paused: EtsySyncJob) -> str:
    """The product that it has not begun."""
    return next(item.product_id for item in shop.items(paused) if item.plan.action == "update" and not item.step)


def change(shop: Shop, product_id: str, **values: Any) -> None:
    shop.world.medusa("PATCH", f"products/{product_id}", values)


def stock(shop: Shop, product_id: str, pieces: int) -> None:
    change(shop, product_id, variants=stock_of_all(shop, product_id, pieces))


def listing(shop: Shop, product_id: str) -> dict[str, Any]:
    return by_hand.shown(shop.world, shop.link(product_id).etsy_listing_id or 0)


def pieces(shop: Shop, product_id: str) -> set[int]:
    """How many of its variations are for sale on Etsy."""
    listing_id = shop.link(product_id).etsy_listing_id or 0
    live = wiring.shop_client(shop.world.settings, shop.store, shop.id).live_listings([listing_id])[listing_id]
    assert live.inventory is not None
    return {item.for_sale for item in live.inventory.offerings if item.has_variant and item.is_enabled}


def only(shop: Shop, job: EtsySyncJob, product_id: str) -> SyncItem:
    return next(item for item in shop.items(job) if item.product_id == product_id)


def codes(item: SyncItem) -> set[str]:
    return {verdict.code for verdict in item.plan.verdicts}


def beside(shop: Shop) -> EtsySyncJob:
    """The next plan, approved and published beside the sync that waits."""
    return shop.publish(shop.approve(shop.plan()))


def test_what_was_sold_out_meanwhile_and_has_pieces_again_is_on_sale_again(
    shop: Shop, free: str, paused: EtsySyncJob
) -> None:
    del paused
    stock(shop, free, 0)
    assert beside(shop).synced_count == 1
    assert listing(shop, free)["state"] == "inactive"
    stock(shop, free, 7)
    job = shop.plan()
    assert (job.lane, job.totals.update, job.totals.left_for_later, job.totals.fees_usd_cents) == ("stock", 1, 0, 0)
    assert only(shop, job, free).plan.life == "reactivate"
    assert shop.publish(shop.approve(job)).synced_count == 1
    assert (listing(shop, free)["state"], pieces(shop, free), shop.link(free).wanted_state) == ("active", {7}, "active")


def test_what_a_person_took_off_on_etsy_stays_off(shop: Shop, free: str, paused: EtsySyncJob) -> None:
    del paused
    by_hand.edited(shop.world, shop.link(free).etsy_listing_id or 0, state="inactive")
    stock(shop, free, 7)
    job = shop.plan()
    assert (job.lane, only(shop, job, free).plan.action) == ("stock", "skip")


def test_what_has_a_new_title_too_comes_back_when_all_of_it_may(shop: Shop, free: str, paused: EtsySyncJob) -> None:
    del paused
    stock(shop, free, 0)
    beside(shop)
    change(shop, free, set={"title": "A title that waits"}, variants=stock_of_all(shop, free, 7))
    item = only(shop, shop.plan(), free)
    assert item.plan.action == "skip"
    assert item.plan.reason.startswith("title, state left for later, while wf_")


@pytest.mark.parametrize(("left", "state"), [(1, "active"), (0, "inactive")])
def test_what_it_has_not_begun_is_not_oversold(
    shop: Shop, paused: EtsySyncJob, begun: str, not_begun: str, left: int, state: str
) -> None:
    stock(shop, not_begun, left)
    job = shop.plan()
    item = only(shop, job, not_begun)
    assert (item.plan.action, codes(item) & {LEAVES}) == ("update" if left else "deactivate", {LEAVES})
    assert only(shop, job, begun).plan.reason == f"held by {paused.transaction_id}, which is under way"
    assert pieces(shop, not_begun) == {3}
    assert shop.publish(shop.approve(job)).synced_count == 1
    assert listing(shop, not_begun)["state"] == state
    assert not left or pieces(shop, not_begun) == {left}
    gone = only(shop, paused, not_begun)
    assert (gone.outcome, gone.error_code) == ("skipped", "held_by_another_sync")
    assert gone.note == f"left to {job.transaction_id}, which takes pieces off sale that Medusa no longer has"
    assert queries.job(shop.store, paused.transaction_id).deferred_count == 1

    done = shop.publish(paused)
    assert (done.state, done.synced_count) == (SyncState.COMPLETED_WITH_ERRORS, 1)
    assert "1 products were left to another sync" in done.message
    again = queries.latest_jobs(shop.store)[0]
    assert again.requested_selection is not None
    assert (again.trigger, again.requested_selection.product_ids) == ("replan", (not_begun,))
    stock(shop, not_begun, 2)
    assert shop.sync().synced_count == 1
    assert listing(shop, not_begun)["title"] == f"A new title of {not_begun}"
    assert (listing(shop, not_begun)["state"], pieces(shop, not_begun)) == ("active", {2})
    assert shop.plan().state is SyncState.NOTHING_TO_DO
    assert len(shop.world.listings()) == 3


def test_with_lower_stock_it_waits_for_nobody(shop: Shop, paused: EtsySyncJob, not_begun: str) -> None:
    del paused
    configure.configure(shop.store, shop.id, {"approval.lower_stock": True})
    stock(shop, not_begun, 0)
    job = shop.plan(trigger="stock")
    assert job.for_a_person == ()
    approvals.approve_by_policy(shop.store, job.transaction_id, amount_unit="major")
    assert shop.publish(job).synced_count == 1
    assert listing(shop, not_begun)["state"] == "inactive"


def test_more_pieces_of_what_it_holds_wait(shop: Shop, paused: EtsySyncJob, not_begun: str) -> None:
    stock(shop, not_begun, 9)
    job = shop.plan()
    assert (job.state, job.totals.held, job.totals.held_oversold) == (SyncState.NOTHING_TO_DO, 2, 0)
    assert only(shop, job, not_begun).plan.reason == f"held by {paused.transaction_id}, which is under way"


def test_what_it_has_begun_stays_with_it_and_people_are_told(shop: Shop, paused: EtsySyncJob, begun: str) -> None:
    stock(shop, begun, 0)
    job = shop.plan(trigger="stock")
    assert (job.state, job.totals.held_oversold) == (SyncState.NOTHING_TO_DO, 1)
    headline = queries.plan_summary(job).headline
    assert "2 are held by a sync that is under way; 1 of these sell on Etsy what Medusa no longer has" in headline
    item = only(shop, job, begun)
    assert (item.plan.action, item.plan.care, codes(item)) == ("skip", 6, {HELD_AND_OVERSOLD})
    assert f"etsy-pipeline sync cancel {paused.transaction_id}" in item.plan.verdicts[0].hint
    with shop.store.reading() as session:
        (notice,) = _notices(session, job)
    assert (notice.status, notice.told) == ("cannot lower what is sold out", headline)


def test_what_it_begins_before_the_approval_stays_with_it(shop: Shop, paused: EtsySyncJob, not_begun: str) -> None:
    stock(shop, not_begun, 1)
    job = shop.plan()
    with shop.store.writing() as session:
        items.change_waiting(session, paused.id, [not_begun], step="complete")
    shop.approve(job)
    (item, there) = (only(shop, found, not_begun) for found in (job, paused))
    assert (item.outcome, item.note) == ("skipped", f"left to {paused.transaction_id}, which holds it")
    assert (there.outcome, there.step) == ("waiting", "complete")


def test_what_it_sends_before_the_approval_is_planned_anew(shop: Shop, paused: EtsySyncJob, not_begun: str) -> None:
    """Else our books would have the old title again, which that plan knew."""
    stock(shop, not_begun, 1)
    job = shop.plan()
    assert shop.publish(paused).synced_count == 2
    done = shop.publish(shop.approve(job))
    assert (done.state, done.synced_count) == (SyncState.COMPLETED_WITH_ERRORS, 0)
    assert only(shop, job, not_begun).note == "left to the next plan: another sync sent it after this one was planned"
    published = shop.link(not_begun).published
    assert published is not None
    assert published.title == f"A new title of {not_begun}"
    again = shop.plan(transaction_id=queries.latest_jobs(shop.store)[0].transaction_id, covers_selection=False)
    assert (again.trigger, shop.publish(shop.approve(again)).synced_count) == ("replan", 1)
    assert (pieces(shop, not_begun), shop.link(not_begun).sync_status) == ({1}, "synced")


def test_what_the_approval_leaves_out_stays_where_it_is(shop: Shop, paused: EtsySyncJob, not_begun: str) -> None:
    stock(shop, not_begun, 0)
    job = shop.plan()
    shop.approve(job, excluded_products=[not_begun])
    assert only(shop, paused, not_begun).outcome == "waiting"
    assert shop.publish(job).synced_count == 0
    assert shop.publish(paused).synced_count == 2
