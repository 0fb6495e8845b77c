"""Sensors, schedule and partitions: rows become runs, once; and what Dagster loads."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.partitions import ACCOUNTS, partition_change
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import trigger_of
from etsy_pipeline.orchestration.schedules import daily_sync_at
from etsy_pipeline.orchestration.sensors import (
    NO_RUNS,
    RunsSoFar,
    approved_syncs,
    plan_requests,
    publish_requests,
    requested_syncs,
)
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, jobs, leases
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.order_notices import order_notices
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.orchestration.lost import tell_of

defs.get_repository_def()  # built once, before a test's own Dagster instance comes and goes

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = wiring.store_of(Settings.load())
    yield opened
    opened.close()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def an_account(store: Store, **settings: Any) -> str:
    account = configure.add(store, "Shop")
    with store.writing() as session:
        shop_id = abs(hash(account.id)) % 10**9
        accounts.change(session, account.id, shop_id=shop_id, is_active=True, api_config=settings)
    return account.id


def a_job(**changes: Any) -> EtsySyncJob:
    return EtsySyncJob("sync_job_1", "wf_1", "etsy_acc_1", **changes)


def in_state(store: Store, job: EtsySyncJob, state: SyncState, **columns: Any) -> None:
    """Put a sync into a state, whatever leads there."""
    with store.writing() as session:
        jobs.transition(session, to=state, since=tuple(SyncState), transaction_id=job.transaction_id, values=columns)


def tick(instance: dg.DagsterInstance, sensor: dg.SensorDefinition) -> Any:
    """What a sensor answers when it is its turn."""
    return sensor(dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}))


@pytest.mark.parametrize(
    ("active", "existing", "in_flight", "add", "remove"),
    [
        ({"a"}, set(), set(), {"a"}, set()),
        ({"a"}, {"a"}, set(), set(), set()),
        (set(), {"a"}, set(), set(), {"a"}),
        (set(), {"a"}, {"a"}, set(), set()),
        ({"b"}, {"a"}, set(), {"b"}, {"a"}),
    ],
)
def test_partitions_follow_the_active_accounts_but_not_under_a_run(
    active: set[str], existing: set[str], in_flight: set[str], add: set[str], remove: set[str]
) -> None:
    change = partition_change(active=active, existing=existing, in_flight=in_flight)
    assert (set(change.add), set(change.remove)) == (add, remove)


def test_the_partitions_sensor_adds_and_removes(store: Store, instance: dg.DagsterInstance) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, ["etsy_acc_gone"])
    added, removed = tick(instance, requested_syncs).dynamic_partitions_requests
    assert (added.partition_keys, removed.partition_keys) == ([account_id], ["etsy_acc_gone"])


def test_a_request_becomes_one_plan_run_for_its_account(store: Store, instance: dg.DagsterInstance) -> None:
    account_id = an_account(store)
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    assert tick(instance, requested_syncs).run_requests == [], "not before its partition is there"
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    (request,) = tick(instance, requested_syncs).run_requests
    assert (request.run_key, request.partition_key) == (job.transaction_id, account_id)
    assert request.tags["etsy_pipeline/transaction_id"] == job.transaction_id


@pytest.mark.parametrize("state", [state for state in SyncState if state is not SyncState.REQUESTED])
def test_only_what_was_asked_for_is_planned(state: SyncState) -> None:
    assert plan_requests([a_job(state=state)]) == []
    assert len(plan_requests([a_job()])) == 1


@pytest.mark.parametrize(
    "state", [state for state in SyncState if state not in {SyncState.CONFIRMED, SyncState.PROCESSING}]
)
def test_only_what_is_approved_is_published(state: SyncState) -> None:
    assert publish_requests([a_job(state=state)], NOW) == []
    assert len(publish_requests([a_job(state=SyncState.CONFIRMED)], NOW)) == 1


def test_a_paused_sync_is_published_when_its_time_has_come() -> None:
    job = a_job(state=SyncState.PAUSED, resume_at=NOW)
    assert publish_requests([job], NOW - timedelta(seconds=1)) == []
    (request,) = publish_requests([job], NOW)
    assert request.run_key == f"wf_1@{NOW.isoformat()}", "another run than the one that paused"


DIED, AT_WORK = RunsSoFar(1), RunsSoFar(1, is_alive=True)


@pytest.mark.parametrize(
    ("state", "runs", "held", "run_key"),
    [
        (SyncState.PROCESSING, NO_RUNS, (), "wf_1"),
        (SyncState.PROCESSING, NO_RUNS, (("etsy_acc_1", "full"),), None),
        (SyncState.PROCESSING, DIED, (), "wf_1#1"),
        (SyncState.PROCESSING, RunsSoFar(2), (), "wf_1#2"),
        (SyncState.PROCESSING, DIED, (("etsy_acc_1", "full"),), None),
        (SyncState.PROCESSING, DIED, (("etsy_acc_1", "stock"),), "wf_1#1"),
        (SyncState.PROCESSING, AT_WORK, (), None),
        (SyncState.CONFIRMED, DIED, (), "wf_1#1"),
        (SyncState.CONFIRMED, AT_WORK, (), None),
    ],
)
def test_a_publication_whose_publisher_died_is_started_again_and_no_other(
    state: SyncState, runs: RunsSoFar, held: tuple[tuple[str, Lane], ...], run_key: str | None
) -> None:
    requests = publish_requests([a_job(state=state)], NOW, runs={"wf_1": runs}, held=held)
    assert [request.run_key for request in requests] == ([run_key] if run_key else [])


def test_the_sensor_replaces_a_publisher_that_was_killed_and_reports_its_run(
    store: Store, instance: dg.DagsterInstance
) -> None:
    """Its lease has run out, and Dagster still shows its run as started."""
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    in_state(store, job, SyncState.PROCESSING)
    with store.writing() as session:
        lease = leases.taken(session, account_id, "dead", job.transaction_id, datetime.now(UTC) + timedelta(minutes=1))
    tags = {"etsy_pipeline/transaction_id": job.transaction_id}
    run = instance.create_run_for_job(defs.resolve_job_def("publish_sync"), tags=tags)
    start = DagsterEvent(DagsterEventType.RUN_START.value, job_name=run.job_name)
    instance.report_dagster_event(start, run.run_id, timestamp=time.time() - 600)
    assert isinstance(tick(instance, approved_syncs), dg.SkipReason), "its lease holds"
    with store.writing() as session:
        leases.change(session, lease, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    (request,) = tick(instance, approved_syncs).run_requests
    assert request.run_key == f"{job.transaction_id}#1"
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status == dg.DagsterRunStatus.FAILURE


def test_a_publisher_that_ends_while_the_sensor_looks_is_not_taken_for_dead(
    store: Store, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    in_state(store, job, SyncState.PROCESSING)
    lasts: list[set[tuple[str, Lane]]] = [{(account_id, "full")}, set()]
    monkeypatch.setattr(leases, "held", lambda *_: lasts.pop(0))
    assert isinstance(tick(instance, approved_syncs), dg.SkipReason)


def test_a_publication_goes_on_where_dagsters_own_database_was_lost(store: Store, instance: dg.DagsterInstance) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    in_state(store, job, SyncState.PROCESSING, publish_run_id="of_the_lost_database")
    (request,) = tick(instance, approved_syncs).run_requests
    assert request.run_key == job.transaction_id


def test_a_publication_that_a_person_began_in_the_ui_is_replaced_where_its_process_is_gone(
    store: Store, instance: dg.DagsterInstance
) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    run = instance.create_run_for_job(defs.resolve_job_def("publish_sync"))
    instance.report_dagster_event(DagsterEvent(DagsterEventType.RUN_START.value, job_name=run.job_name), run.run_id)
    in_state(store, job, SyncState.PROCESSING, publish_run_id=run.run_id)
    (request,) = tick(instance, approved_syncs).run_requests
    assert request.run_key == f"{job.transaction_id}#1"
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status == dg.DagsterRunStatus.FAILURE, "or it would stand in the way of the next one"


def test_the_approval_sensor_does_nothing_without_an_approval(store: Store, instance: dg.DagsterInstance) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    request_sync(store, account_id, product_ids=None, trigger="cli")
    assert isinstance(tick(instance, approved_syncs), dg.SkipReason)


def test_the_gate_approves_in_the_policys_name_what_had_to_wait(
    store: Store, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing waits, Medusa's settings are not needed."""
    assert tick(instance, approved_syncs).skip_message == "No approved sync waits to be published."
    request_sync(store, an_account(store), product_ids=None, trigger="cli")
    (job,) = queries.latest_jobs(store)
    long_ago = store.now() - timedelta(minutes=5)
    in_state(store, job, SyncState.PLANNED, planned_at=long_ago, totals={"for_a_person": []}, plan_digest="0" * 64)
    for name, value in (("URL", "http://medusa.test"), ("API_KEY", "sk_test"), ("AMOUNT_UNIT", "major")):
        monkeypatch.setenv(f"MEDUSA_{name}", value)
    skipped = tick(instance, approved_syncs).skip_message
    assert skipped.startswith(f"The plan of {job.transaction_id} is stale"), "it is asked, as everybody is"


def test_the_sensor_calls_an_expired_approval_off_and_says_so(store: Store, instance: dg.DagsterInstance) -> None:
    account_id = an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [account_id])
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    in_state(store, job, SyncState.CONFIRMED, confirmed_at=datetime.now(UTC) - timedelta(hours=71))
    assert tick(instance, approved_syncs).run_requests, "in time"
    in_state(store, job, SyncState.CONFIRMED, confirmed_at=datetime.now(UTC) - timedelta(hours=73))
    skipped = tick(instance, approved_syncs)
    assert "has expired" in str(skipped.skip_message)
    assert queries.job(store, job.transaction_id).state is SyncState.EXPIRED


def test_the_daily_sync_plans_the_shops_that_want_it(store: Store) -> None:
    wants, does_not = an_account(store, schedule_enabled=True), an_account(store)
    of_another_version = an_account(store, schedule_enabled=True, no_such_setting=1)
    schedule = daily_sync_at("UTC")
    resources = {"store": StoreResource()}
    with dg.instance_for_test() as on_disk:  # a schedule's context opens it anew
        on_disk.add_dynamic_partitions(ACCOUNTS, [wants, does_not, of_another_version])
        context = dg.build_schedule_context(instance=on_disk, scheduled_execution_time=NOW, resources=resources)
        requests: Any = schedule(context)
    planned = [request.partition_key for request in requests]
    assert planned == sorted([wants, of_another_version]), "what does not fit is told by the shop's own run"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "UTC")


def test_a_shop_whose_settings_are_of_another_version_disturbs_no_other_one(
    store: Store, instance: dg.DagsterInstance
) -> None:
    of_another_version, other = an_account(store, no_such_setting=1), an_account(store)
    instance.add_dynamic_partitions(ACCOUNTS, [of_another_version, other])
    request_sync(store, other, product_ids=None, trigger="cli")
    (request,) = tick(instance, requested_syncs).run_requests
    assert request.partition_key == other
    with store.reading() as session:
        assert not list(order_notices(session, NOW))


def test_a_run_that_dies_is_noted_on_its_sync(store: Store, instance: dg.DagsterInstance) -> None:
    @dg.op
    def die() -> None:
        raise MemoryError

    @dg.job
    def dies() -> None:
        die()

    job = request_sync(store, an_account(store), product_ids=None, trigger="cli")
    tags = {"etsy_pipeline/transaction_id": job.transaction_id}
    result = dies.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    tell_of(instance, result.dagster_run, result.get_run_failure_event())
    found = queries.job(store, job.transaction_id)
    assert (found.state, "run_failed" in found.message) == (SyncState.FAILED, True)


@pytest.mark.parametrize(
    ("tags", "trigger"),
    [
        ({}, "ui"),
        ({"dagster/schedule_name": "daily_sync"}, "schedule"),
        ({"dagster/backfill": "abc"}, "backfill"),
        ({"etsy_pipeline/trigger": "cli"}, "cli"),
    ],
)
def test_a_run_knows_who_asked(tags: dict[str, str], trigger: str) -> None:
    assert trigger_of(tags) == trigger


def test_what_dagster_loads() -> None:
    assert {key.to_user_string() for key in defs.resolve_all_asset_keys()} == {
        "etsy_listings", "etsy_receipts", "product_snapshot", "validated_listings", "sync_plan", "publication_approval",
        "published_listings",
    }  # fmt: skip
    for name in ("plan_sync", "publish_sync", "scan_shop", "read_orders"):
        assert defs.resolve_job_def(name).partitions_def is not None
    for name in (
        "requested_syncs",
        "approved_syncs",
        "failed_syncs",
        "lost_runs",
        "stock_changes",
    ):
        assert defs.resolve_sensor_def(name).default_status is dg.DefaultSensorStatus.RUNNING


def test_importing_the_definitions_opens_nothing_and_needs_no_setting(tmp_path: Any) -> None:
    (empty := tmp_path / "empty").mkdir()
    code = "import etsy_pipeline.definitions, pathlib; print(list(pathlib.Path('.').iterdir()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=empty, env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
