"""The review pages put together: for people, rendered here, without scripts. Every error is a page, too."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review import candidates, decision, lists, orders, people, plan, preview, shops, sign_in, syncing
from etsy_pipeline.api.review.kept import keep, kept, was_sent_from_here
from etsy_pipeline.api.review.login_throttle import LoginThrottle
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.session import SIGNED_IN, Sessions, SignInNeededError, signing_key
from etsy_pipeline.errors import BadRequest, PipelineError

BEHIND_SIGN_IN = (
    lists,
    syncing,
    people,
    candidates,
    orders,
    shops,
    decision,
    preview,
    plan,
)  # plan last: its path fits anything


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
    if error.code == "form_expired" and was_sent_from_here(request) and (typed := await keep(request)):
        return page(request, "send_again.html", status_of(error)[0], error=error, kept=kept(request, typed))
    return page(request, "problem.html", status_of(error)[0], error=error)


def _malformed(request: Request, _error: Exception) -> Response:
    problem = BadRequest("What was sent is not what this page takes.", code="request_malformed", hint="Go back.")
    return page(request, "problem.html", 422, error=problem)


def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    problem = BadRequest(f"{error.detail}.", code="route_not_found", hint="The syncs are listed on the first page.")
    return page(request, "problem.html", error.status_code, error=problem)
