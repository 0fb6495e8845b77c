"""The shops: how each one's connection stands, connect, disconnect, and its settings."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect, disconnect
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.item_card import web_address
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.session import OWN_FORM
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts
from etsy_pipeline.sync import holds

router = APIRouter(prefix="/accounts")

Typed = Annotated[str, Form(max_length=2000, pattern=PRINTABLE)]
Changed = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]


@router.get("")
def every(request: Request, context: Context) -> Response:
    """All of them, oldest first."""
    with context.store.reading() as session:
        views = [account_view(account, holds.of(session, account.id)) for account in accounts.every(session)]
    return page(request, "shops.html", shops=[(view, web_address(view["shop_url"])) for view in views])


@router.post("", dependencies=[OWN_FORM])
def add(context: Context, name: Annotated[str, Form(max_length=200, pattern=PRINTABLE)] = "") -> RedirectResponse:
    """One more, to be connected next."""
    configure.add(context.store, name)
    return to("/review/accounts")


@router.get("/{account_id}")
def one(request: Request, context: Context, account_id: AccountPath, changed: Changed = "") -> Response:
    """A shop and its settings."""
    return _settings(request, context, account_id, changed=changed)


@router.post("/{account_id}/settings", dependencies=[OWN_FORM])
def change(request: Request, context: Context, account_id: AccountPath, setting: Typed, value: Typed = "") -> Response:
    """One setting, by its name."""
    try:
        configure.configure(context.store, account_id, {setting.strip(): configure.value_of(value)})
    except BadRequest as problem:
        return _settings(request, context, account_id, problem=problem, setting=setting, value=value)
    return to(f"/review/accounts/{account_id}?{urlencode({'changed': setting.strip()})}")


@router.post("/{account_id}/connect", dependencies=[OWN_FORM])
def begin(context: Context, account_id: AccountPath) -> RedirectResponse:
    """On to Etsy, where the seller consents."""
    return to(connect.start(context.store, wiring.oauth_of(context.settings), account_id).location)


@router.get("/{account_id}/disconnect")
def ask(request: Request, context: Context, account_id: AccountPath) -> Response:
    """What it means."""
    with context.store.reading() as session:
        view = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    return page(request, "disconnect.html", shop=view)


@router.post("/{account_id}/disconnect", dependencies=[OWN_FORM])
def forget(context: Context, account_id: AccountPath) -> RedirectResponse:
    """The shop's tokens are wiped."""
    disconnect.disconnect(context.store, account_id)
    return to("/review/accounts")


def _settings(
    request: Request, context: AppContext, account_id: str, problem: BadRequest | None = None, **form: str
) -> Response:
    with context.store.reading() as session:
        view = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    return page(
        request,
        "shop.html",
        status=status_of(problem)[0] if problem else 200,
        shop=view,
        address=web_address(view["shop_url"]),
        settings=_flat(view["settings"]),
        names=[name for name, _ in _flat(ShopSettings().model_dump(mode="json"))],
        form=form,
        problem=problem,
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _told(value)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "", {}) else str(value)
