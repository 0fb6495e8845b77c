"""Draft orders of the sample Medusa: made, converted, deleted (2.21.2; ORDERS §8, §9).

Making one checks that there is stock, and reserves none; converting reserves. Making is not idempotent, converting is
safe to repeat: a second time it is a 400.
"""

from typing import Any

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa import inventory, levels, order_book, sample_shop
from etsy_pipeline.sandbox.medusa.bodies import AMOUNT, FLAG, LIST, MAP, NUMBER, TEXT, broken, check, check_all, refused
from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.state import State, load

NEW = {
    "status": TEXT, "sales_channel_id": f"{TEXT}?", "email": f"{TEXT}?", "customer_id": f"{TEXT}?",
    "billing_address": MAP, "shipping_address": MAP, "items": LIST, "region_id": f"{TEXT}!", "promo_codes": LIST,
    "currency_code": f"{TEXT}?", "no_notification_order": FLAG, "shipping_methods": LIST, "locale": TEXT,
    "metadata": f"{MAP}?", "additional_data": MAP,
}  # fmt: skip
ADDRESS = dict.fromkeys(
    ("first_name", "last_name", "phone", "company", "address_1", "address_2", "city", "country_code", "province",
     "postal_code"), f"{TEXT}?",
) | {"metadata": f"{MAP}?"}  # fmt: skip
ITEM = {
    "title": f"{TEXT}?", "variant_sku": f"{TEXT}?", "variant_barcode": f"{TEXT}?", "sku": f"{TEXT}?",
    "barcode": f"{TEXT}?", "variant_id": f"{TEXT}?", "unit_price": f"{AMOUNT}?", "quantity": f"{NUMBER}!",
    "metadata": f"{MAP}?",
}  # fmt: skip
METHOD = {
    "shipping_method_id": f"{TEXT}?", "name": f"{TEXT}!", "shipping_option_id": f"{TEXT}!", "data": MAP,
    "amount": f"{AMOUNT}!",
}  # fmt: skip

Json = dict[str, Any]


def create(state: State, body: Json, query: QueryParams) -> Json:
    """POST /admin/draft-orders. Of the fields, `metadata` is where Etsy's numbers can go: unknown ones are refused."""
    check(body, NEW)
    check_all(body.get("items"), ITEM, "items")
    check_all(body.get("shipping_methods"), METHOD, "shipping_methods")
    for name in ("shipping_address", "billing_address"):
        if set(body.get(name, {})) - ADDRESS.keys():  # it may be an id instead, and says so
            wrong = f"Expected type: 'string' for field '{name}', got: '[object Object]'"
            raise refused("invalid_data", f"Invalid request: {wrong}")
        check(body.get(name, {}), ADDRESS, path=[name])
    region = next((item for item in sample_shop.regions(state) if item["id"] == body["region_id"]), None)
    if region is None:  # it reads the region's id of nothing
        raise broken()
    channel = _channel(state, body)
    order = new(state, body, region, channel)
    for item in order["items"]:
        _require_stock(state, channel, item)
    order_book.insert(state, order)
    return {"draft_order": order_book.view(order, query, order_book.DRAFT)}


def convert(state: State, order_id: str, query: QueryParams) -> Json:
    """POST …/convert-to-order: everything is reserved, or nothing; the order is placed."""
    order = order_book.find(state, order_id)
    if not order["is_draft_order"]:
        raise refused("invalid_data", f"Order {order_id} is not a draft order")  # exact (ORDERS §9)
    reserve(state, order)
    order |= {"status": "pending", "is_draft_order": False}
    order_book.save(state, order)
    return {"order": order_book.view(order, query, order_book.DRAFT)}


def delete(state: State, order_id: str) -> Json:
    """DELETE /admin/draft-orders/ID: of what is none (any more), a 500 (measured)."""
    row = state.row("SELECT data FROM medusa_order WHERE id = ? AND is_draft", order_id)
    if row is None or load(row)["status"] != "draft":
        raise broken()
    order_book.delete(state, order_id)
    return {"id": order_id, "object": "draft-order", "deleted": True}


def reserve(state: State, order: Json) -> None:
    """Reserve for every line at the first location of its channel that has enough.

    Medusa compares each line by itself with what is available: two lines of one thing that are too many together both
    pass, and more is reserved than there is (measured).
    """
    wanted = [
        (item, link, _place(state, order["sales_channel_id"], link, item))
        for item in order["items"]
        if item["manage_inventory"]
        for link in levels.of_variant(state, item["variant_id"])
    ]
    for item, link, place in wanted:
        if not item["allow_backorder"]:
            inventory.require(state, link["inventory_item_id"], place, item["quantity"] * link["required_quantity"])
    for item, link, place in wanted:
        said = {"inventory_item_id": link["inventory_item_id"], "location_id": place, "line_item_id": item["id"],
                "quantity": item["quantity"] * link["required_quantity"]}  # fmt: skip
        inventory.new(state, said, allow_backorder=True)


def new(state: State, body: Json, region: Json, channel: str | None) -> Json:
    """A draft order as it is stored."""
    number, now = state.number("medusa_order", 1), state.moment()
    return {
        "id": f"order_{number:026d}", "display_id": number, "custom_display_id": None, "status": "draft", "version": 1,
        "is_draft_order": True, "email": body.get("email"), "customer_id": body.get("customer_id"), "locale": None,
        "region_id": region["id"], "sales_channel_id": channel,
        "currency_code": (body.get("currency_code") or region["currency_code"]).lower(),
        "tax_rate": region.get("tax_rate", 0) if region["automatic_taxes"] else 0,
        "no_notification": bool(body.get("no_notification_order")), "metadata": body.get("metadata"),
        "items": [_item(state, region, item) for item in body.get("items") or ()],
        "shipping_methods": [_method(state, method) for method in body.get("shipping_methods") or ()],
        "shipping_address": body.get("shipping_address"), "billing_address": body.get("billing_address"),
        "payment_collections": [], "fulfillments": [], "canceled_at": None, "created_at": now, "updated_at": now,
    }  # fmt: skip


def _channel(state: State, body: Json) -> str | None:
    found = [item["id"] for item in sample_shop.sales_channels(state)]
    if "sales_channel_id" not in body:
        return found[0] if found else None
    if body["sales_channel_id"] is not None and body["sales_channel_id"] not in found:
        raise refused("not_found", f"SalesChannel with id: {body['sales_channel_id']} was not found")
    return str(body["sales_channel_id"]) if body["sales_channel_id"] else None


def _item(state: State, region: Json, said: Json) -> Json:
    product, variant = _variant(state, said["variant_id"]) if said.get("variant_id") else ({}, {})
    price = said.get("unit_price")
    if price is None:
        price = next(
            (
                item.get("amount")
                for item in related(variant, "prices")
                if item.get("currency_code") == region["currency_code"]
            ),
            None,
        )
    title = product.get("title") or said.get("title")
    if price is None:
        raise refused("invalid_data", f"Items {title} do not have a price")
    if not title:  # a line must have one
        raise broken()
    return {
        "id": f"ordli_{state.number('medusa_line', 1):026d}", "title": title, "subtitle": variant.get("title"),
        "variant_id": variant.get("id"),
        "variant_sku": variant.get("sku") or said.get("variant_sku") or said.get("sku"),
        "variant_title": variant.get("title"), "product_id": product.get("id"), "product_title": product.get("title"),
        "quantity": said["quantity"], "unit_price": _price(price), "metadata": said.get("metadata") or {},
        "requires_shipping": bool(variant), "is_custom_price": said.get("unit_price") is not None, "tax_lines": [],
        "adjustments": [], "manage_inventory": bool(variant.get("manage_inventory")),
        "allow_backorder": bool(variant.get("allow_backorder")),
        "detail": {"quantity": said["quantity"], "fulfilled_quantity": 0, "shipped_quantity": 0,
                   "delivered_quantity": 0},
    }  # fmt: skip


def _method(state: State, said: Json) -> Json:
    """Its amount may be any, whatever the option costs; nobody asks whether there is such an option (measured)."""
    return {
        "id": f"ordsm_{state.number('medusa_method', 1):026d}", "name": said["name"], "amount": _price(said["amount"]),
        "shipping_option_id": said["shipping_option_id"], "data": said.get("data"), "tax_lines": [], "adjustments": [],
    }  # fmt: skip


def _price(said: Any) -> float:
    try:
        return float(said)
    except ValueError:
        raise refused("invalid_data", 'column "nan" does not exist') from None


def _variant(state: State, variant_id: str) -> tuple[Json, Json]:
    """Its product must be published (`get-variants-and-items-with-prices.js`, read)."""
    rows = state.rows("SELECT data FROM medusa_product WHERE instr(data, ?)", variant_id)
    for product in map(load, rows):
        for variant in related(product, "variants"):
            if variant.get("id") == variant_id and product.get("status") == "published":
                return product, variant
    message = f"Variants {variant_id} do not exist or belong to a product that is not published"
    raise refused("invalid_data", message)


def _require_stock(state: State, channel: str | None, item: Json) -> None:
    if not item["manage_inventory"] or item["allow_backorder"]:
        return
    places = sample_shop.places_of(state, channel)
    for link in levels.of_variant(state, item["variant_id"]):
        here = [level for level in link["levels"] if level["location_id"] in places]
        if not here:
            message = (
                f"Sales channel {channel} is not associated with any stock location for variant {item['variant_id']}."
            )
            raise refused("invalid_data", message)  # exact (ORDERS §9)
        needed = item["quantity"] * link["required_quantity"]
        if sum(level["stocked_quantity"] - level["reserved_quantity"] for level in here) < needed:
            message = "Some variant does not have the required inventory"
            raise refused("not_allowed", message, "insufficient_inventory")


def _place(state: State, channel: str | None, link: Json, item: Json) -> str:
    places = sample_shop.places_of(state, channel)
    here = [level for level in link["levels"] if level["location_id"] in places]
    if not here:
        message = f"Sales channel {channel} is not associated with any stock location for variant {item['variant_id']}."
        raise refused("invalid_data", message)
    needed = item["quantity"] * link["required_quantity"]
    enough = [level for level in here if level["stocked_quantity"] - level["reserved_quantity"] >= needed]
    return str((enough or here)[0]["location_id"])
