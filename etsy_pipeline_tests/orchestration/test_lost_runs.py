"""Runs that are lost: the sensors end them, and their syncs are planned or published again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType
from dagster._core.execution.plan.objects import ErrorSource

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.orchestration.sensors import approved_syncs, plan_requests
from etsy_pipeline.store import clock, jobs, leases
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, why
from etsy_pipeline_tests.orchestration.lost import (
    ATTEMPT,
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


def test_a_dead_run_that_somebody_terminated_is_over_and_its_sync_not_planned_again(dagster: Dagster) -> None:
    run = started(dagster, a_run(dagster, job := asked_for(dagster)), minutes_ago=10)
    begun(dagster, run, job, silent_minutes=10)
    report(dagster, run, DagsterEventType.RUN_CANCELING)
    look(dagster)
    look(dagster)
    assert status(dagster, run) is dg.DagsterRunStatus.CANCELED
    assert (now(dagster, job).state, now(dagster, job).plan_attempts) == (SyncState.FAILED, 0)
    assert "was terminated" in str(now(dagster, job).error_log)


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
    assert "plan_taken_over" in why(dagster.run("plan_sync", **{TRANSACTION_TAG: asked.transaction_id}))
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


def test_a_publication_that_was_done_and_whose_run_died_before_it_said_so_stands_in_nobodys_way(
    dagster: Dagster,
) -> None:
    job = approved(dagster)
    run = started(dagster, a_run(dagster, job, name="publish_sync"), 60)

    def is_over_since(minutes: float) -> None:
        with dagster.store.writing() as session:
            over = {"completed_at": clock.now(session) - timedelta(minutes=minutes)}
            values = {"since": tuple(SyncState), "transaction_id": job.transaction_id, "values": over}
            jobs.transition(session, to=SyncState.COMPLETED, **values)  # type: ignore[arg-type]

    is_over_since(1)
    assert look(dagster) == "No run is lost.", "it may have something to tell yet"
    is_over_since(3)
    with dagster.store.writing() as session:
        until = clock.now(session) + timedelta(minutes=1)
        lease = leases.taken(session, job.etsy_account_id, "somebody", job.transaction_id, until)
    assert look(dagster) == "No run is lost.", "a sync that was called off is still in a publisher's hands"
    with dagster.store.writing() as session:
        leases.change(session, lease, expires_at=clock.now(session))
    assert "did not end within 120 seconds after its sync was over" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE
    assert now(dagster, job).state is SyncState.COMPLETED


def test_dagsters_own_second_try_of_an_approval_is_no_persons(dagster: Dagster) -> None:
    job = approved(dagster)
    again = dagster.materialize("publication_approval", tags={"dagster/retry_number": "1"})
    assert "approval_needs_person" in why(again)
    assert now(dagster, job).state is SyncState.CONFIRMED
