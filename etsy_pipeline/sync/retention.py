"""Taking away what grew too old in the database: details of plans that are over, and notes that nothing asks for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from etsy_pipeline.store import jobs, retention, shop_references
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.kept_references import OF_ETSY

AT_WORK = (SyncState.PLANNING, SyncState.PROCESSING)
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was taken away.

    `gone` are products of old plans with which nothing had happened, `emptied` those of which the outcome is left.
    `freed_bytes` is what the file gave back to the disk; None where it could not.
    """

    plans: int = 0
    gone: int = 0
    emptied: int = 0
    notes: int = 0
    freed_bytes: int | None = 0

    @property
    def words(self) -> str:
        """In a sentence or two."""
        told = (
            f"{self.plans} old plans: {self.gone} products removed, {self.emptied} reduced to their outcome; "
            f"{self.notes} old notices, orders and attempts to connect removed."
        )
        if self.freed_bytes is None:
            return f"{told} The database's file was not made smaller: it is in use; the next time."
        return (
            f"{told} The database's file is {self.freed_bytes / MEGABYTE:.1f} MB smaller." if self.freed_bytes else told
        )


def clean(store: Store, *, keep: timedelta, now: datetime) -> Cleaned:
    """Remove what has been over for longer than `keep`, a plan at a time: nobody waits long for the database.

    What is not over stays, however old it is. Doing it again changes nothing.
    """
    before, gone, emptied = now - keep, 0, 0
    with store.reading() as session:
        plans = jobs.over_with_details(session, before)
    for job_id in plans:
        with store.writing() as session:
            done = retention.empty_plan(session, job_id, now)
        gone, emptied = gone + done.gone, emptied + done.emptied
    with store.writing() as session:
        notes = retention.drop_notes(session, before)
        shop_references.drop_old(session, now - OF_ETSY)
    return Cleaned(len(plans), gone, emptied, notes, _compact(store))


def _compact(store: Store) -> int | None:
    """Writers wait while a file is made smaller: that is not done to somebody who publishes or draws up a plan."""
    with store.reading() as session:
        is_busy = bool(jobs.in_state(session, *AT_WORK))
    return None if is_busy else retention.compact(store)
