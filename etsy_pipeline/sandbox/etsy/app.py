"""The local Etsy as an ASGI app: the order in which a call is judged, and the table of operations.

FACTS, cited all over the sandbox, is docs/etsy-facts.md: what is known of Etsy's API, with sources. The sandbox shares
no code with the rest of the project and is never kinder than Etsy.
"""

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.control import routes as control_routes
from etsy_pipeline.sandbox.etsy import auth, images, listings, pages, shops
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, not_found
from etsy_pipeline.sandbox.etsy.limits import Limits
from etsy_pipeline.sandbox.etsy.requests import FORM, Call
from etsy_pipeline.sandbox.faults import Faults
from etsy_pipeline.sandbox.state import State

API = "/v3/application"
HTML_ERROR = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Operation(NamedTuple):
    """One of Etsy's operations. `scope` None: the key is enough; "": any token will do."""

    name: str
    method: str
    path: str
    act: Callable[[Call], Answer]
    scope: str | None


def _ping(call: Call) -> Answer:
    del call
    return Answer({"application_id": 1})


OPERATIONS = (
    Operation("ping", "GET", "/openapi-ping", _ping, None),
    Operation("getMe", "GET", "/users/me", shops.get_me, "shops_r"),
    Operation("getShopByOwnerUserId", "GET", "/users/{user_id}/shops", shops.get_shop_by_owner, None),
    Operation("getShop", "GET", "/shops/{shop_id}", shops.get_shop, None),
    Operation("getShopShippingProfiles", "GET", "/shops/{shop_id}/shipping-profiles", shops.shipping_profiles, "shops_r"),
    Operation("getShopReturnPolicies", "GET", "/shops/{shop_id}/policies/return", shops.return_policies, None),
    Operation(
        "getShopReadinessStateDefinitions", "GET", "/shops/{shop_id}/readiness-state-definitions",
        shops.readiness_states, "shops_r",
    ),
    Operation(
        "createShopReadinessStateDefinition", "POST", "/shops/{shop_id}/readiness-state-definitions",
        shops.create_readiness_state, "shops_w",
    ),
    Operation("getShopSections", "GET", "/shops/{shop_id}/sections", shops.sections, None),
    Operation("getShopProductionPartners", "GET", "/shops/{shop_id}/production-partners", shops.production_partners, "shops_r"),
    Operation("getSellerTaxonomyNodes", "GET", "/seller-taxonomy/nodes", shops.taxonomy_nodes, None),
    Operation(
        "getPropertiesByTaxonomyId", "GET", "/seller-taxonomy/nodes/{taxonomy_id}/properties", shops.taxonomy_properties, None
    ),
    Operation("createDraftListing", "POST", "/shops/{shop_id}/listings", listings.create, "listings_w"),
    Operation("getListingsByShop", "GET", "/shops/{shop_id}/listings", listings.of_shop, "listings_r"),
    Operation("updateListing", "PATCH", "/shops/{shop_id}/listings/{listing_id}", listings.update, "listings_w"),
    Operation("getListingsByListingIds", "GET", "/listings/batch", listings.batch, None),
    Operation("getListingsInventoryByListingIds", "GET", "/listings/batch/inventory", listings.batch_inventory, "listings_r"),
    Operation("getListing", "GET", "/listings/{listing_id}", listings.get, None),
    Operation("deleteListing", "DELETE", "/listings/{listing_id}", listings.delete, "listings_d"),
    Operation("getListingInventory", "GET", "/listings/{listing_id}/inventory", listings.get_inventory, "listings_r"),
    Operation("updateListingInventory", "PUT", "/listings/{listing_id}/inventory", listings.put_inventory, "listings_w"),
    Operation("uploadListingImage", "POST", "/shops/{shop_id}/listings/{listing_id}/images", images.upload, "listings_w"),
    Operation("getListingImages", "GET", "/listings/{listing_id}/images", images.get_all, None),
    Operation(
        "deleteListingImage", "DELETE", "/shops/{shop_id}/listings/{listing_id}/images/{listing_image_id}",
        images.delete, "listings_w",
    ),
)  # fmt: skip


class EtsyApp:
    """Everything that the local Etsy needs."""

    def __init__(self, state: State, app: auth.App, limits: Limits, base_url: str) -> None:
        self.state, self.app, self.limits, self.base_url = state, app, limits, base_url
        self.faults = Faults(state)

    def asgi(self) -> Starlette:
        """The ASGI app."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        # The more literal path first: /listings/batch before /listings/{listing_id}
        ordered = sorted(by_path.items(), key=lambda item: (item[0].count("{"), item[0]))
        api = [Route(API + path, self._endpoint(found), methods=list(METHODS)) for path, found in ordered]
        return Starlette(
            routes=[
                *api,
                Route("/v3/public/oauth/token", self._token, methods=["POST"]),
                Route("/oauth/connect", self._consent_page, methods=["GET"]),
                Route("/oauth/connect", self._consent, methods=["POST"]),
                Route("/listing/{listing_id:int}", self._listing_page),
                Route("/shop/{name}", self._shop_page),
                Route("/pictures/{image_id:int}", self._picture),
                *control_routes(self.state, self.faults, self.limits),
                Route("/{path:path}", self._nothing, methods=list(METHODS)),
            ]
        )

    def _endpoint(self, operations: dict[str, Operation]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            operation = operations.get(request.method)
            return await self._answer(request, operation.name if operation else "", operation)

        return endpoint

    async def _nothing(self, request: Request) -> Response:
        """Wrong method or path: 404 (FACTS §6, §11)."""
        return await self._answer(request, "", None)

    async def _answer(self, request: Request, name: str, operation: Operation | None) -> Response:
        started, request_uuid = time.perf_counter(), uuid.uuid4().hex
        fault = await run_in_threadpool(self.faults.take, name) if name else None
        headers: dict[str, str] = {}
        try:
            response = await self._act(request, operation, fault, headers)
        except EtsyError as problem:
            response = _response(problem.status, problem.body, headers | problem.headers)
        response.headers["x-etsy-request-uuid"] = request_uuid
        await run_in_threadpool(
            self.state.run,
            "INSERT INTO request_log VALUES (?,?,?,?,?,?,?)",
            request_uuid, self.state.now(), name, request.method, request.url.path, response.status_code,
            time.perf_counter() - started,
        )  # fmt: skip
        if fault and fault["kind"] in {"drop_before", "drop_after"}:
            _drop(request)
        return response

    async def _act(
        self, request: Request, operation: Operation | None, fault: dict[str, Any] | None, headers: dict[str, str]
    ) -> Response:
        kind = fault["kind"] if fault else ""
        if kind == "delay_before" and fault:
            await asyncio.sleep(float(fault["seconds"]))
        auth.check_key(self.app, request.headers.get("x-api-key"))  # before the body is read (FACTS §3)
        headers |= await run_in_threadpool(self._take_from_limits)
        if operation is None:
            raise not_found()
        if kind in {"drop_before", "html", "empty", "status"} and fault:
            return _fault_response(fault)
        call = await self._call(request, operation, fault)
        answer = await run_in_threadpool(self._work, operation, call, kind != "silent_200")
        if kind == "delay_after" and fault:
            await asyncio.sleep(float(fault["seconds"]))
        if kind == "fail_after" and fault:
            return _fault_response(fault)
        return _response(answer.status, answer.body, headers | dict(answer.headers))

    async def _call(self, request: Request, operation: Operation, fault: dict[str, Any] | None) -> Call:
        user_id = None
        authorization = request.headers.get("authorization")
        if operation.scope is not None or authorization:  # a token that is sent must be good, needed or not
            user_id = await run_in_threadpool(auth.user_of, self.state, authorization, operation.scope or "")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        call = Call(self.state, request.path_params, dict(request.query_params), content_type, b"", self.base_url)
        call.user_id = user_id
        if fault and fault["kind"] == "late_visibility":
            call.visible_from = self.state.now() + float(fault["seconds"])
        if content_type == "multipart/form-data":
            async with request.form() as form:
                items = [(name, value) for name, value in form.multi_items()]
                call.fields = {name: value for name, value in items if isinstance(value, str)}
                files = {name: value for name, value in items if isinstance(value, UploadFile)}
                call.files = {name: (file.filename or "", await file.read()) for name, file in files.items()}
        else:
            call.body = await request.body()
        return call

    def _take_from_limits(self) -> dict[str, str]:
        with self.state.working():
            return self.limits.take(self.state)

    def _work(self, operation: Operation, call: Call, keep: bool) -> Answer:  # noqa: FBT001 - called through a thread pool
        with self.state.working(keep=keep):
            return operation.act(call)

    async def _token(self, request: Request) -> Response:
        fault = await run_in_threadpool(self.faults.take, "token")
        if fault and fault["kind"] in {"html", "empty", "status"}:
            return _fault_response(fault)
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        if request.headers.get("content-type", "").partition(";")[0] != FORM:
            form = {}
        try:
            with self.state.working():
                return _response(200, auth.token(self.state, self.app, form), {})
        except EtsyError as problem:
            return _response(problem.status, problem.body, problem.headers)

    async def _consent_page(self, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            auth.check_consent(self.app, query)
        except auth.ConsentError as problem:
            return HTMLResponse(pages.problem(str(problem)), 400)
        rows = self.state.rows("SELECT user_id, data FROM shop ORDER BY shop_id")
        if user_id := self.state.setting("auto_consent", ""):  # for tests
            return RedirectResponse(self._redirect(query, int(user_id)), 302)
        return HTMLResponse(pages.consent(query, rows))

    async def _consent(self, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            auth.check_consent(self.app, query)
        except auth.ConsentError as problem:
            return HTMLResponse(pages.problem(str(problem)), 400)
        form = await request.form()
        user = str(form.get("user_id", ""))
        user_id = int(user) if user.isdecimal() and form.get("answer") == "grant" else None
        return RedirectResponse(self._redirect(query, user_id), 302)

    def _redirect(self, query: dict[str, str], user_id: int | None) -> str:
        with self.state.working():
            return auth.redirect_after_consent(self.state, query, user_id)

    async def _listing_page(self, request: Request) -> Response:
        listing = listings.find_visible(self.state, request.path_params["listing_id"])
        if listing is None:
            return HTMLResponse(pages.problem("This listing does not exist."), 404)
        return HTMLResponse(pages.listing(listing, images.views(self.state, listing["listing_id"])))

    async def _shop_page(self, request: Request) -> Response:
        rows = self.state.rows(
            "SELECT listing_id, state, title FROM listing WHERE shop_id IN (SELECT shop_id FROM shop WHERE "
            "json_extract(data, '$.shop_name') = ?) ORDER BY listing_id", request.path_params["name"],
        )  # fmt: skip
        return HTMLResponse(pages.shop(request.path_params["name"], rows))

    async def _picture(self, request: Request) -> Response:
        sql = "SELECT content, format FROM listing_image WHERE listing_image_id = ?"
        row = self.state.row(sql, request.path_params["image_id"])
        if row is None:
            return Response(status_code=404)
        return Response(row["content"], media_type=f"image/{row['format'].lower()}")


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def new_credentials() -> tuple[str, str]:
    """A keystring and a shared secret for the one registered app."""
    return secrets.token_hex(12), secrets.token_hex(5)


def _response(status: int, body: Any, headers: Any) -> Response:
    if body is None:
        return Response(status_code=status, headers=dict(headers))
    return JSONResponse(body, status, dict(headers))


def _fault_response(fault: dict[str, Any]) -> Response:
    if fault["kind"] == "html":
        return HTMLResponse(HTML_ERROR, 502)
    if fault["kind"] == "empty":
        return Response(status_code=int(fault.get("status", 504)))
    body = fault.get("body", {"error": "Server Error"})
    return JSONResponse(body, int(fault.get("status", 500)), fault.get("headers"))


def _drop(request: Request) -> None:
    """Close the connection without an answer."""
    request.scope["extensions"]["sandbox.transport"].abort()
