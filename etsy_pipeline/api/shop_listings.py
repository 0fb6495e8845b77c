"""Routes of a shop as it is on Etsy: what the last whole scan saw, and asking for another one."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath, Page
from etsy_pipeline.api.who import ByProgram
from etsy_pipeline.planning.shop_changes import Kind
from etsy_pipeline.shop import scan_views
from etsy_pipeline.shop.scan import ask
from etsy_pipeline.store.records import ShopScan

router = APIRouter(prefix="/admin/etsy-accounts", tags=["accounts"])

MOST_CHANGES = 500

State = Annotated[
    str | None, Query(max_length=50, pattern=PRINTABLE, description="Only in this state; gone: there no longer.")
]


ListingId = Annotated[str, BeforeValidator(str)]  # text: it passes what a number in JSON may safely be


class ListingOnEtsy(BaseModel):
    """A listing of the shop, whoever made it."""

    listing_id: ListingId
    state: str
    title: str
    url: str
    image_url: str
    skus: list[str]
    quantity: int
    price: str
    currency_code: str
    taxonomy_id: int | None
    ending_at: str | None
    should_auto_renew: bool | None
    is_private: bool
    first_seen_at: str | None
    seen_at: str | None
    gone_at: str | None
    ignored_at: str | None


class Change(BaseModel):
    """What is not as it was in the scan before; an alarm sums up others, and is of no single listing (0)."""

    kind: Kind
    listing_id: ListingId
    title: str
    before: str
    after: str
    told: str
    fee_usd_cents: int


class Scan(BaseModel):
    """A look through all of the shop's listings; the changes since the one before, the worst first."""

    id: int
    etsy_account_id: str
    started_at: str | None
    finished_at: str | None
    calls: int
    counts: dict[str, int] = Field(description="Listings by state.")
    changes: list[Change] = Field(max_length=MOST_CHANGES)
    change_count: int
    problem: str | None


class ListingsOnEtsy(BaseModel):
    """Part of a shop's listings, by their ids, and the scan that saw them."""

    listings: list[ListingOnEtsy]
    scan: Scan
    count: int
    offset: int
    limit: int


@router.get("/{account_id}/listings", summary="What is on Etsy, whoever made it")
def show_listings(context: Context, account_id: AccountPath, page: Page, state: State = None) -> ListingsOnEtsy:
    """As the last whole scan saw it; `etsy-pipeline shop scan` and each night's run make a new one."""
    scan = scan_views.last_scan(context.store, account_id)
    found, count = scan_views.listings_page(context.store, account_id, state=state, first=page.offset, most=page.limit)
    return ListingsOnEtsy(
        listings=[ListingOnEtsy(**scan_views.listing_view(item)) for item in found],
        scan=_scan(scan),
        count=count,
        offset=page.offset,
        limit=page.limit,
    )


@router.post("/{account_id}/scan", status_code=202, summary="Ask for a look through all of a shop's listings")
def scan(context: Context, by: ByProgram, account_id: AccountPath) -> Scan:
    """Dagster begins it; asked for again within two minutes it is the same one. Answers 409 where no shop is connected.

    A scan that `problem` says was only asked for, or that has neither a problem nor a `finished_at`, is not over.
    """
    return _scan(ask(context.store, account_id, by=by))


def _scan(scan: ShopScan) -> Scan:
    view = scan_views.scan_view(scan)
    changes = view.pop("changes")
    return Scan(**view, changes=[Change(**change) for change in changes[:MOST_CHANGES]], change_count=len(changes))
