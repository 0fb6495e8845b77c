"""Which stock locations count: pieces in a returns warehouse are no pieces for sale (docs/medusa-facts.md §4).

A location sells where it is linked to a sales channel. What Medusa does not tell is an error and never no stock: a plan
on it would take the whole shop off Etsy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError

FIELDS = "id,name,sales_channels.id"
MOST_TOLD = 20  # of many locations, in words
SET_THEM = "Name the locations that sell in the shop's setting `stock_locations`."


@dataclass(frozen=True, slots=True)
class SoldFrom:
    """What a shop says about where it sells from.

    `stock_locations` are ids of the only locations that count. Without them those count that are linked to one of
    `sales_channel_ids`, and without these those that are linked to one of a product's own sales channels.
    """

    stock_locations: tuple[str, ...] = ()
    sales_channel_ids: tuple[str, ...] = ()


OWN_CHANNELS = SoldFrom()
"""A shop that says nothing: the sales channels of each product decide."""


@dataclass(frozen=True, slots=True)
class StockPlaces:
    """The stock locations of a Medusa: `channels_of` has each one's sales channels, `names` what it is called."""

    channels_of: Mapping[str, frozenset[str]]
    sold_from: SoldFrom
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Which locations count, and why these, for who reads a plan; nothing where Medusa has none."""
        if not self.channels_of:
            return ""
        of_shop, chosen = self.sold_from.stock_locations, frozenset(self.sold_from.sales_channel_ids)
        counted = of_shop or [
            place for place, channels in self.channels_of.items() if (channels & chosen if chosen else channels)
        ]
        why = (
            "named in the setting stock_locations"
            if of_shop
            else "linked to the chosen sales channels"
            if chosen
            else "each product's as far as they are linked to its sales channels"
        )
        others = [place for place in self.channels_of if place not in counted]
        left_out = f" Not counted: {self._told(others)}." if others else ""
        return f"Stock is counted at {self._told(counted)} ({why}).{left_out}"

    def _told(self, places: Sequence[str]) -> str:
        shown = [f"{self.names.get(place) or place} ({place})" for place in places[:MOST_TOLD]]
        more = len(places) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")

    def selling(self, product_channels: Callable[[], Sequence[str]]) -> frozenset[str]:
        """The locations that count for a product.

        Args:
            product_channels: gives its sales channels, where they matter. A product in none narrows nothing down: all
                locations count that sell somewhere.
        """
        if self.sold_from.stock_locations:
            return frozenset(self.sold_from.stock_locations)
        wanted = self.sold_from.sales_channel_ids or product_channels()
        linked = {place: channels for place, channels in self.channels_of.items() if channels}
        return frozenset(place for place, channels in linked.items() if not wanted or channels & set(wanted))


def stock_places(rows: Sequence[Any], sold_from: SoldFrom) -> StockPlaces:
    """The stock locations as Medusa gives them (`FIELDS`).

    Raises:
        NeedsPerson: `stock_locations_unreadable`.
        NotConfigured: `stock_location_unknown`, `no_location_sells`.
    """
    try:
        told = {str(row["id"]): row.get("sales_channels") for row in rows}
        names = {str(row["id"]): " ".join(str(row.get("name") or "").split()) for row in rows}
        channels = {place: frozenset(str(item["id"]) for item in found or ()) for place, found in told.items()}
    except (KeyError, TypeError, AttributeError):
        raise unreadable("Medusa's answer about its stock locations cannot be understood.") from None
    if unknown := [item for item in sold_from.stock_locations if item not in channels]:
        raise NotConfigured(
            f"The setting `stock_locations` names {', '.join(unknown)[:300]}, which Medusa does not have.",
            code="stock_location_unknown",
            hint=f"Medusa's stock locations are: {', '.join(sorted(channels))[:300] or 'none'}.",
        )
    if channels and not sold_from.stock_locations:
        _require_links(told, channels, frozenset(sold_from.sales_channel_ids))
    return StockPlaces(channels, sold_from, names)


def unreadable(problem: str) -> PipelineError:
    """Where stock may be sold from is not known."""
    return NeedsPerson(
        f"{problem} Without them it is not known which pieces may be sold.",
        code="stock_locations_unreadable",
        hint="Let the API key's role read stock locations with their sales channels.",
    )


def _require_links(told: Mapping[str, Any], channels: Mapping[str, frozenset[str]], chosen: frozenset[str]) -> None:
    if all(item is None for item in told.values()):
        raise unreadable("Medusa does not tell the sales channels of its stock locations.")
    if not any(found & chosen if chosen else found for found in channels.values()):
        of_what = f"of the sales channels {', '.join(sorted(chosen))[:300]}" if chosen else "of any sales channel"
        raise NotConfigured(
            f"No stock location is one {of_what}: nothing could be sold.",
            code="no_location_sells",
            hint=f"Link a location to the sales channel (Medusa admin → Settings → Locations). Or: {SET_THEM}",
        )
