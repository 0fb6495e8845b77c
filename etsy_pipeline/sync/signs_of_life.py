"""Signs of life: a plan run gives one every few seconds, by the database's clock; who gives none is lost.

A publisher's lease (`publishing/lease.py`) is its sign of life; runs that look through a shop, or at its orders, give
some as well. The sensor `lost_runs` acts on silence; `troubles` names to people what is stuck, and what to do about it.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store import clock, items, jobs, leases, signs_of_life
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import BEING_PLANNED, UNDER_WAY, SyncState
from etsy_pipeline.sync.code_version import this_code
from etsy_pipeline.sync.plan_runs import MAX_LOST
from etsy_pipeline.sync.turns import waits_for

logger = logging.getLogger(__name__)

TWO_DAEMONS_SECONDS = 600
BEATS = 8  # signs of life in the time after which a run without one is given up
DAGSTER_RUNS = (
    "Dagster starts it again by itself: see that `dagster dev`, or the daemon, runs, and that its sensors are on."
)


@contextmanager
def kept_alive(store: Store, transaction_id: str, run_id: str, lost_after: timedelta) -> Iterator[None]:
    """Give signs of life for the run that draws up a sync's plan, from now on, while the block runs."""
    with _kept_beating(partial(_beat, store, transaction_id, run_id), lost_after):
        yield


@contextmanager
def kept_noted(store: Store, run_id: str, lost_after: timedelta) -> Iterator[None]:
    """The same for a run that no sync knows."""
    with _kept_beating(partial(_note, store, run_id), lost_after):
        yield


def seconds_since(store: Store, run_id: str) -> float | None:
    """How long ago such a run gave a sign of life; None where it never did."""
    with store.reading() as session:
        return signs_of_life.seconds_since_run(session, run_id)


def is_silent(store: Store, run_id: str, lost_after: timedelta) -> bool:
    """Whether such a run, which is under way, gave no sign for so long. One that never did is seen for the first time.

    So what counts is our database's clock alone: when a run began is the word of the machine that it began on.
    """
    seconds = seconds_since(store, run_id)
    if seconds is None:
        with store.writing() as session:
            signs_of_life.note_run(session, run_id)
    return seconds is not None and seconds > lost_after.total_seconds()


@contextmanager
def _kept_beating(beat: Callable[[], bool], lost_after: timedelta) -> Iterator[None]:
    stopped = threading.Event()
    beat()
    every = lost_after.total_seconds() / BEATS
    beats = threading.Thread(target=_keep_beating, args=(beat, stopped, every), name="signs-of-life", daemon=True)
    beats.start()
    try:
        yield
    finally:
        stopped.set()
        beats.join()


def is_alive(store: Store, job: EtsySyncJob | None, run_id: str, lost_after: timedelta) -> bool:
    """Whether a run that has begun to draw up this sync's plan still gives signs of life."""
    if job is None or job.plan_run_id != run_id:
        return False
    with store.reading() as session:
        return _last_sign(job) > clock.now(session) - lost_after


def silent_plans(store: Store, lost_after: timedelta) -> list[EtsySyncJob]:
    """Syncs whose plan is being drawn up by a run that gives no sign of life any more."""
    with store.reading() as session:
        dead_before = clock.now(session) - lost_after
        return [job for job in jobs.in_state(session, SyncState.PLANNING) if _last_sign(job) <= dead_before]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sync that does not go on. `told` says how that shows, `what_to_do` what a person can do."""

    transaction_id: str
    account_id: str
    told: str
    what_to_do: str

    def __str__(self) -> str:
        return f"{self.told} {self.what_to_do}"


def troubles(store: Store, lost_after: timedelta, *, transaction_id: str | None = None) -> list[Trouble]:
    """Syncs that are stuck: one of them, or all.

    What waits for its turn, while runs of the same installation are at work, is not stuck.
    """
    with store.reading() as session:
        now = clock.now(session)
        found = jobs.in_state(session, *BEING_PLANNED, *UNDER_WAY)
        at_work = leases.held(session, now - lost_after)
        last_done = {job.id: items.last_finished_at(session, job.id) for job in found if _waits_for_a_person(job)}
    is_busy = bool(at_work) or any(_is_being_planned(job, now, lost_after) for job in found)
    stopped = {job.id: last_done[job.id] or job.started_at or job.created_at for job in found if job.id in last_done}
    its_turn = [job for job in found if waits_for(job, (other for other in found if other.state in UNDER_WAY)) is None]
    wanted = [job for job in its_turn if transaction_id in {None, job.transaction_id}]
    told = {
        job.transaction_id: f"It waits for a person; nothing was done since {stopped[job.id]:%Y-%m-%d %H:%M} UTC."
        if job.id in stopped
        else _told(job, now, lost_after, at_work, is_busy=is_busy)
        for job in wanted
    }
    return [
        Trouble(job.transaction_id, job.etsy_account_id, words, _what_to_do(job))
        for job in wanted
        if (words := told[job.transaction_id])
    ]


def lost_runs_of(job: EtsySyncJob) -> str:
    """What people are told of a sync while its plan is drawn up once more; nothing where no run of it was lost."""
    if not job.plan_attempts or job.state not in BEING_PLANNED:
        return ""
    runs = "One plan run" if job.plan_attempts == 1 else f"{job.plan_attempts} plan runs"
    return f"{runs} of it died; it is planned again by itself, {MAX_LOST} times at most."


def _told(
    job: EtsySyncJob, now: datetime, lost_after: timedelta, at_work: Collection[tuple[str, Lane]], *, is_busy: bool
) -> str:
    """How it shows that a sync is stuck; nothing where it is not."""
    is_held = (job.etsy_account_id, job.lane) in at_work
    if job.state is SyncState.PLANNING and not _is_being_planned(job, now, lost_after):
        return f"Its plan run has given no sign of life since {_last_sign(job):%Y-%m-%d %H:%M} UTC."
    if job.state is SyncState.PROCESSING and not is_held:
        return "Its publisher gives no sign of life any more."
    if job.state in {SyncState.PLANNING, SyncState.PROCESSING} or is_busy:
        return ""
    due = {
        SyncState.REQUESTED: job.alive_at or job.created_at,
        SyncState.CONFIRMED: job.confirmed_at,
        SyncState.PAUSED: job.resume_at,
    }[job.state]
    if due is None or now - due <= lost_after:
        return ""
    what = "to draw up its plan" if job.state is SyncState.REQUESTED else "to publish it"
    return f"It is due since {due:%Y-%m-%d %H:%M} UTC, and no run has begun {what}."


def _what_to_do(job: EtsySyncJob) -> str:
    if _waits_for_a_person(job):
        return (
            f"Mend the cause, then `etsy-pipeline sync resume {job.transaction_id}`; or call it off: "
            f"`etsy-pipeline sync cancel {job.transaction_id}`."
        )
    return f"{DAGSTER_RUNS} Or call it off: `etsy-pipeline sync cancel {job.transaction_id}`."


def _waits_for_a_person(job: EtsySyncJob) -> bool:
    return job.state is SyncState.PAUSED and job.resume_at is None


def _is_being_planned(job: EtsySyncJob, now: datetime, lost_after: timedelta) -> bool:
    return job.state is SyncState.PLANNING and now - _last_sign(job) <= lost_after


def _last_sign(job: EtsySyncJob) -> datetime:
    return job.alive_at or job.created_at


def _keep_beating(beat: Callable[[], bool], stopped: threading.Event, every: float) -> None:
    while not stopped.wait(every):
        if not beat():
            return  # another run has taken over; this one finds out by itself


def _note(store: Store, run_id: str) -> bool:
    try:
        with store.writing() as session:
            signs_of_life.note_run(session, run_id)
    except PipelineError as error:  # the database is away for a moment, perhaps
        logger.warning("no_sign_of_life run_id=%s code=%s", run_id, error.code)
    return True


def _beat(store: Store, transaction_id: str, run_id: str) -> bool:
    try:
        with store.writing() as session:
            return jobs.beat(session, transaction_id, run_id)
    except PipelineError as error:  # the database is away for a moment, perhaps
        logger.warning("no_sign_of_life transaction_id=%s code=%s", transaction_id, error.code)
        return True


def two_daemons(store: Store) -> float | None:
    """How many seconds ago two daemons were at work; None where that is long ago, or never was."""
    with store.reading() as session:
        seconds = signs_of_life.seconds_since(session, signs_of_life.TWO_DAEMONS)
    return seconds if seconds is not None and seconds < TWO_DAEMONS_SECONDS else None


def other_code(store: Store) -> list[str]:
    """Versions of code servers that are at work and are not this one: an upgrade that reached some machines only."""
    with store.reading() as session:
        return [version for version in signs_of_life.codes(session) if version != this_code()]
