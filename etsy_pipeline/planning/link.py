"""What is known of a product's listing: what we last published, and what Etsy shows now. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etsy_pipeline.listings.listing import Inventory, Listing

GONE = "gone"  # our word for a listing that Etsy no longer has
ON_SALE = frozenset({"active"})


@dataclass(frozen=True, slots=True)
class Link:
    """A product's listing as it stands after the last sync; `store` reads and writes it.

    `published` is the listing as it was last published completely; None before that. `wanted_state` is the state that
    we last gave it. `has_failed` says that the last attempt did not come to its end.
    """

    product_id: str
    product_title: str = ""
    etsy_listing_id: int | None = None
    listing_state: str | None = None
    wanted_state: str | None = None
    published: Listing | None = None
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class LiveListing:
    """A listing as Etsy has it now; `etsy` reads it.

    `values` are by field of a plan (`fields.py`), those only that Etsy's answer tells. `inventory` is None where it was
    not told, nor `image_ids`, in their order.
    """

    listing_id: int
    state: str
    values: Mapping[str, object] = field(default_factory=dict)
    inventory: Inventory | None = None
    image_ids: tuple[int, ...] | None = None
