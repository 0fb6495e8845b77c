"""Routes that show which listing each product became."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import IdFilter, Page
from etsy_pipeline.sync import queries, views

router = APIRouter(prefix="/admin/product-etsy-links", tags=["links"])


def _as_text(listing_id: int | None) -> str | None:
    return None if listing_id is None else str(listing_id)


class Link(BaseModel):
    """A product in a shop. Its listing's id stays, whatever fails; it is text here, and a number elsewhere."""

    product_id: str
    product_title: str
    etsy_account_id: str
    sync_status: str
    etsy_listing_id: Annotated[str | None, BeforeValidator(_as_text)]
    etsy_url: str | None
    listing_state: str | None
    last_synced_at: str | None
    sync_error: str | None
    transaction_id: str | None


class Links(BaseModel):
    """Part of the links, by account and product."""

    product_etsy_links: list[Link]
    count: int
    offset: int
    limit: int


@router.get("", summary="Products and their listings")
def show(
    context: Context,
    page: Page,
    product_id: IdFilter = None,
    etsy_account_id: IdFilter = None,
    sync_status: Literal["pending", "synced", "failed", "out_of_sync"] | None = None,
) -> Links:
    """Those that match all filters."""
    found, count = queries.links_page(
        context.store,
        account_id=etsy_account_id,
        product_id=product_id,
        sync_status=sync_status,
        first=page.offset,
        most=page.limit,
    )
    shown = [Link(**views.link_view(link)) for link in found]
    return Links(product_etsy_links=shown, count=count, offset=page.offset, limit=page.limit)
