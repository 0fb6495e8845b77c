"""Variants → Etsy's inventory: a rectangular grid of offerings over custom properties (FACTS §7)."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

CUSTOM_PROPERTY_IDS = (513, 514)
MOST_VALUES = 70
MOST_OFFERINGS = 400  # the limit as soon as price, quantity or SKU varies along all properties
LONGEST_VALUE = 20
FORBIDDEN = "()"

Values = tuple[str, ...]


def inventory(
    product: Product, prices: Mapping[str, Decimal], quantities: Mapping[str, int]
) -> tuple[Inventory | None, list[Verdict]]:
    """The grid; None with the reasons where it cannot be.

    Args:
        product: with at least one variant.
        prices: by variant id.
        quantities: by variant id.
    """
    options = [option for option in product.options if option.values]
    found = _check(product, options)
    if any(item.severity == "error" for item in found):
        return None, found
    if not options:
        variant = product.variants[0]
        return Inventory((Offering(variant.sku or "", (), prices[variant.id], quantities[variant.id]),)), found
    properties = tuple(
        VariationProperty(property_id, _spaced(option.title))
        for property_id, option in zip(CUSTOM_PROPERTY_IDS, options, strict=False)
    )
    by_values = {_values(variant, options): variant for variant in product.variants}
    axes = [_used(option, position, by_values) for position, option in enumerate(options)]
    cheapest = min(prices.values())
    grid = tuple(
        _offering(values, by_values.get(values), prices, quantities, cheapest) for values in itertools.product(*axes)
    )
    if len(grid) > MOST_OFFERINGS:
        return None, [*found, verdict("too_many_offerings", count=len(grid), limit=MOST_OFFERINGS)]
    return _with_axes(Inventory(grid, properties)), found


def _check(product: Product, options: Sequence[Option]) -> list[Verdict]:
    found = []
    if len(options) > len(CUSTOM_PROPERTY_IDS):
        names = ", ".join(option.title for option in options)
        limit = len(CUSTOM_PROPERTY_IDS)
        found.append(verdict("too_many_variations", count=len(options), options=names, limit=limit))
    for option in options:
        found += _check_values(option)
    combinations: Counter[Values] = Counter()
    for variant in product.variants:
        missing = [option.title for option in options if not _spaced(variant.options.get(option.title, ""))]
        name = variant.title or variant.id
        found += [verdict("variation_value_missing", variant=name, option=option) for option in missing]
        if not missing:
            combinations[_values(variant, options)] += 1
    repeated = [values for values, count in combinations.items() if count > 1]
    found += [verdict("variation_repeated", values=" / ".join(values) or "of nothing") for values in repeated]
    skus = Counter(variant.sku for variant in product.variants if variant.sku)
    found += [verdict("sku_repeated", sku=sku) for sku, count in skus.items() if count > 1]
    return found


def _check_values(option: Option) -> list[Verdict]:
    found = []
    if len(option.values) > MOST_VALUES:
        count = len(option.values)
        found.append(verdict("variation_values_too_many", option=option.title, count=count, limit=MOST_VALUES))
    for value in option.values:
        if any(character in value for character in FORBIDDEN):
            found.append(verdict("variation_value_forbidden", value=value))
        if len(value) > LONGEST_VALUE:
            found.append(verdict("variation_value_too_long", value=value, length=len(value), limit=LONGEST_VALUE))
    return found


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
    return Offering(variant.sku or "", values, prices[variant.id], pieces, is_enabled=pieces > 0)


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


def _used(option: Option, position: int, by_values: Mapping[Values, Variant]) -> list[str]:
    """The values of an option that some variant has, in the shop's order."""
    used = dict.fromkeys(values[position] for values in by_values)
    ordered = [value for value in dict.fromkeys(map(_spaced, option.values)) if value in used]
    return ordered + [value for value in used if value not in ordered]


def _values(variant: Variant, options: Sequence[Option]) -> Values:
    return tuple(_spaced(variant.options.get(option.title, "")) for option in options)


def _spaced(text: str) -> str:
    return " ".join(text.split())
