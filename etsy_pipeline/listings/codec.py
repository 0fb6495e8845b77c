"""Listings as canonical JSON: sorted keys, no spaces, decimals as text. What is hashed and stored is this.

msgspec reads and writes the plain values as they are, some ten times as fast as pydantic: a plan has thousands.
"""

import msgspec

from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing

_ENCODER = msgspec.json.Encoder(order="sorted")
_LISTING = msgspec.json.Decoder(Listing)
_IDENTIFIED = msgspec.json.Decoder(IdentifiedProduct)
_VALIDATED = msgspec.json.Decoder(ValidatedListing)


def listing_to_json(listing: Listing) -> str:
    """A listing as text."""
    return _ENCODER.encode(listing).decode()


def listing_from_json(text: str) -> Listing:
    """The listing again."""
    return _LISTING.decode(text)


def to_json(validated: ValidatedListing) -> str:
    """A validated listing as text."""
    return _ENCODER.encode(validated).decode()


def from_json(text: str) -> ValidatedListing:
    """The validated listing again."""
    return _VALIDATED.decode(text)


def identified_to_json(product: IdentifiedProduct) -> str:
    """What a product is known by, as text."""
    return _ENCODER.encode(product).decode()


def identified_from_json(text: str) -> IdentifiedProduct:
    """What a product is known by again."""
    return _IDENTIFIED.decode(text)
