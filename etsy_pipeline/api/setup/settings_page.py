"""Every setting of a shop, by form: choices as lists, errors beside their field, nothing lost when two save at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.accounts.configure import configure, mark_of, with_changes
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.page import to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.setup import settings_form
from etsy_pipeline.api.setup.attributes import AWAY, group_names
from etsy_pipeline.api.setup.offered import Offered, or_trouble
from etsy_pipeline.api.setup.price_preview import PricePreview, price_preview
from etsy_pipeline.api.setup.settings_form import Typed
from etsy_pipeline.api.setup.shapes import NO, YES
from etsy_pipeline.api.setup.shell import Choices, Looks, Texts, step_page
from etsy_pipeline.api.setup.unfit import fitting
from etsy_pipeline.errors import BadRequest, Conflict, PipelineError
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.shop_settings import parse_settings
from etsy_pipeline.planning.fields import FIELDS
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsyAccount

router = APIRouter(prefix="/shops/{account_id}/settings")

Words = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]
OF_SHOP: Mapping[str, Kind] = {
    "shipping_profile": "shipping_profile",
    "return_policy": "return_policy",
    "processing_profile": "processing_profile",
    "shop_section": "shop_section",
    "production_partners": "production_partner",
}
"""Which of the shop's lists a field chooses from, by the last part of its name."""
LISTS: Mapping[str, str] = {
    **dict.fromkeys(("by_category", "section_by_category", "taxonomy_by_category"), "groups"),
    "ownership": "fields",
}
"""What is suggested for the names of records."""
WRONG = BadRequest(
    "Nothing was changed: something is not as it has to be.",
    code="shop_settings_invalid",
    hint="It is told beside each field; what you typed is still here.",
)
MEANWHILE = Conflict(
    "Nothing was changed yet: somebody else changed settings meanwhile, perhaps you in another window.",
    code="settings_changed_meanwhile",
    hint="What they changed is marked below. What you typed is still here: look at it, and save again.",
)
WAITED_SECONDS = 6.0  # for products that are being read: somewhat more than an absent Medusa is waited for
NOT_READ_YET = Conflict(
    "Your products are being read, which takes a moment: the prices cannot be told yet.",
    code="products_not_read",
    hint="Nothing is saved, and what you typed is still here. Press the button again in a moment.",
)


@router.get("")
def show(
    request: Request,
    context: Context,
    choices: Choices,
    account_id: AccountPath,
    q: Words = "",
    saved: Words = "",
    setting: Words = "",
    value: Words = "",
) -> Response:
    """All of them, or those that have some words in them; or one `setting`, with a `value` that helps filled in."""
    found = Typed({setting: _as_typed(value)}, changes={setting: value}) if setting and value else None
    return _page(request, context, choices, account_id, q=setting or q, saved=saved, found=found)


@router.post("/save", dependencies=[OWN_FORM])
def save(
    request: Request, context: Context, by: ByBrowser, choices: Choices, account_id: AccountPath, texts: Texts
) -> Response:
    """What was changed, all of it or nothing."""
    account, words = _account(context, account_id), texts.get("_q", "")
    now = fitting(account)
    found = settings_form.take(texts, texts.get("_base", ""), now.present, now.stored)
    if refused := _refused(found):
        return _page(request, context, choices, account_id, q=words, found=found, problem=refused)
    changes = {**now.mended, **found.changes}
    try:
        if changes:
            configure(context.store, account_id, changes, seen=mark_of(account), by=by)
    except PipelineError as problem:
        return _page(request, context, choices, account_id, q=words, found=found, problem=problem)
    names = ",".join(changes)
    return to(f"/setup/shops/{account_id}/settings?saved={names[:200] or 'nothing'}")


@router.post("/preview", dependencies=[OWN_FORM])
def preview(
    request: Request, context: Context, choices: Choices, looks: Looks, account_id: AccountPath, texts: Texts
) -> Response:
    """What was changed would do this to prices; nothing is saved."""
    account, words = _account(context, account_id), texts.get("_q", "")
    now = fitting(account)
    found = settings_form.take(texts, texts.get("_base", ""), now.present, now.stored)
    problem, prices = _refused(found), None
    if problem is None:
        look, wanted = looks.of(account_id), parse_settings(with_changes(now.stored, found.changes))
        look.ended.wait(WAITED_SECONDS)
        prices = price_preview(look, parse_settings(now.stored), wanted)
        problem = look.problem or (None if prices else look.before or NOT_READ_YET)
    return _page(request, context, choices, account_id, q=words, found=found, problem=problem, prices=prices)


def _refused(found: Typed) -> PipelineError | None:
    """Why what was typed is not taken."""
    if found.meanwhile:
        return MEANWHILE
    return WRONG if found.problems or found.errors else None


def _page(
    request: Request,
    context: AppContext,
    choices: Offered,
    account_id: str,
    *,
    q: str = "",
    saved: str = "",
    found: Typed | None = None,
    problem: PipelineError | None = None,
    prices: PricePreview | None = None,
) -> Response:
    account = _account(context, account_id)
    now = fitting(account)
    form = settings_form.show(now.present, found, words=q)
    of_shop, trouble = or_trouble(lambda: choices.of_shop(account_id), {}) if account.is_active else ({}, None)
    is_away = problem is not None and problem.code == AWAY  # asking once more takes as long again
    named = {field: list(of_shop.get(kind, ())) for field, kind in OF_SHOP.items()}
    return step_page(
        request,
        context,
        "settings",
        account_id,
        problem=problem,
        form=form,
        unfit=now.unfit,
        prices=prices,
        q=q,
        saved=[settings_form.words_of(name) for name in saved.split(",") if name],
        named=named,
        trouble_of_shop=trouble,
        selected=_selected,
        lists=LISTS,
        suggested={"groups": [] if is_away else group_names(choices), "fields": list(FIELDS)},
    )


def _as_typed(value: str) -> str:
    return {"true": YES, "false": NO}.get(value, value)


def _selected(text: str, offered: Sequence[Choice]) -> Sequence[tuple[str, str]]:
    """What a list offers, each with its name; what stands there now is among it, as it is stored."""
    rows = [(text if text in {str(item.id), item.name} else str(item.id), item.name) for item in offered]
    return rows if not text or text in dict(rows) else [(text, f"{text} (not in the shop)"), *rows]


def _account(context: AppContext, account_id: str) -> EtsyAccount:
    with context.store.reading() as session:
        return accounts.get(session, account_id)
