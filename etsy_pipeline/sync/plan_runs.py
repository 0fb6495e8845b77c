"""A Dagster run that draws up a plan, and the sync that it does so for: what becomes of the one when the other fails.

Such a run begins the plan of its sync (`build_plan.begin_plan`) before it reads anything. One that was started for a
requested sync is told its transaction id; any other run finds its sync by its own id.

A run that *failed* said why, and its sync fails. A run that is *lost* (killed, a launch that came to nothing, a machine
that is gone) said nothing: the sync is asked for again, three times at most, and then fails.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from etsy_pipeline.store import accounts, clock, jobs
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event

MAX_LOST = 3  # plan runs of a sync that may be lost and are replaced


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A run that draws up a plan, as Dagster has it in its books.

    Args:
        id: Dagster's.
        transaction_id: of the sync that it was started for, if it was.
        account_id: whose plan, where Dagster knows.
        trigger: who asked.
        attempt: how many runs of its sync had been lost when it was started.
    """

    id: str
    transaction_id: str | None = None
    account_id: str | None = None
    trigger: str = "ui"
    attempt: int = 0


class Lost(NamedTuple):
    """A sync whose plan run was lost, and what becomes of it, in words."""

    transaction_id: str
    told: str


def fail_plan(store: Store, *, run_id: str, transaction_id: str | None, message: str) -> bool:
    """Note on its sync that a plan run failed. A complete plan stays, and so does one that another run draws up.

    Args:
        store: the database.
        run_id: the run.
        transaction_id: of the sync that the run was started for, if it was.
        message: why.

    Returns:
        Whether there is a sync for which the run drew up a plan.
    """
    with store.writing() as session:
        job = _job(session, run_id, transaction_id)
        if job is not None and _is_in_the_hands_of(job, run_id):
            errors = {**job.error_log, "job": message}
            lifecycle.try_move(session, job.transaction_id, Event.FAIL, who="planner", error_log=errors)
    return job is not None


def note_lost(store: Store, run: PlanRun, why: str) -> Lost | None:
    """Ask again for the sync of a run that was lost, or fail it when too many were. Noting it twice is noting it once.

    A scheduled run that was lost before its sync was in the books gets a sync, which is asked for.

    Args:
        store: the database.
        run: what was lost.
        why: how that showed, a sentence.

    Returns:
        The sync and what becomes of it; None where nothing had to happen.
    """
    with store.writing() as session:
        job = _job(session, run.id, run.transaction_id) or _new_job(session, run)
        if job is None:
            return None
        if job.state is SyncState.PLANNING and job.plan_run_id == run.id:
            return _lost(session, job, Event.LOSE_PLAN, why)
        is_this_launch = job.plan_run_id != run.id and job.plan_attempts == run.attempt
        if job.state is SyncState.REQUESTED and is_this_launch:
            return _lost(session, job, Event.LOSE_LAUNCH, why)
    return None


def _lost(session: Session, job: EtsySyncJob, event: Event, why: str) -> Lost:
    values: dict[str, Any] = {"plan_attempts": job.plan_attempts + 1, "alive_at": clock.now(session)}
    if job.plan_attempts < MAX_LOST:
        lifecycle.move(session, job, event, who="watcher", **values)
        told = f"A plan run of {job.transaction_id} was lost. {why} It is planned again."
        return Lost(job.transaction_id, told)
    message = (
        f"{values['plan_attempts']} plan runs in a row were lost; the last one: {why} Look at their logs in Dagster "
        "(out of memory?) and at the machine, then sync again. [plan_run_lost]"
    )
    errors = {**job.error_log, "job": message}
    lifecycle.move(session, job, Event.FAIL, who="watcher", error_log=errors, **values)
    return Lost(job.transaction_id, f"{job.transaction_id} failed: {message}")


def _is_in_the_hands_of(job: EtsySyncJob, run_id: str) -> bool:
    """Whether a run may fail the sync: it draws up the plan, or was to, and was not given up for lost before."""
    if job.state is SyncState.REQUESTED:
        return job.plan_run_id != run_id
    return job.state is SyncState.PLANNING and job.plan_run_id in {None, run_id}


def _new_job(session: Session, run: PlanRun) -> EtsySyncJob | None:
    is_known = any(account.id == run.account_id for account in accounts.every(session))
    if not is_known or run.account_id is None or run.transaction_id is not None:
        return None
    return lifecycle.new_job(session, run.account_id, trigger=run.trigger, plan_run_id=run.id)


def _job(session: Session, run_id: str, transaction_id: str | None) -> EtsySyncJob | None:
    if transaction_id is None:
        job = jobs.of_plan_run(session, run_id)
        transaction_id = job.transaction_id if job else None
    return jobs.find(session, transaction_id, lock=True) if transaction_id else None
