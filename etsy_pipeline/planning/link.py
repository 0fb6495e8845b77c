"""What is known of a product's listing in one shop; `store` reads and writes it."""

from dataclasses import dataclass

from etsy_pipeline.listings.listing import Listing


@dataclass(frozen=True, slots=True)
class Link:
    """A product's listing as it stands after the last sync.

    `published` is the listing as it was last published completely; None before that. `has_failed` says that the last
    attempt did not come to its end.
    """

    product_id: str
    product_title: str = ""
    etsy_listing_id: int | None = None
    listing_state: str | None = None
    published: Listing | None = None
    has_failed: bool = False
