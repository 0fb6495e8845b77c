"""Letting a paused sync go on: one that waits for a person, or one that need not wait any longer."""

from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import decisions, holds, lifecycle
from etsy_pipeline.sync.decisions import Statement
from etsy_pipeline.sync.lifecycle import Event


def resume(store: Store, transaction_id: str, *, decided_by: str, through: str, note: str = "") -> EtsySyncJob:
    """Make a paused sync due: the sensor `approved_syncs` goes on with what is not sent. What failed stays failed.

    Args:
        store: the database.
        transaction_id: of the sync.
        decided_by: the person; kept with the decisions on the sync.
        through: cli, api or review page.
        note: why, if they said so.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `not_paused`, `account_held`.
        BadRequest: `approver_missing`.
    """
    if not decided_by.strip():
        raise BadRequest(
            "Letting a sync go on needs a name.", code="approver_missing", hint="Say who decides (--by NAME)."
        )
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        holds.require_free(session, job.etsy_account_id)
        resumed = lifecycle.try_move(session, transaction_id, Event.RESUME, who="person", resume_at=clock.now(session))
        if resumed is not None:
            decisions.record(session, resumed, "resumed", Statement(decided_by, through, note))
            return resumed
    raise Conflict(
        f"The sync {transaction_id} is {job.state.words}, not paused.",
        code="not_paused",
        hint="Nothing: only a paused sync can be resumed.",
    )
