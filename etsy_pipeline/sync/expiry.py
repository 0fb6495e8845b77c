"""An approval does not last for ever: what was not begun in the shop's time (`approval_expires_hours`) is called off.

A publication that has begun goes on, however often it pauses or is killed.
"""

from datetime import datetime, timedelta

from etsy_pipeline.errors import Conflict, PipelineError
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event


def require_fresh(store: Store, transaction_id: str, now: datetime) -> None:
    """Call a sync off whose approval has expired, and say so.

    Raises:
        Conflict: `approval_expired`.
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        if _expired(session, jobs.get(session, transaction_id), now) is None:
            return
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        expired = _expired(session, job, now)
        if expired is not None:
            errors = dict(job.error_log) | {"job": str(expired)}
            lifecycle.move(session, job, Event.EXPIRE, who="watcher", at=now, error_log=errors)
    if expired is not None:
        raise expired


def end_expired(store: Store, now: datetime) -> list[str]:
    """Call all syncs off whose approval has expired; what happened, in words."""
    with store.reading() as session:
        waiting = [job.transaction_id for job in jobs.in_state(session, SyncState.CONFIRMED)]
    told = []
    for transaction_id in waiting:
        try:
            require_fresh(store, transaction_id, now)
        except PipelineError as error:  # of one shop; the others have their turn
            told.append(error.message)
    return told


def _expired(session: Session, job: EtsySyncJob, now: datetime) -> Conflict | None:
    hours = settings_of(accounts.get(session, job.etsy_account_id)).approval_expires_hours
    if job.state is not SyncState.CONFIRMED or job.confirmed_at is None or hours is None:
        return None
    if now - job.confirmed_at < timedelta(hours=float(hours)):
        return None
    return Conflict(
        f"The approval of {job.transaction_id}, given at {job.confirmed_at:%Y-%m-%d %H:%M} UTC, has expired: its "
        f"publication had not begun {hours} hours later (approval_expires_hours). Nothing of it is published.",
        code="approval_expired",
        hint="Ask for a new sync and approve its plan.",
    )
