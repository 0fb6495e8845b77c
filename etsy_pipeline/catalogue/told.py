"""Absent is not empty: what was asked for and did not come, at any depth of Medusa's answer about a product.

Medusa ignores fields that it does not know in silence (docs/medusa-facts.md §5), and a role may filter them: without
its tags or options a listing would be emptied, without its reservations it would be oversold.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TOLD = ("title", "description", "metadata", "material", "thumbnail", "tags", "categories", "options")

LEVELS = "variants.inventory_items.inventory.location_levels"
TOLD_INSIDE = (
    "images.url", "tags.value", "categories.id", "categories.name", "options.title", "options.values",
    "options.values.value", "variants.title", "variants.sku", "variants.ean", "variants.upc", "variants.barcode",
    "variants.weight", "variants.variant_rank", "variants.options", "variants.options.value",
    "variants.options.option", "variants.options.option.title", "variants.manage_inventory",
    "variants.allow_backorder", "variants.prices", "variants.prices.amount", "variants.prices.currency_code",
    "variants.prices.min_quantity", "variants.prices.max_quantity", "variants.prices.rules",
    "variants.inventory_items", "variants.inventory_items.required_quantity", "variants.inventory_items.inventory",
    LEVELS, f"{LEVELS}.stocked_quantity", f"{LEVELS}.reserved_quantity", f"{LEVELS}.location_id",
)  # fmt: skip
"""Not here: what Medusa has since a later version (`options.values.rank`), or gives only sometimes."""


def absent(row: Mapping[str, Any]) -> list[str]:
    """Fields of a product that were asked for and did not come, by their paths, each once."""
    missing = [name for name in TOLD if name not in row]
    return missing + [path for path in TOLD_INSIDE if _is_absent(row, path.split("."))]


def _is_absent(row: Mapping[str, Any], path: Sequence[str]) -> bool:
    *parents, last = path
    return any(last not in holder for holder in _holders(row, parents))


def _holders(value: Any, path: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The objects at a path; a part that is absent or null on the way has none, and is judged by its own path."""
    if isinstance(value, list):
        for item in value:
            yield from _holders(item, path)
    elif isinstance(value, Mapping):
        if path:
            yield from _holders(value.get(path[0]), path[1:])
        else:
            yield value
