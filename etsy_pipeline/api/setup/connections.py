"""The first three steps: Medusa, the Etsy app, and the shop. Each asks the other side before anything is stored."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.oauth import finish_with_address
from etsy_pipeline.api.review.page import is_picture, to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.setup import stored
from etsy_pipeline.api.setup.shell import Texts, kept, missing, onward, step_page, typed_or_kept
from etsy_pipeline.errors import BadRequest, PipelineError
from etsy_pipeline.store import accounts
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.records import EtsyAccount

router = APIRouter()

AGAIN = "Begin anew with the button, and paste the address within ten minutes; each one can be used once."
HINTS = {
    "medusa_unauthorized": "Make a new one in Medusa's admin (Settings → Secret API Keys), and paste all of it.",
    "medusa_unreachable": "Is the address right, and does the server run? This machine has to reach it.",
    "not_a_medusa": "It is the address of the server itself, as in https://shop.example.com, not of the shop's pages.",
    "etsy_unreachable": "Is this machine online? It has to reach Etsy; then check again.",
    "etsy_key_invalid": "Both stand beside each other at etsy.com/developers/your-apps; copy them again.",
}
"""What to do, for who looks at a form and not at environment variables."""


@router.get("/medusa")
def medusa(request: Request, context: Context) -> Response:
    """Address and key; and once these are known, the unit of amounts."""
    looked, problem = _looked(context)
    return _medusa(request, context, looked=looked, problem=problem)


@router.post("/medusa", dependencies=[OWN_FORM])
def check_medusa(request: Request, context: Context, by: ByBrowser, texts: Texts) -> Response:
    """Asks that Medusa, and stores address and key if it answers. Another server's amounts are asked about anew."""
    settings = stored.own(context.settings)
    url, api_key = stored.address_of(texts.get("url", "")), typed_or_kept(context, texts, "api_key")
    if not api_key and settings.medusa_api_key and url and _host(url) == _host(settings.medusa_url or ""):
        api_key = settings.medusa_api_key.get_secret_value()
    try:
        if not url:
            raise missing("The address", "It is where Medusa's server answers, as in https://shop.example.com.")
        stored.require_address(url)
        if not api_key:
            raise missing("The API key", "Medusa's admin makes one: Settings → Secret API Keys.")
        stored.look_at_medusa(context.settings, url, api_key)
        is_same = _host(url) == _host(settings.medusa_url or "")
        unit = {} if is_same else {"MEDUSA_AMOUNT_UNIT": None}
        stored.store(context, {"MEDUSA_URL": url, "MEDUSA_API_KEY": api_key, **unit}, by)
    except PipelineError as error:
        return _medusa(request, context, problem=error, url=url, api_key=api_key)
    request.app.state.offered.forget()
    return to("/setup/medusa#unit")


@router.post("/medusa/unit", dependencies=[OWN_FORM])
def choose_unit(
    request: Request,
    context: Context,
    by: ByBrowser,
    unit: Annotated[str, Form(max_length=20, pattern=PRINTABLE)] = "",
) -> Response:
    """What an amount means."""
    if unit not in {"major", "minor"}:
        looked, problem = _looked(context)
        missed = missing("The answer", "Choose what the product costs.")
        return _medusa(request, context, looked=looked, problem=problem or missed)
    stored.store(context, {"MEDUSA_AMOUNT_UNIT": unit}, by)
    return onward(context, "medusa")


@router.get("/etsy")
def etsy(request: Request, context: Context) -> Response:
    """Keystring and secret, and the redirect URI to be copied."""
    return _etsy(request, context)


@router.post("/etsy", dependencies=[OWN_FORM])
def check_etsy(request: Request, context: Context, by: ByBrowser, texts: Texts) -> Response:
    """Asks Etsy whether it takes the key, and stores it if it does."""
    settings = stored.own(context.settings)
    client_id = "".join(texts.get("client_id", "").split())
    secret = typed_or_kept(context, texts, "shared_secret")
    if not secret and settings.etsy_shared_secret and client_id == settings.etsy_client_id:
        secret = settings.etsy_shared_secret.get_secret_value()
    try:
        if not client_id or not secret:
            what = "The shared secret" if client_id else "The keystring"
            raise missing(what, "Both stand at etsy.com/developers/your-apps.")
        if not (client_id + secret).isascii():
            raise BadRequest(
                "The keystring or the shared secret has letters that no key has.",
                code="etsy_key_invalid",
                hint="Copy both again: they consist of plain letters and digits.",
            )
        stored.ping(context, client_id, secret)
        stored.store(context, {"ETSY_CLIENT_ID": client_id, "ETSY_SHARED_SECRET": secret}, by)
    except PipelineError as error:
        return _etsy(request, context, problem=error, client_id=client_id, secret=secret)
    return onward(context, "etsy")


@router.post("/etsy/redirect", dependencies=[OWN_FORM])
def choose_redirect(
    request: Request,
    context: Context,
    by: ByBrowser,
    uri: Annotated[str, Form(max_length=500, pattern=PRINTABLE)] = "",
) -> Response:
    """Where Etsy sends the seller's browser back."""
    try:
        if urlsplit(uri.strip()).scheme not in {"http", "https"} or not urlsplit(uri.strip()).hostname:
            raise BadRequest(
                "This is no http or https address.", code="setting_unusable", hint="Copy it whole, with https://."
            )
        stored.store(context, {"ETSY_REDIRECT_URI": uri.strip()}, by)
    except (PipelineError, ValueError) as error:
        told = error if isinstance(error, PipelineError) else missing("A usable address", "Copy it whole.")
        return _etsy(request, context, problem=told, uri=uri)
    return to("/setup/etsy#redirect")


@router.get("/shop")
def shop(request: Request, context: Context) -> Response:
    """Connect the shop, on Etsy's own page."""
    return step_page(request, context, "shop", redirect_uri=context.settings.etsy_redirect_uri)


@router.post("/shop/connect", dependencies=[OWN_FORM])
def connect_shop(
    context: Context, by: ByBrowser, account_id: Annotated[str, Form(max_length=100, pattern=PRINTABLE)] = ""
) -> Response:
    """On to Etsy; for an account that waits for a shop, or else a new one: a second click makes no second account."""
    oauth = wiring.oauth_of(context.settings)
    return to(connect.start(context.store, oauth, account_id or _waiting(context, by).id, by=by).location)


@router.post("/shop/paste", dependencies=[OWN_FORM])
def paste(
    request: Request, context: Context, address: Annotated[str, Form(max_length=4000, pattern=PRINTABLE)] = ""
) -> Response:
    """The address that the browser ended on, where that is not one of ours."""
    try:
        account = finish_with_address(context, address)
    except PipelineError as problem:
        uri = context.settings.etsy_redirect_uri
        return step_page(request, context, "shop", problem=problem, hint=AGAIN, redirect_uri=uri, address=address)
    return onward(context, "shop", account.id)


def _looked(context: AppContext) -> tuple[stored.Looked | None, PipelineError | None]:
    """What the Medusa that is stored answers now, or why it does not."""
    settings = stored.own(context.settings)
    if not (settings.medusa_url and settings.medusa_api_key):
        return None, None
    try:
        return stored.look_at_medusa(settings, settings.medusa_url, settings.medusa_api_key.get_secret_value()), None
    except PipelineError as error:
        return None, error


def _medusa(
    request: Request,
    context: AppContext,
    *,
    looked: stored.Looked | None = None,
    problem: PipelineError | None = None,
    url: str = "",
    api_key: str = "",
) -> Response:
    settings = stored.own(context.settings)
    sample = looked.sample if looked else None
    return step_page(
        request,
        context,
        "medusa",
        problem=problem,
        hint=HINTS.get(problem.code, problem.hint) if problem else "",
        error_field=stored.tried(problem) if problem else "",
        url=url or settings.medusa_url or "",
        key_hint=stored.hinted(api_key or settings.medusa_api_key),
        key_kept=kept(context, api_key),
        looked=looked,
        sample=sample,
        picture=sample.picture if sample and is_picture(context, sample.picture) else "",
        unit=settings.medusa_amount_unit or "",
        fixed={name for name in ("MEDUSA_URL", "MEDUSA_API_KEY") if stored.is_from_environment(name)},
    )


def _etsy(
    request: Request,
    context: AppContext,
    *,
    problem: PipelineError | None = None,
    client_id: str = "",
    secret: str = "",
    uri: str = "",
) -> Response:
    settings = stored.own(context.settings)
    here = stored.redirect_uri_here(request.url.scheme, request.headers.get("host", ""))
    return step_page(
        request,
        context,
        "etsy",
        problem=problem,
        hint=HINTS.get(problem.code, problem.hint) if problem else "",
        client_id=client_id or settings.etsy_client_id or "",
        secret_hint=stored.hinted(secret or settings.etsy_shared_secret),
        secret_kept=kept(context, secret),
        redirect_uri=settings.etsy_redirect_uri,
        pages_uri=here,
        uri=uri or settings.etsy_redirect_uri,
        fixed={name for name in ("ETSY_CLIENT_ID", "ETSY_SHARED_SECRET") if stored.is_from_environment(name)},
        is_redirect_fixed=stored.is_from_environment("ETSY_REDIRECT_URI"),
    )


def _waiting(context: AppContext, by: Doer) -> EtsyAccount:
    with context.store.reading() as session:
        every = accounts.every(session)
    waiting = [account for account in every if account.shop_id is None and not account.is_active]
    return waiting[0] if waiting else configure.add(context.store, connect.UNNAMED, by=by)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.casefold()
    except ValueError:
        return ""
