"""Listings as canonical JSON: sorted keys, no spaces, decimals as text. What is hashed and stored is this."""

import json

from pydantic import TypeAdapter

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing

_LISTING = TypeAdapter(Listing)
_VALIDATED = TypeAdapter(ValidatedListing)


def listing_to_json(listing: Listing) -> str:
    """A listing as text."""
    return _canonical(_LISTING.dump_python(listing, mode="json"))


def listing_from_json(text: str) -> Listing:
    """The listing again."""
    return _LISTING.validate_json(text)


def to_json(validated: ValidatedListing) -> str:
    """A validated listing as text."""
    return _canonical(_VALIDATED.dump_python(validated, mode="json"))


def from_json(text: str) -> ValidatedListing:
    """The validated listing again."""
    return _VALIDATED.validate_json(text)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
