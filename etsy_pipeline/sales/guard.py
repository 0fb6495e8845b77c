"""The loop guard: how many pieces of a variation may be sent while sales on Etsy are on their way into Medusa. Pure.

Etsy takes its own sales off by itself. So Medusa's stock is the truth as soon as it knows of them all, and a sale that
is booked there is not taken off a second time. Until then what Medusa has too many is subtracted, and nothing is raised
(ORDERS §11.3). A raise is sent only where orders were read after the listing was looked at: a sale that came between
the two would be offered again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etsy_pipeline.listings.listing import Offering
from etsy_pipeline.listings.order_settings import OrderMode

BOOKING: frozenset[OrderMode] = frozenset({"stock", "orders"})
"""Modes in which Medusa's stock knows of Etsy's sales, sooner or later. In others it never does."""


@dataclass(frozen=True, slots=True)
class OpenSales:
    """Sales of one product that Medusa's stock, as it was read, lacks: pieces by variant id.

    `is_frozen`: something was sold, and how Medusa's stock stands to it is not known. Nobody could tell the variant, or
    it was booked while the stock was being read.
    """

    pieces: Mapping[str, int] = field(default_factory=dict)
    is_frozen: bool = False


@dataclass(frozen=True, slots=True)
class SoldVariant:
    """A variant that was sold, as an offering on Etsy is known by its SKU or its option values. `pieces` are open."""

    sku: str
    values: tuple[str, ...]
    pieces: int


@dataclass(frozen=True, slots=True)
class OpenOnListing:
    """The same, as a listing's offerings tell it. Whoever has one has read orders after the listing."""

    sold: tuple[SoldVariant, ...] = ()
    is_frozen: bool = False

    @property
    def may_raise(self) -> bool:
        """Whether Medusa's stock is all of the truth."""
        return not self.sold and not self.is_frozen

    @property
    def as_subtracted(self) -> "OpenOnListing":
        """The same for pieces that are fewer by what is open already."""
        return OpenOnListing(is_frozen=not self.may_raise)


NOTHING_OPEN = OpenOnListing()


@dataclass(frozen=True, slots=True)
class StockGuard:
    """What may be sent of one listing. `missing` are pieces by an offering's option values that Medusa has too many."""

    missing: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    may_raise: bool = False

    def allowed(self, item: Offering, on_etsy: int) -> int:
        """Pieces of an offering that may be for sale.

        Args:
            item: as Medusa's stock has it, by the shop's rule for quantities.
            on_etsy: pieces that Etsy has for sale now.
        """
        pieces = self._in_medusa(item)
        return pieces if self.may_raise else min(pieces, on_etsy)

    def holds_back(self, item: Offering, on_etsy: int) -> bool:
        """Whether there are more pieces than may be for sale."""
        return not self.may_raise and self._in_medusa(item) > on_etsy

    def _in_medusa(self, item: Offering) -> int:
        return max(0, item.quantity - self.missing.get(item.values, 0))


def guard_of(offerings: Sequence[Offering], mode: OrderMode, found: OpenOnListing | None) -> StockGuard | None:
    """The guard of a listing; None where Etsy's sales never come to Medusa, and other rules hold.

    Args:
        offerings: the listing's.
        mode: what the shop does with orders.
        found: what is open; None: orders were not read after the listing was, so nothing is raised.
    """
    if mode not in BOOKING:
        return None
    if found is None:
        return StockGuard()
    missing: dict[tuple[str, ...], int] = {}
    for sold in found.sold:
        if (item := _offering(offerings, sold)) is not None:
            missing[item.values] = missing.get(item.values, 0) + sold.pieces
    return StockGuard(missing, found.may_raise)


def _offering(offerings: Sequence[Offering], sold: SoldVariant) -> Offering | None:
    """The offering that a variant is, where only one can be it. Where none is, the listing is only not raised."""
    real = [item for item in offerings if item.has_variant]
    if len(real) == 1:
        return real[0]
    by_values = [item for item in real if _key(item.values) == _key(sold.values)]
    by_sku = [item for item in real if sold.sku and item.sku == sold.sku]
    return next((found[0] for found in (by_sku, by_values) if len(found) == 1), None)


def _key(values: Sequence[str]) -> tuple[str, ...]:
    """Option values whatever the order of their axes; Etsy may have them in another case."""
    return tuple(sorted(value.casefold() for value in values))
