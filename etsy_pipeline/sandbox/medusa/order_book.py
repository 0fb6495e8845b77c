"""Orders and draft orders of the sample Medusa: kept, listed, shown (2.21.2; ORDERS §8, §9).

A list shows no e-mail unasked. A filter that there is not is ignored by the list of orders in silence (`metadata[…]=`
gives all), and refused by that of drafts. `q` looks for any part of the number, the e-mail and the addresses. Some
things always come; labels of parcels only where they are asked for. All of it was measured.
"""

from typing import Any

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa.bodies import broken, check_query, refused
from etsy_pipeline.sandbox.medusa.fields import Tree, picked, tree
from etsy_pipeline.sandbox.medusa.filters import paging, wanted, within
from etsy_pipeline.sandbox.state import State, dump, load

ORDER_LIMIT, DRAFT_LIMIT = 15, 50
IN_LIST = "id,display_id,custom_display_id,status,version,summary,total,metadata,locale,created_at,updated_at"
IN_DRAFT_LIST = (
    "id,display_id,custom_display_id,status,version,email,region_id,items,summary,total,metadata,created_at,updated_at"
)
TOTALS = (
    "total,subtotal,tax_total,discount_total,original_total,item_total,item_subtotal,item_tax_total,shipping_total,"
    "shipping_subtotal,shipping_tax_total"
)
WHOLE = f"{IN_LIST},region_id,{TOTALS},items,shipping_address,billing_address,shipping_methods,payment_collections"
DRAFT = f"{IN_DRAFT_LIST},shipping_address,billing_address,shipping_methods"
ALWAYS_LISTED = ("status", "version", "items", "payment_status", "fulfillment_status")
ALWAYS_SHOWN = ("status", "version", "payment_collections", "fulfillments", "payment_status", "fulfillment_status")
KNOWN_OF_DRAFTS = frozenset({
    "fields", "limit", "offset", "order", "with_deleted", "q", "id", "created_at", "updated_at", "region_id",
    "sales_channel_id", "customer_id", "$and", "$or",
})  # fmt: skip
ORDERED_BY = frozenset({"id", "display_id", "created_at", "updated_at"})
SEARCHED = ("company", "first_name", "last_name", "address_1", "address_2", "city", "province", "postal_code", "phone")

Json = dict[str, Any]


def insert(state: State, order: Json) -> None:
    """Store a new order."""
    state.run("INSERT INTO medusa_order VALUES (?,?,?)", order["id"], int(order["is_draft_order"]), dump(order))


def save(state: State, order: Json) -> None:
    """Store an order; its `updated_at` moves."""
    order["updated_at"] = state.moment()
    values = (int(order["is_draft_order"]), dump(order), order["id"])
    state.run("UPDATE medusa_order SET is_draft = ?, data = ? WHERE id = ?", *values)


def delete(state: State, order_id: str) -> None:
    """Forget a draft order."""
    state.run("DELETE FROM medusa_order WHERE id = ?", order_id)


def find(state: State, order_id: str, *, draft_only: bool = False) -> Json:
    """An order, or a 404."""
    row = state.row("SELECT * FROM medusa_order WHERE id = ?", order_id)
    if row is None or (draft_only and not row["is_draft"]):
        raise refused("not_found", f"Order id not found: {order_id}")
    found: Json = load(row)
    return found


def every(state: State) -> list[Json]:
    """All orders, the newest last."""
    return [_whole(load(row)) for row in state.rows("SELECT data FROM medusa_order ORDER BY id")]


def page(state: State, query: QueryParams, *, drafts: bool) -> Json:
    """GET /admin/orders or /admin/draft-orders."""
    if drafts:
        check_query(query, KNOWN_OF_DRAFTS)
    limit, offset = paging(query, DRAFT_LIMIT if drafts else ORDER_LIMIT)
    ids, statuses, text = wanted(query, "id"), wanted(query, "status"), query.get("q", "").casefold()
    its = f"AND id IN ({','.join('?' * len(ids))})" if ids else ""
    rows = state.rows(f"SELECT data FROM medusa_order WHERE is_draft = ? {its} ORDER BY id", int(drafts), *ids)  # noqa: S608 - our own text
    found = [
        order
        for order in map(load, rows)
        if (not statuses or order["status"] in statuses) and within(order, query) and text in _searched(order)
    ]
    by = query.get("order", "id")
    if by.removeprefix("-") not in ORDERED_BY:
        raise broken()
    found.sort(key=lambda order: order[by.removeprefix("-")], reverse=by.startswith("-"))
    asked = tree(query.get("fields", ""), IN_DRAFT_LIST if drafts else IN_LIST)
    shown = [_picked(order, asked, ALWAYS_LISTED) for order in found[offset : offset + limit]]
    name = "draft_orders" if drafts else "orders"
    return {name: shown, "count": len(found), "offset": offset, "limit": limit}


def view(order: Json, query: QueryParams, unasked: str = WHOLE, always: tuple[str, ...] = ()) -> Json:
    """An order with what was asked for. After a write, its fulfilments are not among what comes unasked."""
    return _picked(order, tree(query.get("fields", ""), unasked), always)


def line(order: Json, item_id: str) -> Json:
    """A line of it."""
    return next(item for item in order["items"] if item["id"] == item_id)


def _picked(order: Json, asked: Tree, always: tuple[str, ...]) -> Json:
    whole = _whole(order)
    hidden = {"moved"} if "labels" in asked.get("fulfillments", {}) else {"moved", "labels"}
    whole["fulfillments"] = [
        {name: value for name, value in item.items() if name not in hidden} for item in order["fulfillments"]
    ]
    missing = {name for name in ("shipping_address", "billing_address") if order[name] is None}
    found = picked(whole, asked) | {name: whole[name] for name in always}
    return {name: value for name, value in found.items() if name not in missing}


def _whole(order: Json) -> Json:
    """A cancellation gives what was paid back, and credits it: the order's total is then that much lower."""
    sums = _totals(order)
    paid, back = (
        sum(item[name] or 0 for item in order["payment_collections"]) for name in ("captured_amount", "refunded_amount")
    )
    left = sums["original_total"] - back
    summary = {
        "current_order_total": left, "original_order_total": sums["original_total"], "paid_total": paid,
        "refunded_total": back, "credit_line_total": back, "accounting_total": left, "transaction_total": paid - back,
        "pending_difference": _money(left - (paid - back)),
    }  # fmt: skip
    statuses = {"payment_status": _payment_status(order), "fulfillment_status": _fulfillment_status(order)}
    return order | sums | statuses | {"total": _money(left), "summary": summary}


def _payment_status(order: Json) -> str:
    captured = [bool(item["captured_amount"]) for item in order["payment_collections"]]
    if order["status"] == "canceled":
        return "refunded" if any(captured) else "canceled" if captured else "not_paid"
    if not any(captured):
        return "not_paid"
    return "captured" if all(captured) else "partially_captured"


def _fulfillment_status(order: Json) -> str:
    """Of the lines that are sent, if any is."""
    lines = [line for line in order["items"] if line["requires_shipping"]] or order["items"]
    for word in ("delivered", "shipped", "fulfilled"):
        done = [line["detail"][f"{word}_quantity"] >= line["quantity"] for line in lines]
        if any(line["detail"][f"{word}_quantity"] for line in lines):
            return word if all(done) else f"partially_{word}"
    return "not_fulfilled"


def _totals(order: Json) -> Json:
    items = _money(sum(item["unit_price"] * item["quantity"] for item in order["items"]))
    shipping = _money(sum(method["amount"] for method in order["shipping_methods"]))
    of_items, of_shipping = (_money(amount * order["tax_rate"] / 100) for amount in (items, shipping))
    return {
        "item_subtotal": items, "item_tax_total": of_items, "item_total": _money(items + of_items), "discount_total": 0,
        "shipping_subtotal": shipping, "shipping_tax_total": of_shipping, "tax_total": _money(of_items + of_shipping),
        "shipping_total": _money(shipping + of_shipping), "subtotal": _money(items + shipping),
        "original_total": _money(items + shipping + of_items + of_shipping),
    }  # fmt: skip


def _money(amount: float) -> float:
    return round(amount, 6)


def _searched(order: Json) -> str:
    places = [order.get(name) or {} for name in ("shipping_address", "billing_address")]
    parts = [order["display_id"], order["email"], *(place.get(name) for place in places for name in SEARCHED)]
    return "\n".join(str(part) for part in parts if part is not None).casefold()
