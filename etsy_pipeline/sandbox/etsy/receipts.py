"""Receipts: as they are stored, the list with its filters, marking as shipped, tracking (ORDERS §§1-6).

PATCH /sandbox/selling changes how Etsy treats them:

    tracking              "allowed"; "refused": 403 as new keys get it in many countries (ORDERS §6); or "dropped":
                          marked as shipped without the code, whatever the body is (ORDERS §5)
    addresses             false; true shows an (invented) buyer's, as to keys that Etsy trusts
    canceled_in_list      false: canceled ones come only where they are asked for (ORDERS §4)
    canceled_found        true; false: no list has them, also where they are asked for (#604 is open)
    product_data_in_list  true; false as in 2022: only the single receipt has it (ORDERS §3)
    sort_order_heeded     true; false: the newest first, whatever is asked for (spec's default; nobody measured it)
    event_style           "order.paid" or "ORDER_PAID": both were seen (FACTS §13)
"""

import json
from typing import Any

from etsy_pipeline.sandbox.etsy import receipt_view, shops
from etsy_pipeline.sandbox.etsy.answers import Answer, error, not_found, page
from etsy_pipeline.sandbox.etsy.requests import Call, Fields, whole
from etsy_pipeline.sandbox.state import State, dump, load

CANCELED = "Canceled"
EARLIEST = 946_684_800  # spec
FIRST_SHIPPING = 1_300_000_000
USUAL: dict[str, Any] = {
    "tracking": "allowed", "addresses": False, "canceled_in_list": False, "canceled_found": True,
    "product_data_in_list": True, "sort_order_heeded": True, "event_style": "order.paid",
}  # fmt: skip
BOUNDS = {
    "min_created": ("created", ">="), "max_created": ("created", "<="),
    "min_last_modified": ("updated", ">="), "max_last_modified": ("updated", "<="),
}  # fmt: skip
SORTED_BY = {"created": "created", "updated": "updated", "receipt_id": "receipt_id"}
ORDERS = {"asc": "ASC", "ascending": "ASC", "up": "ASC", "desc": "DESC", "descending": "DESC", "down": "DESC"}
FLAGS = {
    "was_paid": "json_extract(data, '$.is_paid')", "was_shipped": "json_extract(data, '$.is_shipped')",
    "was_delivered": "json_extract(data, '$.is_delivered')",
    "was_canceled": f"json_extract(data, '$.status') = '{CANCELED}'",
}  # fmt: skip
CARRIERS = frozenset({
    "australia-post", "canada-post", "dhl", "deutsche-post", "dpd", "fedex", "gls", "hermes", "la-poste", "other",
    "royal-mail", "ups", "usps",
})  # fmt: skip
"""Some of those that GET /shipping-carriers and Etsy's tutorial name."""
NEEDS_CODE_ABOVE = 10
TEXTS = ("tracking_code", "carrier_name", "note_to_buyer")

Json = dict[str, Any]


def settings(state: State) -> Json:
    """How Etsy treats receipts at present."""
    changed: Json = json.loads(state.setting("selling", "") or "{}")
    return USUAL | changed


def change_settings(state: State, body: Json) -> Json:
    """Change some of it.

    Raises:
        ValueError: for a setting that there is not.
    """
    if unknown := sorted(set(body) - USUAL.keys()):
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(USUAL)}")
    state.set_setting("selling", dump(settings(state) | body))
    return settings(state)


def insert(state: State, receipt: Json) -> None:
    """Store a new receipt."""
    values = (receipt["receipt_id"], receipt["shop_id"], receipt["created"], receipt["updated"], dump(receipt))
    state.run("INSERT INTO receipt VALUES (?,?,?,?,?)", *values)


def find(state: State, receipt_id: int) -> Json | None:
    """A receipt as it is stored."""
    row = state.row("SELECT data FROM receipt WHERE receipt_id = ?", receipt_id)
    found: Json | None = load(row) if row else None
    return found


def save(state: State, receipt: Json) -> None:
    """Store a receipt."""
    values = (receipt["updated"], dump(receipt), receipt["receipt_id"])
    state.run("UPDATE receipt SET updated = ?, data = ? WHERE receipt_id = ?", *values)


def tell(state: State, receipt: Json, event: str) -> None:
    """Queue an event for the webhook; see `webhooks.py`."""
    shown = event if settings(state)["event_style"] == "order.paid" else event.replace(".", "_").upper()
    sql = "INSERT INTO webhook_event (receipt_id, shop_id, event_type) VALUES (?,?,?)"
    state.run(sql, receipt["receipt_id"], receipt["shop_id"], shown)


def ship(state: State, receipt: Json, tracking_code: str, carrier_name: str) -> None:
    """Mark as shipped; with a code, one more parcel, and one more mail to the buyer each time (ORDERS §5)."""
    now = int(state.now())
    receipt["mails"] += 1
    if tracking_code or carrier_name:
        parcel = {"id": state.number("shipping", FIRST_SHIPPING), "at": now, "code": tracking_code}
        receipt["shipments"].append(parcel | {"carrier": carrier_name})
    done = "Completed" if receipt["status"] == "Paid" else receipt["status"]
    receipt |= {"is_shipped": True, "shipped_at": now, "updated": now, "status": done}
    save(state, receipt)
    tell(state, receipt, "order.shipped")


def view(state: State, receipt: Json, *, whole: bool) -> Json:
    """A ShopReceipt. `whole`: with what lists may leave out."""
    treats = settings(state)
    return receipt_view.view(
        state, receipt, addresses=treats["addresses"], product_data=whole or treats["product_data_in_list"]
    )


def get_all(call: Call) -> Answer:
    """GetShopReceipts. Of receipts with the same time, the newer comes first: nobody promises anything of them."""
    shop = shops.own(call)
    limit, offset = call.paging()
    fields = Fields(call.query)
    bounds = {name: fields.integer(name, EARLIEST, 2**62) for name in BOUNDS}
    flags = {name: fields.boolean(name) for name in FLAGS}
    by = fields.choice("sort_on", frozenset(SORTED_BY)) or "created"
    order = fields.choice("sort_order", frozenset(ORDERS)) or "desc"
    order = order if settings(call.state)["sort_order_heeded"] else "desc"
    if fields.problems:
        raise error(400, f"There was a problem with {fields.problems[0].path} : {fields.problems[0].message}")
    bounded = [f"{BOUNDS[name][0]} {BOUNDS[name][1]} {value}" for name, value in bounds.items() if value is not None]
    if flags["was_canceled"] is None and not settings(call.state)["canceled_in_list"]:
        flags["was_canceled"] = False
    bounded += [] if settings(call.state)["canceled_found"] else [f"NOT ({FLAGS['was_canceled']})"]
    flagged = [f"({FLAGS[name]}) = {int(flag)}" for name, flag in flags.items() if flag is not None]
    where = f"FROM receipt WHERE {' AND '.join(['shop_id = ?', *bounded, *flagged])}"
    ordered = f"SELECT data {where} ORDER BY {SORTED_BY[by]} {ORDERS[order]}, receipt_id DESC LIMIT ? OFFSET ?"
    rows = call.state.rows(ordered, shop["shop_id"], limit, offset)
    count = call.state.rows(f"SELECT COUNT(*) AS n {where}", shop["shop_id"])[0]["n"]
    return Answer(page([view(call.state, load(row), whole=False) for row in rows], count))


def get(call: Call) -> Answer:
    """GetShopReceipt: canceled ones as well (#338)."""
    return Answer(view(call.state, _owned(call), whole=True))


def update(call: Call) -> Answer:
    """updateShopReceipt: `was_shipped` and `was_paid` only (spec). A parcel without a code mails the buyer as well."""
    receipt = _owned(call)
    fields = Fields(call.form())
    flags = {name: fields.boolean(name) for name in ("was_shipped", "was_paid")}
    if fields.problems:
        raise error(400, f"There was a problem with {fields.problems[0].path} : {fields.problems[0].message}")
    if flags["was_paid"] is not None:
        receipt |= {"is_paid": flags["was_paid"], "updated": int(call.state.now())}
    if flags["was_shipped"] and not receipt["is_shipped"]:
        ship(call.state, receipt, "", "")
    elif flags["was_shipped"] is not None:
        receipt |= {"is_shipped": flags["was_shipped"], "updated": int(call.state.now())}
    save(call.state, receipt)
    return Answer(view(call.state, receipt, whole=True))


def create_shipment(call: Call) -> Answer:
    """CreateReceiptShipment. Any body but JSON marks it as shipped and drops the code in silence (#135, #466)."""
    if settings(call.state)["tracking"] == "refused":
        raise error(403, "Unauthorized")
    receipt = _owned(call)
    body: Any = call.json() if call.content_type == "application/json" else {}
    if not isinstance(body, dict):
        raise error(400, "Not a valid JSON object")
    for name in TEXTS:
        if not isinstance(body.get(name, ""), str):
            raise error(400, f"There was a problem with /{name} : must be a string")
    code, carrier = body.get("tracking_code", "").strip(), body.get("carrier_name", "").strip()
    if call.content_type == "application/json":
        _check_parcel(call, receipt, code, carrier)
    if receipt["status"] == CANCELED:
        raise error(400, "The order was canceled.")  # the text is ours
    is_dropped = settings(call.state)["tracking"] == "dropped"
    ship(call.state, receipt, *(("", "") if is_dropped else (code, carrier)))
    return Answer(view(call.state, receipt, whole=True))


def _check_parcel(call: Call, receipt: Json, code: str, carrier: str) -> None:
    from_us = shops.of_id(call.state, receipt["shop_id"])["country"] == "US"
    is_dear = float(receipt["grandtotal"]) > NEEDS_CODE_ABOVE
    needs_both = receipt["country"] == "IN" or (from_us and receipt["country"] == "US" and is_dear)
    if not code and (carrier or needs_both):
        raise error(400, "A tracking number is required")  # exact (#451)
    if code and carrier.casefold() not in CARRIERS:
        raise error(400, "There was a problem with /carrier_name : unknown carrier")  # the text is ours


def _owned(call: Call) -> Json:
    shop = shops.own(call)
    receipt = find(call.state, whole(call.path["receipt_id"]) or 0)
    if receipt is None or receipt["shop_id"] != shop["shop_id"]:
        raise not_found("Receipt not found.")
    return receipt
