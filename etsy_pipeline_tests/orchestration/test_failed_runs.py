"""Runs that failed before they came to their sync, as when Medusa is down or a worker lacks a setting: people hear why."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.execution.plan.objects import ErrorSource, UserFailureData

from etsy_pipeline.definitions import defs
from etsy_pipeline.errors import NeedsPerson, PipelineError, StoreUnavailable
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.orchestration.code_server import FAILURES_AT_ONCE
from etsy_pipeline.orchestration.failed_runs import _note_failed_publication, failed_syncs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG, helpful_failures, plan_run
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.plan_builder import taken_over
from etsy_pipeline.sync.plan_runs import note_lost
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, why
from etsy_pipeline_tests.orchestration.lost import a_run, asked_for, look, now, tell, tell_of
from etsy_pipeline_tests.sync.planned import connected, planned
from etsy_pipeline_tests.world import World

REFUSED = NeedsPerson("s3://tables refuses our key.", code="snapshots_refused", hint="Correct it.")
AWAY = StoreUnavailable("The object store gives no answer.", code="snapshots_unreachable", hint="Start it.")
STEPS = {"product_snapshot": SyncState.REQUESTED, "validated_listings": SyncState.PLANNING}
"""What is written by a plan run, and how its sync stands just before: the first file is opened before it has begun."""


def plan_that_fails(dagster: Dagster, monkeypatch: pytest.MonkeyPatch, of: str, error: PipelineError) -> EtsySyncJob:
    """A sync whose plan run could not write one of its snapshots; nobody has looked at the run yet."""
    writing = keeping.writing

    def refused(*args: Any, **more: Any) -> Any:
        if more["asset"] == of:
            raise error
        return writing(*args, **more)

    dagster.world.keep_only(*dagster.world.product_ids("clean")[:1])
    monkeypatch.setattr(keeping, "writing", refused)
    asked = asked_for(dagster)
    assert error.code in why(dagster.run("plan_sync", **{TRANSACTION_TAG: asked.transaction_id}))
    return asked


def test_a_nightly_plan_that_fails_is_in_the_books_once_and_told(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.connected(store)
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_wrongkey0123456789")
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account.id])
        tags = {"dagster/schedule_name": "daily_sync"}
        result = defs.resolve_job_def("plan_sync").execute_in_process(
            instance=instance, partition_key=account.id, tags=tags, raise_on_error=False
        )
        for _ in range(2):
            tell_of(instance, result.dagster_run, result.get_run_failure_event())
    (job,) = queries.latest_jobs(store)
    assert (job.state, job.trigger) == (SyncState.FAILED, "schedule")
    assert "[medusa_unauthorized]" in job.message
    told: list[str] = []
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: told.append(notice.text))
    assert "medusa_unauthorized" in told[0]


@ON_SQLITE
def test_a_publication_whose_worker_lacks_a_setting_fails_with_the_words_of_its_run(store: Store) -> None:
    job = planned(store, connected(store))
    approvals.approve(store, job.transaction_id, decided_by="somebody", through="cli", amount_unit="major")
    run = dg.DagsterRun("publish_sync", tags={TRANSACTION_TAG: job.transaction_id})
    said = SimpleNamespace(description="Not set: ETSY_PIPELINE_SECRET_KEY. [setting_missing]")
    step = SimpleNamespace(step_failure_data=SimpleNamespace(user_failure_data=said))
    _note_failed_publication(store, run, [cast(Any, step)])
    after = queries.job(store, job.transaction_id)
    assert (after.state, after.message) == (SyncState.FAILED, said.description)


@pytest.mark.parametrize("of", [*STEPS])
def test_a_plan_whose_snapshots_are_refused_fails_with_these_words_before_the_failure_sensor_comes_to_it(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """Where many runs fail at once, that takes minutes; meanwhile the sync would be planned again, as one that is lost."""
    asked = plan_that_fails(dagster, monkeypatch, of, REFUSED)
    assert now(dagster, asked).state is STEPS[of]
    assert look(dagster) == str(REFUSED)
    assert (now(dagster, asked).state, now(dagster, asked).message) == (SyncState.FAILED, str(REFUSED))
    assert (now(dagster, asked).plan_attempts, look(dagster)) == (0, "No run is lost.")


@pytest.mark.parametrize("of", [*STEPS])
def test_a_plan_that_the_object_store_kept_from_being_drawn_up_is_left_to_those_that_plan_it_again(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    asked = plan_that_fails(dagster, monkeypatch, of, AWAY)
    assert (look(dagster), now(dagster, asked).state) == ("No run is lost.", STEPS[of]), "not at once, and not failed"
    with dagster.store.writing() as session:
        jobs.change(session, asked.transaction_id, alive_at=clock.now(session) - timedelta(minutes=3))
    monkeypatch.setattr("etsy_pipeline.orchestration.failed_runs.TIME_TO_BE_NOTED", -1)
    told = look(dagster)
    assert AWAY.code in told, "as its run said, not only that it is silent"
    assert "planned again" in told
    assert (now(dagster, asked).state, now(dagster, asked).plan_attempts) == (SyncState.REQUESTED, 1)


def test_a_run_that_lost_its_place_before_it_began_leaves_the_sync_to_the_next_one(dagster: Dagster) -> None:
    run = a_run(dagster, asked := asked_for(dagster))
    note_lost(dagster.store, plan_run(run), "It never came.")
    with pytest.raises(dg.Failure) as lost, helpful_failures():
        raise taken_over(asked.transaction_id)
    said = UserFailureData("", lost.value.description, lost.value.metadata)  # type: ignore[no-untyped-call]
    tell(dagster, run, ErrorSource.USER_CODE_ERROR, said)
    assert look(dagster) == "No run is lost."
    assert (now(dagster, asked).state, now(dagster, asked).plan_attempts) == (SyncState.REQUESTED, 1)


def test_the_failure_sensor_hears_of_as_many_runs_in_its_turn_as_dagster_reads_for_it(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's own limit is five a minute: a shop whose runs fail would keep everybody else's waiting."""
    monkeypatch.setenv(*FAILURES_AT_ONCE)
    first = dg.build_sensor_context(instance=dagster.instance)
    failed_syncs.evaluate_tick(first)
    for _ in range(30):
        dagster.instance.report_run_failed(a_run(dagster), "Its pod is gone.")
    turn = dg.build_sensor_context(instance=dagster.instance, cursor=first.cursor, resources={"store": StoreResource()})
    assert len(failed_syncs.evaluate_tick(turn).dagster_run_reactions or ()) == 25
