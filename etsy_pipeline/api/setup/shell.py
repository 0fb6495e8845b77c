"""What the pages of set-up have in common: the steps beside them, what was typed, and what there is to choose from."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response

from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.setup.forecast import Forecasts
from etsy_pipeline.api.setup.offered import Offered
from etsy_pipeline.api.setup.steps import progress
from etsy_pipeline.errors import NeedsPerson, PipelineError

LONGEST_FIELD = 200_000  # characters


async def _texts(request: Request) -> dict[str, str]:
    """The fields of the form, several of a name as lines."""
    found: dict[str, str] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            text = value.replace("\r\n", "\n").replace("\x00", "")[:LONGEST_FIELD]
            found[name] = f"{found[name]}\n{text}" if name in found else text
    return found


Texts = Annotated[dict[str, str], Depends(_texts)]


def _offered(request: Request) -> Offered:
    found: Offered = request.app.state.offered
    return found


def _forecasts(request: Request) -> Forecasts:
    found: Forecasts = request.app.state.forecasts
    return found


Choices = Annotated[Offered, Depends(_offered)]
Looks = Annotated[Forecasts, Depends(_forecasts)]


def step_page(
    request: Request,
    context: AppContext,
    step: str,
    account_id: str = "",
    *,
    problem: PipelineError | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page of a step; with a problem, its status says so, too."""
    come = progress(context, account_id)
    status = status_of(problem)[0] if problem else 200
    return page(
        request,
        f"setup/{step}.html",
        status,
        progress=come,
        step=step,
        account=come.account,
        uses_sandbox=context.settings.uses_sandbox,
        problem=problem,
        **values,
    )


def onward(context: AppContext, step: str, account_id: str = "") -> Response:
    """On to the step after this one."""
    return to(progress(context, account_id).after(step))


def typed_or_kept(context: AppContext, texts: dict[str, str], name: str) -> str:
    """A secret that was typed now, or came back encrypted with a form that had an error."""
    if text := texts.get(name, "").strip():
        return text
    try:
        text = texts.get(f"{name}_kept", "")
        return context.store.cipher.decrypt(text) if text else ""
    except PipelineError:
        return ""


def kept(context: AppContext, secret: str) -> str:
    """A secret as it may stand in a form: nobody can read it there."""
    return context.store.cipher.encrypt(secret) if secret else ""


def missing(what: str, hint: str) -> PipelineError:
    """A field that was left empty."""
    return NeedsPerson(f"{what} is missing.", code="field_missing", hint=hint)
