"""Two lists: the syncs, the newest first; and which listing each product became, and how it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.review.item_card import price_of, web_address
from etsy_pipeline.api.review.page import is_picture, page
from etsy_pipeline.api.review.plan_query import A_PAGE
from etsy_pipeline.api.review.words import LINK_STATUSES, asked_for, told_of
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PUBLISHED, UNDER_WAY, SyncState
from etsy_pipeline.sync import queries

router = APIRouter()

OF_WORDS: Mapping[str, Sequence[SyncState]] = {
    words: [state for state in SyncState if state.words == words]
    for words in dict.fromkeys(state.words for state in SyncState if state is not SyncState.UNKNOWN)
}
"""The states by the words of their badges, which the filter has, too."""

CARRIED_OUT = (*UNDER_WAY, *PUBLISHED, SyncState.FAILED)


class Listed(BaseModel):
    """Which part of a list is looked at."""

    offset: int = Field(default=0, ge=0, le=1_000_000)
    account: str = Field(default="", max_length=200, pattern=PRINTABLE)


class ListedJobs(Listed):
    """Of the syncs. `status` is what a badge says; `asked`: so many were just asked for."""

    status: str = Field(default="", max_length=50, pattern=r"^[a-z ]*$")
    asked: int = Field(default=0, ge=0, le=1000)


class ListedProducts(Listed):
    """Of the products; `q` stands in the title or an id, or begins an SKU."""

    status: Literal["", "pending", "synced", "failed", "out_of_sync"] = ""
    q: str = Field(default="", max_length=200, pattern=PRINTABLE)


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product with its listing. `picture` and `address` are what the page may load and link to, or nothing."""

    link: Link
    picture: str
    price: str
    address: str


@router.get("/")
def syncs(request: Request, context: Context, listed: Annotated[ListedJobs, Query()]) -> Response:
    """All syncs that match; without filters, those that wait for somebody stand first."""
    states = OF_WORDS.get(listed.status, ())
    if listed.status and not states:
        raise BadRequest(
            f"No sync can be {listed.status!r}.", code="status_unknown", hint=f"Choose from {', '.join(OF_WORDS)}."
        )
    found, count = _jobs(context, listed, states)
    is_first = not (listed.status or listed.offset)
    waiting = _waiting(context, listed.account) if is_first else ()
    shown = {job.id for job in waiting}
    return _list(
        request,
        context,
        "syncs.html",
        listed,
        count,
        waiting=[(job, _told(job)) for job in waiting],
        rows=[(job, _told(job)) for job in found if job.id not in shown],
        statuses={words: words for words in OF_WORDS},
        asked_for=asked_for,
        is_empty=not count and not (listed.status or listed.account),
    )


@router.get("/products")
def products(request: Request, context: Context, listed: Annotated[ListedProducts, Query()]) -> Response:
    """All products that match."""
    found, count = queries.links_page(
        context.store,
        account_id=listed.account or None,
        text=listed.q.strip() or None,
        sync_status=listed.status or None,
        first=listed.offset,
        most=A_PAGE,
    )
    planned = queries.image_urls(context.store, found)
    counts = queries.link_counts(context.store, listed.account or None)
    return _list(
        request,
        context,
        "products.html",
        listed,
        count,
        rows=[_row(context, link, planned.get(link.product_id, "")) for link in found],
        statuses=LINK_STATUSES,
        counts=counts,
        is_empty=not any(counts.values()) and not listed.account,
    )


def _waiting(context: AppContext, account_id: str) -> Sequence[EtsySyncJob]:
    """Plans that wait for a decision, and syncs that wait for somebody to let them go on."""
    found, _ = _jobs(context, Listed(account=account_id), (SyncState.PLANNED, SyncState.PAUSED))
    return [job for job in found if job.state is SyncState.PLANNED or job.resume_at is None]


def _jobs(context: AppContext, listed: Listed, states: Sequence[SyncState]) -> tuple[Sequence[EtsySyncJob], int]:
    return queries.jobs_page(
        context.store,
        account_id=listed.account or None,
        status=None,
        states=states,
        first=listed.offset,
        most=A_PAGE,
    )


def _row(context: AppContext, link: Link, planned: str) -> ProductRow:
    listing = link.published
    url = listing.images[0].url if listing and listing.images else planned
    return ProductRow(
        link, url if is_picture(context, url) else "", price_of(listing) if listing else "", web_address(link.etsy_url)
    )


def _told(job: EtsySyncJob) -> str:
    if job.state in BEING_PLANNED or not job.has_plan:
        return job.message or "There is no plan yet."
    if job.state not in CARRIED_OUT:
        return told_of(job.totals)
    later = f", {job.deferred_count} put off" if job.deferred_count else ""
    return f"{job.synced_count} done, {job.failed_count} failed, {job.skipped_count} skipped{later}."


def _list(request: Request, context: Context, template: str, listed: Listed, count: int, **values: Any) -> Response:
    def at(offset: int, **changes: object) -> str:
        query = {name: value for name, value in (listed.model_dump() | {"offset": offset} | changes).items() if value}
        return f"?{urlencode(query)}"

    shops = queries.shops(context.store)
    return page(
        request,
        template,
        listed=listed,
        count=count,
        at=at,
        shops={shop.id: shop.label for shop in shops},
        connected=[shop for shop in shops if shop.is_active],
        once=token_urlsafe(12),
        first=listed.offset + 1,
        last=min(listed.offset + A_PAGE, count),
        previous=at(max(0, listed.offset - A_PAGE)) if listed.offset else "",
        next=at(listed.offset + A_PAGE) if listed.offset + A_PAGE < count else "",
        **values,
    )
