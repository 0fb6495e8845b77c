"""The page that says who did what."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.review.page import page
from etsy_pipeline.api.review.plan_query import A_PAGE
from etsy_pipeline.store import accounts
from etsy_pipeline.sync import activity

router = APIRouter(prefix="/activity")


class Looked(BaseModel):
    """What is looked at: one shop's, or all of it."""

    account: str = Field(default="", max_length=200, pattern=PRINTABLE)
    offset: int = Field(default=0, ge=0, le=1_000_000)


@router.get("")
def show(request: Request, context: Context, looked: Annotated[Looked, Query()]) -> Response:
    """The last first."""
    found, count = activity.newest(context.store, account_id=looked.account or None, first=looked.offset, most=A_PAGE)
    with context.store.reading() as session:
        shops = {account.id: account.label for account in accounts.every(session)}

    def at(offset: int) -> str:
        values = {name: value for name, value in (("account", looked.account), ("offset", offset)) if value}
        return f"/review/activity?{urlencode(values)}"

    following = looked.offset + A_PAGE
    return page(
        request,
        "activity.html",
        found=[(done, activity.words(done)) for done in found],
        shops=shops,
        looked=looked,
        count=count,
        first=looked.offset + 1,
        last=min(following, count),
        previous=at(max(0, looked.offset - A_PAGE)) if looked.offset else "",
        next=at(following) if following < count else "",
    )
