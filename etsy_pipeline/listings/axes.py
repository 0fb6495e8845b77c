"""Which of Etsy's properties an option becomes: a standard one where category and values allow it, else 513 or 514.

FACTS §7: at most two custom properties, and a third axis that is not custom.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.listings.listing import VariationProperty
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import TaxonomyProperty, TaxonomyValue
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.variations import Variations, sendable
from etsy_pipeline.listings.verdict import Verdict

CUSTOM_PROPERTY_IDS = (513, 514)
LONGEST_NAME = 20  # of a custom property
ALWAYS_CUSTOM = 0  # in the setting variation_properties
ALSO_CALLED = {"color": "primary color", "colour": "primary color", "primary colour": "primary color"}


@dataclass(frozen=True, slots=True)
class Axis:
    """One option as Etsy gets it. `position` is the option's in the product; `values` maps ours to Etsy's spelling."""

    position: int
    property: VariationProperty
    values: Mapping[str, str]


def axes(
    variations: Variations, offered: Sequence[TaxonomyProperty], shop: ShopSettings
) -> tuple[list[Axis], list[Verdict]]:
    """The axes in the order in which Etsy gets them: the product's, but custom ones first where there are three.

    An option with one value is left out and told where Etsy would refuse the product with it.
    """
    standard: dict[int, Axis] = {}
    places = sendable(variations)
    for position in places:
        name = variations.names[position]
        taken = {axis.property.property_id for axis in standard.values()}
        free = [item for item in offered if item.supports_variations and item.property_id not in taken]
        wanted = _wanted(name, free, shop)
        found = _standard(position, variations.values[position], wanted) if wanted else None
        if found:
            standard[position] = found
    custom = [position for position in places if position not in standard]
    for position in sorted(variations.constant.intersection(custom), reverse=True):
        if len(custom) > len(CUSTOM_PROPERTY_IDS):
            custom.remove(position)
    if len(custom) > len(CUSTOM_PROPERTY_IDS):
        options = ", ".join(variations.names[position] for position in custom)
        return [], [verdict("third_variation_custom", options=options)]
    chosen = {
        position: Axis(
            position,
            VariationProperty(property_id, variations.names[position]),
            {value: value for value in variations.values[position]},
        )
        for property_id, position in zip(CUSTOM_PROPERTY_IDS, custom, strict=False)
    }
    in_order = sorted([*chosen.values(), *standard.values()], key=lambda axis: axis.position)
    if len(in_order) > len(CUSTOM_PROPERTY_IDS):
        in_order.sort(key=lambda axis: axis.property.property_id not in CUSTOM_PROPERTY_IDS)
    return in_order, [
        verdict("variation_left_out", option=name, value=variations.values[position][0])
        for position, name in enumerate(variations.names)
        if position not in chosen and position not in standard
    ]


def long_names(chosen: Sequence[Axis]) -> list[Verdict]:
    """Names of custom properties that Etsy may find too long; a standard one has Etsy's own name."""
    return [
        verdict("variation_name_too_long", option=name, length=len(name), limit=LONGEST_NAME)
        for name in (axis.property.name for axis in chosen if axis.property.property_id in CUSTOM_PROPERTY_IDS)
        if len(name) > LONGEST_NAME
    ]


def _wanted(name: str, offered: Sequence[TaxonomyProperty], shop: ShopSettings) -> TaxonomyProperty | None:
    number = shop.variation_properties.get(name)
    if number == ALWAYS_CUSTOM or not (shop.use_standard_properties or number):
        return None
    if number is not None:
        return next((item for item in offered if item.property_id == number), None)
    names = {name.casefold(), ALSO_CALLED.get(name.casefold(), name.casefold())}
    return next((item for item in offered if item.name.casefold() in names), None)


def _standard(position: int, values: Sequence[str], wanted: TaxonomyProperty) -> Axis | None:
    """The axis over a standard property, if one of its scales lists all the values."""
    by_scale: dict[int | None, dict[str, TaxonomyValue]] = {}
    for item in wanted.values:
        by_scale.setdefault(item.scale_id, {})[item.name.casefold()] = item
    for scale_id, listed in by_scale.items():
        if values and all(value.casefold() in listed for value in values):
            found = {value: listed[value.casefold()] for value in values}
            ids = {item.name: item.value_id for item in found.values()}
            names = {value: item.name for value, item in found.items()}
            return Axis(position, VariationProperty(wanted.property_id, wanted.name, scale_id, ids), names)
    return None
