"""What is known of a product's listing: what we last published, and what Etsy shows now. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.listing import Inventory, Listing, Translation
from etsy_pipeline.sales.guard import OpenOnListing

GONE = "gone"  # our word for a listing that Etsy no longer has
ON_SALE = frozenset({"active"})

LinkStatus = Literal["pending", "synced", "failed", "out_of_sync"]


@dataclass(frozen=True, slots=True)
class VariationLink:
    """A picture that Etsy shows when a buyer chooses a value of a variation; `url` is ours, where we put it there."""

    property_id: int
    value: str
    image_id: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Which listing a product became in a shop, and how it stands after the last sync; `store` reads and writes it.

    `published` is the listing as it was last published completely; None before that. `wanted_state` is the state that
    we last gave it. A failure never erases `etsy_listing_id`. `create_reference` is that of a create whose answer is
    not accounted for, `transaction_id` the sync that deals with it, or did so last. While that sync is not over, the
    status is `pending`, and `sync_error` is still that of the attempt before.

    `origin` tells a listing that we created from one that was there and was adopted; `keeps` are the fields of a plan
    that an adopted one leaves to its seller, whatever the shop's `ownership` says. `variant_map` says which offering is
    which variant: (SKU and option values on Etsy, variant id). `ending_at` is when the paid time ends.
    `variation_links` are its pictures of variations as they were last seen, ours and its seller's; None: never looked
    at. `stock_doubted`: since the shop's orders are booked (or begin at another moment) no person has agreed that
    Medusa has more pieces than Etsy.
    """

    product_id: str
    etsy_account_id: str = ""
    product_title: str = ""
    sync_status: LinkStatus = "pending"
    etsy_listing_id: int | None = None
    etsy_url: str | None = None
    listing_state: str | None = None
    wanted_state: str | None = None
    last_synced_at: datetime | None = None
    sync_error: str | None = None
    published: Listing | None = None
    create_reference: str | None = None
    transaction_id: str | None = None
    origin: Literal["created", "adopted"] = "created"
    keeps: tuple[str, ...] = ()
    variant_map: tuple[VariantOnEtsy, ...] = ()
    handle: str = ""
    ending_at: datetime | None = None
    should_auto_renew: bool | None = None
    variation_links: tuple[VariationLink, ...] | None = None
    stock_doubted: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt did not come to its end."""
        return self.sync_status == "failed" or (self.sync_status == "pending" and self.sync_error is not None)


@dataclass(frozen=True, slots=True)
class PublishedImage:
    """A picture that we put on a listing: its place, where it came from, its content, and Etsy's id for it."""

    rank: int
    source_url: str
    content_hash: str
    etsy_image_id: int
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class PublishedMedia:
    """A video or a file that we put on a listing, in a place of its own (`rank`), with Etsy's id for it.

    `source` is its address; of a file a fingerprint of that, for the address is a secret. An id of 0 is of an upload
    that was about to be made, with the ids that were there before in `name`.
    """

    kind: Literal["video", "file"]
    rank: int
    source: str
    content_hash: str
    etsy_media_id: int
    name: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LiveListing:
    """A listing as Etsy has it now; `etsy` reads it.

    `values` are by field of a plan (`fields.py`), those only that Etsy's answer tells. `inventory` is None where it was
    not told, nor `image_ids`, in their order. `ending_at` is when the paid time ends, `state_at` when it came into its
    state; `is_private` tells of a listing that was made for one buyer. `translations` are texts in other languages
    than the listing's own, also such as lack a part; None where they were not told. `open_sales` is what was sold of it
    that Medusa's stock lacks; None where orders were not read after it was.
    """

    listing_id: int
    state: str
    values: Mapping[str, object] = field(default_factory=dict)
    inventory: Inventory | None = None
    image_ids: tuple[int, ...] | None = None
    handle: str = ""
    ending_at: datetime | None = None
    state_at: datetime | None = None
    should_auto_renew: bool | None = None
    is_private: bool = False
    translations: tuple[Translation, ...] | None = None
    open_sales: OpenOnListing | None = None
