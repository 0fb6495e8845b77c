"""What an item costs: calls to Etsy's API, and Etsy's listing fee (FACTS §5, §12)."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.changes import Difference, parts_of
from etsy_pipeline.planning.fields import EXTRAS, Extra
from etsy_pipeline.planning.pictures import calls_for
from etsy_pipeline.planning.quota import Quota

LISTING_FEE_USD_CENTS = 20  # per published or renewed listing, for four months; drafts are free
CALLS_TO_LINK = 3  # pictures to values of a variation
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
    calls = 3 + len(listing.images) + bool(listing.personalization) + _extra_calls(listing, EXTRAS)
    return Cost(calls=calls, fee_usd_cents=LISTING_FEE_USD_CENTS if pays else 0)


def cost_of_update(
    listing: Listing, changes: Collection[Difference], *, pays_fee: bool, before: Listing | None = None
) -> Cost:
    """One PATCH for fields, state and the order of pictures, one PUT for the inventory, and what is new of pictures.

    Args:
        listing: as it will be.
        changes: what is sent.
        pays_fee: whether it is set active for a fee.
        before: as it was published; without it all pictures are new.
    """
    parts = parts_of(changes)
    calls = bool(parts & {"listing", "images", "state"}) + ("inventory" in parts) + ("personalization" in parts)
    calls += calls_for(before.images if before else (), listing.images) if "images" in parts else 0
    spoils_texts = any(change.field in {"title", "description"} for change in changes)
    may_unlink = parts & {"images", "variation_images"} or any(change.field == "variations" for change in changes)
    calls += bool(may_unlink and listing.inventory.properties)  # a look at what the seller has linked
    extras = parts | ({"translations"} if spoils_texts else set())
    calls += _extra_calls(listing, (extra for extra in EXTRAS if extra in extras))
    return Cost(calls=calls, fee_usd_cents=LISTING_FEE_USD_CENTS if pays_fee else 0)


def _extra_calls(listing: Listing, extras: Iterable[Extra]) -> int:
    """One call for each attribute, video, file and translation; those to look before and after are not foreseen.

    But of pictures of variations: to read the values' ids, to link them all, to read back.
    """
    sizes = {extra: len(getattr(listing, extra)) for extra in extras}
    return sum(CALLS_TO_LINK * min(size, 1) if extra == "variation_images" else size for extra, size in sizes.items())


def cost_of_deactivate() -> Cost:
    """One PATCH of the state."""
    return Cost(calls=1)


def days_needed(calls: int, quota: Quota) -> int:
    """On how many days, today included, so many calls can be made; 0 where there are none to make."""
    if calls == 0:
        return 0
    return 1 + max(0, math.ceil((calls - quota.left_today) / max(1, quota.per_day)))
