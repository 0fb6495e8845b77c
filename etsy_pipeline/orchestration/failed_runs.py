"""What becomes of a sync when its run ends badly: one that failed, that somebody terminated, or that is simply gone.

A run that failed by itself said why, and that is noted on its sync. One that was lost (killed, interrupted, never
launched) said nothing: its sync is asked for again (`sync/plan_runs.py`), a publication is begun again by
`approved_syncs`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

import dagster as dg

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_tags import PARTITION_TAG, work_of
from etsy_pipeline.orchestration.runs import (
    NO_FAULT,
    NO_RETRIES,
    PLAN,
    TRANSACTION_TAG,
    code_of,
    died,
    failure,
    plan_run,
    reporting,
    transaction_id_of,
    trigger_of,
)
from etsy_pipeline.orchestration.waiting import first_answer
from etsy_pipeline.redaction import redacted
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, clock, jobs, leases
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, SyncState
from etsy_pipeline.sync import approvals, signs_of_life
from etsy_pipeline.sync.plan_runs import MAX_LOST, fail_plan, note_lost
from etsy_pipeline.sync.request import note_failed_plan

FAILED_SECONDS = 60  # between two looks; what failed by itself is noted by its run already
SECONDS = 1
TIME_TO_BE_NOTED = 90  # seconds in which `failed_syncs`, which knows more, notes on the sync that its run failed
BEGUN = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
ENDED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS}
LOOKS = {"scan", "orders"}
INTERRUPTED = "INTERRUPT"  # how Dagster marks a step whose process was told to end


@dg.run_failure_sensor(minimum_interval_seconds=FAILED_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def failed_syncs(context: dg.RunFailureSensorContext, store: StoreResource) -> None:
    """Notes on the sync that its run failed; one whose run was lost without a word is planned or published again."""
    run, steps = context.dagster_run, context.get_step_failure_events()
    try:
        with store.opened() as opened:
            if not _is_lost(steps):
                _note_failure(opened, run, steps)
            elif run.job_name == publish_sync.name:
                _note_lost_publication(opened, context.instance, run)
            elif lost := note_lost(opened, plan_run(run), _ended(run, _told(steps) or context.failure_event.message)):
                context.log.warning(lost.told)
    except PipelineError as error:
        raise failure(error) from None


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def lost_runs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Ends runs that give no sign of life, whatever launched them, so that their work is done by others.

    Syncs are planned again, unless somebody terminated their run; looks through a shop, and at its orders, Dagster
    itself starts again (`run_retries`).
    """
    with store.opened() as opened:
        return first_answer(opened, lambda: _lost(context, opened), "No run is lost.", at_changes=False)


def _lost(context: dg.SensorEvaluationContext, store: Store) -> Sequence[str]:
    instance, lost_after = context.instance, Settings.load().lost_after
    told = [
        *_ended_plans(instance, store),
        *_silent_plans(instance, store, lost_after),
        *_dead_runs(instance, store, lost_after),
        *_done_publications(instance, store, lost_after),
        *_silent_looks(instance, store, lost_after),
        *_launches_in_vain(instance, store),
    ]
    for words in told:
        context.log.warning(words)
    return told


def _ended_plans(instance: dg.DagsterInstance, store: Store) -> Iterator[str]:
    """Ends a sync whose plan run failed by itself, or that somebody terminated in Dagster, with the words of its run.

    `failed_syncs` would note the first kind, but comes late where many runs fail at once; of the second it never hears.
    """
    with store.reading() as session:
        being_planned = jobs.in_state(session, *BEING_PLANNED)
    for job in being_planned:
        run = _run_of(instance, job)
        if run is not None and (message := _end_of(instance, run)):
            fail_plan(store, run_id=run.run_id, transaction_id=job.transaction_id, message=message)
            yield message


def _run_of(instance: dg.DagsterInstance, job: EtsySyncJob) -> dg.DagsterRun | None:
    """The run that draws up the plan of a sync, or is to; none where its last one was given up for lost."""
    if job.state is SyncState.PLANNING and job.plan_run_id is not None:
        return instance.get_run_by_id(job.plan_run_id)
    wanted = dg.RunsFilter(job_name=plan_sync.name, tags={TRANSACTION_TAG: job.transaction_id})
    return next((run for run in instance.get_runs(wanted, limit=1) if run.run_id != job.plan_run_id), None)


def _end_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Why a run is over for which there will be no other one; None where it is not, or was lost."""
    if run.status is dg.DagsterRunStatus.CANCELED:
        return f"The Dagster run {run.run_id} was terminated. [run_failed]"
    if run.status is not dg.DagsterRunStatus.FAILURE:
        return None
    steps = _failed_steps(instance, run)
    return None if _is_lost(steps) else _words(run, steps)


def _failed_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Sequence[dg.DagsterEvent]:
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    return [event for record in records if (event := record.event_log_entry.dagster_event)]


def _silent_plans(instance: dg.DagsterInstance, store: Store, lost_after: timedelta) -> Iterator[str]:
    """Syncs that are being planned by nobody any more; their runs may still stand in Dagster's books as started."""
    for job in signs_of_life.silent_plans(store, lost_after):
        run = instance.get_run_by_id(job.plan_run_id or "")
        why = f"The run {job.plan_run_id} gave no sign of life for {lost_after.seconds} seconds."
        yield from _end(instance, store, run or _forgotten(job), why)


def _dead_runs(instance: dg.DagsterInstance, store: Store, lost_after: timedelta) -> Iterator[str]:
    """Runs that never came so far as to begin a plan, or whose sync somebody called off after they had died."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=BEGUN)):
        run = record.dagster_run
        if not _draws_up_a_plan(run) or not _began_before(record, lost_after):
            continue
        if not signs_of_life.is_alive(store, _sync_of(store, run), run.run_id, lost_after):
            why = f"The run {run.run_id} gave no sign of life for {lost_after.seconds} seconds."
            yield from _end(instance, store, run, why)


def _done_publications(instance: dg.DagsterInstance, store: Store, lost_after: timedelta) -> Iterator[str]:
    """Runs whose sync is over, and that died before they said so: the shop's next publication would wait for them.

    Those whose sync is not over are the business of `approved_syncs`.
    """
    for record in instance.get_run_records(dg.RunsFilter(statuses=BEGUN)):
        run = record.dagster_run
        if work_of(run) == "full" and _began_before(record, lost_after) and _was_done_before(store, run, lost_after):
            why = f"The run {run.run_id} did not end within {lost_after.seconds} seconds after its sync was over."
            instance.report_run_failed(run, why)
            yield why


def _was_done_before(store: Store, run: dg.DagsterRun, ago: timedelta) -> bool:
    transaction_id = transaction_id_of(run.tags)
    with store.reading() as session:
        job = jobs.find(session, transaction_id) if transaction_id else jobs.of_publish_run(session, run.run_id)
        if job is None or not job.is_over or job.completed_at is None:
            return False
        now = clock.now(session)
        return now - job.completed_at > ago and (job.etsy_account_id, job.lane) not in leases.held(session, now)


def _silent_looks(instance: dg.DagsterInstance, store: Store, lost_after: timedelta) -> Iterator[str]:
    """Runs that were looking through a shop, or at its orders."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if work_of(run) in LOOKS and signs_of_life.is_silent(store, run.run_id, lost_after):
            why = f"The run {run.run_id} gave no sign of life for {lost_after.seconds} seconds."
            instance.report_run_failed(run, why)
            yield why


def _launches_in_vain(instance: dg.DagsterInstance, store: Store) -> Iterator[str]:
    """Syncs that are asked for, and whose run is over without having begun; `failed_syncs` may have missed that."""
    with store.reading() as session:
        requested = jobs.in_state(session, SyncState.REQUESTED)
    for job in requested:
        wanted = dg.RunsFilter(job_name=plan_sync.name, tags={TRANSACTION_TAG: job.transaction_id})
        newest = next(iter(instance.get_run_records(wanted, limit=1)), None)
        if newest is None or newest.dagster_run.status not in ENDED:
            continue
        if time.time() - newest.update_timestamp.timestamp() > TIME_TO_BE_NOTED:
            run = newest.dagster_run
            yield from _end(instance, store, run, f"The run {run.run_id} ended before it began to plan.")


def _end(instance: dg.DagsterInstance, store: Store, run: dg.DagsterRun, why: str) -> Iterator[str]:
    """Note that a run is lost: on its sync, in its own words if it ended with some, then in Dagster's books.

    One that somebody has told to end, and that is dead already, has ended as told (`_ended_plans`).
    """
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, why)
        yield why
        return
    told = _told(_failed_steps(instance, run)) if run.is_finished else None
    lost = note_lost(store, plan_run(run), _ended(run, told) if told else why)
    if lost is not None:
        yield lost.told
    if instance.has_run(run.run_id) and not run.is_finished:
        sync = {TRANSACTION_TAG: lost.transaction_id} if lost else {}  # so that the run is known for this sync's
        instance.add_run_tags(run.run_id, {**NO_RETRIES, **sync})
        instance.report_run_failed(run, why)
        if lost is None:
            yield why


def _forgotten(job: EtsySyncJob) -> dg.DagsterRun:
    """The run of a sync that Dagster does not know any more."""
    return dg.DagsterRun(plan_sync.name, run_id=job.plan_run_id or job.id, tags={TRANSACTION_TAG: job.transaction_id})


def _draws_up_a_plan(run: dg.DagsterRun) -> bool:
    return run.job_name == plan_sync.name or PLAN in (run.asset_selection or ())


def _began_before(record: dg.RunRecord, ago: timedelta) -> bool:
    return record.start_time is not None and time.time() - record.start_time > ago.total_seconds()


def _sync_of(store: Store, run: dg.DagsterRun) -> EtsySyncJob | None:
    transaction_id = transaction_id_of(run.tags)
    with store.reading() as session:
        return jobs.find(session, transaction_id) if transaction_id else jobs.of_plan_run(session, run.run_id)


def _is_lost(steps: Iterable[dg.DagsterEvent]) -> bool:
    """Whether a failed run was ended from outside, or by a database that was away: no step of it failed by itself."""
    return all(step.step_failure_data.error_source.value == INTERRUPTED or _code(step) in NO_FAULT for step in steps)


def _code(step: dg.DagsterEvent) -> object:
    told = step.step_failure_data.user_failure_data
    return code_of(told.metadata) if told else None


def _ended(run: dg.DagsterRun, message: str | None) -> str:
    return redacted(f"The run {run.run_id} ended: {(message or 'without a word').rstrip('.')}.")


def _note_lost_publication(store: Store, instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """`approved_syncs` begins it again; but not for ever, where it never began."""
    transaction_id = transaction_id_of(run.tags)
    if transaction_id is None:
        return
    with store.reading() as session:
        is_begun = jobs.get(session, transaction_id).state is not SyncState.CONFIRMED
    wanted = dg.RunsFilter(job_name=publish_sync.name, tags={TRANSACTION_TAG: transaction_id})
    count = instance.get_runs_count(wanted)
    if not is_begun and count > MAX_LOST:
        message = f"{count} runs were lost before they began to publish it; the last one is {run.run_id}."
        what_to_do = "Look at their logs in Dagster and at the machine, then sync again. [publish_run_lost]"
        approvals.fail(store, transaction_id, f"{message} {what_to_do}")


def _note_failure(store: Store, run: dg.DagsterRun, steps: Sequence[dg.DagsterEvent]) -> None:
    if run.job_name == publish_sync.name:
        _note_failed_publication(store, run, steps)
    else:
        _note_failed_plan(store, run, steps)


def _note_failed_publication(store: Store, run: dg.DagsterRun, steps: Sequence[dg.DagsterEvent]) -> None:
    """A publication that was begun is not over with its run: `approved_syncs` starts another one."""
    transaction_id = transaction_id_of(run.tags)
    if transaction_id is None:
        return
    with store.reading() as session:
        is_begun = jobs.get(session, transaction_id).state is SyncState.PROCESSING
    if not is_begun:
        approvals.fail(store, transaction_id, _words(run, steps))


def _words(run: dg.DagsterRun, steps: Sequence[dg.DagsterEvent]) -> str:
    """What a run that failed by itself said of it, where it was one of our errors."""
    return redacted(_told(steps) or died(run.run_id))


def _told(steps: Iterable[dg.DagsterEvent]) -> str | None:
    failures = [step.step_failure_data.user_failure_data for step in steps]
    return next((data.description for data in failures if data and data.description), None)


def _note_failed_plan(store: Store, run: dg.DagsterRun, steps: Sequence[dg.DagsterEvent]) -> None:
    """Fail the run's sync. A plan run that never came to have one is put into the books: somebody has to hear of it."""
    message = _words(run, steps)
    if fail_plan(store, run_id=run.run_id, transaction_id=transaction_id_of(run.tags), message=message):
        return
    account_id = run.tags.get(PARTITION_TAG)
    if run.job_name != plan_sync.name or account_id is None:
        return
    with store.reading() as session:
        is_known = any(account.id == account_id for account in accounts.every(session))
    if is_known:
        note_failed_plan(store, account_id, trigger=trigger_of(run.tags), run_id=run.run_id, message=message)
