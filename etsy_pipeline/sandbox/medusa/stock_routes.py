"""The Admin API's routes of stock and orders: which of Medusa's writes the sample Medusa takes. Others are a 404."""

from collections.abc import Callable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import Route

from etsy_pipeline.sandbox.medusa import draft_orders, inventory, order_book, orders, product_notes, sample_shop
from etsy_pipeline.sandbox.medusa.bodies import refused
from etsy_pipeline.sandbox.medusa.filters import paging
from etsy_pipeline.sandbox.state import State

LIMIT = 50
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ORDER, DRAFT = "/admin/orders/{id}", "/admin/draft-orders/{id}"
FULFILLMENT = f"{ORDER}/fulfillments/{{fulfillment_id}}"
LEVEL = "/admin/inventory-items/{id}/location-levels/{location_id}"

Json = dict[str, Any]
Act = Callable[[dict[str, str], Json, QueryParams], Json]
"""The path's parameters, the body, the query."""


def routes(state: State, endpoint: Callable[[dict[str, Act]], Callable[[Request], Any]]) -> list[Route]:
    """The routes. `endpoint` guards those of one path, by method."""

    def on(path: str, **acts: Act) -> Route:
        return Route(path, endpoint(acts), methods=list(METHODS))

    notes = on("/admin/products/{id}", POST=lambda p, b, _q: product_notes.write(state, p["id"], b))
    return [*_of_stock(state, on), *_of_orders(state, on), *_of_shop(state, on), notes]


def _of_stock(state: State, on: Callable[..., Route]) -> list[Route]:
    return [
        on("/admin/inventory-items", GET=lambda _p, _b, q: inventory.item_list(state, q)),
        on("/admin/inventory-items/{id}", GET=lambda p, _b, q: inventory.item(state, p["id"], q)),
        on(LEVEL, POST=lambda p, b, q: inventory.set_level(state, p["id"], p["location_id"], b, q)),
        on(
            "/admin/reservations",
            GET=lambda _p, _b, q: inventory.reservation_list(state, q),
            POST=lambda _p, b, q: inventory.reserve(state, b, q),
        ),
        on(
            "/admin/reservations/{id}",
            GET=lambda p, _b, q: inventory.reservation(state, p["id"], q),
            DELETE=lambda p, _b, _q: inventory.release(state, p["id"]),
        ),
    ]


def _of_orders(state: State, on: Callable[..., Route]) -> list[Route]:
    return [
        on(
            "/admin/draft-orders",
            GET=lambda _p, _b, q: order_book.page(state, q, drafts=True),
            POST=lambda _p, b, q: draft_orders.create(state, b, q),
        ),
        on(
            DRAFT,
            GET=lambda p, _b, q: {
                "draft_order": order_book.view(
                    order_book.find(state, p["id"], draft_only=True), q, order_book.DRAFT, order_book.ALWAYS_SHOWN
                )
            },
            DELETE=lambda p, _b, _q: draft_orders.delete(state, p["id"]),
        ),
        on(f"{DRAFT}/convert-to-order", POST=lambda p, _b, q: draft_orders.convert(state, p["id"], q)),
        on("/admin/payment-collections", POST=lambda _p, b, _q: orders.owe(state, b)),
        on(
            "/admin/payment-collections/{id}/mark-as-paid", POST=lambda p, b, _q: orders.mark_as_paid(state, p["id"], b)
        ),
        on("/admin/orders", GET=lambda _p, _b, q: order_book.page(state, q, drafts=False)),
        on(
            ORDER,
            GET=lambda p, _b, q: {
                "order": order_book.view(order_book.find(state, p["id"]), q, always=order_book.ALWAYS_SHOWN)
            },
        ),
        on(f"{ORDER}/cancel", POST=lambda p, _b, q: orders.cancel(state, p["id"], q)),
        on(f"{ORDER}/fulfillments", POST=lambda p, b, q: orders.fulfill(state, p["id"], b, q)),
        on(f"{FULFILLMENT}/shipments", POST=lambda p, b, q: orders.ship(state, p["id"], p["fulfillment_id"], b, q)),
        on(
            f"{FULFILLMENT}/mark-as-delivered",
            POST=lambda p, b, q: orders.deliver(state, p["id"], p["fulfillment_id"], b, q),
        ),
        on(
            f"{FULFILLMENT}/cancel",
            POST=lambda p, _b, q: orders.cancel_fulfillment(state, p["id"], p["fulfillment_id"], q),
        ),
    ]


def _of_shop(state: State, on: Callable[..., Route]) -> list[Route]:
    def listed(name: str, every: Callable[[State], list[Json]]) -> Route:
        return on(f"/admin/{name.replace('_', '-')}", GET=lambda _path, _body, query: _page(name, every(state), query))

    return [
        listed("regions", sample_shop.regions),
        on(
            "/admin/regions/{id}", GET=lambda p, _b, _q: {"region": _one(sample_shop.regions(state), p["id"], "Region")}
        ),
        listed("shipping_options", sample_shop.shipping_options),
        listed("sales_channels", sample_shop.sales_channels),
    ]


def _page(name: str, found: list[Json], query: QueryParams) -> Json:
    limit, offset = paging(query, LIMIT)
    return {name: found[offset : offset + limit], "count": len(found), "offset": offset, "limit": limit}


def _one(found: list[Json], key: str, what: str) -> Json:
    for item in found:
        if item["id"] == key:
            return item
    raise refused("not_found", f"{what} with id: {key} not found")
