"""What happens to an order of the sample Medusa: paid, fulfilled, shipped, canceled (2.21.2; ORDERS §8, §9).

All its refusals were measured, but that of a completed order, which was read in Medusa's workflows.
"""

from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa import inventory, levels, order_book, sample_shop
from etsy_pipeline.sandbox.medusa.bodies import FLAG, LIST, MAP, NUMBER, TEXT, broken, check, check_all, refused
from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.state import State, load

OF_FULFILLMENT = {
    "items": f"{LIST}!", "location_id": f"{TEXT}?", "shipping_option_id": TEXT, "no_notification": FLAG,
    "delivery_address": MAP, "metadata": f"{MAP}?", "additional_data": MAP,
}  # fmt: skip
OF_SHIPMENT = {
    "items": f"{LIST}!", "labels": LIST, "no_notification": FLAG, "metadata": f"{MAP}?", "additional_data": MAP
}  # fmt: skip
ITEM = {"id": f"{TEXT}!", "quantity": f"{NUMBER}!"}
LABEL = {"tracking_number": f"{TEXT}!", "tracking_url": f"{TEXT}!", "label_url": f"{TEXT}!"}

Json = dict[str, Any]


def owe(state: State, body: Json) -> Json:
    """POST /admin/payment-collections."""
    check(body, {"order_id": f"{TEXT}!", "amount": f"{NUMBER}!"})
    order = order_book.find(state, body["order_id"])
    collection = {
        "id": f"pay_col_{state.number('medusa_collection', 1):026d}", "currency_code": order["currency_code"],
        "amount": body["amount"], "status": "not_paid", "authorized_amount": None, "captured_amount": None,
        "refunded_amount": None, "payment_sessions": [], "payments": [],
    }  # fmt: skip
    order["payment_collections"].append(collection)
    order_book.save(state, order)
    return {"payment_collection": collection}


def mark_as_paid(state: State, collection_id: str, body: Json) -> Json:
    """POST …/mark-as-paid: once."""
    check(body, {"order_id": f"{TEXT}!", "provider_id": TEXT})
    order = order_book.find(state, body["order_id"])
    found = [item for item in order["payment_collections"] if item["id"] == collection_id]
    if not found:
        raise refused("not_found", f"PaymentCollection id not found: {collection_id}")
    if found[0]["status"] != "not_paid":
        raise refused("not_allowed", "Can only mark 'not_paid' payment collection as paid")
    amount = found[0]["amount"]
    payment_id = f"pay_{state.number('medusa_payment', 1):026d}"
    payment = {"id": payment_id, "amount": amount, "captures": [{"amount": amount}], "refunds": []}
    found[0] |= {
        "status": "completed", "captured_amount": amount, "authorized_amount": amount, "refunded_amount": 0,
        "payments": [payment],
    }  # fmt: skip
    order_book.save(state, order)
    return {"payment_collection": found[0]}


def fulfill(state: State, order_id: str, body: Json, query: QueryParams) -> Json:
    """POST …/fulfillments: what is reserved leaves the stock."""
    check(body, OF_FULFILLMENT)
    check_all(body["items"], ITEM, "items")
    if not body["items"]:
        raise refused("invalid_data", "Invalid request: Value for field 'items' too small, expected at least: '1'")
    order = order_book.find(state, order_id)
    _require_lines(order, body["items"])
    lines = [(order_book.line(order, said["id"]), said["quantity"]) for said in body["items"]]
    if len({line["requires_shipping"] for line, _quantity in lines}) > 1:
        raise refused(
            "invalid_data",
            "Fulfillment can only be created entirely with items with shipping or items without shipping. "
            "Split this request into 2 fulfillments.",
        )
    option = _option(state, order, body)
    for line, _quantity in lines:
        _require_profile(state, line, option)
    location = body.get("location_id") or option["location_id"] or sample_shop.places(state)[0]["id"]
    moved = [item for line, quantity in lines for item in _take(state, line, quantity, body.get("location_id"))]
    for line, quantity in lines:
        line["detail"]["fulfilled_quantity"] += quantity
    order["fulfillments"].append({
        "id": f"ful_{state.number('medusa_fulfillment', 1):026d}", "location_id": location, "moved": moved,
        "items": [{"line_item_id": line["id"], "quantity": quantity} for line, quantity in lines], "labels": [],
        "provider_id": option["provider_id"], "shipping_option_id": option["id"], "packed_at": state.moment(),
        "shipped_at": None, "delivered_at": None, "canceled_at": None, "created_at": state.moment(),
    })  # fmt: skip
    order_book.save(state, order)
    return {"order": order_book.view(order, query)}


def ship(state: State, order_id: str, fulfillment_id: str, body: Json, query: QueryParams) -> Json:
    """POST …/shipments: once; labels need all three of their fields."""
    check(body, OF_SHIPMENT)
    check_all(body["items"], ITEM, "items")
    check_all(body.get("labels"), LABEL, "labels")
    for label in body.get("labels") or ():
        if any(
            label[name] not in {"", "#"} and urlsplit(label[name]).scheme not in {"http", "https"}
            for name in LABEL
            if name.endswith("_url")
        ):
            raise refused("invalid_data", "Invalid request: URL must use http: or https: scheme")
    order = order_book.find(state, order_id)
    _require_lines(order, body["items"])
    fulfillment = next((item for item in order["fulfillments"] if item["id"] == fulfillment_id), None)
    if fulfillment is None:  # a plain error there
        raise broken()
    if fulfillment["shipped_at"]:
        raise refused("not_allowed", "Shipment has already been created")
    if fulfillment["canceled_at"]:
        raise refused("not_allowed", "Cannot create shipment for a canceled fulfillment")
    fulfillment |= {"shipped_at": state.moment(), "labels": body.get("labels") or []}
    for said in body["items"]:
        order_book.line(order, said["id"])["detail"]["shipped_quantity"] += said["quantity"]
    order_book.save(state, order)
    return {"order": order_book.view(order, query)}


def deliver(state: State, order_id: str, fulfillment_id: str, body: Json, query: QueryParams) -> Json:
    """POST …/mark-as-delivered."""
    check(body, {"no_notification": FLAG}, strict=False)
    order = order_book.find(state, order_id)
    fulfillment = _fulfillment(order, fulfillment_id)
    fulfillment["delivered_at"] = state.moment()
    for said in fulfillment["items"]:
        order_book.line(order, said["line_item_id"])["detail"]["delivered_quantity"] += said["quantity"]
    order_book.save(state, order)
    return {"order": order_book.view(order, query)}


def cancel_fulfillment(state: State, order_id: str, fulfillment_id: str, query: QueryParams) -> Json:
    """POST …/fulfillments/ID/cancel: back into the stock, and reserved again; not once it is shipped."""
    order = order_book.find(state, order_id)
    fulfillment = _fulfillment(order, fulfillment_id)
    if fulfillment["canceled_at"]:
        raise refused("not_allowed", "The fulfillment is already canceled")
    if fulfillment["shipped_at"]:
        message = "The fulfillment has already been shipped. Shipped fulfillments cannot be canceled"
        raise refused("not_allowed", message)
    fulfillment["canceled_at"] = state.moment()
    for moved in fulfillment["moved"]:
        levels.add(state, moved["inventory_item_id"], moved["location_id"], stocked=moved["quantity"])
        inventory.new(state, moved, allow_backorder=True)
    for said in fulfillment["items"]:
        order_book.line(order, said["line_item_id"])["detail"]["fulfilled_quantity"] -= said["quantity"]
    order_book.save(state, order)
    return {"order": order_book.view(order, query)}


def cancel(state: State, order_id: str, query: QueryParams) -> Json:
    """POST …/cancel: reservations are gone, what was captured is given back."""
    order = order_book.find(state, order_id)
    _require_alive(order)
    if order["status"] == "completed":
        message = "Cannot cancel a completed order. Please use the return process to handle refunds or exchanges."
        raise refused("not_allowed", message)
    if any(not item["canceled_at"] for item in order["fulfillments"]):
        raise refused("not_allowed", "All fulfillments must be canceled before canceling an order")
    for line in order["items"]:
        for held in inventory.of_line(state, line["id"]):
            inventory.release(state, held["id"])
    for collection in order["payment_collections"]:
        collection |= {"status": "canceled", "refunded_amount": collection["captured_amount"]}
    order |= {"status": "canceled", "canceled_at": state.moment()}
    order_book.save(state, order)
    return {"order": order_book.view(order, query)}


def _take(state: State, line: Json, quantity: float, location: str | None) -> list[Json]:
    """What a fulfilment takes out of the stock: of each item of a kit, and of each reservation of a line (measured)."""
    held = inventory.of_line(state, line["id"])
    if not held:
        if line["manage_inventory"]:
            message = f"No stock reservation found for item {line['id']} - {line['title']} ({line['variant_title']})"
            raise refused("invalid_data", message)
        return []
    per_piece = {
        item["inventory_item_id"]: item["required_quantity"] for item in levels.of_variant(state, line["variant_id"])
    }
    taken = []
    for reservation in held:
        needed = quantity * per_piece.get(reservation["inventory_item_id"], 1)
        if needed > reservation["quantity"]:
            message = f"Quantity to fulfill exceeds the reserved quantity for the item: {line['id']}"
            raise refused("invalid_data", message)
        place = location or reservation["location_id"]
        if levels.available(state, reservation["inventory_item_id"], place) is None:
            what = f"item {reservation['inventory_item_id']} and location {place}"
            raise refused("not_found", f"Inventory level for {what} not found")
        levels.add(state, reservation["inventory_item_id"], place, stocked=-needed)
        _shrink(state, reservation, needed, place)
        taken.append({"inventory_item_id": reservation["inventory_item_id"], "location_id": place,
                      "quantity": needed, "line_item_id": line["id"]})  # fmt: skip
    return taken


def _shrink(state: State, reservation: Json, by: float, place: str) -> None:
    """What is left of a reservation goes to where was packed, and takes nothing off where it was (measured).

    It is refused where nothing is left there but what is reserved: what is packed is off the stock by then, and the
    reservation still whole (measured).
    """
    if by == reservation["quantity"]:
        inventory.release(state, reservation["id"])
        return
    item_id, left = reservation["inventory_item_id"], reservation["quantity"] - by
    if (levels.available(state, item_id, place) or 0) < 0:
        message = f"Not enough stock available for item {item_id} at location {place}"
        raise refused("not_allowed", message)
    sql = "UPDATE medusa_reservation SET quantity = ?, location_id = ?, updated_at = ? WHERE id = ?"
    state.run(sql, left, place, state.moment(), reservation["id"])
    levels.add(state, item_id, place, reserved=left if place != reservation["location_id"] else -by)


def _option(state: State, order: Json, body: Json) -> Json:
    """A fulfilment without any shipping method breaks Medusa (measured)."""
    methods = order["shipping_methods"]
    wanted = body.get("shipping_option_id") or (methods[0]["shipping_option_id"] if methods else None)
    found = next((item for item in sample_shop.shipping_options(state) if item["id"] == wanted), None)
    if found is None:
        raise broken()
    return found


def _require_profile(state: State, line: Json, option: Json) -> None:
    if not line["product_id"]:
        return
    row = state.row("SELECT data FROM medusa_product WHERE id = ?", line["product_id"])
    profiles = related(load(row), "shipping_profile") if row else []
    if (profiles[0].get("id") if profiles else sample_shop.PROFILE) != option["shipping_profile_id"]:
        wrong = f"Shipping profile {option['shipping_profile_id']} does not match"
        raise refused("invalid_data", f"{wrong} the shipping profile of the order item {line['id']}")


def _require_lines(order: Json, said: list[Json]) -> None:
    _require_alive(order)
    unknown = [item["id"] for item in said if item["id"] not in {line["id"] for line in order["items"]}]
    if unknown:
        message = f"Items with ids {', '.join(unknown)} does not exist in order with id {order['id']}."
        raise refused("invalid_data", message)


def _require_alive(order: Json) -> None:
    if order["status"] == "canceled":
        raise refused("invalid_data", f"Order with id {order['id']} has been canceled.")


def _fulfillment(order: Json, fulfillment_id: str) -> Json:
    found: list[Json] = [item for item in order["fulfillments"] if item["id"] == fulfillment_id]
    if not found:
        raise refused("invalid_data", f"Fulfillment with id {fulfillment_id} not found in the order")
    return found[0]
