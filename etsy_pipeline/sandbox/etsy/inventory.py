"""A listing's inventory: the PUT that replaces it whole, and every check that Etsy makes on it (FACTS §7)."""

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

from etsy_pipeline.sandbox.etsy import taxonomy
from etsy_pipeline.sandbox.etsy.answers import EtsyError, error, money
from etsy_pipeline.sandbox.etsy.listing_rules import HIGHEST_PRICE, LOWEST_PRICE
from etsy_pipeline.sandbox.state import State

MOST_QUANTITY, MOST_VALUES = 999, 70
CUSTOM = {513, 514}
AXES = ("price_on_property", "quantity_on_property", "sku_on_property", "readiness_state_on_property")
MOST_PRODUCTS = {0: 1, 1: 70, 2: 4900, 3: 2500}
MOST_WHEN_ALL_VARY = 400
PRODUCT_KEYS = {"sku", "property_values", "offerings"}
OFFERING_KEYS = {"price", "quantity", "is_enabled", "readiness_state_id"}
VALUE_KEYS = {"property_id", "property_name", "scale_id", "value_ids", "values"}

Json = dict[str, Any]


def of_new_listing(state: State, data: Json) -> Json:
    """The one product of a listing that was just created."""
    offering = {
        "offering_id": state.number("offering", 23_000_000_000), "price": data["price"], "quantity": data["quantity"],
        "is_enabled": True, "readiness_state_id": data.get("readiness_state_id"),
    }  # fmt: skip
    product = {"product_id": state.number("product", 21_000_000_000), "sku": "", "property_values": [],
               "offerings": [offering]}  # fmt: skip
    return {"products": [product], **{axis: [] for axis in AXES}}


def replace(state: State, shop: Json, listing: Json, body: Any, supported: str | None) -> None:
    """Replace the inventory, if all of it is right."""
    if not isinstance(body, dict) or not isinstance(body.get("products"), list) or not body["products"]:
        raise _refused("/products : cannot be less than 1 items")
    if set(body) - {"products", *AXES}:
        raise _refused(f"/inventory : invalid keys: {', '.join(sorted(set(body) - {'products', *AXES}))}")
    if supported not in {None, "2", "3"}:
        raise error(400, "max_variations_supported must be 2 or 3")
    most = 3 if supported == "3" else 2
    _check_count(listing["inventory"]["products"][0]["property_values"], most)  # three that are there need it too
    products = [_product(shop, item) for item in body["products"]]
    axes = {axis: _ids(body.get(axis) or []) for axis in AXES}
    _check_grid(products, axes, most)
    for product in products:
        product["product_id"] = state.number("product", 21_000_000_000)  # a new one each time (FACTS §7)
        for offering in product["offerings"]:
            offering["offering_id"] = state.number("offering", 23_000_000_000)
    listing["inventory"] = {"products": products, **axes}


def view(listing: Json) -> Json:
    """The inventory as Etsy gives it: money objects, the shop's value ids; disabled cells cost 0 (FACTS §7)."""
    inventory, currency = listing["inventory"], listing["currency_code"]
    return {
        "products": [
            {
                "product_id": product["product_id"], "sku": product["sku"], "is_deleted": False,
                "offerings": [
                    {
                        "offering_id": item["offering_id"], "quantity": item["quantity"],
                        "is_enabled": item["is_enabled"], "is_deleted": False,
                        "price": money(item["price"] if item["is_enabled"] else 0, currency),
                        "readiness_state_id": item["readiness_state_id"],
                    }
                    for item in product["offerings"]
                ],
                "property_values": [
                    {"property_id": item["property_id"], "property_name": item["property_name"], "scale_id": None,
                     "scale_name": None, "values": item["values"],
                     "value_ids": [_value_id(listing["shop_id"], item["property_id"], item["values"][0])]}
                    for item in product["property_values"]
                ],
            }
            for product in inventory["products"]
        ],
        **{axis: inventory[axis] for axis in AXES},
    }  # fmt: skip


def pieces(inventory: Json) -> int:
    """How many are for sale."""
    return sum(item["quantity"] for item in _offerings(inventory) if item["is_enabled"])


def lowest_price(inventory: Json) -> float:
    """The lowest price for sale."""
    enabled = [item["price"] for item in _offerings(inventory) if item["is_enabled"]]
    return float(min(enabled or [item["price"] for item in _offerings(inventory)]))


def restock(inventory: Json) -> None:
    """One piece, where nothing is left: what publishing a sold-out listing does (FACTS §6)."""
    if pieces(inventory) == 0:
        first = next((item for item in _offerings(inventory) if item["is_enabled"]), _offerings(inventory)[0])
        first |= {"quantity": 1, "is_enabled": True}


def varies(inventory: Json) -> bool:
    """Whether there are variations."""
    return bool(inventory["products"][0]["property_values"])


def _offerings(inventory: Json) -> list[Json]:
    return [item for product in inventory["products"] for item in product["offerings"]]


def _product(shop: Json, item: Any) -> Json:
    if not isinstance(item, dict) or set(item) - PRODUCT_KEYS:
        raise _refused("/products : invalid keys")  # ids left over from a GET (FACTS §7)
    offerings = item.get("offerings")
    if not isinstance(offerings, list) or len(offerings) != 1:
        raise _refused("/offerings : exactly one offering is needed for each product")
    sku = item.get("sku") or ""
    if not isinstance(sku, str):
        raise _refused("/sku : must be a string")
    values = [_property_value(shop["shop_id"], value) for value in item.get("property_values") or []]
    return {"sku": sku, "property_values": values, "offerings": [_offering(shop, offerings[0])]}


def _property_value(shop_id: int, item: Any) -> Json:
    if not isinstance(item, dict) or set(item) - VALUE_KEYS:
        raise _refused("/property_values : invalid keys")
    if type(item.get("property_id")) is not int or not isinstance(item.get("value_ids"), list):
        raise _refused("/property_values : property_id and value_ids are required")
    if item["property_id"] not in CUSTOM | taxonomy.VARIATION_PROPERTY_IDS:
        raise _refused(f"/property_id : {item['property_id']} is no variation property of this category")
    values = item.get("values")
    if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str) or not values[0].strip():
        raise _refused("/values : exactly one value is needed")
    if "(" in values[0] or ")" in values[0]:
        raise _refused("/values : contains invalid characters")
    # Etsy's id, or the shop's own that an earlier read gave; or none, for a value of one's own
    known = taxonomy.value_id(item["property_id"], values[0]), _value_id(shop_id, item["property_id"], values[0])
    if len(item["value_ids"]) > 1 or set(item["value_ids"]) - set(known):
        raise _refused("/value_ids : does not belong to the value")
    if item["property_id"] in CUSTOM and not (isinstance(item.get("property_name"), str) and item["property_name"]):
        raise error(400, "Expected string value for 'property_name' (got NULL)")  # exact (FACTS §7)
    return {"property_id": item["property_id"], "property_name": item.get("property_name"), "values": values}


def _offering(shop: Json, item: Any) -> Json:
    if not isinstance(item, dict) or set(item) - OFFERING_KEYS:
        raise _refused("/offerings : invalid keys")
    price, quantity, enabled = item.get("price"), item.get("quantity"), item.get("is_enabled")
    if isinstance(price, bool) or not isinstance(price, int | float):
        raise _refused("/price : must be a number")  # not the money object of the GET
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        raise _refused(f"/price : must be between {LOWEST_PRICE} and {HIGHEST_PRICE}")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise _refused("/quantity : must be a whole number")
    if quantity > MOST_QUANTITY:
        raise _refused(f"/quantity : cannot be greater than {MOST_QUANTITY}")
    if not isinstance(enabled, bool):
        raise _refused("/is_enabled : must be true or false")
    readiness = item.get("readiness_state_id")
    if readiness is None:
        raise error(400, "All offerings need readiness state")  # exact (FACTS §7)
    if readiness not in {state["readiness_state_id"] for state in shop["readiness_states"]}:
        raise _refused("/readiness_state_id : not found in this shop")
    return {"price": price, "quantity": quantity, "is_enabled": enabled, "readiness_state_id": readiness}


def _check_grid(products: list[Json], axes: dict[str, list[int]], most_properties: int) -> None:
    properties = [value["property_id"] for value in products[0]["property_values"]]
    if len(set(properties)) != len(properties) or any(
        [value["property_id"] for value in product["property_values"]] != properties for product in products
    ):
        raise _refused("/property_values : every product must have the same properties")
    if len({_names(product) for product in products}) > 1:
        raise _refused("/property_name : must be the same for every product")
    _check_count(properties, most_properties)
    if len(properties) == 3 and properties[2] in CUSTOM:  # noqa: PLR2004 - FACTS §7
        raise error(400, "Could not update inventory because the third variation uses a custom variation property "
                    "(513 or 514).")  # fmt: skip
    combinations = [tuple(value["values"][0] for value in product["property_values"]) for product in products]
    if len(set(combinations)) != len(combinations):
        raise _refused("/products : duplicate combination of property values")
    columns = [list(dict.fromkeys(column)) for column in zip(*combinations, strict=True)]
    if any(len(column) > MOST_VALUES for column in columns):
        raise _refused(f"/values : cannot be more than {MOST_VALUES} items")
    if set(itertools.product(*columns)) != set(combinations):
        raise _refused("/products : every combination of property values is needed")
    all_vary = properties and any(len(axes[axis]) == len(properties) for axis in AXES)
    most = min(MOST_PRODUCTS[len(properties)], MOST_WHEN_ALL_VARY if all_vary else 10_000)
    if len(products) > most:
        raise _refused(f"/products : cannot be more than {most} items")
    for axis in AXES:
        _check_axis(products, properties, axis, axes[axis])


def _names(product: Json) -> tuple[str | None, ...]:
    return tuple(value["property_name"] for value in product["property_values"])


def _check_count(properties: Sequence[object], most: int) -> None:
    if len(properties) > most:
        raise error(400, "Could not update inventory with unsupported number of variations. "
                    f"The maximum number of supported variations is {most}.")  # fmt: skip


def _check_axis(products: list[Json], properties: list[int], axis: str, along: list[int]) -> None:
    if along and len(along) not in {1, len(properties)}:
        raise error(400, f"{axis}: unsupported number of property IDs. Supports only zero, one, or all variation "
                    f"properties ({len(properties)}).")  # fmt: skip
    if set(along) - set(properties):
        raise _refused(f"/{axis} : unknown property")
    positions = [properties.index(item) for item in along]
    seen: dict[tuple[str, ...], Any] = {}
    for product in products:
        key = tuple(product["property_values"][position]["values"][0] for position in positions)
        offering = product["offerings"][0]
        value = {"price_on_property": offering["price"], "quantity_on_property": offering["quantity"],
                 "sku_on_property": product["sku"],
                 "readiness_state_on_property": offering["readiness_state_id"]}[axis]  # fmt: skip
        if seen.setdefault(key, value) != value:
            raise _refused(f"/{axis} : must be consistent across products with the same property values")


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise _refused("/on_property : must be a list of property ids")
    return value


def _value_id(shop_id: int, property_id: int, value: str) -> int:
    """Of this shop, and unlike what was sent (FACTS §7)."""
    digest = hashlib.sha256(f"{shop_id}/{property_id}/{value}".encode()).digest()
    return 51_000_000_000 + int.from_bytes(digest[:5])


def _refused(text: str) -> EtsyError:
    return error(400, f"There was a problem with {text}")
