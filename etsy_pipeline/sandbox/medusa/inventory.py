"""The sample Medusa's inventory items and reservations (2.21.2; ORDERS §8, §9, and its validators, read).

A reservation adds to what is reserved, if so many are available; a location level is set to what is said. Nobody can
tell when a level was changed but by reading it: the list of items is strict, and has no filter on levels' times.
"""

import json
import re
from typing import Any

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa import levels
from etsy_pipeline.sandbox.medusa.bodies import MAP, NUMBER, TEXT, broken, check, check_query, refused
from etsy_pipeline.sandbox.medusa.fields import picked, tree
from etsy_pipeline.sandbox.medusa.filters import paging, wanted
from etsy_pipeline.sandbox.state import State, dump

LIMIT = 20
ITEM = (
    "id,sku,title,description,thumbnail,origin_country,hs_code,requires_shipping,mid_code,material,unit_of_measure,"
    "weight,length,height,width,metadata,reserved_quantity,stocked_quantity,created_at,updated_at,*location_levels"
)
RESERVATION = (
    "id,location_id,inventory_item_id,quantity,line_item_id,description,metadata,created_at,updated_at,inventory_item"
)
NEW_RESERVATION = {
    "location_id": f"{TEXT}!", "inventory_item_id": f"{TEXT}!", "quantity": f"{NUMBER}!", "line_item_id": f"{TEXT}?",
    "description": f"{TEXT}?", "metadata": f"{MAP}?",
}  # fmt: skip
LEVEL = {"stocked_quantity": NUMBER, "incoming_quantity": NUMBER}
KNOWN_IN_LIST = frozenset({
    "fields", "limit", "offset", "order", "with_deleted", "q", "id", "sku", "origin_country", "mid_code", "hs_code",
    "material", "requires_shipping", "weight", "length", "height", "width", "location_levels", "$and", "$or",
})  # fmt: skip
KNOWN_OF_RESERVATIONS = frozenset({
    "fields", "limit", "offset", "order", "with_deleted", "q", "location_id", "inventory_item_id", "line_item_id",
    "created_by", "description", "quantity", "created_at", "updated_at", "deleted_at", "$and", "$or",
})  # fmt: skip
ORDERED_BY = frozenset({"id", "created_at", "updated_at"})
BY_ID = ("inventory_item_id", "location_id", "line_item_id")

Json = dict[str, Any]


def item_list(state: State, query: QueryParams) -> Json:
    """GET /admin/inventory-items."""
    check_query(query, KNOWN_IN_LIST)
    limit, offset = paging(query, LIMIT)
    ids, skus, text = wanted(query, "id"), wanted(query, "sku"), query.get("q", "").casefold()
    places = wanted(query, "location_levels[location_id]")
    found = [
        item
        for item in levels.items(state)
        if (not ids or item["id"] in ids)
        and (not skus or item["sku"] in skus)
        and (not places or any(level["location_id"] in places for level in item["location_levels"]))
        and text in f"{item['sku']}\n{item['title']}".casefold()
    ]
    shown = [_item(item, query) for item in found[offset : offset + limit]]
    return {"inventory_items": shown, "count": len(found), "offset": offset, "limit": limit}


def item(state: State, item_id: str, query: QueryParams) -> Json:
    """GET /admin/inventory-items/ID."""
    found = levels.items(state, item_id)
    if not found:
        raise refused("not_found", f"Inventory item with id: {item_id} was not found")
    return {"inventory_item": _item(found[0], query)}


def set_level(state: State, item_id: str, location_id: str, body: Json, query: QueryParams) -> Json:
    """POST /admin/inventory-items/ID/location-levels/ID: absolute; below what is reserved is allowed."""
    check(body, LEVEL)
    if body.get("stocked_quantity", 0) < 0:
        raise refused(
            "invalid_data", "Invalid request: Value for field 'stocked_quantity' too small, expected at least: '0'"
        )
    if "stocked_quantity" in body:
        levels.set_stocked(state, item_id, location_id, body["stocked_quantity"])
    return item(state, item_id, query)


def reserve(state: State, body: Json, query: QueryParams) -> Json:
    """POST /admin/reservations: never twice the same thing by itself; each call is one more."""
    check(body, NEW_RESERVATION)
    reservation_id = new(state, body)
    return {"reservation": _reservation(_row(state, reservation_id), query, levels_of=state)}


def new(state: State, body: Json, *, allow_backorder: bool = False) -> str:
    """One more reservation, if so many are available; its id."""
    item_id, location_id, quantity = body["inventory_item_id"], body["location_id"], body["quantity"]
    require(state, item_id, location_id, 0 if allow_backorder else quantity)
    reservation_id, now = f"resitem_{state.number('medusa_reservation', 1):026d}", state.moment()
    metadata = None if body.get("metadata") is None else dump(body["metadata"])
    more = (body.get("line_item_id"), quantity, body.get("description"), metadata, now, now)
    state.run(
        "INSERT INTO medusa_reservation VALUES (?,?,?,?,?,?,?,?,?,NULL)", reservation_id, item_id, location_id, *more
    )
    levels.add(state, item_id, location_id, reserved=quantity)
    return reservation_id


def require(state: State, item_id: str, location_id: str, quantity: float) -> None:
    """Refuse what is not available."""
    there = levels.available(state, item_id, location_id)
    if there is None:
        raise levels.not_stocked(item_id, location_id)
    if quantity and there < quantity:
        message = f"Not enough stock available for item {item_id} at location {location_id}"
        raise refused("not_allowed", message)


def reservation_list(state: State, query: QueryParams) -> Json:
    """GET /admin/reservations."""
    check_query(query, KNOWN_OF_RESERVATIONS)
    limit, offset = paging(query, LIMIT)
    sql, values = "SELECT * FROM medusa_reservation WHERE deleted_at IS NULL", list[str]()
    for name, compared in (("description", "="), ("description[$like]", "LIKE")):
        if name in query:
            sql, values = f"{sql} AND description {compared} ?", [*values, query[name]]
    by = query.get("order", "id")
    if by.removeprefix("-") not in ORDERED_BY:  # of what is no column, a 500 (ORDERS §9)
        raise broken()
    rows = state.rows(f"{sql} ORDER BY id", *values)
    found = [dict(row) for row in rows if _matches(dict(row), query)]
    found.sort(key=lambda row: str(row[by.removeprefix("-")]), reverse=by.startswith("-"))
    shown = [_reservation(row, query, levels_of=state) for row in found[offset : offset + limit]]
    return {"reservations": shown, "count": len(found), "offset": offset, "limit": limit}


def reservation(state: State, reservation_id: str, query: QueryParams) -> Json:
    """GET /admin/reservations/ID."""
    found = state.row("SELECT 1 FROM medusa_reservation WHERE id = ? AND deleted_at IS NULL", reservation_id)
    if found is None:
        raise refused("not_found", f"Reservation with id: {reservation_id} was not found")
    return {"reservation": _reservation(_row(state, reservation_id), query, levels_of=state)}


def release(state: State, reservation_id: str) -> Json:
    """DELETE /admin/reservations/ID: a second time, or of what never was, is a 200 too (measured)."""
    sql = "UPDATE medusa_reservation SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL RETURNING *"
    for row in state.rows(sql, state.moment(), reservation_id):
        levels.add(state, row["inventory_item_id"], row["location_id"], reserved=-row["quantity"])
    return {"id": reservation_id, "object": "reservation", "deleted": True}


def of_line(state: State, line_item_id: str) -> list[Json]:
    """The reservations that stand for a line of an order."""
    sql = "SELECT * FROM medusa_reservation WHERE line_item_id = ? AND deleted_at IS NULL ORDER BY id"
    return [dict(row) for row in state.rows(sql, line_item_id)]


def _matches(row: Json, query: QueryParams) -> bool:
    if any((ids := wanted(query, name)) and row[name] not in ids for name in BY_ID):
        return False
    text = row["description"] or ""
    if query.get("q", "").casefold() not in text.casefold():
        return False
    return all(
        re.fullmatch(_pattern(query[name]), text, flags)
        for name, flags in (("description[$like]", re.DOTALL), ("description[$ilike]", re.DOTALL | re.IGNORECASE))
        if name in query
    )


def _pattern(like: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in like)


def _row(state: State, reservation_id: str) -> Json:
    return dict(state.rows("SELECT * FROM medusa_reservation WHERE id = ?", reservation_id)[0])


def _reservation(row: Json, query: QueryParams, *, levels_of: State) -> Json:
    """`created_by` is empty for those that a key made (measured)."""
    whole = row | {"metadata": json.loads(row["metadata"]) if row["metadata"] else None, "created_by": ""}
    asked = tree(query.get("fields", ""), RESERVATION)
    if "inventory_item" in asked:
        found = levels.items(levels_of, row["inventory_item_id"])
        whole["inventory_item"] = picked(found[0], tree(ITEM.removesuffix(",*location_levels"), "")) if found else None
    return picked(whole, asked)


def _item(found: Json, query: QueryParams) -> Json:
    return picked(found, tree(query.get("fields", ""), ITEM))
