"""The states of a sync, and the words that the outside world has for them. Who may change them: `sync/lifecycle.py`."""

from enum import StrEnum


class SyncState(StrEnum):
    """Where a sync is in its life; stored in `etsy_sync_job.state`, whose CHECK lists the same words."""

    REQUESTED = "requested"
    PLANNING = "planning"
    PLANNED = "planned"
    NOTHING_TO_DO = "nothing_to_do"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "SyncState":
        """What only another version knows is unknown here: it is shown, and nothing is done with it."""
        del value
        return cls.UNKNOWN

    @property
    def status(self) -> str:
        """The word of the mission's API and of the column `status`."""
        return STATUS_WORDS.get(self, self.value)

    @property
    def words(self) -> str:
        """The state as people read it."""
        return "awaiting approval" if self is SyncState.PLANNED else WORDS.get(self, self.value.replace("_", " "))


BEING_PLANNED = (SyncState.REQUESTED, SyncState.PLANNING)
PENDING = (*BEING_PLANNED, SyncState.PLANNED)
UNDER_WAY = (SyncState.CONFIRMED, SyncState.PROCESSING, SyncState.PAUSED)
"""Approved, and not finished: at most one of an account and lane (a partial unique index)."""
PUBLISHED = (SyncState.COMPLETED, SyncState.COMPLETED_WITH_ERRORS)
OVER = (
    *PUBLISHED,
    SyncState.NOTHING_TO_DO,
    SyncState.FAILED,
    SyncState.REJECTED,
    SyncState.SUPERSEDED,
    SyncState.CANCELLED,
    SyncState.EXPIRED,
)

STATUS_WORDS = {
    **dict.fromkeys(PENDING, "pending"),
    SyncState.NOTHING_TO_DO: "completed",
    SyncState.COMPLETED_WITH_ERRORS: "completed",
    SyncState.EXPIRED: "cancelled",
}
WORDS = dict.fromkeys(BEING_PLANNED, "being planned")


def states_of(status: str) -> tuple[SyncState, ...]:
    """The states that the outside world calls by this word."""
    return tuple(state for state in SyncState if state.status == status)
