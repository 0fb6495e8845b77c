"""Variants → Etsy's inventory: a rectangular grid of offerings over custom properties (FACTS §7)."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

CUSTOM_PROPERTY_IDS = (513, 514)
MOST_VALUES = 70
MOST_OFFERINGS = 400  # where price, quantity or SKU varies along all properties; else 70 × 70 fit (FACTS §7)
LONGEST_VALUE = 20
FORBIDDEN = "()"

Values = tuple[str, ...]


def problems(product: Product) -> list[Verdict]:
    """What is wrong with a product's options, whatever its variants cost."""
    options = _options(product)
    found = []
    if len(options) > len(CUSTOM_PROPERTY_IDS):
        names = ", ".join(option.title for option in options)
        limit = len(CUSTOM_PROPERTY_IDS)
        found.append(verdict("too_many_variations", count=len(options), options=names, limit=limit))
    for option in options:
        found += _check_values(option, _used(option, product.variants))
    combinations: Counter[Values] = Counter()
    for variant in product.variants:
        missing = [option.title for option in options if not _value(variant, option)]
        name = variant.title or variant.id
        found += [verdict("variation_value_missing", variant=name, option=option) for option in missing]
        if not missing:
            combinations[_values(variant, options)] += 1
    repeated = [values for values, count in combinations.items() if count > 1]
    found += [verdict("variation_repeated", values=" / ".join(values) or "of nothing") for values in repeated]
    skus = Counter(filter(None, map(_sku, product.variants)))
    found += [verdict("sku_repeated", sku=sku) for sku, count in skus.items() if count > 1]
    return found


def inventory(
    product: Product, prices: Mapping[str, Decimal], quantities: Mapping[str, int]
) -> tuple[Inventory | None, list[Verdict]]:
    """The grid; None with the reason where it is too large.

    Args:
        product: with at least one variant, and none of the `problems` that are errors.
        prices: by variant id.
        quantities: by variant id.
    """
    options = _options(product)
    if not options:
        variant = product.variants[0]
        return Inventory((Offering(_sku(variant), (), prices[variant.id], quantities[variant.id]),)), []
    properties = tuple(
        VariationProperty(property_id, one_line(option.title))
        for property_id, option in zip(CUSTOM_PROPERTY_IDS, options, strict=False)
    )
    by_values = {_values(variant, options): variant for variant in product.variants}
    axes = [_used(option, product.variants) for option in options]
    cheapest = min(prices.values())
    grid = _with_axes(
        Inventory(
            tuple(
                _offering(cell, by_values.get(cell), prices, quantities, cheapest) for cell in itertools.product(*axes)
            ),
            properties,
        )
    )
    if len(grid.offerings) > MOST_OFFERINGS and _varies_on_all(grid):
        return None, [verdict("too_many_offerings", count=len(grid.offerings), limit=MOST_OFFERINGS)]
    return grid, []


def _options(product: Product) -> list[Option]:
    """The options that some variant uses, or that have values at all."""
    return [
        option
        for option in product.options
        if option.values or any(_value(variant, option) for variant in product.variants)
    ]


def _check_values(option: Option, values: Sequence[str]) -> list[Verdict]:
    found = [] if one_line(option.title) else [verdict("variation_name_missing")]
    if len(values) > MOST_VALUES:
        found.append(verdict("variation_values_too_many", option=option.title, count=len(values), limit=MOST_VALUES))
    spellings: dict[str, list[str]] = {}
    for value in values:
        spellings.setdefault(value.casefold(), []).append(value)
        if any(character in value for character in FORBIDDEN):
            found.append(verdict("variation_value_forbidden", value=value))
        if len(value) > LONGEST_VALUE:
            found.append(verdict("variation_value_too_long", value=value, length=len(value), limit=LONGEST_VALUE))
    alike = [", ".join(group) for group in spellings.values() if len(group) > 1]
    return found + [verdict("variation_value_repeated", values=group, option=option.title) for group in alike]


def _offering(
    values: Values,
    variant: Variant | None,
    prices: Mapping[str, Decimal],
    quantities: Mapping[str, int],
    cheapest: Decimal,
) -> Offering:
    if variant is None:  # a combination that is not sold: the grid needs it, disabled
        return Offering("", values, cheapest, 0, is_enabled=False)
    pieces = quantities[variant.id]
    return Offering(_sku(variant), values, prices[variant.id], pieces, is_enabled=pieces > 0)


def _with_axes(grid: Inventory) -> Inventory:
    return replace(
        grid,
        price_on_property=_varies(grid, lambda offering: offering.price),
        quantity_on_property=_varies(grid, lambda offering: offering.quantity),
        sku_on_property=_varies(grid, lambda offering: offering.sku),
    )


def _varies(grid: Inventory, of: Callable[[Offering], object]) -> tuple[int, ...]:
    """The fewest properties along which a value varies: none, one, or all (FACTS §7)."""
    if len({of(offering) for offering in grid.offerings}) == 1:
        return ()
    for axis, item in enumerate(grid.properties):
        by_value: dict[str, set[object]] = {}
        for offering in grid.offerings:
            by_value.setdefault(offering.values[axis], set()).add(of(offering))
        if all(len(found) == 1 for found in by_value.values()):
            return (item.property_id,)
    return tuple(item.property_id for item in grid.properties)


def _varies_on_all(grid: Inventory) -> bool:
    every = tuple(item.property_id for item in grid.properties)
    return len(every) > 1 and every in {grid.price_on_property, grid.quantity_on_property, grid.sku_on_property}


def _used(option: Option, variants: Sequence[Variant]) -> list[str]:
    """The values of an option that some variant has, in the shop's order."""
    used = dict.fromkeys(value for variant in variants if (value := _value(variant, option)))
    ordered = [value for value in dict.fromkeys(map(one_line, option.values)) if value in used]
    known = set(ordered)
    return ordered + [value for value in used if value not in known]


def _values(variant: Variant, options: Sequence[Option]) -> Values:
    return tuple(_value(variant, option) for option in options)


def _value(variant: Variant, option: Option) -> str:
    return one_line(variant.options.get(option.title, ""))


def _sku(variant: Variant) -> str:
    return one_line(variant.sku or "")
