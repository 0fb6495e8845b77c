"""Variants → Etsy's inventory: the rectangular grid of offerings, and along which axes they differ (FACTS §7)."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Generic, TypeVar

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.axes import Axis
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.variations import Values, Variations, sku
from etsy_pipeline.listings.verdict import Verdict

MAX_OFFERINGS = {0: 1, 1: 70, 2: 4900, 3: 2500}
MAX_WHERE_ALL_DIFFER = 400  # as soon as price, quantity or SKU varies along all of several axes

Told = TypeVar("Told")


def inventory(
    product: Product,
    variations: Variations,
    axes: Sequence[Axis],
    prices: Mapping[str, Decimal],
    quantities: Mapping[str, int],
) -> tuple[Inventory | None, list[Verdict]]:
    """The grid; None with the reason where it is too large.

    Args:
        product: with at least one variant.
        variations: of the product, without problems that are errors.
        axes: for all options that tell its variants apart.
        prices: by variant id.
        quantities: by variant id.
    """
    variants = product.variants
    if not axes:
        only = variants[0]
        return Inventory((Offering(sku(only), (), prices[only.id], quantities[only.id]),)), []
    cells = [tuple(axis.values[cell[axis.position]] for axis in axes) for cell in variations.cells]
    ids = [axis.property.property_id for axis in axes]
    price = _AxisValues(ids, dict(zip(cells, (prices[item.id] for item in variants), strict=True)))
    pieces = _AxisValues(ids, dict(zip(cells, (quantities[item.id] for item in variants), strict=True)))
    skus = _AxisValues(ids, dict(zip(cells, map(sku, variants), strict=True)))
    columns = [dict.fromkeys(axis.values[value] for value in variations.values[axis.position]) for axis in axes]
    size = 1
    for column in columns:
        size *= len(column)
    differs_on_all = len(axes) > 1 and any(len(told.axes) == len(axes) for told in (price, pieces, skus))
    limit = MAX_WHERE_ALL_DIFFER if differs_on_all else MAX_OFFERINGS[len(axes)]
    if size > limit:
        where = " where price, stock or SKU differ for each" if differs_on_all else ""
        return None, [verdict("too_many_offerings", count=size, limit=limit, where=where)]
    cheapest = min(prices.values())
    sold = set(cells)
    offerings = tuple(
        Offering(
            skus.of(cell, ""),
            cell,
            price.of(cell, cheapest),
            pieces.of(cell, 0),
            is_enabled=cell in sold and pieces.of(cell, 0) > 0,
            has_variant=cell in sold,
        )
        for cell in itertools.product(*columns)
    )
    properties = tuple(axis.property for axis in axes)
    return Inventory(offerings, properties, price.axes, pieces.axes, skus.axes), []


def with_axes(offerings: Sequence[Offering], properties: tuple[VariationProperty, ...]) -> Inventory:
    """An inventory of these offerings, with the fewest axes along which they differ."""
    ids = [item.property_id for item in properties]
    return Inventory(
        tuple(offerings),
        properties,
        _AxisValues(ids, {item.values: item.price for item in offerings}).axes,
        _AxisValues(ids, {item.values: item.quantity for item in offerings}).axes,
        _AxisValues(ids, {item.values: item.sku for item in offerings}).axes,
    )


def with_known_prices(inventory: Inventory) -> Inventory:
    """An inventory that was read, with a price in each cell: Etsy tells none of a disabled one, and takes no 0 (§7).

    Such a cell gets the price of its neighbours along the axis, or else the lowest one.
    """
    told = {item.values: item.price for item in inventory.offerings if item.price}
    if not told or len(told) == len(inventory.offerings):
        return inventory
    price, lowest = _AxisValues([item.property_id for item in inventory.properties], told), min(told.values())
    known = [item if item.price else replace(item, price=price.of(item.values, lowest)) for item in inventory.offerings]
    return with_axes(known, inventory.properties)


class _AxisValues(Generic[Told]):
    """One of an offering's values over the cells that are sold, and the fewest axes along which it varies.

    Those are none, one or all (FACTS §7). A combination that is not sold is in the grid, too, and says what its
    neighbours along the axis say, so that it adds no axis.
    """

    def __init__(self, property_ids: Sequence[int], by_cell: Mapping[Values, Told]) -> None:
        self._by_cell = by_cell
        self._position: int | None = None
        self._by_value: Mapping[str, Told] = {}
        self.axes: tuple[int, ...] = ()
        values = set(by_cell.values())
        self._everywhere = next(iter(values)) if len(values) == 1 else None
        if len(values) == 1:
            return
        for position, property_id in enumerate(property_ids):
            by_value: dict[str, Told] = {}
            if all(by_value.setdefault(cell[position], told) == told for cell, told in by_cell.items()):
                self._position, self._by_value, self.axes = position, by_value, (property_id,)
                return
        self.axes = tuple(property_ids)

    def of(self, cell: Values, otherwise: Told) -> Told:
        """What a cell says; `otherwise` where it is not sold and nothing follows from its neighbours."""
        if self._everywhere is not None:
            return self._everywhere
        if self._position is not None:
            return self._by_value.get(cell[self._position], otherwise)
        return self._by_cell.get(cell, otherwise)
