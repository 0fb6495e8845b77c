"""The forecast: listings whose paid time ends soon, and what becomes of each: renewed for a fee, or let go.

As the last whole scan saw them; nothing is asked of Etsy.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.planning.costs import LISTING_FEE_USD_CENTS
from etsy_pipeline.store import accounts, clock, links, seen_listings
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ShopScan

End = Literal["renews_by_itself", "renewed_by_a_plan", "let_go"]


@dataclass(frozen=True, slots=True)
class Expiring:
    """A listing on sale whose paid time ends soon. `product_id` is blank where no product is linked to it."""

    seen: SeenListing
    ending_at: datetime
    product_id: str
    end: End

    @property
    def fee_usd_cents(self) -> int:
        """What the end costs."""
        return 0 if self.end == "let_go" else LISTING_FEE_USD_CENTS


def expiring(store: Store, account_id: str, days: int) -> tuple[ShopScan | None, tuple[Expiring, ...]]:
    """The last whole scan, and the listings that were on sale then and end within so many days, the soonest first.

    Without a scan nothing is known, and none is told.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
        last, until = seen_listings.last_whole(session, account_id), clock.now(session) + timedelta(days=days)
        if last is None:
            return None, ()
        products, settings = links.products_by_listing(session, account_id), settings_of(account)
        found = []
        for seen in seen_listings.listings(session, account_id, states=("active",)):
            if seen.ending_at is None or seen.ending_at > until:
                continue
            product_id = products.get(seen.listing_id, "")
            planned: End = "renewed_by_a_plan" if product_id and settings.renew_expired != "never" else "let_go"
            end: End = "renews_by_itself" if seen.should_auto_renew else planned
            found.append(Expiring(seen, seen.ending_at, product_id, end))
    return last, tuple(sorted(found, key=lambda item: (item.ending_at, item.seen.listing_id)))


def expiring_view(item: Expiring) -> dict[str, Any]:
    """One of them as JSON."""
    return {
        "listing_id": item.seen.listing_id,
        "title": item.seen.title,
        "url": item.seen.url,
        "product_id": item.product_id or None,
        "ending_at": item.ending_at.isoformat(),
        "end": item.end,
        "fee_usd_cents": item.fee_usd_cents,
        "views": item.seen.views,
        "num_favorers": item.seen.num_favorers,
    }
