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


def take(inventory: Json, product: Json, pieces_bought: int) -> None:
    """Take pieces of one product out, and of all that share them.

    Raises:
        ValueError: when so many are not for sale.
    """
    offering = product["offerings"][0]
    if not offering["is_enabled"] or offering["quantity"] < pieces_bought:
        raise ValueError(f"only {offering['quantity'] if offering['is_enabled'] else 0} such pieces are for sale")
    _change_pool(inventory, product, -pieces_bought)


def put_back(inventory: Json, product_id: int, pieces_back: int) -> None:
    """Put pieces of one product back, if it is still that product: a PUT makes all anew."""
    for product in inventory["products"]:
        if product["product_id"] == product_id:
            _change_pool(inventory, product, pieces_back)


def _change_pool(inventory: Json, product: Json, by: int) -> None:
    offering = product["offerings"][0]
    for pool in _pools(inventory):
        if any(item is offering for item in pool):
            for item in pool:
                item["quantity"] = max(0, item["quantity"] + by)


def _pools(inventory: Json) -> list[list[Json]]:
    """Offerings that share their pieces: alike in what the quantity varies by."""
    along = set(inventory["quantity_on_property"])
    found: dict[Any, list[Json]] = {}
    for product in inventory["products"]:
        values = product["property_values"]
        key = tuple(tuple(value["values"]) for value in values if value["property_id"] in along)
        found.setdefault(key, []).extend(product["offerings"])
    return list(found.values())
