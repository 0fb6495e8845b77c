"""Runs that are lost: the sensors end them, and their syncs are planned or published again; and what waits for what."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.instance import InstanceRef
from dagster._utils.tags import TagConcurrencyLimitsCounter

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.order_assets import read_orders
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_queue import (
    ORDERS,
    PLAN_ASSETS,
    PUBLISHED,
    SCANNED,
    WORK_OF_JOBS,
    RunQueue,
    limits,
    runs_at_once,
    slot,
    work_of,
)
from etsy_pipeline.orchestration.sensors import approved_syncs, plan_requests, publish_requests
from etsy_pipeline.orchestration.shop_assets import scan_shop
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline_tests.dagster_dev import PROJECT
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, why
from etsy_pipeline_tests.orchestration.lost import (
    ATTEMPT,
    PARTITION,
    TAG,
    a_run,
    approved,
    asked_for,
    begun,
    look,
    now,
    report,
    started,
    status,
    tell,
)  # fmt: skip

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("is_asked_for", [True, False], ids=["requested", "scheduled"])
def test_a_plan_run_without_a_sign_of_life_is_ended_and_its_sync_planned_again(
    dagster: Dagster, *, is_asked_for: bool
) -> None:
    run = started(dagster, a_run(dagster, asked := asked_for(dagster) if is_asked_for else None), 5)
    job = begun(dagster, run, asked, 1)
    assert look(dagster) == "No run is lost.", "two minutes are not over"
    begun(dagster, run, asked, 3)
    assert "gave no sign of life for 120 seconds" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE
    lost = now(dagster, job)
    assert (lost.state, lost.plan_attempts) == (SyncState.REQUESTED, 1)
    (request,) = plan_requests([lost])
    assert (request.run_key, request.tags[ATTEMPT]) == (f"{job.transaction_id}#1", "1")
    tell(dagster, run)
    assert look(dagster) == "No run is lost."
    assert now(dagster, job).plan_attempts == 1, "it is noted once"
    assert len(queries.latest_jobs(dagster.store)) == 1
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    assert dagster.run("plan_sync", **request.tags).success
    assert now(dagster, job).state is SyncState.PLANNED


def test_a_dead_run_is_ended_also_where_its_sync_was_called_off(dagster: Dagster) -> None:
    """It would stand in the way of the shop's next plan."""
    run = started(dagster, a_run(dagster, asked := asked_for(dagster)), 5)
    begun(dagster, run, asked, 3)
    approvals.cancel(dagster.store, asked.transaction_id)
    assert "no sign of life" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE
    assert now(dagster, asked).state is SyncState.CANCELLED


@pytest.mark.parametrize("is_asked_for", [True, False], ids=["requested", "scheduled"])
def test_a_run_that_died_before_it_began_is_started_again(dagster: Dagster, *, is_asked_for: bool) -> None:
    asked = asked_for(dagster) if is_asked_for else None
    run = started(dagster, a_run(dagster, asked, **({} if asked else {"dagster/schedule_name": "daily_sync"})), 1)
    assert look(dagster) == "No run is lost.", "it has two minutes to begin"
    started(dagster, run, 3)
    assert "planned again" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE
    tell(dagster, run)
    (job,) = queries.latest_jobs(dagster.store)
    assert (job.state, job.plan_attempts) == (SyncState.REQUESTED, 1)
    assert job.trigger == ("cli" if is_asked_for else "schedule")


@pytest.mark.parametrize("is_starting", [True, False], ids=["starting", "not started"])
def test_a_run_whose_process_is_not_there_yet_is_not_lost(dagster: Dagster, *, is_starting: bool) -> None:
    """How long a start may take is Dagster's to know (`run_monitoring`)."""
    run = a_run(dagster, asked_for(dagster))
    if is_starting:
        report(dagster, run, DagsterEventType.RUN_STARTING, minutes_ago=60)
    assert look(dagster) == "No run is lost."


def test_other_runs_are_left_alone(dagster: Dagster) -> None:
    run = started(dagster, a_run(dagster, name="publish_sync"), 60)
    assert look(dagster) == "No run is lost."
    assert status(dagster, run) == dg.DagsterRunStatus.STARTED


def test_a_sync_whose_run_dagster_has_forgotten_is_planned_again(dagster: Dagster) -> None:
    job = begun(dagster, a_run(dagster), None, 3)
    dagster.instance.delete_run(cast(str, job.plan_run_id))
    assert "planned again" in look(dagster)
    assert now(dagster, job).state is SyncState.REQUESTED


def test_a_launch_that_failed_unseen_is_made_again(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(dagster, asked := asked_for(dagster))
    dagster.instance.report_run_failed(run, "No answer.")
    assert look(dagster) == "No run is lost.", "the failure sensor may be about to note it"
    monkeypatch.setattr("etsy_pipeline.orchestration.failed_runs.TIME_TO_BE_NOTED", -1)
    assert "ended before it began" in look(dagster)
    assert now(dagster, asked).plan_attempts == 1
    assert look(dagster) == "No run is lost.", "the next one is not there yet"


@pytest.mark.parametrize("failure", [None, ErrorSource.INTERRUPT], ids=["killed", "interrupted"])
@pytest.mark.parametrize("is_begun", [True, False], ids=["begun", "not begun"])
def test_a_run_that_failed_without_a_word_is_started_again_four_times_in_all(
    dagster: Dagster, failure: ErrorSource | None, *, is_begun: bool
) -> None:
    """As where the launch failed, or where Kubernetes says that its pod is gone."""
    asked = asked_for(dagster)
    for _ in range(4):
        assert now(dagster, asked).state is SyncState.REQUESTED
        run = a_run(dagster, now(dagster, asked))
        if is_begun:
            begun(dagster, run, asked, 0)
        tell(dagster, run, failure)
    failed = now(dagster, asked)
    assert (failed.state, "[plan_run_lost]" in failed.message) == (SyncState.FAILED, True)
    assert "Its pod is gone" in failed.message


def test_a_run_that_failed_by_itself_is_not_started_again(dagster: Dagster) -> None:
    run = a_run(dagster, asked := asked_for(dagster))
    tell(dagster, run, ErrorSource.USER_CODE_ERROR)
    assert (now(dagster, asked).state, now(dagster, asked).plan_attempts) == (SyncState.FAILED, 0)


def test_a_run_that_lives_on_after_it_was_given_up_leaves_the_sync_to_the_next_one(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that was suspended, say."""
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    asked, read = asked_for(dagster), MedusaCatalogue.pages

    def pages(catalogue: MedusaCatalogue, *args: Any) -> Iterator[Any]:
        with dagster.store.writing() as session:
            jobs.change(session, asked.transaction_id, alive_at=clock.now(session) - timedelta(minutes=3))
        assert "planned again" in look(dagster)
        return read(catalogue, *args)

    monkeypatch.setattr(MedusaCatalogue, "pages", pages)
    assert "plan_taken_over" in why(dagster.run("plan_sync", **{TAG: asked.transaction_id}))
    assert (now(dagster, asked).state, now(dagster, asked).message) == (SyncState.REQUESTED, "")


def test_a_run_gives_signs_of_life_while_it_works(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[datetime | None] = []
    read = MedusaCatalogue.pages

    def pages(catalogue: MedusaCatalogue, *args: Any) -> Iterator[Any]:
        seen.append(dagster.newest().alive_at)
        return read(catalogue, *args)

    monkeypatch.setattr(MedusaCatalogue, "pages", pages)
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    assert dagster.run("plan_sync").success
    assert seen[0]
    last = dagster.newest().alive_at
    assert last
    assert last > seen[0], "validating and planning are work, too"


def publications(dagster: Dagster) -> list[str | None]:
    context = dg.build_sensor_context(instance=dagster.instance, resources={"store": StoreResource()})
    answer: Any = approved_syncs(context)
    return [] if isinstance(answer, dg.SkipReason) else [request.run_key for request in answer.run_requests]


def test_a_publication_that_died_before_it_took_its_lease_is_ended_and_begun_again(dagster: Dagster) -> None:
    job = approved(dagster)
    run = started(dagster, a_run(dagster, job, name="publish_sync"), 1)
    assert publications(dagster) == []
    started(dagster, run, 3)
    assert publications(dagster) == [f"{job.transaction_id}#1"]
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE


def test_a_publication_that_had_its_lease_and_lost_it_is_ended_at_once_whatever_its_machines_clock_says(
    dagster: Dagster,
) -> None:
    job = approved(dagster)
    run = started(dagster, a_run(dagster, job, name="publish_sync"), -1)
    assert publications(dagster) == []
    with dagster.store.writing() as session:
        values = {"publish_run_id": run.run_id}
        its = {"since": tuple(SyncState), "transaction_id": job.transaction_id}
        jobs.transition(session, to=SyncState.PROCESSING, values=values, **its)  # type: ignore[arg-type]
    assert publications(dagster) == [f"{job.transaction_id}#1"]
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE


def test_a_publication_that_cannot_be_launched_is_begun_four_times_in_all(dagster: Dagster) -> None:
    job = approved(dagster)
    for count in range(4):
        assert publications(dagster) == [f"{job.transaction_id}#{count}" if count else job.transaction_id]
        assert now(dagster, job).state is SyncState.CONFIRMED
        tell(dagster, a_run(dagster, job, name="publish_sync"))
    assert (now(dagster, job).state, "[publish_run_lost]" in now(dagster, job).message) == (SyncState.FAILED, True)


def test_a_run_that_paused_its_sync_may_end_by_itself(dagster: Dagster) -> None:
    job = approved(dagster)
    run = started(dagster, a_run(dagster, job, name="publish_sync"), 60)
    later = {"resume_at": datetime.now(UTC) + timedelta(hours=1)}
    with dagster.store.writing() as session:
        values = {"since": tuple(SyncState), "transaction_id": job.transaction_id, "values": later}
        jobs.transition(session, to=SyncState.PAUSED, **values)  # type: ignore[arg-type]
    assert publications(dagster) == []
    assert status(dagster, run) == dg.DagsterRunStatus.STARTED


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


@pytest.mark.parametrize(("cores", "value", "runs"), [(1, "", 2), (8, "", 8), (8, "3", 3), (8, "x", 2)])
def test_runs_at_once_follow_the_machine_or_the_setting(
    monkeypatch: pytest.MonkeyPatch, cores: int, value: str, runs: int
) -> None:
    monkeypatch.setattr("etsy_pipeline.settings.cores", lambda: cores)
    monkeypatch.setenv("ETSY_PIPELINE_RUNS_AT_ONCE", value)
    assert runs_at_once() == runs


def test_the_shipped_instance_has_this_queue_and_the_second_net(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETSY_PIPELINE_RUNS_AT_ONCE", "3")
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert isinstance(instance.run_coordinator, RunQueue)
        assert queue
        assert queue.tag_concurrency_limits == limits(3)["tag_concurrency_limits"]
        assert (queue.max_concurrent_runs, queue.max_user_code_failure_retries) == (17, 5)
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == timedelta(days=1).total_seconds()
        assert (instance.run_retries_enabled, instance.run_retries_retry_on_asset_or_op_failure) == (True, False)
        for name, work in WORK_OF_JOBS.items():
            job = defs.resolve_job_def(name)
            by_us = work in {"plan", "full"}
            assert job.tags.get("dagster/max_retries") == ("0" if by_us else None), (
                "one of us starts it again, not both"
            )
            run = instance.create_run_for_job(job, tags={PARTITION: "a"})
            monkeypatch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _queue, context: context.dagster_run)
            instance.run_coordinator.submit_run(SimpleNamespace(dagster_run=run))  # type: ignore[arg-type]
            found = instance.get_run_by_id(run.run_id)
            assert found
            assert slot("a", work).items() <= found.tags.items(), "wherever it came from"


def test_the_sensors_give_each_run_its_slot() -> None:
    job = EtsySyncJob("sync_job_1", "wf_1", "etsy_acc_1")
    (plan,) = plan_requests([job])
    assert plan.tags["etsy_pipeline/slot"] == "etsy_acc_1/plan"
    for lane in ("full", "stock"):
        values: Any = {"state": SyncState.CONFIRMED, "lane": lane}
        (publication,) = publish_requests([EtsySyncJob("sync_job_1", "wf_1", "etsy_acc_1", **values)], NOW)
        assert publication.tags["etsy_pipeline/slot"] == f"etsy_acc_1/{lane}"


def test_dagsters_own_second_try_of_an_approval_is_no_persons(dagster: Dagster) -> None:
    job = approved(dagster)
    again = dagster.materialize("publication_approval", tags={"dagster/retry_number": "1"})
    assert "approval_needs_person" in why(again)
    assert now(dagster, job).state is SyncState.CONFIRMED
