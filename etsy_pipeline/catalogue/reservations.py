"""What is reserved in Medusa for sales elsewhere: what there is of a product's variants, and holding pieces of it.

A reservation is additive and checked by Medusa under a lock, unlike a new stock figure, which would undo a sale that
happens meanwhile. Its description is ours, and finds it again: filtered exactly (measured on 2.21.2).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from etsy_pipeline.catalogue.admin_api import AdminApi, WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.raw_variant import FieldError, asked
from etsy_pipeline.catalogue.stock_places import FIELDS as PLACE_FIELDS
from etsy_pipeline.catalogue.stock_places import SoldFrom, StockPlaces, stock_places, unreadable
from etsy_pipeline.errors import PipelineError, Unavailable

IDS_AT_ONCE = 50
MOST_LOCATIONS = 1000
MOST_FOUND = 100  # reservations with one description; more than one is an accident already
PAGE = 500
HELD_FIELDS = "id,inventory_item_id,location_id,quantity,description,line_item_id"
NOT_ENOUGH = "not_allowed"  # Medusa's word where stock is short

FIELDS = ",".join(
    (
        "id", "title", "sales_channels.id", "variants.id", "variants.title", "variants.sku",
        "variants.manage_inventory", "variants.allow_backorder", "variants.options.value",
        "variants.inventory_items.inventory_item_id", "variants.inventory_items.required_quantity",
        "variants.inventory_items.inventory.location_levels.location_id",
        "variants.inventory_items.inventory.location_levels.stocked_quantity",
        "variants.inventory_items.inventory.location_levels.reserved_quantity",
    )
)  # fmt: skip


class OutOfStock(WriteRefused):
    """There are not so many left at the location; nothing was reserved."""


@dataclass(frozen=True, slots=True)
class Level:
    """How many pieces of an item can still be reserved at a location, from which the product is sold."""

    location_id: str
    available: int


@dataclass(frozen=True, slots=True)
class Part:
    """An inventory item of a variant: how many of it one piece takes, and where they are (the first location first)."""

    inventory_item_id: str
    required: int
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class StockedVariant:
    """A variant with its inventory items: several make a kit. Without `is_managed`, nobody counts its pieces."""

    id: str
    title: str
    sku: str
    values: tuple[str, ...]
    is_managed: bool
    allows_backorder: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class StockedProduct:
    """A product as far as booking a sale of it needs it."""

    id: str
    title: str
    variants: tuple[StockedVariant, ...]


@dataclass(frozen=True, slots=True)
class Reservation:
    """Pieces that Medusa holds back."""

    id: str
    inventory_item_id: str
    location_id: str
    quantity: int
    description: str = ""
    line_item_id: str = ""


class Reservations:
    """Reads stock of products, and reserves pieces, on one Medusa server."""

    def __init__(self, api: AdminApi, sold_from: SoldFrom) -> None:
        self._api, self._sold_from = api, sold_from
        self._places: StockPlaces | None = None

    @property
    def api(self) -> AdminApi:
        """The server that it asks."""
        return self._api

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def products(self, product_ids: Sequence[str]) -> dict[str, StockedProduct]:
        """Products by id, of every status; one that Medusa does not have, or tells oddly, is left out.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        found: dict[str, StockedProduct] = {}
        ids = list(dict.fromkeys(product_ids))
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE]
            query = [("id[]", item) for item in part]
            answer = self._api.get("products", [*query, ("fields", FIELDS), ("limit", str(len(part)))])
            for row in answer["products"]:
                with suppress(FieldError, KeyError, TypeError, ValueError, AttributeError):
                    product = self._product(row)
                    found[product.id] = product
        return found

    def find(self, begin: str, end: str) -> list[Reservation]:
        """The reservations whose descriptions begin and end so, the first one first.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        query = [("description[$like]", f"{begin}%{end}"), ("limit", str(MOST_FOUND))]
        answer = self._api.get("reservations", [*query, ("fields", HELD_FIELDS)])
        try:
            ours = [row for row in answer["reservations"] if _is_between(begin, row["description"], end)]
            if answer["count"] > len(answer["reservations"]) > len(ours):
                raise ValueError("the filter was ignored")
            return sorted((_reservation(row) for row in ours), key=lambda item: item.id)
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(error) from None

    def count(self, begin: str) -> int:
        """How many reservations there are whose descriptions begin so.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        return int(self._api.get("reservations", [*_beginning(begin, 1), ("fields", "id")])["count"])

    def beginning(self, begin: str, *, most: int | None = None) -> list[Reservation] | None:
        """All reservations whose descriptions begin so, by pages; None where there are more than `most`.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        found: dict[str, Reservation] = {}
        offset, count = 0, 1
        try:
            while offset < count:
                query = [*_beginning(begin, PAGE), ("fields", HELD_FIELDS), ("order", "id"), ("offset", str(offset))]
                answer = self._api.get("reservations", query)
                rows = answer["reservations"]
                if most is not None and answer["count"] > most:
                    return None
                found |= {str(row["id"]): _reservation(row) for row in rows if _is_between(begin, row["description"])}
                offset, count = offset + PAGE, answer["count"] if rows else 0
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(error) from None
        return list(found.values())

    def of_order_lines(self, line_item_ids: Sequence[str]) -> list[Reservation]:
        """The reservations for lines of an order in Medusa, the first one first.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        query = [*(("line_item_id[]", item) for item in line_item_ids), ("limit", str(PAGE)), ("fields", HELD_FIELDS)]
        answer = self._api.get("reservations", query)
        try:
            found = [_reservation(row) for row in answer["reservations"]]
            if answer["count"] > len(found) or not {item.line_item_id for item in found} <= set(line_item_ids):
                raise ValueError("the filter was ignored")
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(error) from None
        return sorted(found, key=lambda item: item.id)

    def places_of(self, sales_channel_id: str) -> frozenset[str]:
        """The locations that a sales channel is linked to: Medusa reserves and packs an order of it there.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        channels = self._selling_places().channels_of.items()
        return frozenset(place for place, linked in channels if sales_channel_id in linked)

    def selling_of(self, places: frozenset[str]) -> frozenset[str]:
        """Those of some locations that the shop sells from (`stock_locations`); all, where it names none of them."""
        return places & frozenset(self._sold_from.stock_locations) or places

    def reserve(
        self, item_id: str, location_id: str, quantity: int, *, description: str, line_item_id: str = ""
    ) -> str:
        """Hold back pieces, once more each time; the reservation's id. Look for it before (`find`).

        With `line_item_id` it is for a line of an order in Medusa: packing or canceling that takes it along.

        Raises:
            OutOfStock: there are not so many; nothing was reserved.
            WriteRefused: `medusa_write_refused`; nothing was reserved.
            WriteUnanswered: `medusa_write_unanswered`; it may have been.
        """
        body: Mapping[str, Any] = {
            "inventory_item_id": item_id,
            "location_id": location_id,
            "quantity": quantity,
            "description": description,
            **({"line_item_id": line_item_id} if line_item_id else {}),
        }
        try:
            answer = self._api.send("POST", "reservations", body)
        except WriteRefused as refused:
            if refused.kind != NOT_ENOUGH:
                raise
            raise OutOfStock(refused.message, kind=refused.kind, status=refused.status) from None
        made = answer.get("reservation")
        if not isinstance(made, dict) or not made.get("id"):
            raise WriteUnanswered("Medusa reserved something, and did not tell its id.", may_have_happened=True)
        return str(made["id"])

    def release(self, reservation_id: str) -> None:
        """Give pieces back. A second time changes nothing (measured: 200 again)."""
        self._api.send("DELETE", f"reservations/{reservation_id}")

    def _product(self, row: Mapping[str, Any]) -> StockedProduct:
        channels = [str(item["id"]) for item in asked(row, "sales_channels") or ()]
        selling = self._selling_places().selling(lambda: channels)
        variants = tuple(_variant(item, selling) for item in asked(row, "variants") or ())
        return StockedProduct(str(row["id"]), str(row.get("title") or ""), variants)

    def _selling_places(self) -> StockPlaces:
        if self._places is None:
            query = [("fields", PLACE_FIELDS), ("limit", str(MOST_LOCATIONS))]
            answer = self._api.get("stock-locations", query)
            if answer["count"] > len(answer["stock_locations"]):
                told = f"Medusa gives {len(answer['stock_locations'])} of {answer['count']} stock locations."
                raise unreadable(told)
            self._places = stock_places(answer["stock_locations"], self._sold_from)
        return self._places


def _variant(raw: Mapping[str, Any], selling: frozenset[str]) -> StockedVariant:
    return StockedVariant(
        str(raw["id"]),
        str(raw.get("title") or ""),
        str(raw.get("sku") or ""),
        tuple(str(item["value"]) for item in asked(raw, "options") or ()),
        bool(asked(raw, "manage_inventory")),
        bool(asked(raw, "allow_backorder")),
        tuple(_part(item, selling) for item in asked(raw, "inventory_items") or ()),
    )


def _part(raw: Mapping[str, Any], selling: frozenset[str]) -> Part:
    levels = asked(asked(raw, "inventory") or {"location_levels": ()}, "location_levels") or ()
    sold_from = [level for level in levels if str(asked(level, "location_id")) in selling]
    found = [
        Level(str(level["location_id"]), int(level["stocked_quantity"]) - int(level.get("reserved_quantity") or 0))
        for level in sold_from
    ]
    required = max(1, int(raw.get("required_quantity") or 1))
    return Part(str(asked(raw, "inventory_item_id")), required, tuple(sorted(found, key=lambda item: item.location_id)))


def _reservation(row: Mapping[str, Any]) -> Reservation:
    place = str(row["inventory_item_id"]), str(row["location_id"])
    its_line = str(row.get("line_item_id") or "")
    return Reservation(str(row["id"]), *place, int(row["quantity"]), str(row["description"]), its_line)


def _beginning(begin: str, most: int) -> list[tuple[str, str]]:
    return [("description[$like]", f"{begin}%"), ("limit", str(most))]


def _is_between(begin: str, description: Any, end: str = "") -> bool:
    """Whether a description is one that was asked for; of the filter's own characters `_` stands for any."""
    text = str(description)
    return text.startswith(begin) and text.endswith(end) and len(text) >= len(begin) + len(end)


def _broken(error: Exception) -> PipelineError:
    return Unavailable(
        f"Medusa's answer about reservations cannot be relied on ({type(error).__name__}).",
        code="medusa_answer_broken",
        hint="Let the API key's role read reservations.",
    )
