"""Control routes of the sample Medusa for its owner's own business: stock that is counted, orders of its own shop.

GET /sandbox/levels/VARIANT: {"stocked", "reserved", "available"} of the variant's first inventory item, "items": of all
PUT /sandbox/levels/VARIANT {"stocked": 5, "location_id": the first}: of each of its items; {"more": 2}: so many more
POST /sandbox/orders {"variant_id", "quantity": 1}: an order of Medusa's own shop, which reserves: {"order_id"}
POST /sandbox/orders/ID/canceled {} · POST /sandbox/orders/ID/fulfilled {}: the pieces are back, or gone
POST /sandbox/orders/ID/shipped {"tracking_number", "tracking_url"}: fulfilled unless it is, and shipped
GET /sandbox/orders: all orders, drafts as well · GET /sandbox/reservations: those that stand
GET, POST, DELETE /sandbox/faults (see `faults.py`)
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.medusa import draft_orders, levels, order_book, orders, sample_shop
from etsy_pipeline.sandbox.medusa.faults import Faults
from etsy_pipeline.sandbox.medusa.filters import BadQuery
from etsy_pipeline.sandbox.state import State

BUYER = "somebody@example.org"
NOTHING = QueryParams()

Json = dict[str, Any]


def routes(state: State, faults: Faults) -> list[Route]:
    """The routes."""

    def on(path: str, method: str, act: Callable[[str, Json], Json]) -> Route:
        return Route(f"/sandbox/{path}", _about(state, act), methods=[method])

    return [
        on("levels/{id}", "GET", lambda variant_id, _none: _levels(state, variant_id)),
        on("levels/{id}", "PUT", lambda variant_id, body: _count(state, variant_id, body)),
        on("orders", "POST", lambda _none, body: _sell(state, body)),
        on("orders", "GET", lambda _none, _body: {"orders": order_book.every(state)}),
        on("orders/{id}/canceled", "POST", lambda order_id, _none: orders.cancel(state, order_id, NOTHING)),
        on("orders/{id}/fulfilled", "POST", lambda order_id, _none: _fulfill(state, order_id)),
        on("orders/{id}/shipped", "POST", lambda order_id, body: _ship(state, order_id, body)),
        on("reservations", "GET", lambda _none, _body: {"reservations": _reservations(state)}),
        on("faults", "GET", lambda _none, _body: {"faults": faults.every()}),
        on("faults", "POST", lambda _none, body: faults.add(body)),
        on("faults", "DELETE", lambda _none, _body: faults.clear()),
    ]


def _about(state: State, act: Callable[[str, Json], Json]) -> Callable[[Request], Any]:
    def acting(thing: str, body: Json) -> Json:
        with state.working():
            return act(thing, body)

    async def endpoint(request: Request) -> Response:
        body = await request.json() if await request.body() else {}
        try:
            return JSONResponse(await run_in_threadpool(acting, request.path_params.get("id", ""), body))
        except BadQuery as problem:
            return JSONResponse({"error": problem.body["message"]}, problem.status)
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return endpoint


def _levels(state: State, variant_id: str) -> Json:
    links = _links(state, variant_id)
    items = [
        {
            "inventory_item_id": link["inventory_item_id"],
            "stocked": sum(level["stocked_quantity"] for level in link["levels"]),
            "reserved": sum(level["reserved_quantity"] for level in link["levels"]),
        }
        for link in links
    ]
    for item in items:
        item["available"] = item["stocked"] - item["reserved"]
    return {**items[0], "items": items}


def _count(state: State, variant_id: str, body: Json) -> Json:
    for link in _links(state, variant_id):
        place = body.get("location_id") or link["levels"][0]["location_id"]
        if "more" in body:
            levels.add(state, link["inventory_item_id"], place, stocked=body["more"])
        else:
            levels.set_stocked(state, link["inventory_item_id"], place, body["stocked"])
    return _levels(state, variant_id)


def _sell(state: State, body: Json) -> Json:
    said = {"variant_id": body["variant_id"], "quantity": body.get("quantity", 1), "unit_price": 10}
    method = {"name": "Standard", "shipping_option_id": sample_shop.shipping_options(state)[0]["id"], "amount": 0}
    channel = sample_shop.sales_channels(state)[0]["id"]
    wanted = {"items": [said], "shipping_methods": [method], "email": BUYER}
    order = draft_orders.new(state, wanted, sample_shop.regions(state)[0], channel)
    draft_orders.reserve(state, order)
    order_book.insert(state, order | {"status": "pending", "is_draft_order": False})
    return {"order_id": order["id"]}


def _fulfill(state: State, order_id: str) -> Json:
    order = order_book.find(state, order_id)
    items = [{"id": line["id"], "quantity": line["quantity"]} for line in order["items"]]
    return orders.fulfill(state, order_id, {"items": items}, NOTHING)


def _ship(state: State, order_id: str, body: Json) -> Json:
    if not order_book.find(state, order_id)["fulfillments"]:
        _fulfill(state, order_id)
    fulfillment = order_book.find(state, order_id)["fulfillments"][-1]
    items = [{"id": item["line_item_id"], "quantity": item["quantity"]} for item in fulfillment["items"]]
    label = {"tracking_number": body["tracking_number"], "tracking_url": body.get("tracking_url", ""), "label_url": ""}
    return orders.ship(state, order_id, fulfillment["id"], {"items": items, "labels": [label]}, NOTHING)


def _reservations(state: State) -> list[Json]:
    return [dict(row) for row in state.rows("SELECT * FROM medusa_reservation WHERE deleted_at IS NULL ORDER BY id")]


def _links(state: State, variant_id: str) -> list[Json]:
    found = levels.of_variant(state, variant_id)
    if not found:
        raise ValueError(f"variant {variant_id} has no inventory item")
    return found
