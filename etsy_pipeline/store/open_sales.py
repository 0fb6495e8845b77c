"""Queries on sales that Medusa's stock does not know of yet, for the listings that a plan or a publisher looks at."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from etsy_pipeline.sales.guard import BOOKING, OpenSales
from etsy_pipeline.store.sales import UNBOOKED
from etsy_pipeline.store.tables import EtsyReceiptRow, EtsySaleRow


def of_listings(
    session: Session, account_id: str, listings: Mapping[int, str], stock_read_at: datetime
) -> dict[int, OpenSales]:
    """What is open of some listings, a few hundred at most; those of which nothing is are left out.

    Sales of the same products in other shops count, too: all of them sell the same pieces.

    Args:
        session: any.
        account_id: the shop.
        listings: their products, by listing id.
        stock_read_at: when Medusa's stock began to be read, by the database's clock. Of what was booked since, it is
            not known whether that stock knows of it.
    """
    is_open = or_(
        EtsySaleRow.state.in_(UNBOOKED), and_(EtsySaleRow.state == "booked", EtsySaleRow.booked_at >= stock_read_at)
    )
    of_shop = and_(EtsySaleRow.etsy_account_id == account_id, EtsySaleRow.listing_id.in_(list(listings)))
    query = (
        select(EtsySaleRow)
        .join(
            EtsyReceiptRow,
            and_(
                EtsyReceiptRow.etsy_account_id == EtsySaleRow.etsy_account_id,
                EtsyReceiptRow.receipt_id == EtsySaleRow.receipt_id,
            ),
        )
        .where(EtsyReceiptRow.mode.in_(BOOKING), is_open)
        .where(or_(of_shop, EtsySaleRow.product_id.in_(set(listings.values()))))
    )
    of_product = {product_id: listing_id for listing_id, product_id in listings.items()}
    pieces: dict[int, Counter[str]] = {}
    frozen: set[int] = set()
    for row in session.scalars(query):
        is_its_own = row.etsy_account_id == account_id and row.listing_id in listings
        listing_id = row.listing_id if is_its_own and row.listing_id else of_product[row.product_id or ""]
        counted = pieces.setdefault(listing_id, Counter())
        if row.state == "booked" or row.variant_id is None or row.quantity < 1:
            frozen.add(listing_id)
        else:
            counted[row.variant_id] += row.quantity
    return {listing_id: OpenSales(dict(found), listing_id in frozen) for listing_id, found in pieces.items()}
