"""The sample Medusa: the Admin API's product routes over recorded products, behaving as docs/medusa-facts.md says.

Control routes: POST /sandbox/products (any JSON, even malformed) · DELETE /sandbox/products/ID
PATCH /sandbox/products/ID {"set": {…}, "variants": {ID: {"price": {"usd": 1}, "stock": 3}}}
POST /sandbox/trouble {"kind": "down", "html" or ""}
"""

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.medusa.fields import picked, tree
from etsy_pipeline.sandbox.medusa.pictures import picture
from etsy_pipeline.sandbox.state import State, dump, load

DATA = Path(__file__).parent.parent / "data" / "medusa-products.json.gz"
RECORDED_HOST = "http://127.0.0.1:9100"
DEFAULT_LIMIT = 50


def seed(state: State) -> None:
    """Load the recorded products, once."""
    if state.setting("medusa_seeded", ""):
        return
    with state.working():
        for product in json.loads(gzip.decompress(DATA.read_bytes())):
            values = (product["id"], product["created_at"], dump(product))
            state.run("INSERT OR REPLACE INTO medusa_product VALUES (?,?,?)", *values)
        state.set_setting("medusa_seeded", "yes")


class MedusaApp:
    """The sample Medusa's routes."""

    def __init__(self, state: State, api_key: str, base_url: str) -> None:
        self.state, self.api_key, self.base_url = state, api_key, base_url
        self.trouble = ""

    def asgi(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/admin/products", self._guarded(self._products)),
                Route("/admin/products/{id}", self._guarded(self._product)),
                Route("/admin/products/{id}/variants", self._guarded(self._variants)),
                Route("/admin/product-variants", self._guarded(self._variants)),
                Route("/img/{name}", self._picture),
                Route("/static/{name}", self._picture),
                Route("/sandbox/products", self._add, methods=["POST"]),
                Route("/sandbox/products/{id}", self._change, methods=["PATCH", "DELETE"]),
                Route("/sandbox/trouble", self._set_trouble, methods=["POST"]),
            ]
        )

    def _guarded(self, act: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            if self.trouble == "down":
                return PlainTextResponse("upstream unavailable", 503)
            if self.trouble == "html":
                return HTMLResponse("<!doctype html><title>A web shop</title>")
            expected = "Basic " + base64.b64encode(f"{self.api_key}:".encode()).decode()
            if request.headers.get("authorization") != expected:
                return JSONResponse({"message": "Unauthorized"}, 401)
            answer: Response = await run_in_threadpool(act, request)
            return answer

        return endpoint

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("OK")

    def _products(self, request: Request) -> Response:
        found = [product for product in self._every() if _matches(product, request)]
        order = request.query_params.get("order", "id")
        found.sort(key=lambda item: str(item.get(order.lstrip("-"), "")), reverse=order.startswith("-"))
        return self._page("products", found, request)

    def _product(self, request: Request) -> Response:
        found = [product for product in self._every() if product.get("id") == request.path_params["id"]]
        if not found:
            return JSONResponse({"type": "not_found", "message": "Product not found"}, 404)
        return JSONResponse({"product": picked(found[0], tree(request.query_params.get("fields", "")))})

    def _variants(self, request: Request) -> Response:
        wanted = request.path_params.get("id")
        found = [
            {**variant, "product_id": product["id"], "inventory_quantity": _stock(variant)}
            for product in self._every()
            if wanted in {None, product.get("id")}
            for variant in product.get("variants") or ()
        ]
        return self._page("variants", found, request)

    def _page(self, name: str, found: list[dict[str, Any]], request: Request) -> Response:
        limit, offset = (
            _whole(request.query_params.get(key), default) for key, default in (("limit", DEFAULT_LIMIT), ("offset", 0))
        )
        wanted = tree(request.query_params.get("fields", ""))
        shown = [picked(item, wanted) for item in found[offset : offset + limit]]
        return JSONResponse({name: shown, "count": len(found), "offset": offset, "limit": limit})

    def _every(self) -> list[dict[str, Any]]:
        rows = self.state.rows("SELECT data FROM medusa_product ORDER BY id")
        return [json.loads(row["data"].replace(RECORDED_HOST, self.base_url)) for row in rows]

    async def _picture(self, request: Request) -> Response:
        found = await run_in_threadpool(picture, request.path_params["name"])
        return Response(found[0], media_type=found[1]) if found else PlainTextResponse("Not found", 404)

    async def _add(self, request: Request) -> Response:
        product = await request.json()
        values = (str(product.get("id", "prod_without_id")), product.get("created_at") or _now(), dump(product))
        self.state.run("INSERT OR REPLACE INTO medusa_product VALUES (?,?,?)", *values)
        return JSONResponse({"id": values[0]}, 201)

    async def _change(self, request: Request) -> Response:
        product_id = request.path_params["id"]
        if request.method == "DELETE":
            self.state.run("DELETE FROM medusa_product WHERE id = ?", product_id)
            return JSONResponse({"id": product_id, "deleted": True})
        row = self.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
        if row is None:
            return JSONResponse({"type": "not_found", "message": "Product not found"}, 404)
        product, change = load(row), await request.json()
        if change.get("set"):  # only a product's own fields move updated_at (§3)
            product |= change["set"] | {"updated_at": _now()}
        for variant in product.get("variants") or ():
            _change_variant(variant, change.get("variants", {}).get(variant["id"], {}))
        self.state.run("UPDATE medusa_product SET data = ? WHERE id = ?", dump(product), product_id)
        return JSONResponse({"id": product_id})

    async def _set_trouble(self, request: Request) -> Response:
        self.trouble = str((await request.json()).get("kind", ""))
        return JSONResponse({"kind": self.trouble})


def _matches(product: dict[str, Any], request: Request) -> bool:
    query = request.query_params
    filters = {
        "id": [product.get("id")],
        "status": [product.get("status")],
        "sales_channel_id": [item["id"] for item in product.get("sales_channels") or ()],
        "collection_id": [(product.get("collection") or {}).get("id")],
        "tag_id": [item["id"] for item in product.get("tags") or ()],
    }
    for name, present in filters.items():
        wanted = query.getlist(f"{name}[]") or query.getlist(name)
        if wanted and not set(wanted) & set(present):
            return False
    since = query.get("updated_at[$gte]")
    if since and str(product.get("updated_at", "")) < since:
        return False
    return query.get("q", "").casefold() in str(product.get("title", "")).casefold()


def _change_variant(variant: dict[str, Any], change: dict[str, Any]) -> None:
    for currency, amount in change.get("price", {}).items():
        for price in variant["prices"]:
            if price["currency_code"] == currency and not price.get("price_rules") and not price.get("min_quantity"):
                price["amount"] = amount
    if "stock" in change:
        for item in variant.get("inventory_items") or ():
            for level in item["inventory"]["location_levels"]:
                level["stocked_quantity"] = change["stock"]


def _stock(variant: dict[str, Any]) -> int:
    parts = [
        sum(level["stocked_quantity"] - level["reserved_quantity"] for level in item["inventory"]["location_levels"])
        // item["required_quantity"]
        for item in variant.get("inventory_items") or ()
    ]
    return min(parts, default=0)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
