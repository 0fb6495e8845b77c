"""The queue in which Dagster's runs wait: what waits for what, and that no large shop holds up the small ones."""

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.instance import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.tags import TagConcurrencyLimitsCounter

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.long_runs import MANY, large_shops
from etsy_pipeline.orchestration.order_assets import read_orders
from etsy_pipeline.orchestration.run_queue import RunQueue, limits, runs_at_once
from etsy_pipeline.orchestration.run_tags import (
    LONG_TAG,
    ORDERS,
    PLAN_ASSETS,
    PUBLISHED,
    SCANNED,
    SLOT_TAG,
    WORK_OF_JOBS,
    Work,
    slot,
    work_of,
)
from etsy_pipeline.orchestration.sensors import plan_requests, publish_requests
from etsy_pipeline.orchestration.shop_assets import scan_shop
from etsy_pipeline.planning.plan_view import Totals
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.dagster_dev import PROJECT
from etsy_pipeline_tests.orchestration.lost import PARTITION
from etsy_pipeline_tests.sync.planned import connected

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("job", "assets", "work"),
    [
        ("plan_sync", (), "plan"),
        ("publish_sync", (), "full"),
        ("__ASSET_JOB", ("product_snapshot",), "plan"),
        ("__ASSET_JOB", ("sync_plan", "validated_listings"), "plan"),
        ("__ASSET_JOB", ("published_listings",), "full"),
        ("__ASSET_JOB", ("publication_approval",), None),
    ],
)
def test_what_a_run_does(job: str, assets: tuple[str, ...], work: str | None) -> None:
    run = dg.DagsterRun(job, asset_selection=frozenset(map(dg.AssetKey, assets)) if assets else None)
    assert work_of(run) == work


def test_the_queue_knows_jobs_and_assets_by_their_names() -> None:
    keys = {key.to_user_string() for key in defs.resolve_all_asset_keys()}
    assert PLAN_ASSETS | {PUBLISHED, SCANNED, ORDERS, "publication_approval"} == keys
    assert set(WORK_OF_JOBS) == {plan_sync.name, publish_sync.name, scan_shop.name, read_orders.name}


def admitted(running: list[dict[str, str]], waiting: dict[str, str], most: int = 2) -> bool:
    """Whether Dagster starts a run beside those that are under way."""
    runs = [dg.DagsterRun("plan_sync", tags=tags) for tags in running]
    counter = TagConcurrencyLimitsCounter(limits(most)["tag_concurrency_limits"], runs)
    return not counter.is_blocked(dg.DagsterRun("plan_sync", tags=waiting))


def test_of_an_account_a_plan_and_a_publication_in_each_lane_go_on_side_by_side_and_two_of_a_kind_never() -> None:
    a_plan, a_publication, its_stock = slot("a", "plan"), slot("a", "full"), slot("a", "stock")
    assert admitted([a_publication, its_stock], a_plan)
    assert admitted([a_plan, a_publication], its_stock)
    assert not admitted([a_plan], a_plan)
    assert not admitted([its_stock], its_stock)


def test_of_all_accounts_so_many_of_a_kind_as_the_machine_bears() -> None:
    assert admitted([slot("a", "plan")], slot("b", "plan"))
    assert not admitted([slot("a", "plan"), slot("b", "plan")], slot("c", "plan"))
    assert admitted([slot("a", "plan"), slot("b", "plan")], slot("c", "full")), "plans hold up no publication"
    assert admitted([slot("a", "plan"), slot("b", "plan")], {}), "an approval takes no place"


def test_of_all_places_of_a_kind_half_are_free_of_runs_that_take_long() -> None:
    of_a, of_b = slot("a", "full", is_long=True), slot("b", "full", is_long=True)
    assert admitted([], of_a)
    assert not admitted([of_a], of_b), "the second place is for what is small"
    assert admitted([of_a], slot("c", "full"))
    assert admitted([of_a], slot("b", "plan", is_long=True)), "of each kind"
    assert not admitted([of_a], of_b, most=3)
    assert admitted([of_a], of_b, most=4)
    assert admitted([], of_a, most=1), "with one place alone there is none to be kept free"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of the shipped dagster.yaml, with three places of each kind."""
    monkeypatch.setenv("ETSY_PIPELINE_RUNS_AT_ONCE", "3")
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance:
        yield instance


def in_the_queue(instance: dg.DagsterInstance, job: str, tags: dict[str, str]) -> None:
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("etsy_pipeline"), "__repository__")
    instance.create_run_for_job(
        defs.resolve_job_def(job), tags=tags, status=dg.DagsterRunStatus.QUEUED,
        remote_job_origin=repository.get_job_origin(job),
    )  # fmt: skip


def test_two_large_shops_hold_up_no_small_one(shipped: dg.DagsterInstance) -> None:
    """Dagster's own daemon decides what begins: here a small run is done in a turn, and a large one never."""
    for name in ("large 1", "large 2", "large 3", "small 1", "small 2", "small 3"):
        tags = {PARTITION: name, **slot(name, "full", is_long=name.startswith("large"))}
        in_the_queue(shipped, "publish_sync", tags)
    turns = []
    for _ in range(3):
        daemon, queue = QueuedRunCoordinatorDaemon(interval_seconds=1), shipped.get_concurrency_config()
        begun = daemon._get_runs_to_dequeue(shipped, queue, fixed_iteration_time=None)
        turns.append([run.tags[PARTITION] for run in begun])
        for run in begun:
            its_state = DagsterEventType.RUN_START if LONG_TAG in run.tags else DagsterEventType.RUN_SUCCESS
            shipped.report_dagster_event(DagsterEvent(its_state.value, job_name=run.job_name), run.run_id)
    assert turns == [["large 1", "small 1", "small 2"], ["small 3"], []]


def test_runs_wait_in_the_queue_while_celerys_broker_does_not_answer(
    shipped: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_queue(shipped, "publish_sync", slot("a", "full"))
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def begun() -> int:
        return len(daemon._get_runs_to_dequeue(shipped, shipped.get_concurrency_config(), fixed_iteration_time=None))

    with socket.create_server(("127.0.0.1", 0)) as broker:
        url = f"amqp://127.0.0.1:{broker.getsockname()[1]}"  # a Redis would have to answer, as would this to kombu
        monkeypatch.setitem(sys.modules, "kombu", None)
        celery = SimpleNamespace(broker=url, backend=url)
        monkeypatch.setattr(dg.DagsterInstance, "run_launcher", property(lambda _: celery))
        assert begun() == 1
    assert begun() == 0, "it would fail as it is launched"


@pytest.mark.parametrize(("cores", "value", "runs"), [(1, "", 2), (8, "", 8), (8, "3", 3), (8, "x", 2)])
def test_runs_at_once_follow_the_machine_or_the_setting(
    monkeypatch: pytest.MonkeyPatch, cores: int, value: str, runs: int
) -> None:
    monkeypatch.setattr("etsy_pipeline.settings.cores", lambda: cores)
    monkeypatch.setenv("ETSY_PIPELINE_RUNS_AT_ONCE", value)
    assert runs_at_once() == runs


def test_the_shipped_instance_has_this_queue_and_the_second_net(shipped: dg.DagsterInstance) -> None:
    queue = shipped.get_concurrency_config().run_queue_config
    assert isinstance(shipped.run_coordinator, RunQueue)
    assert queue
    assert queue.tag_concurrency_limits == limits(3)["tag_concurrency_limits"]
    assert (queue.max_concurrent_runs, queue.max_user_code_failure_retries) == (17, 20)
    assert shipped.run_monitoring_enabled
    assert shipped.run_monitoring_max_runtime_seconds == timedelta(days=1).total_seconds()
    assert (shipped.run_retries_enabled, shipped.run_retries_retry_on_asset_or_op_failure) == (True, False)
    for name, work in WORK_OF_JOBS.items():
        by_us = work in {"plan", "full"}
        retries = defs.resolve_job_def(name).tags.get("dagster/max_retries")
        assert retries == ("0" if by_us else None), "one of us starts it again, not both"


def queued(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, job: str, account_id: str) -> dict[str, str]:
    """The tags of a run that a person starts in the UI, or a backfill, once it is in the queue."""
    run = instance.create_run_for_job(defs.resolve_job_def(job), tags={PARTITION: account_id})
    monkeypatch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _queue, context: context.dagster_run)
    instance.run_coordinator.submit_run(SimpleNamespace(dagster_run=run))  # type: ignore[arg-type]
    found = instance.get_run_by_id(run.run_id)
    assert found
    return dict(found.tags)


@pytest.mark.parametrize(("job", "work"), WORK_OF_JOBS.items())
def test_each_run_has_its_slot_wherever_it_came_from(
    shipped: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, job: str, work: Work
) -> None:
    tags = queued(shipped, monkeypatch, job, "a")
    assert slot("a", work).items() <= tags.items()
    assert LONG_TAG not in tags


def test_what_a_person_starts_in_the_ui_takes_long_where_the_shop_is_large(
    shipped: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(wiring.store_of(Settings.load())) as store:
        account_id = connected(store).id
        job = request_sync(store, account_id, product_ids=None, trigger="cli")
        with store.writing() as session:
            now = clock.now(session)
            jobs.change(session, job.transaction_id, planned_at=now, total_products=MANY)
    assert queued(shipped, monkeypatch, "plan_sync", account_id)[LONG_TAG] == "plan"
    assert LONG_TAG not in queued(shipped, monkeypatch, "read_orders", account_id)
    assert LONG_TAG not in queued(shipped, monkeypatch, "publish_sync", account_id), "nothing is approved"
    monkeypatch.setenv("ETSY_PIPELINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert queued(shipped, monkeypatch, "plan_sync", "a")[LONG_TAG] == "plan", "nothing is known: nobody is held up"


def test_the_last_plan_of_all_that_a_shop_sells_tells_how_large_it_is(store: Store) -> None:
    account_id, other = connected(store, 7).id, connected(store, 8).id
    for minutes, products, named in ((1, MANY, None), (2, 12, None), (3, MANY, ("prod_1",))):
        job = request_sync(store, account_id, product_ids=named, trigger="cli")
        with store.writing() as session:
            planned_at = clock.now(session) + timedelta(minutes=minutes)
            jobs.change(session, job.transaction_id, planned_at=planned_at, total_products=products)
    with store.reading() as session:
        assert jobs.last_sizes(session, [account_id, other]) == {account_id: 12}
        assert large_shops(session, []) == large_shops(session, ["nobody's"]) == set()
        assert large_shops(session, [account_id, other]) == {other}, "nobody knows yet how large it is"
    configure.configure(store, other, {"selection": {"product_ids": ["prod_1"]}})
    with store.reading() as session:
        assert large_shops(session, [account_id, other]) == set()


def test_the_sensors_give_each_run_its_slot_and_say_which_ones_take_long() -> None:
    job = EtsySyncJob("sync_job_1", "wf_1", "etsy_acc_1")
    (plan,) = plan_requests([job])
    assert plan.tags[SLOT_TAG] == "etsy_acc_1/plan"
    assert LONG_TAG not in plan.tags
    (plan,) = plan_requests([job], large={"etsy_acc_1"})
    assert plan.tags[LONG_TAG] == "plan"
    (plan,) = plan_requests([replace(job, requested_selection=Selection(product_ids=("p",)))], large={"etsy_acc_1"})
    assert LONG_TAG not in plan.tags, "a product alone is done soon"
    for lane, calls in (("full", MANY), ("stock", MANY - 1)):
        approved = replace(job, state=SyncState.CONFIRMED, lane=cast(Lane, lane), totals=Totals(api_calls=calls))
        (publication,) = publish_requests([approved], NOW)
        assert publication.tags[SLOT_TAG] == f"etsy_acc_1/{lane}"
        assert publication.tags.get(LONG_TAG) == ("full" if calls == MANY else None)
