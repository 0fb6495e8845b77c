"""A mug that is on Etsy as it was published: where tests of plans begin."""

from decimal import Decimal
from typing import Any

from etsy_pipeline.listings.listing import Inventory, Offering
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline_tests.builders import a_listing

PUBLISHED = a_listing(tags=("mug", "blue"))
LINK = Link(
    "prod_1",
    product_title="Mug",
    etsy_listing_id=42,
    sync_status="synced",
    listing_state="active",
    wanted_state="active",
    published=PUBLISHED,
)
AS_PUBLISHED = LiveListing(42, "active", {"title": PUBLISHED.title, "tags": ("Blue", "mug")}, PUBLISHED.inventory)


def stocked(pieces: int, price: str = "29.99", **changes: Any) -> Inventory:
    """The mug's inventory, with so many pieces."""
    return Inventory((Offering("MUG-1", (), Decimal(price), pieces, is_enabled=pieces > 0, **changes),))
