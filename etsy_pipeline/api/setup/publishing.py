"""How many products can be listed, with what would help the others; and the first plan, as drafts."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review import words
from etsy_pipeline.api.review.page import to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.setup.forecast import REASONS, changes_for
from etsy_pipeline.api.setup.settings_form import words_of
from etsy_pipeline.api.setup.shell import Looks, step_page
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store import signs_of_life
from etsy_pipeline.sync.request import request_sync

router = APIRouter(prefix="/shops/{account_id}")

FOLLOW_SECONDS = 2
Code = Annotated[str, Form(max_length=100, pattern=PRINTABLE)]


@router.get("/forecast")
def forecast(
    request: Request,
    context: Context,
    looks: Looks,
    account_id: AccountPath,
    used: Annotated[str, Query(max_length=100, pattern=PRINTABLE)] = "",
    reason: Annotated[str, Query(max_length=100, pattern=PRINTABLE)] = "",
) -> Response:
    """Looks at the catalogue as it is now; the page follows until that is done.

    The biggest reasons are told in full, and the `reason` that somebody opened.
    """
    look = looks.of(account_id)
    return step_page(
        request,
        context,
        "forecast",
        account_id,
        problem=look.problem,
        look=look,
        found=look.forecast,
        reasons=look.forecast.shown(reason) if look.forecast else (),
        opened=reason,
        most_told=REASONS,
        follow_seconds=0 if look.is_over else FOLLOW_SECONDS,
        used=in_words(changes_for(used)),
        in_words=in_words,
        words=words.reason,
    )


@router.post("/forecast/use", dependencies=[OWN_FORM])
def use(context: Context, by: ByBrowser, account_id: AccountPath, code: Code = "") -> Response:
    """The setting that would help with a reason; the products are judged again with it."""
    changes = changes_for(code)
    if changes:
        configure(context.store, account_id, changes, by=by)
    return to(f"/setup/shops/{account_id}/forecast{f'?used={code}' if changes else ''}")


@router.post("/forecast/again", dependencies=[OWN_FORM])
def again(looks: Looks, account_id: AccountPath) -> Response:
    """Reads the catalogue anew."""
    looks.of(account_id, anew=True)
    return to(f"/setup/shops/{account_id}/forecast")


@router.get("/plan")
def plan(request: Request, context: Context, looks: Looks, account_id: AccountPath) -> Response:
    """What the first plan would be of."""
    return _plan(request, context, account_id, found=looks.of(account_id).forecast)


@router.post("/plan", dependencies=[OWN_FORM])
def draw_up(
    request: Request,
    context: Context,
    by: ByBrowser,
    account_id: AccountPath,
    once: Annotated[str, Form(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")],
    publish_as: Annotated[str, Form(max_length=20, pattern=PRINTABLE)] = "draft",
) -> Response:
    """Asks for it, once: a second click leads to the same plan."""
    try:
        configure(context.store, account_id, {"publish_as": publish_as}, by=by)
        job = request_sync(
            context.store, account_id, product_ids=None, trigger="ui", idempotency_key=f"setup {once}", by=by
        )
    except PipelineError as problem:
        return _plan(request, context, account_id, problem=problem)
    return to(f"/review/{job.transaction_id}?follow=yes")


def in_words(changes: Mapping[str, Any]) -> str:
    """Settings as people say them: "Tags too many: first"."""
    told = {True: "yes", False: "no"}
    return ", ".join(f"{words_of(name)}: {told.get(value, value)}" for name, value in changes.items())


def _plan(
    request: Request, context: AppContext, account_id: str, *, problem: PipelineError | None = None, found: Any = None
) -> Response:
    with context.store.reading() as session:
        seconds = signs_of_life.seconds_since(session, signs_of_life.SENSORS)
    is_running = seconds is not None and seconds <= signs_of_life.SILENT_SECONDS
    return step_page(
        request,
        context,
        "plan",
        account_id,
        problem=problem,
        found=found,
        once=secrets.token_urlsafe(16),
        is_running=is_running,
    )
