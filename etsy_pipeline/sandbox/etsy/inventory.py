"""A listing's inventory: the PUT that replaces it whole, product by product (FACTS §7).

One value of a variation is judged in `property_values.py`, all products together in `grid.py`.
"""

from typing import Any

from etsy_pipeline.sandbox.etsy import grid, property_values, stock
from etsy_pipeline.sandbox.etsy.answers import EtsyError, divisor, error, money
from etsy_pipeline.sandbox.etsy.grid import AXES
from etsy_pipeline.sandbox.etsy.listing_rules import price_bounds
from etsy_pipeline.sandbox.state import State

MAX_QUANTITY = 999
SKU_LENGTH = 32  # reported
PRODUCT_KEYS = {"sku", "property_values", "offerings"}
OFFERING_KEYS = {"price", "quantity", "is_enabled", "readiness_state_id"}

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
        raise error(400, f"Invalid value ({supported}) for query parameter max_variations_supported.")  # exact (3VAR)
    most = 3 if supported == "3" else 2
    grid.check_count(listing["inventory"]["products"][0]["property_values"], most)  # three that are there need it too
    is_download = listing["type"] == "download"
    products = [_product(shop, listing["taxonomy_id"], item, is_download=is_download) for item in body["products"]]
    axes = {axis: _ids(body.get(axis) or []) for axis in AXES}
    grid.check(products, axes, most)
    if stock.pieces({"products": products}) == 0:  # LIFECYCLE §1; the text is ours
        raise _refused("/quantity : at least one offering must be enabled and have a quantity above 0")
    for product in products:
        product["product_id"] = state.number("product", 21_000_000_000)  # a new one each time (FACTS §7)
        for offering in product["offerings"]:
            offering["offering_id"] = state.number("offering", 23_000_000_000)
    listing["inventory"], listing["has_no_inventory"] = {"products": products, **axes}, False


def record(listing: Json) -> Json | None:
    """The inventory as Etsy gives it; None for a listing that has no record of it (LINKING §1)."""
    return None if listing.get("has_no_inventory") else view(listing)


def skus(listing: Json) -> list[str]:
    """The SKUs of its record that are not blank, each once."""
    found = () if listing.get("has_no_inventory") else listing["inventory"]["products"]
    return list(dict.fromkeys(product["sku"] for product in found if product["sku"]))


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
                    property_values.view(listing["shop_id"], item) for item in product["property_values"]
                ],
            }
            for product in inventory["products"]
        ],
        **{axis: inventory[axis] for axis in AXES},
    }  # fmt: skip


def lowest_price(inventory: Json) -> float:
    """The lowest price for sale."""
    enabled = [item["price"] for item in stock.offerings(inventory) if item["is_enabled"]]
    return float(min(enabled or [item["price"] for item in stock.offerings(inventory)]))


def varying(inventory: Json) -> set[int]:
    """The properties that it varies by."""
    return {value["property_id"] for value in inventory["products"][0]["property_values"]}


def varies(inventory: Json) -> bool:
    """Whether there are variations."""
    return bool(varying(inventory))


def _product(shop: Json, taxonomy_id: int, item: Any, *, is_download: bool) -> Json:
    if not isinstance(item, dict) or set(item) - PRODUCT_KEYS:
        raise _refused("/products : invalid keys")  # ids left over from a GET (FACTS §7)
    offerings = item.get("offerings")
    if not isinstance(offerings, list) or len(offerings) != 1:
        raise _refused("/offerings : exactly one offering is needed for each product")
    sku = item.get("sku") or ""
    if not isinstance(sku, str):
        raise _refused("/sku : must be a string")
    if len(sku) > SKU_LENGTH:
        raise _refused(f"/sku : cannot be longer than {SKU_LENGTH} characters")
    sent = item.get("property_values") or []
    values = [property_values.read(shop["shop_id"], taxonomy_id, value) for value in sent]
    return {
        "sku": sku,
        "property_values": values,
        "offerings": [_offering(shop, offerings[0], is_download=is_download)],
    }


def _offering(shop: Json, item: Any, *, is_download: bool) -> Json:
    if not isinstance(item, dict) or set(item) - OFFERING_KEYS:
        raise _refused("/offerings : invalid keys")
    price, quantity, enabled = item.get("price"), item.get("quantity"), item.get("is_enabled")
    if isinstance(price, bool) or not isinstance(price, int | float):
        raise _refused("/price : must be a number")  # not the money object of the GET
    lowest, highest = price_bounds(shop["currency_code"])
    if not lowest <= price <= highest:
        raise _refused(f"/price : must be between {lowest:g} and {highest:g}")
    if divisor(shop["currency_code"]) == 1 and price != int(price):  # uncertain: Etsy may round
        raise _refused("/price : must be a whole number in this currency")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise _refused("/quantity : must be a whole number")
    if quantity > MAX_QUANTITY:
        raise _refused(f"/quantity : cannot be greater than {MAX_QUANTITY}")
    if not isinstance(enabled, bool):
        raise _refused("/is_enabled : must be true or false")
    readiness = item.get("readiness_state_id")
    if readiness is not None or not is_download:  # measured of physical listings; a download has none to name (spec)
        _check_readiness(shop, readiness)
    return {"price": price, "quantity": quantity, "is_enabled": enabled, "readiness_state_id": readiness}


def _check_readiness(shop: Json, readiness: Any) -> None:
    if readiness is None:
        raise error(400, "All offerings need readiness state")  # exact (FACTS §7)
    if readiness not in {state["readiness_state_id"] for state in shop["readiness_states"]}:
        raise _refused("/readiness_state_id : not found in this shop")


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise _refused("/on_property : must be a list of property ids")
    return value


def _refused(text: str) -> EtsyError:
    return error(400, f"There was a problem with {text}")
