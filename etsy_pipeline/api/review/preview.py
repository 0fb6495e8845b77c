"""One product of a plan: its listing as it is on Etsy, beside the one that it will be, as buyers see it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import TransactionPath
from etsy_pipeline.api.review.exclusions import mark_of, pack
from etsy_pipeline.api.review.item_card import item_card_of
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import A_PAGE, PlanQuery
from etsy_pipeline.api.review.shown_listing import ShownListing, of_listing, of_live, of_seen
from etsy_pipeline.errors import NotFound, PipelineError
from etsy_pipeline.planning.link import GONE, Link, PublishedImage
from etsy_pipeline.store import links, seen_listings
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.store.seen_listings import StoredListing
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries

router = APIRouter()

Position = Annotated[int, Path(ge=0, lt=1_000_000)]


@dataclass(frozen=True, slots=True)
class OnEtsy:
    """What is on Etsy, as far as it is known, and `told` how it is known; `at` is the moment of it.

    `can_ask`: Etsy can be asked for the listing as it is now. `problem` is why it gave no answer.
    """

    listing: ShownListing | None
    told: str
    at: datetime | None = None
    can_ask: bool = False
    problem: PipelineError | None = None


@router.get("/{transaction_id}/products/{position}")
def show(
    request: Request,
    context: Context,
    transaction_id: TransactionPath,
    position: Position,
    query: Annotated[PlanQuery, Query()],
) -> Response:
    """Both sides, what changes between them, and the ways to the products before and after it in the list."""
    return _show(request, context, transaction_id, position, query)


@router.get("/{transaction_id}/products/{position}/on-etsy")
def ask(
    request: Request,
    context: Context,
    transaction_id: TransactionPath,
    position: Position,
    query: Annotated[PlanQuery, Query()],
) -> Response:
    """The same, with the listing as Etsy has it now: two calls."""
    return _show(request, context, transaction_id, position, query, asks=True)


def _show(
    request: Request,
    context: AppContext,
    transaction_id: str,
    position: int,
    query: PlanQuery,
    *,
    asks: bool = False,
) -> Response:
    review = queries.review_of(context.store, transaction_id)
    job = review.job
    if not query.is_of(job):
        return to(query.address(job, plan=query.plan, offset=0))
    item = next(iter(queries.items_at(context.store, job, [position])), None)
    if item is None:
        raise NotFound(
            f"The plan of {transaction_id} has no product at {position}.",
            code="product_not_in_plan",
            hint="Go back to the plan.",
        )
    link = queries.links_of(context.store, review.account.id, [item.product_id]).get(item.product_id)
    exclusions, is_open = query.exclusions(job), job.state is SyncState.PLANNED
    card = item_card_of(
        context,
        item,
        account_id=review.account.id,
        link=link,
        is_excluded=position in exclusions,
        is_open=is_open,
    )
    page_of_list = query.at - query.at % A_PAGE
    return page(
        request,
        "preview.html",
        job=job,
        shop=review.account.label,
        item=item,
        card=card,
        before=_on_etsy(context, review.account, item, link, asks=asks),
        after=_after(context, item),
        ask=f"/review/{transaction_id}/products/{position}/on-etsy?{query.encoded(job, at=query.at)}",
        is_open=is_open,
        back=query.address(job, offset=page_of_list),
        **_neighbours(context, job, query),
        query=query,
        page_of_list=page_of_list,
        mark=mark_of(job),
        out=pack(exclusions),
        seen=pack([position]),
    )


def _neighbours(context: AppContext, job: EtsySyncJob, query: PlanQuery) -> dict[str, Any]:
    """The addresses of the product before and of the one after, in the list that one came from."""
    first = max(0, query.at - 1)
    wanted = query.filter(first=first, most=query.at - first + 2)
    found = queries.some_items(context.store, job, wanted, query.outcome)

    def at(number: int) -> str:
        here = number - first
        if not 0 <= here < len(found):
            return ""
        return f"/review/{job.transaction_id}/products/{found[here].position}?{query.encoded(job, at=number)}"

    return {"previous": at(query.at - 1) if query.at else "", "next": at(query.at + 1)}


def _after(context: AppContext, item: SyncItem) -> ShownListing | None:
    listing = item.plan.desired
    state = "as a draft" if listing and listing.publish_as == "draft" else "on sale"
    return of_listing(context, listing, state) if listing else None


def _on_etsy(context: AppContext, account: EtsyAccount, item: SyncItem, link: Link | None, *, asks: bool) -> OnEtsy:
    """The newest that is known: what Etsy says now, what a scan saw, or what was published last."""
    listing_id = (link.etsy_listing_id if link else None) or item.plan.etsy_listing_id
    if listing_id is None:
        return OnEtsy(None, "Not on Etsy yet.")
    with context.store.reading() as session:
        stored = seen_listings.get(session, account.id, listing_id)
        ours = tuple(links.images_of(session, account.id, [item.product_id]).get(item.product_id, {}).values())
    problem = None
    if asks:
        try:
            return _asked(context, account, listing_id, stored, ours)
        except PipelineError as error:
            problem = error
    published = link.published if link else None
    published_at = link.last_synced_at if link else None
    can_ask = account.is_active
    if stored and (published is None or published_at is None or stored.seen_at >= published_at):
        if stored.gone_at:
            told = f"Listing {listing_id} was no longer there when the shop was looked through."
            return OnEtsy(None, told, stored.gone_at, can_ask, problem)
        return OnEtsy(
            of_seen(context, stored.seen, ours), "As the last scan of the shop saw it", stored.seen_at, can_ask, problem
        )
    if published:
        state = _words(link.listing_state if link else None)
        shown, told = of_listing(context, published, state), "As it was last published; nobody has looked since"
        return OnEtsy(shown, told, published_at, can_ask, problem)
    return OnEtsy(None, f"Listing {listing_id} is there; what it is like was not looked at.", None, can_ask, problem)


def _asked(
    context: AppContext,
    account: EtsyAccount,
    listing_id: int,
    stored: StoredListing | None,
    ours: Sequence[PublishedImage],
) -> OnEtsy:
    with closing(context.shop_client(account.id)) as client:
        live = client.live_listings([listing_id]).get(listing_id)
    now = datetime.now(UTC)
    if live is None or live.state == GONE:
        return OnEtsy(None, f"Etsy no longer has listing {listing_id}.", now, can_ask=True)
    shown = of_live(context, live, account.currency_code or "", stored.seen if stored else None, ours)
    return OnEtsy(shown, "As Etsy has it now", now, can_ask=True)


def _words(state: str | None) -> str:
    return (state or "").replace("_", " ")
