"""The first page of set-up: the steps and how far it has come; and a page that asks everything whether it works."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import IdFilter
from etsy_pipeline.api.setup.shell import step_page
from etsy_pipeline.checkup import findings
from etsy_pipeline.settings import SANDBOX_FILE

router = APIRouter()


@router.get("/")
def overview(request: Request, context: Context, account: IdFilter = None) -> Response:
    """What is done, and what is next. Settings that came from elsewhere meanwhile are seen."""
    context.reload()
    settings = context.settings
    has_none = not (settings.medusa_url or settings.etsy_client_id)
    return step_page(
        request,
        context,
        "overview",
        account or "",
        has_none=has_none,
        sandbox_file=settings.etsy_pipeline_home / SANDBOX_FILE,
    )


@router.get("/status")
def status(request: Request, context: Context) -> Response:
    """Each thing is asked now; it may take some seconds."""
    found = list(findings())
    return step_page(request, context, "status", findings=found, bad=sum(item.is_good is False for item in found))
