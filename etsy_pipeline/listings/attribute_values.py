"""Values of one attribute as a shop writes them → as Etsy lists them."""

import difflib
from collections.abc import Iterable, Sequence

from etsy_pipeline.listings.characters import plain
from etsy_pipeline.listings.listing import Attribute
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import TaxonomyProperty, TaxonomyValue
from etsy_pipeline.listings.verdict import Verdict

NEAREST = 3  # that are named where one is unknown
LONGEST_COMPARED = 100  # characters; no value of Etsy's is longer
UNSENDABLE = frozenset("(),")  # spec: no parentheses; a comma parts two values

ByScale = dict[int | None, dict[str, TaxonomyValue]]


def property_named(name: str, offered: Iterable[TaxonomyProperty]) -> TaxonomyProperty | None:
    """An attribute by Etsy's name for it, in whatever capitals, or by its id."""
    wanted = plain(name[: LONGEST_COMPARED + 1]).casefold()
    return next((item for item in offered if wanted in {item.name.casefold(), str(item.property_id)}), None)


def unknown_attribute(name: str, offered: Iterable[TaxonomyProperty]) -> Verdict:
    """That a category has no such attribute, with those that are called like it."""
    near = _nearest(name, [item.name for item in offered])
    return verdict("attribute_unknown", attribute=name, nearest=near)


def read(
    wanted: TaxonomyProperty, values: Sequence[str], *, may_be_free: bool
) -> tuple[Attribute | None, list[Verdict]]:
    """An attribute with the values that Etsy lists for it, all of one scale; None where none is left."""
    if not values:
        return None, []
    if not wanted.values:
        return _free(wanted, values) if may_be_free else (None, [verdict("attribute_free", attribute=wanted.name)])
    scales = _by_scale(wanted)
    scale_id = max(scales, key=lambda scale: sum(_key(value) in scales[scale] for value in values))
    listed, found = scales[scale_id], []
    known = {listed[_key(value)].value_id: listed[_key(value)] for value in values if _key(value) in listed}
    names = [item.name for item in wanted.values]
    for value in values:
        if _key(value) not in listed:
            near = _nearest(value, names)
            found.append(verdict("attribute_value_unknown", attribute=wanted.name, value=value, nearest=near))
    if known and _is_ambiguous(scales, scale_id, values):
        told = ", ".join(scale.name for scale in wanted.scales)
        return None, [verdict("attribute_scale_missing", attribute=wanted.name, value=values[0], scales=told)]
    kept, told_of_many = _so_many(wanted, list(known.values()))
    return _attribute(wanted, kept, scale_id), found + told_of_many


def _attribute(wanted: TaxonomyProperty, kept: Sequence[TaxonomyValue], scale_id: int | None) -> Attribute | None:
    if not kept:
        return None
    names, ids = tuple(item.name for item in kept), tuple(item.value_id for item in kept)
    return Attribute(wanted.property_id, wanted.name, names, ids, scale_id)


def _so_many(wanted: TaxonomyProperty, known: list[TaxonomyValue]) -> tuple[list[TaxonomyValue], list[Verdict]]:
    """As many values as the attribute takes, without those that cannot be sent."""
    bad = [item.name for item in known if UNSENDABLE & set(item.name)]
    found = [verdict("attribute_value_unsendable", attribute=wanted.name, values=tuple(bad))] if bad else []
    kept = [item for item in known if item.name not in bad]
    most = wanted.max_values
    if most is not None and len(kept) > most:
        dropped = tuple(item.name for item in kept[most:])
        told = verdict("attribute_values_too_many", attribute=wanted.name, limit=most, dropped=dropped)
        return kept[:most], [*found, told]
    return kept, found


def _by_scale(wanted: TaxonomyProperty) -> ByScale:
    """Values by scale, each by its name, and by its name with that of the scale ("38 EU")."""
    scales = {scale.id: scale.name for scale in wanted.scales}
    found: ByScale = {}
    for item in wanted.values:
        of_scale = found.setdefault(item.scale_id, {})
        of_scale.setdefault(_key(item.name), item)
        if item.scale_id in scales:
            of_scale.setdefault(_key(f"{item.name} {scales[item.scale_id]}"), item)
    return found


def _is_ambiguous(scales: ByScale, chosen: int | None, values: Sequence[str]) -> bool:
    """Whether another scale lists all of these, too."""
    known = [_key(value) for value in values if _key(value) in scales[chosen]]
    return any(scale != chosen and all(value in listed for value in known) for scale, listed in scales.items())


def _free(wanted: TaxonomyProperty, values: Sequence[str]) -> tuple[Attribute | None, list[Verdict]]:
    """An attribute without a list of values: one value, which ends with the name of its scale where there are some."""
    value = plain(values[0])
    if not wanted.scales:
        return Attribute(wanted.property_id, wanted.name, (value,), ()), []
    for scale in wanted.scales:
        number = value[: -len(scale.name)].strip()
        if scale.name and value.casefold().endswith(scale.name.casefold()) and number:
            return Attribute(wanted.property_id, wanted.name, (number,), (), scale.id), []
    told = ", ".join(scale.name for scale in wanted.scales)
    return None, [verdict("attribute_scale_missing", attribute=wanted.name, value=value, scales=told)]


def _key(value: str) -> str:
    return plain(value[: LONGEST_COMPARED + 1]).casefold()


def _nearest(wanted: str, names: Sequence[str]) -> str:
    """The names that are most like it."""
    by_key = {_key(name): name for name in names}
    found = difflib.get_close_matches(_key(wanted), by_key, n=NEAREST, cutoff=0.0)
    return ", ".join(by_key[key] for key in found) or "none"
