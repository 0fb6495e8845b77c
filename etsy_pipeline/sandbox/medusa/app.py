"""The sample Medusa: the Admin API's product routes over recorded products, behaving as docs/medusa-facts.md says.

Sections (§) are of that page. It is no Medusa: products can be written only through the routes of `control.py`; what
of stock and orders can be written is in `stock_routes.py`.
"""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.medusa import bodies, control, control_stock, levels, stock_routes
from etsy_pipeline.sandbox.medusa.categories import categories, completed
from etsy_pipeline.sandbox.medusa.faults import Faults
from etsy_pipeline.sandbox.medusa.fields import PRODUCT, VARIANT, picked, tree
from etsy_pipeline.sandbox.medusa.filters import BadQuery, matching, ordered, paging, related
from etsy_pipeline.sandbox.medusa.locations import locations
from etsy_pipeline.sandbox.medusa.pictures import picture
from etsy_pipeline.sandbox.medusa.price_lists import preferences, price_lists
from etsy_pipeline.sandbox.medusa.variant_images import assign_sample, told
from etsy_pipeline.sandbox.state import State, dump

DATA = Path(__file__).parent.parent / "data" / "medusa-products.json.gz"
RECORDED_HOST = "http://127.0.0.1:9100"
DEFAULT_LIMIT = 50
TROUBLES: dict[str, Callable[[], Response]] = {
    "down": lambda: PlainTextResponse("upstream unavailable", 503),
    "html": lambda: HTMLResponse("<!doctype html><title>A web shop</title>"),
    "maintenance": lambda: HTMLResponse("<!doctype html><title>Back soon</title>", 503, {"retry-after": "60"}),
    "truncated": lambda: Response(b'{"products": [{"id": "prod_', media_type="application/json"),
}
"""What stands in the place of every answer."""


def seed(state: State) -> None:
    """Load the recorded products, once."""
    if state.setting("medusa_seeded", ""):
        levels.keep_all(state)
        return
    reseed(state)
    state.set_setting("medusa_seeded", "yes")


def reseed(state: State) -> None:
    """Load the recorded products."""
    with state.working():
        for product in json.loads(gzip.decompress(DATA.read_bytes())):
            values = (product["id"], product["created_at"], dump(assign_sample(product)))
            state.run("INSERT OR REPLACE INTO medusa_product VALUES (?,?,?)", *values)
            levels.keep(state, product)


class MedusaApp:
    """The sample Medusa's routes."""

    def __init__(self, state: State, api_key: str, base_url: str) -> None:
        self.state, self.api_key, self.base_url = state, api_key, base_url
        self.trouble = ""
        self.faults = Faults()

    def asgi(self) -> Starlette:
        """The ASGI app. Its functions are not async: Starlette runs them in threads, as they read the state."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/admin/products", self._guarded(self._products)),
                Route("/admin/products/{id}", self._guarded(self._product)),
                Route("/admin/products/{id}/variants", self._guarded(self._variants)),
                Route("/admin/product-variants", self._guarded(self._variants)),
                Route("/admin/stock-locations", self._guarded(self._locations)),
                Route("/admin/price-lists", self._guarded(self._price_lists)),
                Route("/admin/price-preferences", self._guarded(self._preferences)),
                Route("/admin/product-categories", self._guarded(self._categories)),
                *stock_routes.routes(self.state, self._selling),
                Route("/img/{name}", self._picture),
                Route("/static/{name}", self._picture),
                *control_stock.routes(self.state, self.faults),
                *control.routes(self.state, self._be_in_trouble, lambda: reseed(self.state)),
            ]
        )

    def _guarded(self, act: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            try:
                return self._refusal(request) or act(request)
            except BadQuery as problem:
                return JSONResponse(dict(problem.body), problem.status)

        return endpoint

    def _selling(self, acts: dict[str, stock_routes.Act]) -> Callable[[Request], Any]:
        """Routes that write: each call is one transaction; a fault may strike it."""

        def acting(act: stock_routes.Act, request: Request, content: bytes) -> Response:
            try:
                if refusal := self._refusal(request):
                    return refusal
                with self.state.working():
                    body = bodies.parsed(content)
                    return JSONResponse(act(request.path_params, body, request.query_params))
            except BadQuery as problem:
                return JSONResponse(dict(problem.body), problem.status)

        async def endpoint(request: Request) -> Response:
            if request.method not in acts:
                return HTMLResponse(f"<pre>Cannot {request.method} {request.url.path}</pre>", 404)
            fault = self.faults.take(request.method, request.url.path)
            response: Response = JSONResponse(dict(bodies.broken().body), 500)
            if not fault.endswith("before"):
                content = await request.body()
                answer = await run_in_threadpool(acting, acts[request.method], request, content)
                response = response if fault == "fail_after" else answer
            if fault.startswith("drop"):
                request.scope["extensions"]["sandbox.transport"].abort()
            return response

        return endpoint

    def _refusal(self, request: Request) -> Response | None:
        if self.trouble in TROUBLES:
            return TROUBLES[self.trouble]()
        expected = "Basic " + base64.b64encode(f"{self.api_key}:".encode()).decode()
        if request.headers.get("authorization") != expected or self.trouble == "unauthorized":
            return JSONResponse({"message": "Unauthorized"}, 401)
        return None

    def _be_in_trouble(self, kind: str) -> None:
        self.trouble = kind

    def _health(self, _request: Request) -> Response:
        return PlainTextResponse("OK")

    def _products(self, request: Request) -> Response:
        query = request.query_params
        found = ordered(matching(self._every(), query), query.get("order", "id"))
        return self._page("products", found, request, PRODUCT)

    def _product(self, request: Request) -> Response:
        found = [product for product in self._every() if product.get("id") == request.path_params["id"]]
        if not found:
            return JSONResponse({"type": "not_found", "message": "Product not found"}, 404)
        return JSONResponse({"product": picked(found[0], tree(request.query_params.get("fields", ""), PRODUCT))})

    def _variants(self, request: Request) -> Response:
        wanted = request.path_params.get("id")
        found = [
            {**variant, "product_id": product.get("id"), "inventory_quantity": _stock(variant)}
            for product in self._every()
            if wanted in {None, product.get("id")}
            for variant in related(product, "variants")
        ]
        return self._page("variants", found, request, VARIANT)

    def _locations(self, request: Request) -> Response:
        return self._page("stock_locations", locations(self.state, self._every()), request, "*")

    def _categories(self, request: Request) -> Response:
        found = categories(self.state, self._products_as_told())
        return self._page("product_categories", ordered(found, request.query_params.get("order", "id")), request, "*")

    def _price_lists(self, request: Request) -> Response:
        limit, offset = paging(request.query_params, DEFAULT_LIMIT)
        found = price_lists(self.state, request.query_params)
        page = found[offset : offset + limit]
        return JSONResponse({"price_lists": page, "count": len(found), "offset": offset, "limit": limit})

    def _preferences(self, request: Request) -> Response:
        return self._page("price_preferences", preferences(self.state), request, "*")

    def _page(self, name: str, found: list[dict[str, Any]], request: Request, unasked: str) -> Response:
        limit, offset = paging(request.query_params, DEFAULT_LIMIT)
        wanted = tree(request.query_params.get("fields", ""), unasked)
        shown = [picked(item, wanted) for item in found[offset : offset + limit]]
        return JSONResponse({name: shown, "count": len(found), "offset": offset, "limit": limit})

    def _every(self) -> list[dict[str, Any]]:
        return levels.shown(self.state, completed(self.state, self._products_as_told()))

    def _products_as_told(self) -> list[dict[str, Any]]:
        rows = self.state.rows("SELECT data FROM medusa_product ORDER BY id")
        return [told(json.loads(row["data"].replace(RECORDED_HOST, self.base_url))) for row in rows]

    def _picture(self, request: Request) -> Response:
        found = picture(request.path_params["name"])
        return Response(found[0], media_type=found[1]) if found else PlainTextResponse("Not found", 404)


def _stock(variant: dict[str, Any]) -> int:
    parts = [
        sum(level["stocked_quantity"] - level["reserved_quantity"] for level in item["inventory"]["location_levels"])
        // item["required_quantity"]
        for item in variant.get("inventory_items") or ()
    ]
    return min(parts, default=0)
