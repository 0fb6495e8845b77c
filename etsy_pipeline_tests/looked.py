"""Looks through a shop, as the books have them, for tests without a real one; and what was seen there."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.store import clock, seen_listings
from etsy_pipeline.store.engine import Store

NEVER = "its listings were never looked through"


def looked_through(store: Store, account_id: str, *seen: SeenListing, hours_ago: float = 0) -> None:
    """Somebody looked through the whole shop, and saw these listings there beside what was seen before."""
    with store.writing() as session:
        now = clock.now(session) - timedelta(hours=hours_ago)
        scan_id = seen_listings.begin(session, account_id, now)
        seen_listings.put(session, account_id, scan_id, seen, now)
        seen_listings.finish(session, scan_id, now=now, calls=6, counts={})


def looking(store: Store, account_id: str) -> Callable[[], None]:
    """A look through the shop that finds nothing new."""
    return lambda: looked_through(store, account_id)


def a_seen_listing(listing_id: int = 900_001, *, skus: tuple[str, ...] = ("MUG-1",), **changes: Any) -> SeenListing:
    """A mug that somebody listed by hand, with a SKU for each of its sizes where it has several."""
    values: dict[str, Any] = {
        "state": "active", "title": "Handmade cup", "url": f"https://www.etsy.com/listing/{listing_id}",
        "image_url": f"https://i.etsystatic.com/{listing_id}.jpg", "inventory": inventory_of(*skus), "quantity": 3,
        "price": "45.00", "currency_code": "USD",
    }  # fmt: skip
    return SeenListing(listing_id, **(values | changes))


def inventory_of(*skus: str, values: tuple[str, ...] = ()) -> Inventory:
    """An inventory with these SKUs: one offering, or a size for each."""
    if len(skus) <= 1:
        return Inventory((Offering("".join(skus), (), Decimal(45), 3),))
    sizes = values or tuple(f"Size {number}" for number in range(len(skus)))
    offerings = tuple(Offering(sku, (size,), Decimal(45), 3) for sku, size in zip(skus, sizes, strict=True))
    return Inventory(offerings, (VariationProperty(513, "Size"),), sku_on_property=(513,))
