"""A product of a plan as a card: what a person needs to see to say yes or no to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.page import is_picture
from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.store.tables import SyncItem

CHANGING = frozenset({"create", "update", "deactivate"})


@dataclass(frozen=True, slots=True)
class Side:
    """A field's value on one of the sides that are compared."""

    name: str
    value: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A field that changes, side by side."""

    field: str
    sides: Sequence[Side]


@dataclass(frozen=True, slots=True)
class Card:
    """A product. `picture` is an address that the page may load, or nothing; `address` is the listing on Etsy."""

    item: SyncItem
    listing: Listing | None
    title: str
    picture: str
    picture_text: str
    price: str
    changes: Sequence[Change]
    warnings: Sequence[Mapping[str, Any]]
    errors: Sequence[Mapping[str, Any]]
    fee: str
    address: str
    is_left_out: bool

    @property
    def can_be_left_out(self) -> bool:
        """Whether anything would be done for it."""
        return self.item.action in CHANGING


def card_of(
    backing: AppContext, item: SyncItem, *, address: str = "", is_left_out: bool = False, is_open: bool = True
) -> Card:
    """The card of an item; once its plan is decided, it tells what was."""
    listing = listing_from_json(item.desired) if item.desired else None
    first = listing.images[0] if listing and listing.images else None
    return Card(
        item=item,
        listing=listing,
        title=(listing.title if listing else "") or item.product_title or "(no title)",
        picture=first.url if first and is_picture(backing, first.url) else "",
        picture_text=first.alt_text if first else "",
        price=_price(listing) if listing else "",
        changes=[_change(difference, is_open=is_open) for difference in item.differences],
        warnings=[verdict for verdict in item.verdicts if verdict["severity"] == "warning"],
        errors=[verdict for verdict in item.verdicts if verdict["severity"] == "error"],
        fee=dollars(item.fee_usd_cents) if item.fee_usd_cents else "",
        address=web_address(address),
        is_left_out=is_left_out,
    )


def web_address(text: str | None) -> str:
    """An address that may stand in a link."""
    return text if text and text.startswith(("https://", "http://")) else ""


def _change(difference: Mapping[str, Any], *, is_open: bool) -> Change:
    published, live, old, new = (str(difference.get(side) or "") for side in ("published", "live", "old", "new"))
    on_etsy = "On Etsy now" if is_open else "On Etsy then"
    if published and live and not _same(published, live):
        before = [Side("Last published", published), Side(on_etsy, live)]
    else:
        before = [Side(on_etsy if live else "Last published" if published else "Before", old)]
    return Change(str(difference["field"]), [*before, Side("Will be" if is_open else "New", new, is_new=True)])


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)  # 30 and 30.00
    except InvalidOperation:
        return one == other


def _price(listing: Listing) -> str:
    offered = [offering.price for offering in listing.inventory.offerings if offering.is_enabled]
    lowest, highest = min(offered, default=listing.price), max(offered, default=listing.price)
    told = _amount(lowest) if lowest == highest else f"{_amount(lowest)} to {_amount(highest)}"
    return f"{told} {listing.currency_code}"


def _amount(price: Decimal) -> str:
    return f"{price:,}"
