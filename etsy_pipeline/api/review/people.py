"""Who may sign in by name: add somebody, see who was here, shut somebody out. For administrators."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.people import MAY
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.people import require_administrator
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.who import require
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store.records import Role

router = APIRouter(prefix="/people")

Typed = Annotated[str, Form(max_length=200, pattern=PRINTABLE)]


@router.get("")
def show(request: Request, context: Context) -> Response:
    """All of them, by name."""
    require(request, "administer")
    return _page(request, context)


@router.post("", dependencies=[OWN_FORM])
def add(
    request: Request, context: Context, by: ByBrowser, role: Annotated[Role, Form()], person: Typed = ""
) -> Response:
    """Somebody new; their token is on this page only."""
    try:
        require_administrator(context, person, role)
        added, token = people.add(context.store, person, role, by=by)
    except PipelineError as problem:
        return _page(request, context, status_of(problem)[0], problem=problem, typed=person)
    return _page(request, context, added=added, token=token)


@router.post("/role", dependencies=[OWN_FORM])
def change_role(context: Context, by: ByBrowser, role: Annotated[Role, Form()], person: Typed = "") -> Response:
    """They may more, or less, from now on."""
    require_administrator(context, person, role)
    people.change_role(context.store, person, role, by=by)
    return to("/review/people")


@router.post("/token", dependencies=[OWN_FORM])
def renew_token(request: Request, context: Context, by: ByBrowser, person: Typed = "") -> Response:
    """Another token, which is on this page only."""
    added, token = people.renew_token(context.store, person, by=by)
    return _page(request, context, added=added, token=token)


@router.post("/remove", dependencies=[OWN_FORM])
def remove(context: Context, by: ByBrowser, person: Typed = "") -> Response:
    """They are out at once."""
    require_administrator(context, person, None)
    people.remove(context.store, person, by=by)
    return to("/review/people")


def _page(request: Request, context: AppContext, status: int = 200, **values: object) -> Response:
    return page(request, "people.html", status, people=people.every(context.store), roles=MAY, **values)
