"""Queries on sales that Medusa's stock does not know of yet, for the listings that a plan or a publisher looks at."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from etsy_pipeline.sales.guard import BOOKING, OpenSales
from etsy_pipeline.store import variant_parts
from etsy_pipeline.store.sales import UNBOOKED
from etsy_pipeline.store.tables.listings import ProductEtsyLinkRow
from etsy_pipeline.store.tables.orders import EtsyReceiptRow, EtsySaleRow


def of_listings(
    session: Session, account_id: str, listings: Mapping[int, str], stock_read_at: datetime
) -> dict[int, OpenSales]:
    """What is open of some listings, a few hundred at most; those of which nothing is are left out.

    Sales of the same products in other shops count, too: all of them sell the same pieces. Those of a product that is
    made of the same inventory items (a kit, say) freeze a listing: by how many pieces, the parts would have to say.

    Args:
        session: any.
        account_id: the shop.
        listings: their products, by listing id.
        stock_read_at: when Medusa's stock began to be read, by the database's clock. Of what was booked since, it is
            not known whether that stock knows of it.
    """
    of_product = {product_id: listing_id for listing_id, product_id in listings.items()}
    sharing: dict[str, list[variant_parts.Shared]] = {}
    for item in variant_parts.shared(session, list(of_product)):
        sharing.setdefault(item.other_product_id, []).append(item)
    pieces: dict[int, Counter[str]] = {}
    frozen: set[int] = set()
    for sale, product_id in session.execute(_open(account_id, listings, {*of_product, *sharing}, stock_read_at)):
        for shared in sharing.get(product_id or "", ()):
            if sale.variant_id in {None, shared.other_variant_id}:
                pieces.setdefault(of_product[shared.product_id], Counter())
                frozen.add(of_product[shared.product_id])
        is_its_own = sale.etsy_account_id == account_id and sale.listing_id in listings
        listing_id = sale.listing_id if is_its_own else of_product.get(product_id or "")
        if listing_id is None:
            continue
        counted = pieces.setdefault(listing_id, Counter())
        if sale.state == "booked" or sale.variant_id is None or sale.quantity < 1:
            frozen.add(listing_id)
        else:
            counted[sale.variant_id] += sale.quantity
    return {listing_id: OpenSales(dict(found), listing_id in frozen) for listing_id, found in pieces.items()}


def _open(
    account_id: str, listings: Mapping[int, str], product_ids: set[str], stock_read_at: datetime
) -> Select[EtsySaleRow, str | None]:
    """Open sales of these listings or products; the product of one that was not matched yet is its listing's."""
    product_id = func.coalesce(EtsySaleRow.product_id, ProductEtsyLinkRow.product_id)
    is_open = or_(
        EtsySaleRow.state.in_(UNBOOKED), and_(EtsySaleRow.state == "booked", EtsySaleRow.booked_at >= stock_read_at)
    )
    of_shop = and_(EtsySaleRow.etsy_account_id == account_id, EtsySaleRow.listing_id.in_(list(listings)))
    its_receipt = and_(
        EtsyReceiptRow.etsy_account_id == EtsySaleRow.etsy_account_id,
        EtsyReceiptRow.receipt_id == EtsySaleRow.receipt_id,
    )
    its_link = and_(
        ProductEtsyLinkRow.etsy_account_id == EtsySaleRow.etsy_account_id,
        ProductEtsyLinkRow.etsy_listing_id == EtsySaleRow.listing_id,
    )
    return (
        select(EtsySaleRow, product_id)
        .join(EtsyReceiptRow, its_receipt)
        .outerjoin(ProductEtsyLinkRow, its_link)
        .where(EtsyReceiptRow.mode.in_(BOOKING), is_open)
        .where(or_(of_shop, product_id.in_(product_ids)))
    )
