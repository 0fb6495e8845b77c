"""Orders and draft orders of the sample Medusa: kept, listed, shown (2.21.2; ORDERS §8, §9).

A list shows little unasked: no e-mail, no lines. What is asked for by a filter that there is not is ignored in silence:
`metadata[…]=` gives all. `q` looks for any part of the number, the e-mail and the addresses.
"""

from typing import Any

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa.bodies import refused
from etsy_pipeline.sandbox.medusa.fields import picked, tree
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
DETAIL = f"{WHOLE},payment_status,fulfillment_status"
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
    limit, offset = paging(query, DRAFT_LIMIT if drafts else ORDER_LIMIT)
    ids, statuses, text = wanted(query, "id"), wanted(query, "status"), query.get("q", "").casefold()
    rows = state.rows("SELECT data FROM medusa_order WHERE is_draft = ? ORDER BY id", int(drafts))
    found = [
        order
        for order in map(load, rows)
        if (not ids or order["id"] in ids)
        and (not statuses or order["status"] in statuses)
        and within(order, query)
        and text in _searched(order)
    ]
    by = query.get("order", "id")
    if by.removeprefix("-") not in ORDERED_BY:
        raise refused("invalid_data", f"the sample Medusa does not order by {by}")
    found.sort(key=lambda order: order[by.removeprefix("-")], reverse=by.startswith("-"))
    asked = tree(query.get("fields", ""), IN_DRAFT_LIST if drafts else IN_LIST)
    shown = [picked(_whole(order), asked) for order in found[offset : offset + limit]]
    name = "draft_orders" if drafts else "orders"
    return {name: shown, "count": len(found), "offset": offset, "limit": limit}


def view(order: Json, query: QueryParams, unasked: str = WHOLE) -> Json:
    """An order with what was asked for. Fulfilments are not among what comes unasked."""
    return picked(_whole(order), tree(query.get("fields", ""), unasked))


def line(order: Json, item_id: str) -> Json:
    """A line of it."""
    return next(item for item in order["items"] if item["id"] == item_id)


def total(order: Json) -> float:
    """What the buyer owes altogether."""
    return float(_totals(order)["total"])


def _whole(order: Json) -> Json:
    sums = _totals(order)
    paid = sum(item["captured_amount"] for item in order["payment_collections"])
    back = sum(item["refunded_amount"] for item in order["payment_collections"])
    owed = sums["total"] - (paid if order["status"] == "canceled" else 0)  # a cancellation credits what it gives back
    summary = {
        "current_order_total": sums["total"], "original_order_total": sums["total"], "paid_total": paid,
        "refunded_total": back, "transaction_total": paid - back, "pending_difference": owed - (paid - back),
    }  # fmt: skip
    return order | sums | {"summary": summary}


def _totals(order: Json) -> Json:
    items = _money(sum(item["unit_price"] * item["quantity"] for item in order["items"]))
    shipping = _money(sum(method["amount"] for method in order["shipping_methods"]))
    of_items, of_shipping = (_money(amount * order["tax_rate"] / 100) for amount in (items, shipping))
    everything = _money(items + shipping + of_items + of_shipping)
    return {
        "item_subtotal": items, "item_tax_total": of_items, "item_total": _money(items + of_items), "discount_total": 0,
        "shipping_subtotal": shipping, "shipping_tax_total": of_shipping, "tax_total": _money(of_items + of_shipping),
        "shipping_total": _money(shipping + of_shipping), "subtotal": _money(items + shipping), "total": everything,
        "original_total": everything,
    }  # fmt: skip


def _money(amount: float) -> float:
    return round(amount, 6)


def _searched(order: Json) -> str:
    places = [order.get(name) or {} for name in ("shipping_address", "billing_address")]
    parts = [order["display_id"], order["email"], *(place.get(name) for place in places for name in SEARCHED)]
    return "\n".join(str(part) for part in parts if part is not None).casefold()
