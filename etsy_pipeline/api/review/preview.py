"""One product of a plan: its listing as it is on Etsy, beside the one that it will be, as buyers see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import TransactionPath
from etsy_pipeline.api.review.exclusions import mark_of, pack
from etsy_pipeline.api.review.item_card import item_card_of, price_of
from etsy_pipeline.api.review.page import is_picture, page, to
from etsy_pipeline.api.review.plan_query import A_PAGE, PlanQuery
from etsy_pipeline.errors import NotFound
from etsy_pipeline.listings.listing import Listing, Offering
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries

router = APIRouter()

MOST_OFFERINGS = 30

Position = Annotated[int, Path(ge=0, lt=1_000_000)]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a listing that the page may load."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A listing as it stands in a shop. `variations` are the choices that a buyer has, by what varies."""

    listing: Listing
    pictures: Sequence[Picture]
    price: str
    pieces: int
    variations: Mapping[str, Sequence[str]]
    offerings: Sequence[Offering]
    more_offerings: int


@router.get("/{transaction_id}/products/{position}")
def show(
    request: Request,
    context: Context,
    transaction_id: TransactionPath,
    position: Position,
    query: Annotated[PlanQuery, Query()],
) -> Response:
    """Both sides, what changes between them, and the ways to the products before and after it in the list."""
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
        link=link,
        before=_published(context, link),
        after=_preview(context, item.plan.desired) if item.plan.desired else None,
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


def _published(context: AppContext, link: Link | None) -> Preview | None:
    return _preview(context, link.published) if link and link.published and link.etsy_listing_id else None


def _preview(context: AppContext, listing: Listing) -> Preview:
    inventory = listing.inventory
    offered = [offering for offering in inventory.offerings if offering.has_variant and offering.is_enabled]
    names = [item.name for item in inventory.properties]
    return Preview(
        listing=listing,
        pictures=[Picture(item.url, item.alt_text) for item in listing.images if is_picture(context, item.url)],
        price=price_of(listing),
        pieces=sum(offering.for_sale for offering in offered),
        variations={name: _values(offered, number) for number, name in enumerate(names)},
        offerings=offered[:MOST_OFFERINGS] if names else (),
        more_offerings=max(0, len(offered) - MOST_OFFERINGS) if names else 0,
    )


def _values(offered: Sequence[Offering], number: int) -> Sequence[str]:
    return list(dict.fromkeys(offering.values[number] for offering in offered if number < len(offering.values)))
