"""Buyers' data are kept as long as an order may need them, and no longer (`orders.keep_buyers_days`)."""

from datetime import datetime, timedelta

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.order_settings import OrderSettings
from etsy_pipeline.store import accounts, receipts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount

LONGEST_OPEN = timedelta(days=60)  # that an order may wait for a person with its buyer's data


def forget_buyers(store: Store, now: datetime) -> int:
    """Drop the buyers' data of orders that have been over for as long as their shop says; of how many.

    Of an order that never came to an end they go, too: as many days, and sixty more, after the sale.
    """
    count = 0
    with store.writing() as session:
        for account in accounts.every(session):
            before = now - timedelta(days=_keeps_days(account))
            count += receipts.forget_buyers(
                session, account.id, settled_before=before, sold_before=before - LONGEST_OPEN
            )
    return count


def _keeps_days(account: EtsyAccount) -> int:
    """As the shop says; where its settings do not fit this version, as long as is usual."""
    try:
        return settings_of(account).orders.keep_buyers_days
    except BadRequest:
        return OrderSettings().keep_buyers_days
