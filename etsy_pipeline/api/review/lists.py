"""Two lists: the syncs, the newest first; and which listing each product became, and how it stands."""

from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.review.item_card import web_address
from etsy_pipeline.api.review.page import page
from etsy_pipeline.api.review.plan_query import A_PAGE
from etsy_pipeline.api.sync_jobs import JobStatus
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import PUBLISHED, UNDER_WAY, SyncState
from etsy_pipeline.sync import queries

router = APIRouter()

LINK_STATUSES = ("pending", "synced", "failed", "out_of_sync")
IN_DETAIL = (
    SyncState.PLANNED,
    SyncState.NOTHING_TO_DO,
    SyncState.COMPLETED_WITH_ERRORS,
    SyncState.EXPIRED,
)  # that a status of the API holds, too, together with others
JOB_STATUSES = {status: status for status in get_args(JobStatus)} | {state.value: state.words for state in IN_DETAIL}
CARRIED_OUT = (*UNDER_WAY, *PUBLISHED, SyncState.FAILED)


class Listed(BaseModel):
    """Which part of a list is looked at."""

    offset: int = Field(default=0, ge=0, le=1_000_000)
    account: str = Field(default="", max_length=200, pattern=PRINTABLE)


class ListedJobs(Listed):
    """Of the syncs."""

    status: JobStatus | Literal["", "planned", "nothing_to_do", "completed_with_errors", "expired"] = ""


class ListedProducts(Listed):
    """Of the products."""

    status: Literal["", "pending", "synced", "failed", "out_of_sync"] = ""
    product_id: str = Field(default="", max_length=200, pattern=PRINTABLE)


@router.get("/")
def syncs(request: Request, context: Context, listed: Annotated[ListedJobs, Query()]) -> Response:
    """All syncs that match."""
    found, count = queries.jobs_page(
        context.store, account_id=listed.account or None, status=listed.status or None, first=listed.offset, most=A_PAGE
    )
    rows = [(job, _told(job)) for job in found]
    return _list(request, context, "syncs.html", listed, count, rows=rows, statuses=JOB_STATUSES)


@router.get("/products")
def products(request: Request, context: Context, listed: Annotated[ListedProducts, Query()]) -> Response:
    """All products that match."""
    found, count = queries.links_page(
        context.store,
        account_id=listed.account or None,
        product_id=listed.product_id.strip() or None,
        sync_status=listed.status or None,
        first=listed.offset,
        most=A_PAGE,
    )
    rows = [(link, web_address(link.etsy_url)) for link in found]
    return _list(request, context, "products.html", listed, count, rows=rows, statuses=LINK_STATUSES)


def _told(job: EtsySyncJob) -> str:
    if not (job.has_plan and job.state in CARRIED_OUT):
        return queries.plan_summary(job).headline
    later = f", {job.deferred_count} put off" if job.deferred_count else ""
    return f"{job.synced_count} done, {job.failed_count} failed, {job.skipped_count} skipped{later}."


def _list(request: Request, context: Context, template: str, listed: Listed, count: int, **values: Any) -> Response:
    def at(offset: int) -> str:
        query = {name: value for name, value in (listed.model_dump() | {"offset": offset}).items() if value}
        return f"?{urlencode(query)}"

    return page(
        request,
        template,
        listed=listed,
        count=count,
        shops=queries.shop_names(context.store),
        first=listed.offset + 1,
        last=min(listed.offset + A_PAGE, count),
        previous=at(max(0, listed.offset - A_PAGE)) if listed.offset else "",
        next=at(listed.offset + A_PAGE) if listed.offset + A_PAGE < count else "",
        **values,
    )
