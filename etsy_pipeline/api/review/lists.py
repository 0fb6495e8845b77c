"""Two lists: the syncs, the newest first; and which listing each product became, and how it stands."""

from typing import Annotated, Any, Literal
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
from etsy_pipeline.sync import queries, review

router = APIRouter()

LINK_STATUSES = ("pending", "synced", "failed", "out_of_sync")
JOB_STATUSES = (
    "pending", "confirmed", "processing", "paused", "completed", "failed", "rejected", "superseded", "cancelled",
)  # fmt: skip


class Listed(BaseModel):
    """Which part of a list is looked at."""

    offset: int = Field(default=0, ge=0, le=1_000_000)
    account: str = Field(default="", max_length=200, pattern=PRINTABLE)


class ListedJobs(Listed):
    """Of the syncs."""

    status: JobStatus | Literal[""] = ""


class ListedProducts(Listed):
    """Of the products."""

    status: Literal["", "pending", "synced", "failed", "out_of_sync"] = ""
    product_id: str = Field(default="", max_length=200, pattern=PRINTABLE)


@router.get("/")
def syncs(request: Request, here: Context, listed: Annotated[ListedJobs, Query()]) -> Response:
    """All syncs that match."""
    found, count = queries.jobs_page(
        here.store, account_id=listed.account or None, status=listed.status or None, first=listed.offset, most=A_PAGE
    )
    plans = [queries.plan_summary(job) for job in found]
    rows = list(zip(found, plans, strict=True))
    return _list(request, here, "syncs.html", listed, count, rows=rows, statuses=JOB_STATUSES)


@router.get("/products")
def products(request: Request, here: Context, listed: Annotated[ListedProducts, Query()]) -> Response:
    """All products that match."""
    found, count = queries.links_page(
        here.store,
        account_id=listed.account or None,
        product_id=listed.product_id.strip() or None,
        sync_status=listed.status or None,
        first=listed.offset,
        most=A_PAGE,
    )
    rows = [(link, web_address(link.etsy_url)) for link in found]
    return _list(request, here, "products.html", listed, count, rows=rows, statuses=LINK_STATUSES)


def _list(request: Request, here: Context, template: str, listed: Listed, count: int, **values: Any) -> Response:
    def at(offset: int) -> str:
        query = {name: value for name, value in (listed.model_dump() | {"offset": offset}).items() if value}
        return f"?{urlencode(query)}"

    return page(
        request,
        template,
        listed=listed,
        count=count,
        shops=review.shop_names(here.store),
        first=listed.offset + 1,
        last=min(listed.offset + A_PAGE, count),
        previous=at(max(0, listed.offset - A_PAGE)) if listed.offset else "",
        next=at(listed.offset + A_PAGE) if listed.offset + A_PAGE < count else "",
        **values,
    )
