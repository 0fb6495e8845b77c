"""A sync waits for days: prices and stock of everything that it does not hold go on beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import Conflict
from etsy_pipeline.orchestration.publish_assets import _source
from etsy_pipeline.orchestration.sensors import publish_requests
from etsy_pipeline.providers.errors import QuotaExhausted
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.store import budgets, progress
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries, unsent
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all

pytestmark = pytest.mark.usefixtures("no_waiting")

A_DAY = {"kind": "status", "status": 429, "headers": {"retry-after": "86400"}}


@pytest.fixture
def old_ones(shop: Shop) -> list[str]:
    """Four products that are on Etsy."""
    old = shop.world.product_ids("clean")[:4]
    shop.world.sandbox.state.run("CREATE TABLE aside AS SELECT * FROM medusa_product")
    shop.world.keep_only(*old)
    assert shop.sync().synced_count == 4
    return old


@pytest.fixture
def paused(shop: Shop, old_ones: list[str]) -> EtsySyncJob:
    """A full sync that waits for a day: it creates six products, and changes the title of the first old one."""
    shop.world.sandbox.state.run("DELETE FROM medusa_product")
    shop.world.sandbox.state.run("INSERT INTO medusa_product SELECT * FROM aside")
    shop.world.keep_only(*shop.world.product_ids("clean")[:10])
    change(shop, old_ones[0], set={"title": "Another title"})
    job = shop.approve(shop.plan())
    assert (job.totals.create, job.totals.update) == (6, 1)
    shop.fault(operation="updateListing", times=1, **A_DAY)
    job = shop.publish(job, at_once=1)
    assert (job.state, job.deferred_count, job.lane) == (SyncState.PAUSED, 7, "full")
    with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
        ledger.held_until = None  # as if Etsy had meant that call alone
    return job


def change(shop: Shop, product_id: str, **values: Any) -> None:
    shop.world.medusa("PATCH", f"products/{product_id}", values)


def stock(shop: Shop, product_id: str, pieces: int) -> None:
    change(shop, product_id, variants=stock_of_all(shop, product_id, pieces))


def listing(shop: Shop, product_id: str) -> dict[str, Any]:
    listing_id = shop.link(product_id).etsy_listing_id
    return next(item for item in shop.world.listings() if item["listing_id"] == listing_id)


def pieces(shop: Shop, product_id: str) -> set[int]:
    """How many of its variations are for sale on Etsy."""
    listing_id = shop.link(product_id).etsy_listing_id or 0
    live = wiring.shop_client(shop.world.settings, shop.store, shop.id).live_listings([listing_id])[listing_id]
    assert live.inventory is not None
    return {item.for_sale for item in live.inventory.offerings if item.has_variant and item.is_enabled}


def reasons(shop: Shop, job: EtsySyncJob) -> dict[str, str]:
    return {item.product_id: f"{item.plan.action}: {item.plan.reason}" for item in shop.items(job)}


def test_stock_and_price_reach_etsy_beside_a_sync_that_waits(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    first, second, third, fourth = old_ones
    stock(shop, first, 1)
    stock(shop, second, 2)
    change(shop, second, set={"title": "A title that has to wait"})
    change(shop, third, set={"title": "Another one that has to wait"})
    change(shop, fourth, set={"status": "draft"})
    job = shop.plan()
    assert (job.lane, job.state, job.totals.update, job.totals.deactivate) == ("stock", SyncState.PLANNED, 1, 1)
    told = reasons(shop, job)
    assert told[first] == f"skip: held by {paused.transaction_id}, which is under way"
    assert told[second].startswith("update: quantity changed; title left for later, while wf_")
    assert told[third].startswith("skip: title left for later, while wf_")
    assert paused.transaction_id in told[third]
    assert told[fourth].startswith("deactivate: ")
    summary = queries.plan_summary(job)
    assert "7 are held by a sync that is under way; 1 of these sell on Etsy what" in summary.headline
    assert "; changes of 2 wait until it is over" in summary.headline
    shop.approve(job)
    titles = listing(shop, second)["title"]
    done = shop.publish(job)
    assert (done.state, done.synced_count, done.failed_count) == (SyncState.COMPLETED, 2, 0)
    assert (pieces(shop, second), listing(shop, second)["title"]) == ({2}, titles)
    assert listing(shop, fourth)["state"] == "inactive"
    assert pieces(shop, first) != {1}, "the other sync holds it"
    published = shop.link(second).published
    assert published is not None
    assert published.title == titles, "our books know that the new title is not there yet"

    rest = shop.publish(paused)
    assert (rest.state, rest.synced_count, rest.failed_count) == (SyncState.COMPLETED, 7, 0)
    after = shop.sync()
    assert (after.lane, after.synced_count, after.failed_count) == ("full", 3, 0)
    assert listing(shop, second)["title"] == "A title that has to wait"
    assert pieces(shop, first) == {1}
    names = [item["title"] for item in shop.world.listings()]
    assert len(names) == len(set(names)) == 10


def test_a_second_plan_of_the_stock_lane_takes_the_place_of_the_first(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    del paused
    stock(shop, old_ones[1], 2)
    first = shop.plan()
    stock(shop, old_ones[1], 1)
    second = shop.plan()
    assert (queries.job(shop.store, first.transaction_id).state, second.lane) == (SyncState.SUPERSEDED, "stock")
    assert shop.publish(shop.approve(second)).synced_count == 1
    assert pieces(shop, old_ones[1]) == {1}


def test_a_plan_beside_two_syncs_is_drawn_up_all_the_same_and_waits_for_its_turn(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    stock(shop, old_ones[1], 2)
    approved = shop.approve(shop.plan())
    stock(shop, old_ones[1], 1)
    stock(shop, old_ones[2], 1)
    third = shop.plan()
    told = reasons(shop, third)
    assert told[old_ones[1]] == f"skip: held by {approved.transaction_id}, which is under way"
    assert told[old_ones[0]] == f"skip: held by {paused.transaction_id}, which is under way"
    with pytest.raises(Conflict, match=f"{approved.transaction_id} .* not yet finished") as caught:
        shop.approve(third)
    assert caught.value.code == "publication_in_progress"
    assert f"`etsy-pipeline sync cancel {approved.transaction_id}`" in caught.value.hint
    assert shop.publish(approved).synced_count == 1
    assert shop.publish(shop.approve(third)).synced_count == 1


def test_a_product_that_another_sync_holds_by_now_is_left_to_it(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    """The stock lane's plan is approved first; the full one, planned while it waited, is approved second."""
    stock(shop, old_ones[1], 2)
    stock_job = shop.plan()
    approvals.cancel(shop.store, paused.transaction_id)
    shop.approve(stock_job)
    full = shop.plan()
    assert full.lane == "full"
    assert reasons(shop, full)[old_ones[1]] == f"skip: held by {stock_job.transaction_id}, which is under way"
    assert shop.publish(stock_job).synced_count == 1
    assert shop.publish(shop.approve(full)).failed_count == 0


def test_two_that_were_planned_unaware_of_each_other_never_hold_the_same_product(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    approvals.cancel(shop.store, paused.transaction_id)
    stock(shop, old_ones[1], 2)
    full = shop.plan()
    with shop.store.writing() as session:
        twin = lifecycle.new_job(session, shop.id, trigger="ui", lane="stock", plan_run_id="run_twin")
    stocks = shop.plan(run_id="run_twin", transaction_id=twin.transaction_id)
    assert stocks.totals.update == 1
    shop.approve(full)
    shop.approve(stocks)
    (item,) = [item for item in shop.items(stocks) if item.product_id == old_ones[1]]
    assert (item.outcome, item.note) == ("skipped", f"left to {full.transaction_id}, which holds it")
    assert shop.publish(stocks).synced_count == 0


def test_the_stock_lane_lives_on_the_reserve(shop: Shop, old_ones: list[str], paused: EtsySyncJob) -> None:
    del paused
    stock(shop, old_ones[1], 2)
    change(shop, old_ones[2], set={"status": "draft"})
    job = shop.approve(shop.plan())
    with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
        ledger.limit_per_day = 1_000_000
        ledger.calls = {next(iter(ledger.calls)): 900_000}
    chosen = shop.world.settings.model_copy(update={"etsy_pipeline_stock_reserve_percent": 20})
    client = wiring.shop_client(chosen, shop.store, shop.id)
    with pytest.raises(QuotaExhausted):
        client.live_listings([1])
    done = publish(
        shop.store, client, shop.pictures(), job.transaction_id,
        amount_unit="major", run_id="run", source=shop.source(), sleep=lambda _: None,
    )  # fmt: skip
    assert (done.state, done.synced_count) == (SyncState.COMPLETED, 2)


def test_stock_that_fell_is_noticed_on_a_day_whose_other_calls_are_used_up(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    """What a mapping has to know of Etsy is read with the reserve, too: otherwise it would seem that Medusa is down."""
    del paused
    stock(shop, old_ones[1], 20)
    job = shop.approve(shop.plan())
    stock(shop, old_ones[1], 1)
    with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
        ledger.limit_per_day = 1_000_000
        ledger.calls = {next(iter(ledger.calls)): 900_000}
    chosen = shop.world.settings.model_copy(update={"etsy_pipeline_stock_reserve_percent": 20})
    client = wiring.shop_client(chosen, shop.store, shop.id)
    source = _source(shop.store, job, client, wiring.catalogue_of(shop.world.settings), "major")
    done = publish(
        shop.store, client, shop.pictures(), job.transaction_id,
        amount_unit="major", run_id="run", source=source, sleep=lambda _: None,
    )  # fmt: skip
    assert (done.state, done.synced_count) == (SyncState.COMPLETED, 1)
    assert pieces(shop, old_ones[1]) == {1}


def test_what_must_not_be_sold_any_more_is_taken_off_while_the_rest_waits_for_calls(
    shop: Shop, old_ones: list[str]
) -> None:
    first, second, *_ = old_ones
    change(shop, first, set={"title": "Another title"})
    change(shop, second, set={"status": "draft"})
    job = shop.approve(shop.plan())
    unsent.first(shop.store, job.transaction_id, [first])
    shop.world.etsy("POST", "limits", {"per_day": sum(shop.world.calls().values()) + 30})  # fewer than are reserved
    chosen = shop.world.settings.model_copy(update={"etsy_pipeline_stock_reserve_percent": 50})
    done = publish(
        shop.store, wiring.shop_client(chosen, shop.store, shop.id), shop.pictures(), job.transaction_id,
        amount_unit="major", run_id="run", source=shop.source(), sleep=lambda _: None,
    )  # fmt: skip
    assert listing(shop, second)["state"] == "inactive"
    assert (done.state, done.synced_count, done.deferred_count) == (SyncState.PAUSED, 1, 1)


def test_what_is_sold_out_is_taken_off_though_its_title_is_wrong(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    wrong = {"title": "Mug ``` with a fence"}
    change(shop, old_ones[1], set=wrong, variants=stock_of_all(shop, old_ones[1], 0))
    change(shop, old_ones[2], set=wrong | {"status": "draft"})
    job = shop.plan()
    told = reasons(shop, job)
    assert told[old_ones[1]] == "deactivate: out of stock"
    assert told[old_ones[2]] == "deactivate: not published in Medusa (status draft)"
    approvals.cancel(shop.store, job.transaction_id)
    approvals.cancel(shop.store, paused.transaction_id)
    assert reasons(shop, shop.plan())[old_ones[1]] == "deactivate: out of stock", "in a full sync, too"


def test_prices_go_as_the_shops_rules_say_and_brakes_hold(shop: Shop, old_ones: list[str], paused: EtsySyncJob) -> None:
    del paused
    configure.configure(shop.store, shop.id, {"approval": {"auto_approve": True}})
    prices = shop.world.usd_prices(old_ones[1])
    change(shop, old_ones[1], variants={name: {"price": {"usd": price * 100}} for name, price in prices.items()})
    job = shop.plan()
    (item,) = [item for item in shop.items(job) if item.product_id == old_ones[1]]
    assert [brake.code for brake in item.plan.brakes] == ["price_hundredfold"]
    assert job.for_a_person
    change(shop, old_ones[1], variants={name: {"price": {"usd": price + 1}} for name, price in prices.items()})
    job = shop.plan()
    assert job.for_a_person == ()
    approvals.approve_by_policy(shop.store, job.transaction_id, amount_unit="major")
    assert shop.publish(job).synced_count == 1
    published = shop.link(old_ones[1]).published
    assert published is not None
    assert min(item.price for item in published.inventory.offerings) == Decimal(str(min(prices.values()))) + 1


def test_a_sync_that_waits_and_whose_plan_grew_stale_is_left_to_a_person(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    """It would be tried again for ever; what it does not hold goes on, by the new settings."""
    configure.configure(shop.store, shop.id, {"price": {"markup_percent": 5}})
    with pytest.raises(Conflict) as caught:
        shop.publish(paused)
    assert caught.value.code == "plan_stale"
    found = queries.job(shop.store, paused.transaction_id)
    assert (found.state, found.resume_at) == (SyncState.PAUSED, None)
    assert "plan_stale" in found.message
    assert publish_requests([found], shop.store.now() + timedelta(days=2)) == []
    beside = shop.plan()
    assert (beside.lane, beside.totals.update) == ("stock", 3)
    approvals.cancel(shop.store, paused.transaction_id)
    assert old_ones


def test_a_product_that_failed_before_stays_failed_when_only_its_stock_is_sent(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    del paused
    with shop.store.writing() as session:
        progress.set_link(session, shop.id, old_ones[1], sync_status="failed", sync_error="Etsy refused its title.")
    stock(shop, old_ones[1], 2)
    assert shop.publish(shop.approve(shop.plan())).synced_count == 1
    link = shop.link(old_ones[1])
    assert (pieces(shop, old_ones[1]), link.sync_status, link.sync_error) == ({2}, "failed", "Etsy refused its title.")


def test_what_was_confirmed_early_waits_where_its_lane_is_taken(
    shop: Shop, old_ones: list[str], paused: EtsySyncJob
) -> None:
    stock(shop, old_ones[1], 5)
    first = shop.approve(shop.plan())
    assert (paused.lane, first.lane) == ("full", "stock")
    stock(shop, old_ones[2], 3)
    asked = request_sync(shop.store, shop.id, product_ids=(old_ones[2],), trigger="api")
    shop.approve(asked)
    plan = shop.plan(transaction_id=asked.transaction_id)
    assert (plan.state, plan.lane) == (SyncState.PLANNED, "stock")
    early = queries.early_confirms(shop.store, [plan])[plan.transaction_id]
    assert early.applied is False
    assert early.reasons == (f"The sync {first.transaction_id} of this account is approved and not yet finished.",)
    assert shop.publish(first).is_over
    assert shop.publish(shop.approve(plan)).synced_count == 1
