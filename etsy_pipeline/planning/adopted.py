"""A listing as Etsy has it, in the form in which we keep what was published: the baseline of one that we did not send.

Pure.
"""

from dataclasses import replace
from typing import Any

from etsy_pipeline.listings.grid import with_axes, with_known_prices
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.fields import FIELDS, attributes_of
from etsy_pipeline.planning.link import LiveListing


def listing_of_live(live: LiveListing, base: Listing) -> Listing:
    """The listing that Etsy has now.

    Args:
        live: as it was read.
        base: where Etsy does not tell a field (pictures' addresses, questions to the buyer), it is taken from here.
    """
    told: dict[str, Any] = {}
    for name in FIELDS:
        if name in live.values:
            told |= _attributes(name, live.values[name])
    if live.inventory is not None:
        told["inventory"] = with_known_prices(with_axes(live.inventory.offerings, live.inventory.properties))
    return replace(base, **told)


def _attributes(name: str, value: object) -> dict[str, Any]:
    """The Listing's attributes that hold a field, with their values; those that are unset where Etsy has nothing."""
    attributes = attributes_of(name)
    if value is None:
        return dict(FIELDS[name].unset)
    if len(attributes) == 1:
        return {attributes[0]: value}
    parts = value if isinstance(value, tuple) else (value,)
    return dict(FIELDS[name].unset) | dict(zip(attributes, parts, strict=False))
