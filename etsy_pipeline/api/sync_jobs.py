"""Routes that show sync jobs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import IdFilter, Page, TransactionPath
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries, views

router = APIRouter(prefix="/admin/etsy-sync-jobs", tags=["sync jobs"])

JobStatus = Literal[
    "pending", "confirmed", "processing", "paused", "completed", "failed", "rejected", "superseded", "cancelled"
]


class EarlyConfirm(BaseModel):
    """A confirmation that came before the plan. `applied` is null as long as there is no plan that it could be for.

    `reasons` say why it was not applied: the sync waits for a second one.
    """

    decided_by: str
    decided_at: str
    applied: bool | None
    reasons: list[str]


class SyncJob(BaseModel):
    """A sync job; times are ISO 8601 in UTC. `error_log` maps product ids (or "job") to messages.

    It holds the first 50 products that failed. `error_count` tells how many entries the whole of it has, which is
    behind `…/errors`; `error_log_truncated` says that this is not all.

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
    error_count: int
    error_log_truncated: bool
    plan_digest: str | None
    snapshot: str | None
    created_at: str
    planned_at: str | None
    confirmed_at: str | None
    started_at: str | None
    completed_at: str | None
    resume_at: str | None
    early_confirm: EarlyConfirm | None


class ProductError(BaseModel):
    """What is told of a product that failed. `code` is stable."""

    product_id: str
    product_title: str
    code: str | None
    message: str


class SyncErrors(BaseModel):
    """Part of the products that failed in a sync, in the plan's order. `job` is told of the sync as a whole."""

    transaction_id: str
    job: str | None
    errors: list[ProductError]
    count: int
    offset: int
    limit: int


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
        job = queries.job(context.store, transaction_id)
        return SyncJob(**views.job_view(job, queries.early_confirms(context.store, [job])))
    found, count = queries.jobs_page(
        context.store, account_id=etsy_account_id, status=status_, first=page.offset, most=page.limit
    )
    early = queries.early_confirms(context.store, found)
    shown = [SyncJob(**views.job_view(job, early)) for job in found]
    return SyncJobs(etsy_sync_jobs=shown, count=count, offset=page.offset, limit=page.limit)


@router.get("/{transaction_id}/errors", summary="All products that failed in a sync")
def errors(context: Context, transaction_id: TransactionPath, page: Page) -> SyncErrors:
    """The whole of a job's `error_log`, which itself holds the first 50."""
    job, found, count = queries.errors_page(context.store, transaction_id, first=page.offset, most=page.limit)
    return SyncErrors(
        transaction_id=job.transaction_id,
        job=job.message or None,
        errors=[ProductError(**views.error_view(error)) for error in found],
        count=count,
        offset=page.offset,
        limit=page.limit,
    )
