"""Trying again what failed: a new sync, with a plan and an approval of its own."""

from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import items, jobs
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import PENDING, UNDER_WAY, SyncState
from etsy_pipeline.sync.request import Trigger, request_sync


def retry_failed(
    store: Store,
    transaction_id: str,
    *,
    trigger: Trigger,
    idempotency_key: str | None = None,
    by: Doer | None = None,
) -> EtsySyncJob:
    """Ask for a sync of the products that failed in another one; of all it asked for, if it failed before its plan.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `sync_not_finished`, `nothing_failed`, and what `request_sync` raises.
    """
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
        failed = tuple(items.product_ids(session, job.id, outcome="failed"))
    if job.state in (*PENDING, *UNDER_WAY):
        raise Conflict(
            f"The sync {transaction_id} is not finished: it is {job.state.words}.",
            code="sync_not_finished",
            hint="Wait for its end, or cancel it.",
        )
    if not failed and not (job.state is SyncState.FAILED and not job.has_plan):
        raise Conflict(
            f"No product failed in the sync {transaction_id}.",
            code="nothing_failed",
            hint="Ask for a new sync to publish later changes.",
        )
    product_ids = failed or _asked_for(job)
    return request_sync(
        store,
        job.etsy_account_id,
        product_ids=product_ids,
        trigger=trigger,
        idempotency_key=idempotency_key,
        by=by,
        retry_of=transaction_id,
    )


def _asked_for(job: EtsySyncJob) -> tuple[str, ...] | None:
    return None if job.requested_selection is None else job.requested_selection.product_ids
