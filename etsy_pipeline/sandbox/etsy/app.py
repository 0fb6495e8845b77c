"""The local Etsy as an ASGI app: the order in which every call is judged.

FACTS, cited all over the sandbox, is docs/etsy-facts.md: what is known of Etsy's API, with sources; LIFECYCLE and
LINKING are docs/etsy-lifecycle.md and docs/etsy-linking.md, LISTING_EXTRAS and ORDERS docs/etsy-listing-extras.md and
docs/etsy-orders.md, EVENTS docs/medusa-events.md. The sandbox shares no code with the rest of the project
and is never kinder than Etsy. Which operations there are is in `operations.py`,
OAuth in `oauth_routes.py`, what buyers see in `storefront.py`.
"""

import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox import faults as bad_days
from etsy_pipeline.sandbox.control import routes as control_routes
from etsy_pipeline.sandbox.control_seller import routes as seller_routes
from etsy_pipeline.sandbox.etsy import auth, guards, renewals, storefront
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, not_found
from etsy_pipeline.sandbox.etsy.limits import Limits
from etsy_pipeline.sandbox.etsy.oauth_routes import OAuthRoutes
from etsy_pipeline.sandbox.etsy.operations import OPERATIONS, Operation
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.shop_manager import ShopManager
from etsy_pipeline.sandbox.state import State

API = "/v3/application"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Act = Callable[[bool, bad_days.Fault | None], Awaitable[Response]]


class EtsyApp:
    """Everything that the local Etsy needs."""

    def __init__(self, state: State, app: auth.App, limits: Limits, base_url: str) -> None:
        self.state, self.app, self.limits, self.base_url = state, app, limits, base_url
        self.faults = bad_days.Faults(state)
        self.shop_manager = ShopManager(state)

    def asgi(self, reseed: Callable[[], None]) -> Starlette:
        """The ASGI app."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        # The more literal path first: /listings/batch before /listings/{listing_id}
        ordered = sorted(by_path.items(), key=lambda item: (item[0].count("{"), item[0]))
        api = [Route(API + path, self._endpoint(found), methods=list(METHODS)) for path, found in ordered]
        oauth = OAuthRoutes(self.state, self.app)
        return Starlette(
            routes=[
                *api,
                Route("/v3/public/oauth/token", self._token_endpoint(oauth), methods=["POST"]),
                *oauth.consent_routes(),
                *storefront.routes(self.state),
                *control_routes(self.state, self.faults, self.limits, reseed),
                *seller_routes(self.state, self.shop_manager),
                Route(
                    "/{path:path}", self._endpoint({}), methods=list(METHODS)
                ),  # also a wrong path: 404 (FACTS §6, §11)
            ]
        )

    def _endpoint(self, operations: dict[str, Operation]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            operation = operations.get(request.method)

            async def act(keep: bool, fault: bad_days.Fault | None) -> Response:  # noqa: FBT001 - as `faults.under` calls it
                if operation is None:
                    raise not_found()
                call = await self._call(request, operation, fault)
                answer = await run_in_threadpool(self._work, operation, call, keep)
                if fault and fault["kind"] == "meanwhile":  # after this answer was made, and before the next call
                    await run_in_threadpool(self.shop_manager.act, fault["does"], fault["with"])
                return _response(answer)

            def check() -> None:  # before the body is read (FACTS §3)
                auth.check_key(self.app, request.headers.get("x-api-key"))

            return await self._answer(request, operation.name if operation else "", check, act)

        return endpoint

    def _token_endpoint(self, oauth: OAuthRoutes) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            async def act(keep: bool, _fault: bad_days.Fault | None) -> Response:  # noqa: FBT001 - as above
                return _response(await oauth.token(request, keep=keep))

            return await self._answer(request, "token", lambda: None, act)  # no x-api-key here (FACTS §2)

        return endpoint

    async def _answer(self, request: Request, name: str, check: Callable[[], None], act: Act) -> Response:
        started, request_uuid = time.perf_counter(), uuid.uuid4().hex
        fault: bad_days.Fault | None = None
        headers: dict[str, str] = {}
        try:
            check()
            headers = await run_in_threadpool(self._take_from_limits)
            if name:
                fault = await run_in_threadpool(self.faults.take, name, request.method, request.url.path)
            response = await bad_days.under(fault, lambda keep: act(keep, fault))
        except EtsyError as problem:
            response = _response(Answer(problem.body, problem.status, problem.headers))
        except HTTPException as problem:  # what the multipart parser says
            response = JSONResponse({"error": problem.detail}, problem.status_code)
        if fault is None or fault["kind"] not in bad_days.INSTEAD:
            response.headers.update(headers)
        response.headers["x-etsy-request-uuid"] = request_uuid
        await run_in_threadpool(
            self.state.run,
            "INSERT INTO request_log VALUES (?,?,?,?,?,?,?)",
            request_uuid, self.state.now(), name, request.method, request.url.path, response.status_code,
            time.perf_counter() - started,
        )  # fmt: skip
        if fault and fault["kind"] in bad_days.DROPS:
            _drop(request)
        return response

    async def _call(self, request: Request, operation: Operation, fault: bad_days.Fault | None) -> Call:
        user_id = None
        authorization = request.headers.get("authorization")
        if operation.scope is not None or authorization:  # a token that is sent must be good, needed or not
            user_id = await run_in_threadpool(auth.user_of, self.state, authorization, operation.scope or "")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        call = Call(self.state, request.path_params, dict(request.query_params), content_type, b"", self.base_url)
        call.user_id = user_id
        if fault and fault["kind"] == "late_visibility":
            call.visible_from = self.state.now() + float(fault["seconds"])
        call.unlinks = fault is not None and fault["kind"] == "unlinks"
        await _read_body(request, call)
        return call

    def _take_from_limits(self) -> dict[str, str]:
        with self.state.working():
            return self.limits.take(self.state)

    def _work(self, operation: Operation, call: Call, keep: bool) -> Answer:  # noqa: FBT001 - called through a thread pool
        with self.state.working():
            renewals.run_due(self.state)
        with self.state.working(keep=keep):
            guards.check_write(call, operation.scope)
            answer = operation.act(call)
        if not keep and operation.unchanged:
            with self.state.working():
                return Answer(operation.unchanged(call).body, answer.status)
        return answer


async def _read_body(request: Request, call: Call) -> None:
    try:
        if call.content_type != "multipart/form-data":
            call.body = await request.body()
            return
        async with request.form() as form:
            items = form.multi_items()
            call.fields = {name: value for name, value in items if isinstance(value, str)}
            files = {name: value for name, value in items if isinstance(value, UploadFile)}
            call.files = {name: (file.filename or "", await file.read()) for name, file in files.items()}
    except ClientDisconnect:
        raise error(400, "The body is incomplete.") from None


def new_credentials() -> tuple[str, str]:
    """A keystring and a shared secret for the one registered app."""
    return secrets.token_hex(12), secrets.token_hex(5)


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers), JSONResponse.media_type)
    return JSONResponse(answer.body, answer.status, dict(answer.headers))


def _drop(request: Request) -> None:
    """Close the connection without an answer."""
    request.scope["extensions"]["sandbox.transport"].abort()
