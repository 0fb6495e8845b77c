"""What an item costs: calls to Etsy's API, and Etsy's listing fee (FACTS §5, §12)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.changes import Difference, parts_of
from etsy_pipeline.planning.quota import Quota

LISTING_FEE_USD_CENTS = 20  # per published or renewed listing, for four months; drafts are free
AUTO_RENEWAL_USD_CENTS = 3 * LISTING_FEE_USD_CENTS  # a year of a listing that Etsy renews by itself


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls to Etsy's API, and fees in US cents (Etsy bills its equivalent in the shop's currency)."""

    calls: int = 0
    fee_usd_cents: int = 0


NO_COST = Cost()


def cost_of_create(listing: Listing) -> Cost:
    """Draft, images, inventory, personalization if any, and the last PATCH that orders the images and publishes."""
    pays = listing.publish_as == "active" and bool(listing.images)
    calls = 3 + len(listing.images) + bool(listing.personalization)
    return Cost(calls=calls, fee_usd_cents=LISTING_FEE_USD_CENTS if pays else 0)


def cost_of_update(listing: Listing, changes: Iterable[Difference], *, pays_fee: bool) -> Cost:
    """One PATCH for fields and state, one PUT for the inventory, and each image with the PATCH that orders them."""
    parts = parts_of(changes)
    calls = bool(parts & {"listing", "images", "state"}) + ("inventory" in parts) + ("personalization" in parts)
    calls += len(listing.images) if "images" in parts else 0
    return Cost(calls=calls, fee_usd_cents=LISTING_FEE_USD_CENTS if pays_fee else 0)


def cost_of_deactivate() -> Cost:
    """One PATCH of the state."""
    return Cost(calls=1)


def days_needed(calls: int, quota: Quota) -> int:
    """On how many days, today included, so many calls can be made; 0 where there are none to make."""
    if calls == 0:
        return 0
    return 1 + max(0, math.ceil((calls - quota.left_today) / max(1, quota.per_day)))
