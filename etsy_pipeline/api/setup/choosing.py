"""Profiles and policies, categories, and what to sell: chosen from lists with their names, not by ids."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.accounts.configure import Back, configure
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.page import to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.setup.offered import GROUPS, Group, Offered, or_trouble
from etsy_pipeline.api.setup.shell import Choices, Texts, missing, onward, step_page
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy_search import find_categories
from etsy_pipeline.store import accounts

router = APIRouter(prefix="/shops/{account_id}")

Words = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]

PROFILES: Mapping[Kind, tuple[str, bool]] = {
    "shipping_profile": ("What shipping costs, and how long it takes. Every listing needs one.", True),
    "processing_profile": ("How long it takes until a thing is ready to be sent. Every listing needs one.", True),
    "return_policy": ("Whether buyers may return a thing. Shops outside of the EU need one.", False),
    "shop_section": ("In which section of the shop new listings stand; none is fine.", False),
}
"""What is chosen, why, and whether nothing can be listed without it."""
SOLD_BY = {
    "category_ids": "Categories (those below them are meant, too)",
    "collection_ids": "Collections",
    "type_ids": "Product types",
    "tag_ids": "Tags",
    "sales_channel_ids": "Sales channels",
}
MOST_SHOWN = 200  # of one kind of groups; of more, ids are typed


@router.get("/profiles")
def profiles(request: Request, context: Context, choices: Choices, account_id: AccountPath) -> Response:
    """The shop's own, as Etsy has them now."""
    choices.forget()
    return _profiles(request, context, choices, account_id)


@router.post("/profiles", dependencies=[OWN_FORM])
def choose_profiles(
    request: Request, context: Context, by: ByBrowser, choices: Choices, account_id: AccountPath, texts: Texts
) -> Response:
    """All of them at once."""
    wanted = {kind: texts.get(kind, "").strip() for kind in PROFILES}
    lacking = [kind for kind, (_, is_needed) in PROFILES.items() if is_needed and not wanted[kind]]
    try:
        if lacking:
            raise missing(f"The {' and the '.join(lacking).replace('_', ' ')}", "Choose one from the list.")
        configure(context.store, account_id, {kind: _id(text) for kind, text in wanted.items()}, by=by)
    except PipelineError as problem:
        return _profiles(request, context, choices, account_id, problem=problem, typed=wanted)
    return onward(context, "profiles", account_id)


@router.get("/categories")
def categories(
    request: Request, context: Context, choices: Choices, account_id: AccountPath, q: Words = "", of: Words = ""
) -> Response:
    """Which of Etsy's categories each of Medusa's is; `q` are words of one of Etsy's, `of` is whose is looked for."""
    return _categories(request, context, choices, account_id, q=q, of=of)


@router.post("/categories/choose", dependencies=[OWN_FORM])
def choose_category(
    request: Request, context: Context, by: ByBrowser, choices: Choices, account_id: AccountPath, texts: Texts
) -> Response:
    """One of them: of a Medusa category, or (`of` is empty) of all products that have none."""
    of, chosen = texts.get("of", "").strip(), texts.get("taxonomy_id", "").strip()
    try:
        if chosen and not (chosen.isascii() and chosen.isdecimal()):
            raise missing("The number of a category", "Look for it by words, and choose one.")
        present = settings_of_shop(context, account_id)
        taken = dict(present.taxonomy_by_category)
        taken.pop(of, None)
        by_category = taken | ({of: int(chosen)} if chosen else {})
        change = {"taxonomy_by_category": by_category} if of else {"default_taxonomy_id": _id(chosen)}
        configure(context.store, account_id, change, by=by)
    except PipelineError as problem:
        return _categories(request, context, choices, account_id, problem=problem, of=of)
    return to(f"/setup/shops/{account_id}/categories")


@router.get("/selection")
def selection(request: Request, context: Context, choices: Choices, account_id: AccountPath) -> Response:
    """Everything, or what is in some groups of Medusa's."""
    return _selection(request, context, choices, account_id)


@router.post("/selection", dependencies=[OWN_FORM])
def choose_selection(
    request: Request, context: Context, by: ByBrowser, choices: Choices, account_id: AccountPath, texts: Texts
) -> Response:
    """What is ticked. Nothing ticked is everything."""
    is_everything = texts.get("what") != "some"
    ids = {} if is_everything else {name: _lines(texts, name) for name in SOLD_BY}
    filled = {name: found for name, found in ids.items() if found}
    try:
        if not is_everything and not filled:
            raise missing("A choice", "Tick what is to be sold, or choose everything.")
        present = settings_of_shop(context, account_id).selection.model_dump(mode="json", exclude_defaults=True)
        others = {name: value for name, value in present.items() if name not in SOLD_BY}
        configure(context.store, account_id, {"selection": others | filled}, by=by)
    except PipelineError as problem:
        return _selection(request, context, choices, account_id, problem=problem, texts=texts)
    return onward(context, "selection", account_id)


def _profiles(
    request: Request,
    context: AppContext,
    choices: Offered,
    account_id: str,
    *,
    problem: PipelineError | None = None,
    typed: Mapping[Kind, str] | None = None,
) -> Response:
    of_shop, trouble = or_trouble(lambda: choices.of_shop(account_id), {})
    present = settings_of_shop(context, account_id)
    rows = []
    for kind, (why, is_needed) in PROFILES.items():
        offered: Sequence[Choice] = of_shop.get(kind, ())
        chosen = typed[kind] if typed else _chosen(getattr(present, kind), offered)
        if not chosen and not typed and is_needed and len(offered) == 1:
            chosen = str(offered[0].id)  # there is nothing to choose
        rows.append((kind, kind.replace("_", " ").capitalize(), why, is_needed, offered, chosen))
    return step_page(request, context, "profiles", account_id, problem=problem or trouble, rows=rows, trouble=trouble)


def _categories(
    request: Request,
    context: AppContext,
    choices: Offered,
    account_id: str,
    *,
    q: str = "",
    of: str = "",
    problem: PipelineError | None = None,
) -> Response:
    known, trouble = or_trouble(lambda: choices.categories(account_id), ())
    groups, _ = or_trouble(lambda: choices.groups("category_ids"), ())
    present = settings_of_shop(context, account_id)
    names = {category.id: category.name for category in known}
    mapped = [
        (key, named(groups, key), names.get(number, str(number)))
        for key, number in present.taxonomy_by_category.items()
    ]
    default = present.default_taxonomy_id
    return step_page(
        request,
        context,
        "categories",
        account_id,
        problem=problem or trouble,
        q=q,
        of=of,
        of_name=named(groups, of),
        found=find_categories(q, known) if q else (),
        mapped=mapped,
        unmapped=[item for item in groups if not {item.id, item.name} & set(present.taxonomy_by_category)],
        default=names.get(default or 0, str(default)) if default else "",
    )


def _selection(
    request: Request,
    context: AppContext,
    choices: Offered,
    account_id: str,
    *,
    problem: PipelineError | None = None,
    texts: Mapping[str, str] | None = None,
) -> Response:
    present = settings_of_shop(context, account_id).selection
    rows, troubles = [], []
    for name, title in SOLD_BY.items():
        found, trouble = or_trouble(lambda name=name: choices.groups(name), ())  # type: ignore[misc]
        if trouble:
            troubles.append(f"{title}: {trouble.message}")
        chosen = _lines(texts, name) if texts else list(getattr(present, name))
        of_medusa = {item.id for item in found}
        offered = [*found, *(Group(item, item) for item in chosen if item not in of_medusa)]
        rows.append((name, title, offered if len(offered) <= MOST_SHOWN else (), chosen))
    is_some = texts.get("what") == "some" if texts else any(chosen for *_, chosen in rows)
    return step_page(
        request, context, "selection", account_id, problem=problem, rows=rows, is_some=is_some, troubles=troubles
    )


def settings_of_shop(context: AppContext, account_id: str) -> ShopSettings:
    """The settings of a shop.

    Raises:
        NotFound: `account_not_found`.
    """
    with context.store.reading() as session:
        return accounts.settings_of(accounts.get(session, account_id))


def _chosen(value: Any, offered: Sequence[Choice]) -> str:
    match = next((item for item in offered if value in {item.id, item.name}), None)
    return str(match.id) if match else "" if value is None else str(value)


def named(groups: Sequence[Group], key: str) -> str:
    """The name of one of Medusa's groups; what it is called by where Medusa does not tell it."""
    return next((item.name for item in groups if item.id == key), key)


def _id(text: str) -> Any:
    return Back.TO_DEFAULT if not text else int(text) if text.isascii() and text.isdecimal() else text


def _lines(texts: Mapping[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in texts.get(name, "").splitlines() if line.strip()))


assert set(SOLD_BY) == set(GROUPS)  # noqa: S101 - each can be asked for
