"""The route that says who did what."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import IdFilter, Page
from etsy_pipeline.sync import activity

router = APIRouter(prefix="/admin/activity", tags=["activity"])


class Activity(BaseModel):
    """Something that somebody did: a request, a decision, a change of an account or of people."""

    done_by: str
    done_through: str = Field(description="cli, api, review page, ui (Dagster's) or policy.")
    deed: str
    words: str = Field(description="The same, for people.")
    account_id: str | None
    transaction_id: str | None
    about: str
    note: str
    count: int = Field(description="How many decisions on links it were, that were taken at once.")
    created_at: str


class Activities(BaseModel):
    """Part of what was done, the last first."""

    activity: list[Activity]
    count: int
    offset: int
    limit: int


@router.get("", summary="Who did what, the last first")
def show(context: Context, page: Page, account_id: IdFilter = None, transaction_id: IdFilter = None) -> Activities:
    """All of it, or what was done on one account or sync. Decisions are kept for good, the rest a while."""
    found, count = activity.newest(
        context.store, account_id=account_id, transaction_id=transaction_id, first=page.offset, most=page.limit
    )
    shown = [Activity(**activity.view(done)) for done in found]
    return Activities(activity=shown, count=count, offset=page.offset, limit=page.limit)
