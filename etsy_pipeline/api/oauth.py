"""Routes of OAuth: where to send the seller, and what they come back with. Never a token in an answer."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from etsy_pipeline.accounts import connect
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.accounts import Account
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.pages import page, wants_page
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.oauth import granted
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.wiring import Provider, provider_of

router = APIRouter(prefix="/admin/oauth", tags=["oauth"])

Short = Annotated[str, Query(max_length=4000, pattern=PRINTABLE)]


class Location(BaseModel):
    """Where to send the seller; the state is single use and lasts ten minutes."""

    location: str
    state: str


class Granted(BaseModel):
    """What the seller came back with."""

    id: str = Field(max_length=200, pattern=PRINTABLE, description="The account's id.")
    code: str = Field(max_length=4000, pattern=PRINTABLE, description="From the redirect.")
    state: str = Field(max_length=4000, pattern=PRINTABLE, description="From the redirect.")


class ShopInfo(BaseModel):
    """The shop as Etsy has it."""

    shop_id: int | None
    shop_name: str | None
    shop_url: str | None
    currency: str | None


class Connected(BaseModel):
    """The account with its shop."""

    success: bool = True
    account: Account
    shop_info: ShopInfo


@router.get("/{platform}", summary="Begin to connect a shop")
def begin(
    context: Context, platform: str, account_id: Annotated[str, Query(max_length=200, pattern=PRINTABLE)]
) -> Location:
    """Send the seller's browser to `location`."""
    authorization = connect.start(context.store, provider_of(platform).oauth(context.settings), account_id)
    return Location(location=authorization.location, state=authorization.state)


@router.get("/{platform}/callback", summary="Where Etsy sends the seller's browser", response_model=Connected)
def come_back(
    context: Context,
    request: Request,
    platform: str,
    code: Short = "",
    state: Short = "",
    error: Short = "",
    error_description: Short = "",
) -> Connected | HTMLResponse:
    """Needs no bearer token: the state protects it. A browser gets a page."""
    query = {"code": code, "state": state, "error": error, "error_description": error_description}
    try:
        account = _finish(context, provider_of(platform), query)
    except PipelineError as problem:
        if not wants_page(request):
            raise
        return page(request, "problem.html", status_of(problem)[0], error=problem)
    return page(request, "connected.html", account=account) if wants_page(request) else _connected(account)


@router.post("/{platform}/callback", summary="Finish connecting a shop")
def finish(context: Context, platform: str, body: Granted) -> Connected:
    """For admin pages that caught the redirect themselves."""
    return _connected(_finish(context, provider_of(platform), {"code": body.code, "state": body.state}, body.id))


def _finish(
    context: AppContext, provider: Provider, query: dict[str, str], account_id: str | None = None
) -> EtsyAccount:
    if query.get("error") and query["state"]:
        connect.abandon(context.store, query["state"])
    code, state = granted(query)
    oauth, client_for = provider.oauth(context.settings), provider.client_for(context.settings, context.store)
    return connect.finish(context.store, oauth, client_for, code=code, state=state, account_id=account_id)


def _connected(account: EtsyAccount) -> Connected:
    shop = ShopInfo(
        shop_id=account.shop_id,
        shop_name=account.shop_name,
        shop_url=account.shop_url,
        currency=account.currency_code,
    )
    return Connected(account=Account(**account_view(account)), shop_info=shop)
