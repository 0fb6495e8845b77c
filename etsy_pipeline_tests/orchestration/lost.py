"""Runs in Dagster's books that are about to be lost, and the sensors that look for them."""

import time
from datetime import timedelta
from typing import cast

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData, UserFailureData

from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.failed_runs import failed_syncs, lost_runs
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster

ATTEMPT, PARTITION = "etsy_pipeline/attempt", "dagster/partition"


def asked_for(dagster: Dagster) -> EtsySyncJob:
    return request_sync(dagster.store, dagster.account.id, product_ids=None, trigger="cli")


def now(dagster: Dagster, job: EtsySyncJob) -> EtsySyncJob:
    return queries.job(dagster.store, job.transaction_id)


def a_run(dagster: Dagster, job: EtsySyncJob | None = None, *, name: str = "plan_sync", **tags: str) -> dg.DagsterRun:
    """A run in Dagster's books that somebody started."""
    its = {TRANSACTION_TAG: job.transaction_id, ATTEMPT: str(job.plan_attempts)} if job else {}
    tags = {PARTITION: dagster.account.id, **its, **tags}
    return dagster.instance.create_run_for_job(defs.resolve_job_def(name), tags=tags)


def report(dagster: Dagster, run: dg.DagsterRun, what: DagsterEventType, *, minutes_ago: float = 0) -> None:
    event = DagsterEvent(what.value, job_name=run.job_name)
    dagster.instance.report_dagster_event(event, run.run_id, timestamp=time.time() - 60 * minutes_ago)


def started(dagster: Dagster, run: dg.DagsterRun, minutes_ago: float) -> dg.DagsterRun:
    report(dagster, run, DagsterEventType.RUN_START, minutes_ago=minutes_ago)
    return run


def begun(dagster: Dagster, run: dg.DagsterRun, job: EtsySyncJob | None, silent_minutes: float) -> EtsySyncJob:
    """The sync that a run has begun to plan, with its last sign of life so long ago."""
    asked = job.transaction_id if job else None
    values = {"account_id": dagster.account.id, "transaction_id": asked, "trigger": "ui", "run_id": run.run_id}
    found = begin_plan(dagster.store, **values)  # type: ignore[arg-type]
    with dagster.store.writing() as session:
        last = clock.now(session) - timedelta(minutes=silent_minutes)
        jobs.change(session, found.transaction_id, alive_at=last)
    return found


def status(dagster: Dagster, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = dagster.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def look(dagster: Dagster) -> str:
    """The sensor has its turn."""
    context = dg.build_sensor_context(instance=dagster.instance, resources={"store": StoreResource()})
    return str(cast(dg.SkipReason, lost_runs(context)).skip_message)


def tell(
    dagster: Dagster, run: dg.DagsterRun, failure: ErrorSource | None = None, said: UserFailureData | None = None
) -> None:
    """The failure sensor has its turn, after a run that failed in a step, or without one."""
    if failure:
        data = StepFailureData(error=None, user_failure_data=said, error_source=failure)  # type: ignore[no-untyped-call]
        what = DagsterEventType.STEP_FAILURE.value
        event = DagsterEvent(what, job_name=run.job_name, step_key="sync_plan", event_specific_data=data)
        dagster.instance.report_dagster_event(event, run.run_id)
    dagster.instance.report_run_failed(run, "Its pod is gone.")
    (found,) = dagster.instance.fetch_run_status_changes(dg.DagsterEventType.PIPELINE_FAILURE, limit=1).records
    its_event = cast(DagsterEvent, found.event_log_entry.dagster_event)
    tell_of(dagster.instance, cast(dg.DagsterRun, dagster.instance.get_run_by_id(run.run_id)), its_event)


def tell_of(instance: dg.DagsterInstance, run: dg.DagsterRun, failure: DagsterEvent) -> None:
    """The failure sensor has its turn, after this event."""
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_syncs",
        dagster_event=failure,
        dagster_instance=instance,
        dagster_run=run,
        resources={"store": StoreResource()},
    ).for_run_failure()
    failed_syncs(context)


def approved(dagster: Dagster) -> EtsySyncJob:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    return dagster.newest()
