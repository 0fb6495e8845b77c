"""The job `clean_up`: each night what grew too old goes, in our database, among snapshots, and in Dagster's storage.

Of Dagster's, finished runs with their events and logs, and ticks of sensors and schedules. Kept are runs of syncs that
are not over (how often a publication was begun is counted from them), and of each job and account the newest one that
succeeded: it is what the UI shows of the account.

Dagster: https://docs.dagster.io/deployment/dagster-instance
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage  # it alone has files that it leaves behind

from etsy_pipeline import wiring
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_tags import PARTITION_TAG
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG, helpful_failures, reporting
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import OVER, SyncState

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
AT_ONCE = 100
NOT_OVER = [state for state in SyncState if state not in OVER]


def clean_instance(instance: dg.DagsterInstance, store: Store, settings: Settings, now: datetime) -> list[str]:
    """Remove old runs and ticks of Dagster's; what was done, in words."""
    told = []
    if settings.keep_runs:
        told.append(f"{_drop_runs(instance, store, now - settings.keep_runs)} old runs of Dagster removed.")
    if settings.keep_ticks:
        count = _drop_ticks(instance, now - settings.keep_ticks)
        told.append(f"Old ticks of {count} sensors and schedules removed.")
    return told


def _drop_runs(instance: dg.DagsterInstance, store: Store, before: datetime) -> int:
    with store.reading() as session:
        needed = jobs.in_state(session, *NOT_OVER)
    transaction_ids = {job.transaction_id for job in needed}
    run_ids = {run_id for job in needed for run_id in (job.plan_run_id, job.publish_run_id)}

    @cache
    def newest(job_name: str, account_id: str | None) -> str | None:
        """The newest run that succeeded."""
        tags = {PARTITION_TAG: account_id} if account_id else {}
        succeeded = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.SUCCESS], tags=tags)
        return next((run.run_id for run in instance.get_runs(succeeded, limit=1)), None)

    count = 0
    for run in list(_finished_runs(instance, before)):  # all of them first: a page begins at a run that is there
        is_needed = run.run_id in run_ids or run.tags.get(TRANSACTION_TAG) in transaction_ids
        if not is_needed and run.run_id != newest(run.job_name, run.tags.get(PARTITION_TAG)):
            _drop_run(instance, run.run_id)
            count += 1
    return count


def _finished_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.DagsterRun]:
    """From the newest to the oldest."""
    cursor = None
    wanted = dg.RunsFilter(statuses=FINISHED, updated_before=before)
    while found := instance.get_runs(wanted, cursor=cursor, limit=AT_ONCE):
        yield from found
        cursor = found[-1].run_id
        if len(found) < AT_ONCE:
            return


def _drop_run(instance: dg.DagsterInstance, run_id: str) -> None:
    with suppress(NotImplementedError):  # logs that are kept elsewhere
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):  # a database a run, of which Dagster empties the tables only
        path = Path(storage.path_for_shard(run_id))
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _drop_ticks(instance: dg.DagsterInstance, before: datetime) -> int:
    states = instance.all_instigator_state()
    for state in states:
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())
    return len(states)


@dg.op(out=dg.Out(dg.Nothing))
def remove_what_is_old(context: dg.OpExecutionContext, store: StoreResource) -> None:
    """By the settings `ETSY_PIPELINE_KEEP_…_DAYS`; nothing of a sync that is not over."""
    settings, now = Settings.load(), datetime.now(UTC)
    with helpful_failures(), store.opened() as opened:
        for line in (*wiring.clean_up(settings, opened, now), *clean_instance(context.instance, opened, settings, now)):
            context.log.info("%s", line)


@dg.job(description="Remove old details of plans, snapshots, runs and ticks: the settings ETSY_PIPELINE_KEEP_…_DAYS.")
def clean_up() -> None:
    """One op."""
    remove_what_is_old()


def daily_clean_up_at(time_zone: str) -> dg.ScheduleDefinition:
    """The schedule, at 04:00 of a time zone such as Europe/Berlin: after the nightly plans."""

    @dg.schedule(
        name="daily_clean_up",
        job=clean_up,
        cron_schedule="0 4 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Keeps database and disk from growing for ever.",
    )
    @reporting
    def daily_clean_up(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"clean_up/{context.scheduled_execution_time.date().isoformat()}")

    return daily_clean_up
