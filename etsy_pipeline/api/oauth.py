"""Routes of OAuth: where to send the seller, and what they come back with. Never a token in an answer."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from etsy_pipeline.accounts import attempts, connect
from etsy_pipeline.accounts.attempts import Asker
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.accounts import Account
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.asker import who_begins, who_finishes, who_looks
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, IdFilter
from etsy_pipeline.api.pages import page, wants_page
from etsy_pipeline.api.who import ByProgram
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.oauth import granted
from etsy_pipeline.providers.protocols import OAuth
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import holds
from etsy_pipeline.wiring import Provider, provider_of

router = APIRouter(prefix="/admin/oauth", tags=["oauth"])

Short = Annotated[str, Query(max_length=4000, pattern=PRINTABLE)]
Sent = Annotated[str, Form(max_length=4000, pattern=PRINTABLE)]


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
    """The shop as Etsy has it. `shop_id` is text here, and the number that it is in `account`."""

    shop_id: str | None
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
    context: Context, by: ByProgram, request: Request, answer: Response, platform: str, account_id: IdFilter = None
) -> Location:
    """Send the seller's browser to `location`. Without `account_id` the account is named when it is finished."""
    asker = who_begins(context, request, answer) if account_id is None else connect.NOBODY
    oauth = provider_of(platform).oauth(context.settings)
    authorization = connect.start(context.store, oauth, account_id, asker, by=by)
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
    """Needs no bearer token: the state protects it. A browser gets a page, to finish on if no account was named."""
    query = {"code": code, "state": state, "error": error, "error_description": error_description}
    try:
        provider = provider_of(platform)
        if not error and wants_page(request) and attempts.needs_account(context.store, state):
            return _ask(context, request, platform, code, state)
        account = _finish(context, provider, query)
    except PipelineError as problem:
        if not wants_page(request):
            raise
        return page(request, "problem.html", status_of(problem)[0], error=problem)
    return page(request, "connected.html", account=account) if wants_page(request) else _connected(context, account)


@router.post("/{platform}/callback", summary="Finish connecting a shop")
def finish(context: Context, request: Request, platform: str, body: Granted) -> Connected:
    """For admin pages that caught the redirect themselves."""
    query, asker = {"code": body.code, "state": body.state}, who_finishes(context, request)
    return _connected(context, _finish(context, provider_of(platform), query, body.id, asker))


@router.post("/{platform}/callback/finish", include_in_schema=False)
def finish_on_page(
    context: Context, request: Request, platform: str, code: Sent = "", state: Sent = "", account_id: Sent = ""
) -> HTMLResponse:
    """The form of the page that asks. Needs no bearer token: the state protects it."""
    try:
        oauth, client_for = _app(context, provider_of(platform))
        code, state = granted({"code": code, "state": state})
        account = connect.finish_on_page(
            context.store,
            oauth,
            client_for,
            code=code,
            state=state,
            account_id=account_id or None,
            asker=who_looks(context, request),
        )
    except PipelineError as problem:
        return page(request, "problem.html", status_of(problem)[0], error=problem)
    return page(request, "connected.html", account=account)


def finish_with_address(context: AppContext, address: str) -> EtsyAccount:
    """The same, with the whole address that the seller's browser ended on, where nothing of ours answers there.

    Raises:
        BadRequest: `oauth_redirect_malformed`, and what `connect.finish` raises.
    """
    try:
        found = parse_qs(urlsplit(address.strip()).query)
    except ValueError:  # brackets that are no address
        found = {}
    query = {name: found.get(name, [""])[0] for name in ("code", "state", "error", "error_description")}
    return _finish(context, provider_of("etsy"), query)


def _ask(context: AppContext, request: Request, platform: str, code: str, state: str) -> HTMLResponse:
    offered = attempts.accounts_to_choose(context.store, state, who_looks(context, request))
    return page(request, "finish.html", platform=platform, code=code, state=state, accounts=offered)


def _finish(
    context: AppContext,
    provider: Provider,
    query: dict[str, str],
    account_id: str | None = None,
    asker: Asker = connect.NOBODY,
) -> EtsyAccount:
    if query.get("error") and query["state"]:
        attempts.abandon(context.store, query["state"])
    code, state = granted(query)
    oauth, client_for = _app(context, provider)
    return connect.finish(context.store, oauth, client_for, code=code, state=state, account_id=account_id, asker=asker)


def _app(context: AppContext, provider: Provider) -> tuple[OAuth, connect.ClientFor]:
    return provider.oauth(context.settings), provider.client_for(context.settings, context.store)


def _connected(context: AppContext, account: EtsyAccount) -> Connected:
    shop = ShopInfo(
        shop_id=None if account.shop_id is None else str(account.shop_id),
        shop_name=account.shop_name,
        shop_url=account.shop_url,
        currency=account.currency_code,
    )
    with context.store.reading() as session:
        view = account_view(account, holds.of(session, account.id))
    return Connected(account=Account(**view), shop_info=shop)
