"""Attributes for all products of a category of Medusa's: each by its name, with the values that Etsy lists for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.page import to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.api.setup.choosing import named, settings_of_shop
from etsy_pipeline.api.setup.offered import Group, Offered, or_trouble
from etsy_pipeline.api.setup.shell import Choices, Texts, step_page
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.attribute_values import property_named
from etsy_pipeline.listings.shop import TaxonomyProperty
from etsy_pipeline.listings.shop_settings import ShopSettings

router = APIRouter(prefix="/shops/{account_id}/attributes")

SETTING = "attributes.by_category"
FIELD = "attribute-"  # before Etsy's id of it, in the form
BY = ("category_ids", "type_ids", "collection_ids")
AWAY = "medusa_unreachable"
FEW = 8  # values that stand open

Words = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]
Chosen = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class AttributeField:
    """One attribute of Etsy's: what can be chosen, and what is; `strange` are values that Etsy does not list."""

    name: str
    field: str
    values: Sequence[str]
    chosen: Sequence[str]
    takes_many: bool
    is_required: bool
    strange: Sequence[str] = ()


@router.get("")
def attributes(
    request: Request, context: Context, choices: Choices, account_id: AccountPath, of: Words = ""
) -> Response:
    """What is said of each category; or of one (`of`, a name or an id), with what Etsy lists for it."""
    of = of.strip()
    said = settings_of_shop(context, account_id).attributes.by_category
    called = [group.id for group in _groups(choices) if group.name.casefold() == of.casefold()]
    if of not in said and len(called) == 1:
        of = called[0]
    return _page(request, context, choices, account_id, of)


@router.post("/save", dependencies=[OWN_FORM])
def save(
    request: Request, context: Context, by: ByBrowser, choices: Choices, account_id: AccountPath, texts: Texts
) -> Response:
    """What was chosen for one category. What Etsy's category has no attribute for stays as it is."""
    of = texts.get("of", "").strip()
    try:
        rules = settings_of_shop(context, account_id).attributes.by_category
        offered = choices.properties(account_id, _taxonomy_id(settings_of_shop(context, account_id), choices, of) or 0)
        of_form = {item.property_id for item in offered if f"{FIELD}{item.property_id}" in texts}
        others = {name: values for name, values in rules.get(of, {}).items() if _number(name, offered) not in of_form}
        typed = {item.name: _lines(texts, item) for item in offered if item.property_id in of_form}
        filled = others | {name: values for name, values in typed.items() if values}
        changed = {key: value for key, value in rules.items() if key != of} | ({of: filled} if filled and of else {})
        configure(context.store, account_id, {SETTING: changed}, by=by)
    except PipelineError as problem:
        return _page(request, context, choices, account_id, of, problem=problem, texts=texts)
    return to(f"/setup/shops/{account_id}/attributes")


def _page(
    request: Request,
    context: AppContext,
    choices: Offered,
    account_id: str,
    of: str,
    *,
    problem: PipelineError | None = None,
    texts: Mapping[str, str] | None = None,
) -> Response:
    present = settings_of_shop(context, account_id)
    groups = _groups(choices)
    taxonomy_id = _taxonomy_id(present, choices, of) if of else None
    offered: Sequence[TaxonomyProperty] = ()
    trouble = None
    if taxonomy_id:
        offered, trouble = or_trouble(lambda: choices.properties(account_id, taxonomy_id), ())
    chosen = present.attributes.by_category.get(of, {})
    known, _ = or_trouble(lambda: choices.categories(account_id), ())
    return step_page(
        request,
        context,
        "attributes",
        account_id,
        problem=problem or trouble,
        of=of,
        of_name=named(groups, of),
        groups=groups,
        category=next((item.name for item in known if item.id == taxonomy_id), str(taxonomy_id or "")),
        fields=[_field(item, chosen, texts) for item in offered if item.supports_attributes and item.values],
        free=[item.name for item in offered if item.supports_attributes and not item.values],
        others={name: values for name, values in chosen.items() if property_named(name, offered) is None},
        said=[(key, named(groups, key), values) for key, values in present.attributes.by_category.items()],
        few=FEW,
    )


def group_names(choices: Offered) -> Sequence[str]:
    """Medusa's categories, types and collections by their names."""
    return list(dict.fromkeys(group.name for group in _groups(choices)))


def _groups(choices: Offered) -> Sequence[Group]:
    """Medusa's categories, types and collections, as far as it tells them."""
    found = list[Group]()
    for kind in BY:
        groups, trouble = or_trouble(partial(choices.groups, kind), ())
        found += groups
        if trouble and trouble.code == AWAY:
            break  # each of them would be waited for as long
    return found


def _taxonomy_id(present: ShopSettings, choices: Offered, of: str) -> int | None:
    """Etsy's category of what is in a category of Medusa's, by its id or its name."""
    keys = [of, named(_groups(choices), of)]
    for key in keys:
        one = present.by_category.get(key)
        found = (one.taxonomy_id if one else None) or present.taxonomy_by_category.get(key)
        if found:
            return int(found)
    return present.default_taxonomy_id


def _field(item: TaxonomyProperty, chosen: Chosen, texts: Mapping[str, str] | None) -> AttributeField:
    values = _values(item)
    field = f"{FIELD}{item.property_id}"
    stored = next((told for name, told in chosen.items() if _number(name, [item]) is not None), ())
    wanted = texts[field].splitlines() if texts and field in texts else stored
    by_case = {value.casefold(): value for value in values}
    here = [by_case.get(value.casefold(), value) for value in wanted if value]
    strange = [value for value in here if value not in values]
    return AttributeField(item.name, field, values, here, item.max_values != 1, item.is_required, strange)


def _values(item: TaxonomyProperty) -> Sequence[str]:
    """Etsy's values; where there are several scales, each with its scale's name."""
    scales: dict[int | None, str] = {scale.id: scale.name for scale in item.scales}
    return list(dict.fromkeys(f"{value.name} {scales.get(value.scale_id, '')}".strip() for value in item.values))


def _number(name: str, offered: Sequence[TaxonomyProperty]) -> int | None:
    found = property_named(name, offered)
    return found.property_id if found else None


def _lines(texts: Mapping[str, str], item: TaxonomyProperty) -> list[str]:
    return [line for line in texts.get(f"{FIELD}{item.property_id}", "").splitlines() if line.strip()]
