"""Letting a paused sync go on: one that waits for a person, or one that need not wait any longer."""

from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event


def resume(store: Store, transaction_id: str) -> EtsySyncJob:
    """Make a paused sync due: the sensor `approved_syncs` goes on with what is not sent. What failed stays failed.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `not_paused`.
    """
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        resumed = lifecycle.try_move(session, transaction_id, Event.RESUME, who="person", resume_at=clock.now(session))
    if resumed is None:
        raise Conflict(
            f"The sync {transaction_id} is {job.state.words}, not paused.",
            code="not_paused",
            hint="Nothing: only a paused sync can be resumed.",
        )
    return resumed
