"""Control routes of the sample Medusa: change what it sells, and what is wrong with it.

POST /sandbox/products (any JSON, even malformed) · DELETE /sandbox/products/ID
PATCH /sandbox/products/ID {"set": {…}, "variants": {ID: {"price": {"usd": 1}, "stock": 3}}}
PUT /sandbox/stock-locations {"stock_locations": [{"id": …, "sales_channels": [{"id": …}]}]}
POST /sandbox/trouble {"kind": "down", "html", "unauthorized" or ""} · POST /sandbox/reset {}
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.control import posting
from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.medusa.locations import LOCATIONS
from etsy_pipeline.sandbox.state import State, dump, load

TROUBLES = frozenset({"", "down", "html", "unauthorized"})


def routes(state: State, be_in_trouble: Callable[[str], None], reseed: Callable[[], None]) -> list[Route]:
    """The routes. `reseed` loads the recorded products anew."""

    def add(product: dict[str, Any]) -> dict[str, Any]:
        values = (str(product.get("id", "prod_without_id")), product.get("created_at") or _now(), dump(product))
        state.run("INSERT OR REPLACE INTO medusa_product VALUES (?,?,?)", *values)
        return {"id": values[0]}

    def trouble(body: dict[str, Any]) -> dict[str, Any]:
        kind = str(body.get("kind") or "")
        if kind not in TROUBLES:
            raise ValueError(f"kind must be one of {', '.join(sorted(TROUBLES))}")
        be_in_trouble(kind)
        return {"kind": kind}

    def reset(_body: dict[str, Any]) -> dict[str, Any]:
        be_in_trouble("")
        state.set_setting(LOCATIONS, "")
        state.forget("medusa_product")
        reseed()
        return {"products": len(state.rows("SELECT id FROM medusa_product"))}

    def place(body: dict[str, Any]) -> dict[str, Any]:
        state.set_setting(LOCATIONS, json.dumps(body["stock_locations"]))
        return body

    def delete(request: Request) -> Response:
        state.run("DELETE FROM medusa_product WHERE id = ?", request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "deleted": True})

    async def change(request: Request) -> Response:
        found = await run_in_threadpool(_change, state, request.path_params["id"], await request.json())
        return JSONResponse(
            {"id": request.path_params["id"]} if found else {"error": "no such product"}, 200 if found else 404
        )

    return [
        Route("/sandbox/products", posting(add, status=201), methods=["POST"]),
        Route("/sandbox/products/{id}", change, methods=["PATCH"]),
        Route("/sandbox/products/{id}", delete, methods=["DELETE"]),
        Route("/sandbox/stock-locations", posting(place), methods=["PUT"]),
        Route("/sandbox/trouble", posting(trouble), methods=["POST"]),
        Route("/sandbox/reset", posting(reset), methods=["POST"]),
    ]


def _change(state: State, product_id: str, change: dict[str, Any]) -> bool:
    with state.working():
        row = state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
        if row is None:
            return False
        product = load(row)
        if change.get("set"):  # only a product's own fields move updated_at (§3)
            product |= change["set"] | {"updated_at": _now()}
        for variant in related(product, "variants"):
            _change_variant(variant, change.get("variants", {}).get(variant.get("id"), {}))
        state.run("UPDATE medusa_product SET data = ? WHERE id = ?", dump(product), product_id)
    return True


def _change_variant(variant: dict[str, Any], change: dict[str, Any]) -> None:
    for currency, amount in change.get("price", {}).items():
        for price in variant["prices"]:
            if price["currency_code"] == currency and not price.get("price_rules") and not price.get("min_quantity"):
                price["amount"] = amount
    if "stock" in change:
        for item in variant.get("inventory_items") or ():
            for level in item["inventory"]["location_levels"]:
                level["stocked_quantity"] = change["stock"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
