"""Medusa's whole stock in a few small pages, no prices, no texts (measured on 2.21.2: EVENTS §3); what is part of what.

A level's time stamp moves with each change and each reservation, but no list can be filtered by it: all is read, and
compared by content.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.price_lists import LISTS, NotShown
from etsy_pipeline.catalogue.raw_variant import FieldError, asked
from etsy_pipeline.errors import Unavailable

PAGE_SIZE = 500
IDS_AT_ONCE = 50
FIELDS = ",".join(
    (
        "id",
        *(f"location_levels.{name}" for name in ("location_id", "stocked_quantity", "reserved_quantity", "updated_at")),
    )
)
PARTS_OF_PRODUCTS = "id,variants.id,variants.inventory_items.inventory_item_id"
PRICES_OF_LISTS = "id,prices.id,prices.price_set.variant.id"

Row = Mapping[str, Any]
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many pieces of an inventory item are at a location, and how many of them are reserved.

    `changed_at` is when that changed last, by Medusa's clock (measured); None where it does not tell.
    """

    inventory_item_id: str
    location_id: str
    stocked: int
    reserved: int
    changed_at: datetime | None = None


class InventoryLevels:
    """Asks one Medusa server for its stock alone.

    Raises:
        PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
    """

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def every(self) -> Iterator[StockLevel]:
        """All levels. An item that is deleted meanwhile may hide another one, which the next look sees."""
        read = 0
        while True:
            query = [("fields", FIELDS), ("order", "id"), ("limit", str(PAGE_SIZE)), ("offset", str(read))]
            answer = self._api.get("inventory-items", query)
            rows = answer["inventory_items"]
            yield from _understood(_levels, rows)
            read += len(rows)
            if not rows or read >= answer["count"]:
                return

    def of_items(self, inventory_item_ids: Sequence[str]) -> list[StockLevel]:
        """The levels of some inventory items."""
        return _understood(_levels, list(self._rows("inventory-items", inventory_item_ids, FIELDS)))

    def products_by_part(self, product_ids: Sequence[str]) -> dict[str, set[str]]:
        """Of which of these products a variant or an inventory item is part: product ids by the part's id."""
        found: dict[str, set[str]] = {}
        for row in self._rows("products", product_ids, PARTS_OF_PRODUCTS):
            for part in _understood(_parts, [row]):
                found.setdefault(part, set()).add(str(row["id"]))
        return found

    def variants_by_price(self) -> dict[str, set[str]]:
        """The variants that price lists change, by the id of a price and by that of its list, whether it holds or not.

        Nothing, where Medusa shows no price lists: then no price of theirs is ours to send, either.
        """
        found: dict[str, set[str]] = {}
        try:
            lists = list(self._lists())
        except NotShown:
            return found
        for list_id in lists:
            for row in self._rows(LISTS, [list_id], PRICES_OF_LISTS):
                for price_id, variant_id in _understood(_prices, [row]):
                    found.setdefault(price_id, set()).add(variant_id)
                    found.setdefault(list_id, set()).add(variant_id)
        return found

    def _lists(self) -> Iterator[str]:
        read = 0
        while True:
            query = [("fields", "id"), ("order", "id"), ("limit", str(PAGE_SIZE)), ("offset", str(read))]
            answer = self._api.get(LISTS, query)
            rows = answer["price_lists"]
            yield from (str(row["id"]) for row in rows)
            read += len(rows)
            if not rows or read >= answer["count"]:
                return

    def _rows(self, what: str, ids: Sequence[str], fields: str) -> Iterator[Row]:
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE]
            query = [*(("id[]", item) for item in part), ("fields", fields), ("limit", str(len(part)))]
            yield from self._api.get(what, query)[what.replace("-", "_")]


def _levels(row: Row) -> list[StockLevel]:
    return [
        StockLevel(
            str(asked(row, "id")),
            str(asked(level, "location_id")),
            int(asked(level, "stocked_quantity")),
            int(level.get("reserved_quantity") or 0),
            _moment(level.get("updated_at")),
        )
        for level in asked(row, "location_levels") or ()
    ]


def _moment(told: Any) -> datetime | None:
    """A time stamp of Medusa's, if it is one."""
    try:
        found = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def _parts(row: Row) -> list[str]:
    variants = asked(row, "variants") or ()
    items = [
        asked(item, "inventory_item_id") for variant in variants for item in asked(variant, "inventory_items") or ()
    ]
    return [*(str(asked(variant, "id")) for variant in variants), *map(str, items)]


def _prices(row: Row) -> list[tuple[str, str]]:
    prices = asked(row, "prices") or ()
    return [(str(asked(price, "id")), str(price["variant_id"])) for price in prices if asked(price, "variant_id")]


def _understood(read: Callable[[Row], list[Read]], rows: Sequence[Row]) -> list[Read]:
    try:
        return [found for row in rows for found in read(row)]
    except (FieldError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable(
            f"Medusa's answer about its stock lacks what we need ({type(error).__name__}: {error}).",
            code="medusa_answer_broken",
            hint="Let the API key's role read inventory items with their levels.",
        ) from None
