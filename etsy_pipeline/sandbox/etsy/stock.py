"""Pieces of an inventory: how many are for sale, and what a sale or a renewal leaves of them (FACTS §6, §7)."""

from typing import Any

Json = dict[str, Any]


def offerings(inventory: Json) -> list[Json]:
    """All offerings."""
    return [item for product in inventory["products"] for item in product["offerings"]]


def pieces(inventory: Json) -> int:
    """How many are for sale."""
    return sum(item["quantity"] for item in offerings(inventory) if item["is_enabled"])


def leave_one(inventory: Json) -> None:
    """One piece: what setting a sold-out listing active does (FACTS §6)."""
    first = next((item for item in offerings(inventory) if item["is_enabled"]), offerings(inventory)[0])
    first["is_enabled"] = True
    for pool in _pools(inventory):
        for offering in pool:
            offering["quantity"] = int(any(offering is first for offering in pool))


def sell(inventory: Json, pieces_sold: int, sku: str | None) -> None:
    """Take pieces out, of one SKU or of whatever there is.

    Raises:
        ValueError: when so many are not for sale.
    """
    wanted = [
        item for product in inventory["products"] if sku in {None, product["sku"]} for item in product["offerings"]
    ]
    left = pieces_sold
    for pool in _pools(inventory):
        for_sale = [item for item in pool if item["is_enabled"] and any(item is found for found in wanted)]
        taken = min(left, for_sale[0]["quantity"]) if for_sale else 0
        for offering in pool:
            offering["quantity"] = max(0, offering["quantity"] - taken)
        left -= taken
    if left:
        raise ValueError(f"only {pieces_sold - left} such pieces are for sale")


def _pools(inventory: Json) -> list[list[Json]]:
    """Offerings that share their pieces: alike in what the quantity varies by."""
    along = set(inventory["quantity_on_property"])
    found: dict[Any, list[Json]] = {}
    for product in inventory["products"]:
        values = product["property_values"]
        key = tuple(tuple(value["values"]) for value in values if value["property_id"] in along)
        found.setdefault(key, []).extend(product["offerings"])
    return list(found.values())
