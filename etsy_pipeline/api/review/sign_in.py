"""Signing in with a person's token, or the installation's, and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.review.kept import LARGEST, kept
from etsy_pipeline.api.review.page import SCRIPT, STYLE, page, to
from etsy_pipeline.api.review.session import OWN_FORM, SAFE_NEXT, begin, needs_sign_in, who_has
from etsy_pipeline.api.who import Who
from etsy_pipeline.errors import BadRequest, PipelineError

router = APIRouter()

HOME = "/review/"
CACHED = "public, max-age=86400, immutable"  # its address has its hash

Next = Annotated[str, Query(alias="next", max_length=20_000)]


@router.get("/style.css")
def style() -> Response:
    """The only style sheet."""
    return Response(STYLE, media_type="text/css", headers={"cache-control": CACHED})


@router.get("/pages.js")
def script() -> Response:
    """The only script."""
    return Response(SCRIPT, media_type="text/javascript", headers={"cache-control": CACHED})


@router.get("/sign-in")
def ask(request: Request, where: Next = HOME) -> Response:
    """The form."""
    return page(request, "sign_in.html", where=_ours(where)) if needs_sign_in(request) else to(HOME)


@router.post("/sign-in", dependencies=[OWN_FORM])
def sign_in(
    request: Request,
    context: Context,
    token: Annotated[str, Form(max_length=1000)] = "",
    where: Annotated[str, Form(max_length=20_000)] = HOME,
    typed: Annotated[str, Form(alias="kept", max_length=2 * LARGEST)] = "",
) -> Response:
    """The right token begins a session; a form that came too late before is offered again."""
    try:
        found = _require_token(request, context, token)
    except PipelineError as problem:
        return _again(request, problem, where, typed)
    begin(request, found)
    form = kept(request, typed) if typed else None
    return page(request, "send_again.html", kept=form) if form else to(_ours(where))


@router.post("/sign-out", dependencies=[OWN_FORM])
def sign_out(request: Request) -> RedirectResponse:
    """Ends the session."""
    request.session.clear()
    return to("/review/sign-in")


def _require_token(request: Request, context: Context, token: str) -> Who:
    throttle, address = request.app.state.login_throttle, request.client.host if request.client else ""
    throttle.require_few(address)
    found = who_has(context, token.strip())
    if found is None:
        throttle.note_wrong(address)
        raise BadRequest(
            "This token is nobody's.",
            code="sign_in_wrong",
            hint="It is what `etsy-pipeline people add NAME` printed for you, or the value of ETSY_PIPELINE_API_TOKEN.",
        )
    return found


def _again(request: Request, problem: PipelineError, where: str, typed: str) -> HTMLResponse:
    return page(request, "sign_in.html", status_of(problem)[0], problem=problem, where=_ours(where), kept=typed)


def _ours(where: str) -> str:
    """Where to go afterwards: a page of ours, else the first one."""
    is_ours = where.startswith(SAFE_NEXT) and "\\" not in where and where.isprintable()
    return where if is_ours else HOME
