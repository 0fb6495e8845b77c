"""Control routes of the sample Medusa: change what it sells, and what is wrong with it.

POST /sandbox/products (any JSON, even malformed) · DELETE /sandbox/products/ID
PATCH /sandbox/products/ID {"set": {…}, "variants": {ID: {"price": {"usd": 1}, "stock": 3}}}
(a variant may be given "thumbnail" and "metadata", too; an image of some variants only names them in "variants")
PUT /sandbox/price-lists {"price_lists": [{"id": …, "type": …, "status": …, "prices": [{"variant_id": …}]}]}
PUT /sandbox/price-preferences {"price_preferences": [{"attribute": …, "value": …, "is_tax_inclusive": …}]}
PUT /sandbox/stock-locations {"stock_locations": [{"id": …, "sales_channels": [{"id": …}]}]}
PUT /sandbox/product-categories {"product_categories": [{"id": …, "name": …, "parent_category_id": …, "metadata": …}]}
PUT /sandbox/regions {"regions": […]} · PUT /sandbox/shipping-options {"shipping_options": […]} (see `sample_shop.py`)
POST /sandbox/trouble {"kind": "down", "html", "maintenance", "truncated", "unauthorized" or ""}
POST /sandbox/reset {}
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
from etsy_pipeline.sandbox.medusa import levels
from etsy_pipeline.sandbox.medusa.categories import CATEGORIES
from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.medusa.locations import LOCATIONS
from etsy_pipeline.sandbox.medusa.price_lists import LISTS, PREFERENCES
from etsy_pipeline.sandbox.medusa.sample_shop import REGIONS, SHIPPING_OPTIONS
from etsy_pipeline.sandbox.state import MEDUSAS_TABLES, State, dump, load

TROUBLES = frozenset({"", "down", "html", "maintenance", "truncated", "unauthorized"})


def routes(state: State, be_in_trouble: Callable[[str], None], reseed: Callable[[], None]) -> list[Route]:
    """The routes. `reseed` loads the recorded products anew."""

    def add(product: dict[str, Any]) -> dict[str, Any]:
        values = (str(product.get("id", "prod_without_id")), product.get("created_at") or _now(), dump(product))
        with state.working():
            state.run("INSERT OR REPLACE INTO medusa_product VALUES (?,?,?)", *values)
            levels.keep(state, product)
        return {"id": values[0]}

    def trouble(body: dict[str, Any]) -> dict[str, Any]:
        kind = str(body.get("kind") or "")
        if kind not in TROUBLES:
            raise ValueError(f"kind must be one of {', '.join(sorted(TROUBLES))}")
        be_in_trouble(kind)
        return {"kind": kind}

    def reset(_body: dict[str, Any]) -> dict[str, Any]:
        be_in_trouble("")
        for name in (LOCATIONS, CATEGORIES, LISTS, PREFERENCES, REGIONS, SHIPPING_OPTIONS):
            state.set_setting(name, "")
        state.forget(*MEDUSAS_TABLES)
        reseed()
        return {"products": len(state.rows("SELECT id FROM medusa_product"))}

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
        Route("/sandbox/stock-locations", posting(_keeping(state, "stock_locations", LOCATIONS)), methods=["PUT"]),
        Route("/sandbox/price-lists", posting(_keeping(state, "price_lists", LISTS)), methods=["PUT"]),
        Route(
            "/sandbox/price-preferences", posting(_keeping(state, "price_preferences", PREFERENCES)), methods=["PUT"]
        ),
        Route(
            "/sandbox/product-categories", posting(_keeping(state, "product_categories", CATEGORIES)), methods=["PUT"]
        ),
        Route("/sandbox/regions", posting(_keeping(state, "regions", REGIONS)), methods=["PUT"]),
        Route(
            "/sandbox/shipping-options", posting(_keeping(state, "shipping_options", SHIPPING_OPTIONS)), methods=["PUT"]
        ),
        Route("/sandbox/trouble", posting(trouble), methods=["POST"]),
        Route("/sandbox/reset", posting(reset), methods=["POST"]),
    ]


def _keeping(state: State, name: str, setting: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Takes what the sample Medusa has of a kind from now on."""

    def keep(body: dict[str, Any]) -> dict[str, Any]:
        state.set_setting(setting, json.dumps(body[name]))
        return body

    return keep


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
        if "variants" in change.get("set", {}):
            levels.keep(state, product)
        for variant_id, changed in change.get("variants", {}).items():
            _count(state, variant_id, changed)
    return True


def _change_variant(variant: dict[str, Any], change: dict[str, Any]) -> None:
    for currency, amount in change.get("price", {}).items():
        for price in variant["prices"]:
            if price["currency_code"] == currency and not price.get("price_rules") and not price.get("min_quantity"):
                price["amount"] = amount
    variant |= {name: change[name] for name in ("thumbnail", "metadata") if name in change}
    if "stock" in change:
        for item in variant.get("inventory_items") or ():
            for level in item["inventory"]["location_levels"]:
                level["stocked_quantity"] = change["stock"]


def _count(state: State, variant_id: str, change: dict[str, Any]) -> None:
    for link in levels.of_variant(state, variant_id) if "stock" in change else ():
        for level in link["levels"]:
            levels.set_stocked(state, link["inventory_item_id"], level["location_id"], change["stock"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
