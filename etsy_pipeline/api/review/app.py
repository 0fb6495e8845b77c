"""The review pages put together: for people, rendered here, without scripts. Every error is a page, too."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review import (
    activity,
    candidates,
    decision,
    lists,
    orders,
    people,
    plan,
    preview,
    shops,
    sign_in,
    syncing,
)
from etsy_pipeline.api.review.kept import keep, kept, was_sent_from_here
from etsy_pipeline.api.review.login_throttle import LoginThrottle
from etsy_pipeline.api.review.page import bare_page, page, to
from etsy_pipeline.api.review.session import SIGNED_IN, Sessions, SignInNeededError, signing_key
from etsy_pipeline.errors import BadRequest, NotFound, PipelineError, StoreUnavailable

BEHIND_SIGN_IN = (
    lists,
    syncing,
    people,
    activity,
    candidates,
    orders,
    shops,
    decision,
    preview,
    plan,
)  # plan last: its path fits anything


METHOD_NOT_ALLOWED = 405
HINTS = {"account_not_found": "The page Shops lists those that there are."}
"""What to do, for who looks at a page and not at a terminal."""


def create_review(context: AppContext) -> FastAPI:
    """The application that is mounted at /review."""
    app = pages_app(context)
    app.include_router(sign_in.router)
    for room in BEHIND_SIGN_IN:
        app.include_router(room.router, dependencies=[SIGNED_IN])
    return app


def pages_app(context: AppContext) -> FastAPI:
    """An application of pages for people: their session, and every error as a page."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context, app.state.login_throttle = context, LoginThrottle()
    app.add_middleware(Sessions, key=signing_key(context))
    app.add_exception_handler(SignInNeededError, _to_sign_in)
    app.add_exception_handler(PipelineError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(Exception, _unexpected)
    return app


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    """What was typed into a form comes back after signing in."""
    if request.method != "GET":
        typed = await keep(request) if was_sent_from_here(request) else ""
        told = {"where": "/review/", "kept": typed}
        return page(request, "sign_in.html", 401, **told) if typed else to("/review/sign-in")
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return to(f"/review/sign-in?next={quote(where)}")


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, PipelineError)  # noqa: S101 - it is registered for nothing else
    if hint := HINTS.get(error.code):
        told = error.message.partition(". ")[0].rstrip(".")
        error = NotFound(f"{told}.", code=error.code, hint=hint)
    if error.code == "form_expired" and was_sent_from_here(request) and (typed := await keep(request)):
        return page(request, "send_again.html", status_of(error)[0], error=error, kept=kept(request, typed))
    if isinstance(error, StoreUnavailable):
        return bare_page(request, "problem.html", status_of(error)[0], error=error, again=_again(request))
    return page(request, "problem.html", status_of(error)[0], error=error)


async def _unexpected(request: Request, _error: Exception) -> Response:
    """A fault of ours; the outermost middleware logs and reports it."""
    problem = PipelineError(
        "Something went wrong here, and it is not your fault.",
        code="unexpected_error",
        hint="Go back and try once more: what you typed is still there. The API's log says where it was.",
    )
    return bare_page(request, "problem.html", 500, error=problem, again=_again(request))


def _again(request: Request) -> str:
    return request.url.path if request.method == "GET" else ""


def _malformed(request: Request, _error: Exception) -> Response:
    problem = BadRequest("What was sent is not what this page takes.", code="request_malformed", hint="Go back.")
    return page(request, "problem.html", 422, error=problem)


def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    if error.status_code == METHOD_NOT_ALLOWED and request.method in {"GET", "HEAD"}:
        return to(request.url.path.rpartition("/")[0])  # a form's address, opened anew: its page is the one above
    problem = BadRequest(f"{error.detail}.", code="route_not_found", hint="The syncs are listed on the first page.")
    return page(request, "problem.html", error.status_code, error=problem)
