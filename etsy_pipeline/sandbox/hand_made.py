"""Listings that a seller makes or changes in Shop Manager: what a control call says of one, as the sandbox stores it.

No rule of the API holds here but those of the form of an inventory: a seller has listings in every state, without SKUs,
with one SKU twice, without a record of inventory (LINKING §1, §3).
"""

import io
import itertools
import random
from functools import lru_cache
from typing import Any

from PIL import Image

from etsy_pipeline.sandbox.etsy import grid, properties, property_values, stock
from etsy_pipeline.sandbox.etsy.grid import AXES
from etsy_pipeline.sandbox.state import State

PLAIN = frozenset({
    "title", "description", "tags", "materials", "styles", "taxonomy_id", "who_made", "when_made", "is_supply", "type",
    "shipping_profile_id", "return_policy_id", "shop_section_id", "readiness_state_id", "should_auto_renew",
    "is_private", "views", "num_favorers", "file_data", "shown_state", "renewals_that_fail", "translations",
    "variation_images",
})  # fmt: skip
TIMES = {
    "created_timestamp": "created", "original_creation_timestamp": "original_created", "ending_timestamp": "ending",
    "last_modified_timestamp": "modified", "state_timestamp": "state_at",
}  # fmt: skip
INVENTORY = frozenset({"price", "quantity", "sku", "products", "variations", "inventory"})
OTHERS = frozenset({"state", "pictures", "count"})
KNOWN = PLAIN | TIMES.keys() | INVENTORY | OTHERS
CUSTOM = (513, 514)
MUGS = 891

Json = dict[str, Any]


def check(body: Json) -> None:
    """Refuse a field that means nothing here.

    Raises:
        ValueError: naming it.
    """
    if unknown := sorted(set(body) - KNOWN):
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(sorted(KNOWN))}")


def numbered(value: Any, number: int) -> Any:
    """The same with `{n}` replaced by a number in every text."""
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {name: numbered(item, number) for name, item in value.items()}
    return [numbered(item, number) for item in value] if isinstance(value, list) else value


def defaults(shop: Json, now: int, term: int) -> Json:
    """A listing of this shop of which nothing else is said."""
    return {
        "title": "Made by hand", "description": "In Shop Manager.", "tags": [], "materials": [], "styles": [],
        "taxonomy_id": MUGS, "who_made": "i_did", "when_made": "made_to_order", "is_supply": False, "type": "physical",
        "shipping_profile_id": shop["shipping_profiles"][0]["shipping_profile_id"],
        "return_policy_id": shop["return_policies"][0]["return_policy_id"],
        "readiness_state_id": shop["readiness_states"][0]["readiness_state_id"],
        "should_auto_renew": False, "currency_code": shop["currency_code"],
        "created": now, "original_created": now, "modified": now, "state_at": now, "ending": now + term,
    }  # fmt: skip


def said(body: Json) -> Json:
    """What a control call says of a listing, but for state, inventory and pictures."""
    times = {own: int(body[name]) for name, own in TIMES.items() if name in body}
    return {name: body[name] for name in PLAIN if name in body} | times


def inventory(state: State, shop: Json, data: Json, body: Json) -> Json:
    """The inventory that a control call describes, with new ids.

    Raises:
        EtsyError: when the grid is none that Etsy could hold.
    """
    common: Json = {
        "price": 20.0,
        "quantity": 0 if body.get("state") == "sold_out" else 1,
        "sku": "",
        "is_enabled": True,
    }
    common |= {name: body[name] for name in ("price", "quantity", "sku") if name in body}
    cells = body.get("products") or _grid(body.get("variations") or {}, common["sku"])
    products = [_product(shop, data, common | cell) for cell in cells]
    for product in products:
        product["product_id"] = state.number("product", 21_000_000_000)
        product["offerings"][0]["offering_id"] = state.number("offering", 23_000_000_000)
    axes = {axis: _along(products, axis) for axis in AXES}
    grid.check(products, axes, 3)
    return {"products": products, **axes}


def change_inventory(inventory: Json, body: Json) -> None:
    """Give every offering what was said of price and quantity, every product what was said of the SKU."""
    for offering in stock.offerings(inventory):
        offering |= {name: body[name] for name in ("price", "quantity") if name in body}
    if "sku" in body:
        for product in inventory["products"]:
            product["sku"] = body["sku"]


@lru_cache(maxsize=4096)
def drawn(seed: str) -> bytes:
    """A small picture, always the same for the same text, and unlike those of others."""
    dice = random.Random(seed)  # noqa: S311 - a picture, no secret
    small = Image.frombytes("RGB", (9, 8), dice.randbytes(9 * 8 * 3))
    buffer = io.BytesIO()
    small.resize((72, 64), Image.Resampling.NEAREST).save(buffer, "JPEG")
    return buffer.getvalue()


def _grid(variations: Json, sku: str | list[str]) -> list[Json]:
    cells: list[Json] = [
        {"values": dict(zip(variations, values, strict=True))} for values in itertools.product(*variations.values())
    ]
    if isinstance(sku, list):
        return [cell | {"sku": item} for cell, item in zip(cells, sku, strict=True)]
    return cells


def _product(shop: Json, data: Json, cell: Json) -> Json:
    values = [
        property_values.read(shop["shop_id"], data["taxonomy_id"], _value(data["taxonomy_id"], place, name, text))
        for place, (name, text) in enumerate(cell.get("values", {}).items())
    ]
    offering = {name: cell[name] for name in ("price", "quantity", "is_enabled")}
    offering["readiness_state_id"] = data["readiness_state_id"]
    return {"sku": cell["sku"], "property_values": values, "offerings": [offering]}


def _value(taxonomy_id: int, place: int, name: str, text: str) -> Json:
    """The first two are properties of the seller's own; a third one is Etsy's, with its listed values (3VAR)."""
    if place < len(CUSTOM):
        return {"property_id": CUSTOM[place], "property_name": name, "value_ids": [], "values": [text]}
    found = next((item for item in properties.of_category(taxonomy_id) if item.name == name), None)
    if found is None:
        raise ValueError(f"{name} is no property of Etsy's, which the third one must be")
    ids = [found.value_id(text, None)]
    return {"property_id": found.property_id, "property_name": name, "value_ids": ids, "values": [text]}


def _along(products: list[Json], axis: str) -> list[int]:
    """All properties, when it differs at all."""
    seen = {grid.varying(product, axis) for product in products}
    return [value["property_id"] for value in products[0]["property_values"]] if len(seen) > 1 else []
