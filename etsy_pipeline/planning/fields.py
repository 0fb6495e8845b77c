"""The fields of a plan: how each is compared, shown and sent. Price, stock and variations are in `inventory.py`.

A new field is a row of `FIELDS` (and of Etsy's form, `etsy/requests.py`, and its mapping): it is planned, sent, looked
at before and read back after by all that goes over this table.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_args

from etsy_pipeline.listings import attributes
from etsy_pipeline.listings.listing import (
    Attribute,
    Listing,
    ListingFile,
    ListingImage,
    ListingVideo,
    Translation,
    VariationImage,
)
from etsy_pipeline.listings.origin import this_years
from etsy_pipeline.planning import media, pictures

Extra = Literal["variation_images", "attributes", "videos", "files", "translations"]
Part = Literal["listing", "images", "inventory", "personalization", "state"] | Extra
EXTRAS: tuple[Extra, ...] = get_args(Extra)
"""Parts with calls of their own, which a listing can be without; each is a field of that name, too."""


LONGEST_SHOWN = 120  # characters of a value in a difference; descriptions are longer than any table


class PlanField(NamedTuple):
    """A field as plans know it.

    `value` is None where we leave the field to Etsy. `unset` are the Listing's attributes, and their values, of a
    listing whose seller keeps this field. `attribute` is the Listing's where it has another name than the field.
    """

    part: Part
    value: Callable[[Listing], Any]
    unset: Mapping[str, Any] = {}
    attribute: str = ""


def _measure(listing: Listing) -> tuple[Decimal, str | None] | None:
    return None if listing.item_weight is None else (listing.item_weight, listing.item_weight_unit)


def _dimensions(listing: Listing) -> tuple[Decimal | str | None, ...] | None:
    lengths = (listing.item_length, listing.item_width, listing.item_height)
    return (*lengths, listing.item_dimensions_unit) if any(lengths) else None


def _section(listing: Listing) -> Any:
    """Its id, or the title of one that has to be made first."""
    return listing.new_section or listing.shop_section_id


FIELDS: Mapping[str, PlanField] = {
    "title": PlanField("listing", lambda listing: listing.title),
    "description": PlanField("listing", lambda listing: listing.description),
    "tags": PlanField("listing", lambda listing: listing.tags, {"tags": ()}),
    "materials": PlanField("listing", lambda listing: listing.materials, {"materials": ()}),
    "taxonomy_id": PlanField("listing", lambda listing: listing.taxonomy_id),
    "who_made": PlanField("listing", lambda listing: listing.who_made),
    "when_made": PlanField("listing", lambda listing: listing.when_made),
    "type": PlanField("listing", lambda listing: listing.type),
    "is_supply": PlanField("listing", lambda listing: listing.is_supply, {"is_supply": False}),
    "is_taxable": PlanField("listing", lambda listing: listing.is_taxable, {"is_taxable": None}),
    "should_auto_renew": PlanField("listing", lambda listing: listing.should_auto_renew, {"should_auto_renew": False}),
    "shipping_profile": PlanField(
        "listing", lambda listing: listing.shipping_profile_id, attribute="shipping_profile_id"
    ),
    "return_policy": PlanField("listing", lambda listing: listing.return_policy_id, {"return_policy_id": None}),
    "shop_section": PlanField("listing", _section, {"shop_section_id": None, "new_section": ""}),
    "weight": PlanField("listing", _measure, {"item_weight": None, "item_weight_unit": None}),
    "dimensions": PlanField(
        "listing", _dimensions, dict.fromkeys(("item_length", "item_width", "item_height", "item_dimensions_unit"))
    ),
    "production_partners": PlanField(
        "listing", lambda listing: listing.production_partner_ids, {"production_partner_ids": ()}
    ),
    "eu_guarantee": PlanField("listing", lambda listing: listing.eu_guarantee, {"eu_guarantee": ()}),
    "images": PlanField("images", lambda listing: listing.images, {"images": ()}),
    "personalization": PlanField("personalization", lambda listing: listing.personalization, {"personalization": ()}),
    **{name: PlanField(name, attrgetter(name), {name: ()}) for name in EXTRAS},
}

# Etsy reads them together: one of them in an update brings the others along (spec: each "requires" the others).
SENT_TOGETHER = frozenset({"who_made", "when_made", "is_supply"})

ANY_YEAR = 2026
_UNORDERED = frozenset({"tags", "materials", "production_partners"})


def attributes_of(name: str) -> tuple[str, ...]:
    """The Listing's attributes that hold a field."""
    field = FIELDS[name]
    return tuple(field.unset) or (field.attribute or name,)


def with_companions(fields: Iterable[str]) -> frozenset[str]:
    """Fields, with those that Etsy reads together with them."""
    named = frozenset(fields)
    return named | SENT_TOGETHER if named & SENT_TOGETHER else named


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same; Etsy keeps no order of tags, nor spaces at the ends of texts."""
    if one == other:
        return True
    if name == "attributes":
        return attributes.same(one or (), other or ())
    if name in _UNORDERED:
        return {str(item).casefold() for item in one or ()} == {str(item).casefold() for item in other or ()}
    if name == "variation_images":
        return set(one) == set(other)
    if name == "when_made":  # Etsy renames its ranges each January
        return this_years(str(one), ANY_YEAR) == this_years(str(other), ANY_YEAR)
    return isinstance(one, str) and isinstance(other, str) and one.split() == other.split()


def shown(value: object) -> str:
    """A value as a person reads it, on one line and not too long."""
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and isinstance(value[0], Attribute):
        text = attributes.shown(value)
    elif isinstance(value, tuple):
        text = ", ".join(_item(item) for item in value if item is not None)
    else:
        text = " ".join(str(value).split())
    return _short(text)


def shown_sides(name: str, before: object, new: object) -> tuple[str, str]:
    """Both sides of a change of a field as a person reads them; of pictures, files and texts what changes of them."""
    if name in _TOLD and isinstance(before, tuple) and isinstance(new, tuple) and before and new:
        old, told = _TOLD[name](before, new)
        return _short(old), _short(told)
    return shown(before), shown(new)


_TOLD: Mapping[str, Callable[[Any, Any], tuple[str, str]]] = {
    "images": pictures.told,
    "files": media.files_told,
    "translations": media.translations_told,
}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _item(item: object) -> str:
    if isinstance(item, tuple):
        return " ".join(map(str, item))
    if isinstance(item, ListingImage):
        return f"{item.url} (new content)" if item.sha256 else item.url
    if isinstance(item, VariationImage):
        return f"{item.value} {item.url}"
    if isinstance(item, Translation | ListingFile | ListingVideo):
        return media.told(item)
    return str(getattr(item, "question_text", None) or item)
