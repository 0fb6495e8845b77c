"""A listing as a scan of the shop saw it: what tells whether it is one of Medusa's products, and how it stands."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from etsy_pipeline.listings.listing import Inventory

STATES = ("active", "draft", "inactive", "sold_out", "expired", "removed")
"""Those that Etsy lets one ask for, one at a time (LINKING §1); a listing may tell another one, which is kept."""


@dataclass(frozen=True, slots=True)
class SeenListing:
    """A listing as Etsy had it, its text unescaped.

    `price` and `currency_code` are of the cheapest offering; `inventory` is None where Etsy has no record of it.
    `reference` is ours, where its description carries one; `mentions` are the addresses in its description.
    """

    listing_id: int
    state: str
    title: str = ""
    url: str = ""
    image_url: str = ""
    image_ids: tuple[int, ...] = ()
    inventory: Inventory | None = None
    quantity: int = 0
    price: str = ""
    currency_code: str = ""
    taxonomy_id: int | None = None
    tags: tuple[str, ...] = ()
    reference: str = ""
    mentions: tuple[str, ...] = ()
    created_at: datetime | None = None
    ending_at: datetime | None = None
    state_at: datetime | None = None
    modified_at: datetime | None = None
    should_auto_renew: bool | None = None
    is_private: bool = False
    views: int = 0
    num_favorers: int = 0

    @property
    def skus(self) -> tuple[str, ...]:
        """The SKUs that are not blank, in the order of its offerings, each once."""
        offerings = self.inventory.offerings if self.inventory else ()
        return tuple(dict.fromkeys(offering.sku for offering in offerings if offering.sku))


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(SeenListing)


def to_json(seen: SeenListing) -> str:
    """A listing as text, the same for the same listing."""
    return _ENCODER.encode(seen).decode()


def from_json(text: str) -> SeenListing:
    """The listing again."""
    return _DECODER.decode(text)
