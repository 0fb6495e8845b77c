"""Two workers that share databases, a broker, an object store and nothing else; one is killed in the middle of its work.

The tests follow one another: each goes on with the world that the one before has left.
"""

import time
from pathlib import Path

import dagster as dg
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.shop import scan
from etsy_pipeline.store import sales, seen_listings
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.distributed.hosts import FAKETIME, until
from etsy_pipeline_tests.distributed.scene import PRODUCTS, WORKERS, Scene, slow_etsy
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again

pytestmark = pytest.mark.distributed

THREE_MINUTES = 180
ORDERS = 3
A_MINUTE_AHEAD = "+60s" if FAKETIME else ""  # Debian's libfaketime


def kill(scene: Scene, worker: str) -> float:
    """Pull its plug; when that was."""
    scene.cluster.host(worker).kill()
    return time.monotonic()


def until_another_goes_on(scene: Scene, dead: dg.DagsterRun, since: float) -> None:
    """Another run does the work of one that was killed, on the other worker."""
    account = next(account for account in scene.accounts if account.id == dead.tags["dagster/partition"])

    def goes_on() -> bool:
        later = [record.dagster_run for record in scene.runs(dead.job_name, account)]
        return any(
            run.status in {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS}
            for run in later[[run.run_id for run in later].index(dead.run_id) + 1 :]
        )

    until(goes_on, None, f"another {dead.job_name}", THREE_MINUTES - (time.monotonic() - since))
    print(f"{dead.job_name}: another one goes on after {time.monotonic() - since:.0f} s")  # noqa: T201


def test_plans_of_three_accounts_are_drawn_up_by_both_workers(scene: Scene) -> None:
    with slow_etsy(scene, 1):
        asked = [scene.ask(account) for account in scene.accounts]
        for transaction_id in asked:
            scene.until_state(transaction_id, SyncState.PLANNED)
    runs = [scene.runs("plan_sync", account)[0].dagster_run for account in scene.accounts]
    assert {scene.worker_of(run) for run in runs} == set(WORKERS)


def test_a_publication_whose_worker_is_killed_goes_on_elsewhere_and_makes_nothing_twice(scene: Scene) -> None:
    shop = scene.accounts[0]
    transaction_id = scene.newest(shop)
    with slow_etsy(scene, 1):
        scene.approve(transaction_id)
        run, worker = scene.begun("publish_sync", shop)
        until(lambda: len(scene.titles(shop)) > 1, None, "the first listings")
        killed = kill(scene, worker)
        assert scene.job(transaction_id).state is SyncState.PROCESSING
    until_another_goes_on(scene, run, killed)
    scene.until_over(transaction_id)
    job = scene.job(transaction_id)
    assert (job.state, job.synced_count) == (SyncState.COMPLETED, PRODUCTS)
    assert list(scene.titles(shop).values()) == [1] * PRODUCTS
    scene.cluster.start_worker(worker, clock=A_MINUTE_AHEAD)


def test_a_plan_whose_worker_is_killed_is_drawn_up_elsewhere(scene: Scene) -> None:
    shop = scene.accounts[1]
    with slow_etsy(scene, 30):
        transaction_id = scene.ask(shop)
        scene.until_state(transaction_id, SyncState.PLANNING)
        run, worker = scene.begun("plan_sync", shop, **{TRANSACTION_TAG: transaction_id})
        killed = kill(scene, worker)
    until_another_goes_on(scene, run, killed)
    scene.until_state(transaction_id, SyncState.PLANNED)
    assert scene.job(transaction_id).plan_attempts == 1
    scene.cluster.start_worker(worker)


def test_orders_whose_importer_is_killed_are_booked_elsewhere_and_once(scene: Scene) -> None:
    shop, world = scene.accounts[0], scene.world
    listing_ids = [item["listing_id"] for item in world.listings() if item["shop_id"] == shop.shop_id][:ORDERS]
    receipts = [world.buy(listing_id) for listing_id in listing_ids]
    with slow_etsy(scene, 15):
        configure.configure(scene.store, shop.id, {"orders.mode": "stock", "orders.since": LONG_AGO})
        connect_again(world, scene.store, shop.id)
        run, worker = scene.begun("read_orders", shop)
        killed = kill(scene, worker)
    until_another_goes_on(scene, run, killed)
    until(lambda: booked(scene) == len(receipts), None, "all orders")
    assert sum(item["quantity"] for item in world.reservations()) == len(receipts)
    scene.cluster.start_worker(worker, clock=A_MINUTE_AHEAD)


def booked(scene: Scene) -> int:
    with scene.store.reading() as session:
        return len(sales.in_state(session, scene.accounts[0].id, "booked"))


def test_a_look_through_a_shop_whose_worker_is_killed_is_taken_elsewhere(scene: Scene) -> None:
    shop = scene.accounts[0]
    with slow_etsy(scene, 15):
        scan.ask(scene.store, shop.id)
        run, worker = scene.begun("scan_shop", shop)
        killed = kill(scene, worker)
    until_another_goes_on(scene, run, killed)

    def is_whole() -> bool:
        with scene.store.reading() as session:
            last = seen_listings.last_whole(session, shop.id)
        return last is not None and sum(last.counts.values()) == PRODUCTS

    until(is_whole, None, "the look")
    scene.cluster.start_worker(worker)


def test_what_somebody_terminates_in_dagster_ends_as_canceled_and_is_not_begun_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_CELERY_BROKER", scene.redis.broker)
    monkeypatch.setenv("DAGSTER_CELERY_BACKEND", scene.redis.backend)
    shop = scene.accounts[2]
    with slow_etsy(scene, 15):
        scan.ask(scene.store, shop.id)
        look, _ = scene.begun("scan_shop", shop)
        terminate(scene, look)
        asked = scene.ask(shop)
        scene.until_state(asked, SyncState.PLANNING)
        terminate(scene, scene.begun("plan_sync", shop, **{TRANSACTION_TAG: asked})[0])
        scene.until_over(asked)
    job = scene.job(asked)
    assert (job.state, job.plan_attempts) == (SyncState.FAILED, 0)
    assert "was terminated" in job.message
    again = scene.ask(shop)
    scene.until_state(again, SyncState.PLANNED)
    assert len(scene.runs("plan_sync", shop, **{TRANSACTION_TAG: asked})) == 1
    assert scene.runs("scan_shop", shop)[-1].dagster_run.run_id == look.run_id


def terminate(scene: Scene, run: dg.DagsterRun) -> None:
    """Somebody presses it in Dagster's UI."""
    assert scene.instance.run_coordinator.cancel_run(run.run_id)

    def is_over() -> bool:
        found = scene.instance.get_run_by_id(run.run_id)
        return found is not None and found.is_finished

    seconds = until(is_over, None, f"the end of {run.job_name}")
    found = scene.instance.get_run_by_id(run.run_id)
    assert found
    assert found.status is dg.DagsterRunStatus.CANCELED
    print(f"{run.job_name}: canceled after {seconds:.0f} s")  # noqa: T201


def test_a_run_that_waits_is_carried_out_though_the_code_server_was_restarted(scene: Scene) -> None:
    shop = scene.accounts[2]
    with slow_etsy(scene, 10):
        first = scene.ask(shop)
        scene.until_state(first, SyncState.PLANNING)
        second = scene.ask(shop)
        waits = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED]
        until(
            lambda: [item.dagster_run.status for item in scene.runs("plan_sync", shop)[-2:]] == waits, None, "a queue"
        )
        scene.cluster.host("code").kill()
        scene.cluster.start_code_server()
    until(lambda: all(scene.job(asked).has_plan for asked in (first, second)), None, "both plans")


def test_all_shops_at_once_stay_below_the_limit_of_their_key(scene: Scene) -> None:
    """One of the workers has a clock that is a minute ahead."""
    if A_MINUTE_AHEAD:
        worker = scene.cluster.host("w1")
        worker.kill()
        scene.cluster.start_worker("w1", clock=A_MINUTE_AHEAD)
    refused = len(scene.too_many)
    for shop in scene.accounts[1:]:
        transaction_id = scene.newest(shop)
        scene.approve(transaction_id)
    for shop in scene.accounts[1:]:
        scene.until_over(scene.newest(shop))
        assert scene.job(scene.newest(shop)).state is SyncState.COMPLETED
        assert list(scene.titles(shop).values()) == [1] * PRODUCTS
    workers = {scene.worker_of(scene.runs("publish_sync", shop)[-1].dagster_run) for shop in scene.accounts[1:]}
    assert workers <= set(WORKERS), "each run was some worker's"
    assert len(scene.too_many) == refused


def test_no_two_runs_did_the_same_for_an_account_at_a_time(scene: Scene) -> None:
    assert not scene.overlapping


def test_no_worker_needed_anything_of_a_disk(scene: Scene) -> None:
    for name in WORKERS:
        folder: Path = scene.cluster.host(name).folder
        assert not [path for path in folder.rglob("*") if path.suffix in {".db", ".parquet", ".env"}]
