"""What has to be right about all products of an inventory together: axes, limits, consistency (FACTS §7, 3VAR)."""

import itertools
from collections.abc import Sequence
from typing import Any

from etsy_pipeline.sandbox.etsy.answers import EtsyError, error
from etsy_pipeline.sandbox.etsy.property_values import CUSTOM

AXES = ("price_on_property", "quantity_on_property", "sku_on_property", "readiness_state_on_property")
MAX_VALUES = 70
MAX_PRODUCTS = {0: 1, 1: 70, 2: 4900, 3: 2500}
MAX_WHEN_ALL_VARY = 400
THIRD = 2  # its place

Json = dict[str, Any]


def check(products: list[Json], axes: dict[str, list[int]], most_properties: int) -> None:
    """Refuse what Etsy would refuse."""
    values = [product["property_values"] for product in products]
    properties = [value["property_id"] for value in values[0]]
    check_count(properties, most_properties)
    _check_properties(values, properties)
    _check_third(values, properties)
    _check_cells([tuple(value["values"][0] for value in cell) for cell in values])
    for axis in AXES:
        _check_axis(products, properties, axis, axes[axis])
    all_vary = properties and any(len(axes[axis]) == len(properties) for axis in AXES)
    most = min(MAX_PRODUCTS[len(properties)], MAX_WHEN_ALL_VARY if all_vary else 10_000)
    if len(products) > most:
        raise _refused(f"/products : cannot be more than {most} items")


def check_count(properties: Sequence[object], most: int) -> None:
    """Exact (FACTS §7); also for the variations that are there already (3VAR)."""
    if len(properties) > most:
        raise error(400, "Could not update inventory with unsupported number of variations. "
                    f"The maximum number of supported variations is {most}.")  # fmt: skip


def _check_properties(values: list[list[Json]], properties: list[int]) -> None:
    if len(set(properties)) != len(properties) or any(
        [value["property_id"] for value in cell] != properties for cell in values
    ):
        raise _refused("/property_values : every product must have the same properties")
    for column in zip(*values, strict=True):
        if len({value["property_name"] for value in column}) > 1:
            raise _refused("/property_name : must be the same for every product")
        if len({value["scale_id"] for value in column} - {None}) > 1:  # invented: nobody says what Etsy does
            raise _refused("/scale_id : must be the same for every product")


def _check_third(values: list[list[Json]], properties: list[int]) -> None:
    """Exact texts (FACTS §7, the second one in full from 3VAR)."""
    if len(properties) <= THIRD:
        return
    if properties[THIRD] in CUSTOM:
        raise error(400, "Could not update inventory because the third variation uses a custom variation property "
                    "(513 or 514).")  # fmt: skip
    if not all(cell[THIRD]["is_listed"] for cell in values):
        raise error(400, "Could not update inventory because the third variation does not support custom values. "
                    "Use the property's value ids defined by the listing's taxonomy node.")  # fmt: skip


def _check_cells(cells: list[tuple[str, ...]]) -> None:
    if len(set(cells)) != len(cells):
        raise _refused("/products : duplicate combination of property values")
    columns = [list(dict.fromkeys(column)) for column in zip(*cells, strict=True)]
    if any(len(column) > MAX_VALUES for column in columns):
        raise _refused(f"/values : cannot be more than {MAX_VALUES} items")
    if set(itertools.product(*columns)) != set(cells):
        raise _refused("/products : every combination of property values is needed")


def _check_axis(products: list[Json], properties: list[int], axis: str, along: list[int]) -> None:
    if along and len(along) not in {1, len(properties)}:
        raise error(400, f"{axis}: unsupported number of property IDs. Supports only zero, one, or all variation "
                    f"properties ({len(properties)}).")  # fmt: skip
    if set(along) - set(properties) or len(set(along)) < len(along):
        raise _refused(f"/{axis} : unknown property")
    positions = [properties.index(item) for item in along]
    seen: dict[tuple[str, ...], Any] = {}
    for product in products:
        key = tuple(product["property_values"][position]["values"][0] for position in positions)
        if seen.setdefault(key, varying(product, axis)) != varying(product, axis):
            raise _refused(f"/{axis} : must be consistent across products with the same property values")


def varying(product: Json, axis: str) -> Any:
    """What of a product an axis is about."""
    if axis == "sku_on_property":
        return product["sku"]
    name = {"price_on_property": "price", "quantity_on_property": "quantity"}.get(axis, "readiness_state_id")
    return product["offerings"][0][name]


def _refused(text: str) -> EtsyError:
    return error(400, f"There was a problem with {text}")
