"""Who may sign in by name: add somebody, see who was here, shut somebody out. For administrators."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.people import MAY
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.session import OWN_FORM
from etsy_pipeline.api.who import require
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store.records import Role

router = APIRouter(prefix="/people")

Typed = Annotated[str, Form(max_length=200, pattern=PRINTABLE)]


@router.get("")
def show(request: Request, context: Context) -> Response:
    """All of them, by name."""
    require(request, "administer")
    return page(request, "people.html", people=people.every(context.store), roles=MAY)


@router.post("", dependencies=[OWN_FORM])
def add(request: Request, context: Context, role: Annotated[Role, Form()], person: Typed = "") -> Response:
    """Somebody new; their token is on this page only."""
    token, problem, status = "", None, 200
    try:
        added, token = people.add(context.store, person, role)
    except PipelineError as error:
        added, problem, status = None, error, status_of(error)[0]
    return page(
        request,
        "people.html",
        status,
        people=people.every(context.store),
        roles=MAY,
        added=added,
        token=token,
        problem=problem,
        typed=person if problem else "",
    )


@router.post("/remove", dependencies=[OWN_FORM])
def remove(context: Context, person: Typed = "") -> Response:
    """They are out at once."""
    people.remove(context.store, person)
    return to("/review/people")
