"""Routes that show sync jobs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import IdFilter, Page
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries, views

router = APIRouter(prefix="/admin/etsy-sync-jobs", tags=["sync jobs"])

JobStatus = Literal[
    "pending", "confirmed", "processing", "paused", "completed", "failed", "rejected", "superseded", "cancelled"
]


class SyncJob(BaseModel):
    """A sync job; times are ISO 8601 in UTC. `error_log` maps product ids (or "job") to messages.

    `state` says more than `status`: `nothing_to_do` and `completed_with_errors` are `completed`, too. Both are
    `unknown` where another version wrote the job.
    """

    id: str
    transaction_id: str
    etsy_account_id: str
    trigger: str
    status: JobStatus | Literal["unknown"]
    state: SyncState
    total_products: int
    synced_count: int
    failed_count: int
    skipped_count: int
    deferred_count: int
    error_log: dict[str, Any]
    plan_digest: str | None
    created_at: str
    planned_at: str | None
    confirmed_at: str | None
    started_at: str | None
    completed_at: str | None
    resume_at: str | None


class SyncJobs(BaseModel):
    """Part of the sync jobs, the newest first."""

    etsy_sync_jobs: list[SyncJob]
    count: int
    offset: int
    limit: int


@router.get("", summary="One sync job, or the latest ones")
def show(
    context: Context,
    page: Page,
    transaction_id: IdFilter = None,
    etsy_account_id: IdFilter = None,
    status_: Annotated[JobStatus | None, Query(alias="status")] = None,
) -> SyncJob | SyncJobs:
    """With `transaction_id` the job itself (404 if there is none), without it a list."""
    if transaction_id is not None:
        return SyncJob(**views.job_view(queries.job(context.store, transaction_id)))
    found, count = queries.jobs_page(
        context.store, account_id=etsy_account_id, status=status_, first=page.offset, most=page.limit
    )
    shown = [SyncJob(**views.job_view(job)) for job in found]
    return SyncJobs(etsy_sync_jobs=shown, count=count, offset=page.offset, limit=page.limit)
