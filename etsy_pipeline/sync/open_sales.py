"""Listings as a plan or a publisher looks at them, with the sales that Medusa's stock does not know of yet.

The order of looks is what makes it safe: the listings first, then the orders, and only then may anything be raised. A
sale that came before the first look is among the orders; one that came after it is not in Medusa's stock, and Etsy has
fewer pieces than was seen, so what is sent is what was seen at most (`sales/guard.py`).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.listings.identity import UNKNOWN, ProductIdentity
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.open_sales import with_open_sales
from etsy_pipeline.sales.guard import BOOKING, OpenSales
from etsy_pipeline.store import open_sales
from etsy_pipeline.store.engine import Store

logger = logging.getLogger(__name__)

AskOrders = Callable[[], object]
"""Reads what changed of the shop's orders, and keeps it. `PipelineError`: they could not be read just now."""

NOTHING_OPEN = OpenSales()


@dataclass(slots=True)
class OpenSalesOfShop:
    """What is open of a shop's listings.

    Args:
        store: the database.
        account_id: the shop.
        settings: the shop's.
        ask: reads orders; None: nobody can, so nothing is raised.
        problem: why orders could not be read the last time, in words.
    """

    store: Store
    account_id: str
    settings: ShopSettings
    ask: AskOrders | None
    problem: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether the shop's sales come to Medusa at all. Where they do not, nothing here does anything."""
        return self.settings.orders.mode in BOOKING

    def asked(self) -> bool:
        """Read orders now, after listings were looked at; whether that went well."""
        if not self.is_needed:
            return False
        self.problem = "" if self.ask else "nobody reads orders here"
        try:
            if self.ask is not None:
                self.ask()
        except StoreUnavailable:
            raise
        except PipelineError as error:
            self.problem = error.message
        if self.problem:
            logger.warning("orders_not_read account_id=%s: nothing is raised: %s", self.account_id, self.problem)
        return not self.problem

    def seen(
        self,
        live: Mapping[int, LiveListing],
        links: Mapping[str, Link],
        identities: Mapping[str, ProductIdentity],
        stock_read_at: datetime | None,
    ) -> Mapping[int, LiveListing]:
        """The listings with what is open of them; to be called once orders were read (`asked`).

        Args:
            live: as they were before that.
            links: of their products, by product id.
            identities: of their products, by product id.
            stock_read_at: when Medusa's stock began to be read; None: that is not known, and nothing is raised.
        """
        if not self.is_needed or stock_read_at is None or not live:
            return live
        of_listing = {link.etsy_listing_id: link for link in links.values() if link.etsy_listing_id in live}
        products = {listing_id: link.product_id for listing_id, link in of_listing.items() if listing_id is not None}
        with self.store.reading() as session:
            found = open_sales.of_listings(session, self.account_id, products, stock_read_at)
        return dict(live) | {
            listing_id: with_open_sales(
                live[listing_id],
                found.get(listing_id, NOTHING_OPEN),
                of_listing[listing_id],
                identities.get(product_id, UNKNOWN),
            )
            for listing_id, product_id in products.items()
        }
