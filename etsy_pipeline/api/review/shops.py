"""The shops: how each one's connection stands, connect, disconnect, and its settings."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect, disconnect
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.item_card import web_address
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.session import OWN_FORM, THROUGH, ByBrowser, decides_as, remember
from etsy_pipeline.shop import holds as accepting
from etsy_pipeline.shop import scan, scan_views
from etsy_pipeline.store import accounts
from etsy_pipeline.sync import holds

router = APIRouter(prefix="/accounts")

Back = Annotated[str, Form(max_length=200, pattern=r"^(/review/(accounts/)?[\w-]+)?$")]
Typed = Annotated[str, Form(max_length=2000, pattern=PRINTABLE)]


@router.get("")
def every(request: Request, context: Context) -> Response:
    """All of them, oldest first."""
    with context.store.reading() as session:
        views = [account_view(account, holds.of(session, account.id)) for account in accounts.every(session)]
    return page(request, "shops.html", shops=[(view, web_address(view["shop_url"])) for view in views])


@router.post("", dependencies=[OWN_FORM])
def add(
    context: Context, by: ByBrowser, name: Annotated[str, Form(max_length=200, pattern=PRINTABLE)] = ""
) -> RedirectResponse:
    """One more, to be connected next."""
    configure.require_new_name(context.store, name)
    configure.add(context.store, name, by=by)
    return to("/review/accounts")


@router.get("/{account_id}")
def one(request: Request, context: Context, account_id: AccountPath) -> Response:
    """A shop and its settings; they are changed in `api/setup/settings_page.py`."""
    with context.store.reading() as session:
        view = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    last = next(iter(scan_views.last_looks(context.store, account_id)), None)
    now = datetime.now(UTC)
    return page(
        request,
        "shop.html",
        shop=view,
        address=web_address(view["shop_url"]),
        settings=_flat(view["settings"]),
        look=last,
        look_told=scan_views.standing(last, now),
        is_awaited=last is not None and scan_views.is_awaited(last, now),
    )


@router.post("/{account_id}/scan", dependencies=[OWN_FORM])
def look_through(context: Context, by: ByBrowser, account_id: AccountPath, back: Back = "") -> RedirectResponse:
    """Ask for a look through the shop; back to the plan that waits for it, or to the shop."""
    scan.ask(context.store, account_id, by=by)
    return to(back or f"/review/accounts/{account_id}")


@router.post("/{account_id}/connect", dependencies=[OWN_FORM])
def begin(context: Context, by: ByBrowser, account_id: AccountPath) -> RedirectResponse:
    """On to Etsy, where the seller consents."""
    return to(connect.start(context.store, wiring.oauth_of(context.settings), account_id, by=by).location)


@router.post("/{account_id}/accept", dependencies=[OWN_FORM])
def accept(
    request: Request, context: Context, account_id: AccountPath, code: Typed = "", decided_by: Typed = ""
) -> RedirectResponse:
    """What holds the shop is right: its new currency, or its new name."""
    name = decides_as(request, decided_by)
    accepting.accept(context.store, account_id, code, decided_by=name, through=THROUGH)
    remember(request, decided_by)
    return to("/review/accounts")


@router.get("/{account_id}/disconnect")
def ask(request: Request, context: Context, account_id: AccountPath) -> Response:
    """What it means."""
    with context.store.reading() as session:
        view = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    return page(request, "disconnect.html", shop=view)


@router.post("/{account_id}/disconnect", dependencies=[OWN_FORM])
def forget(context: Context, by: ByBrowser, account_id: AccountPath) -> RedirectResponse:
    """The shop's tokens are wiped."""
    disconnect.disconnect(context.store, account_id, by=by)
    return to("/review/accounts")


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
