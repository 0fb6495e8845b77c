"""Medusa's `fields` parameter: which parts of a product are answered (docs/medusa-facts.md §5, §7).

Measured on 2.21.2 beyond what is written there: names with a sign (`*variants`, `+metadata`, `-images`) change what
comes unasked, one plain name replaces it; `*relation` brings the relation's own columns, not the relations below
it; a list that is named plainly (`title,variants`) is left out in silence, one thing (`type`) brings its id;
categories and stock never come unasked; ids come along only where `IDS` says so.
"""

from typing import Any

Tree = dict[str, "Tree"]
ALL = "*"
RELATIONS = frozenset(
    [
        "categories", "collection", "images", "inventory", "inventory_items", "location_levels", "option", "options",
        "parent_category", "price_rules", "prices", "product", "sales_channels", "tags", "type", "values", "variants",
    ]
)  # fmt: skip
TO_ONE = frozenset({"collection", "type"})
"""Named plainly, they bring their id."""
COMPUTED = frozenset({"inventory_quantity"})
"""Only when asked by name."""

PRODUCT = (
    "*,*type,*collection,*options,*options.values,*tags,*images,*variants,*variants.prices,*variants.options,"
    "*variants.options.option,*variants.images,*sales_channels"
)
VARIANT = "*,*options,options.option.id,*prices"
IDS = {
    "variants": ("id",),
    "prices": ("id", "variant_id"),
    "inventory_items": ("variant_id", "inventory_item_id"),
    "inventory": ("id",),
    "sales_channels": ("id",),
}


EMPTY_COLUMNS = {
    "variants": ("title", "sku", "ean", "upc", "barcode", "weight", "variant_rank"),
    "prices": ("amount", "min_quantity", "max_quantity"),
    "images": ("rank",),
}
"""Columns that are null where nothing was recorded: one that is asked for by name always comes."""


def tree(fields: str, unasked: str) -> Tree:
    """`fields` as a tree. Unknown names are simply not found (§5)."""
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if all(name.startswith(("*", "+", "-")) for name in names):
        names = [*unasked.split(","), *names]
    wanted: Tree = {}
    for name in names:
        if name.startswith("-"):
            wanted.pop(name[1:], None)
            if ALL in wanted:
                wanted[name] = {}
            continue
        branch = wanted
        for part in name.lstrip("*+").split("."):
            branch = branch.setdefault(part, {}) if part else branch
        if name.startswith("*"):
            branch[ALL] = {}
    return wanted


def picked(value: dict[str, Any], wanted: Tree) -> dict[str, Any]:
    """The wanted parts of a product or variant."""
    return _parts(value, wanted) | {"id": value.get("id")}


def _parts(value: dict[str, Any], wanted: Tree) -> dict[str, Any]:
    found = {}
    for name, item in value.items():
        if name in RELATIONS:
            if wanted.get(name):
                found[name] = _related(name, item, wanted[name])
            elif name in TO_ONE and name in wanted:
                found[name] = {"id": item.get("id")} if isinstance(item, dict) else item
        elif name in wanted or (ALL in wanted and name not in COMPUTED and f"-{name}" not in wanted):
            found[name] = item
    return found


def _related(name: str, value: Any, wanted: Tree) -> Any:
    if isinstance(value, list):
        return [_related(name, item, wanted) for item in value]
    if not isinstance(value, dict):
        return value
    empty = dict.fromkeys(column for column in EMPTY_COLUMNS.get(name, ()) if column in wanted)
    found = empty | _parts(value, wanted) | {key: value[key] for key in IDS.get(name, ()) if key in value}
    if name == "prices":
        found.pop("price_rules", None)
        found["rules"] = _rules(value, wanted)
    if name == "location_levels" and ALL in wanted:  # §4: only with the whole level
        found["available_quantity"] = value.get("stocked_quantity", 0) - value.get("reserved_quantity", 0)
    return found


def _rules(price: dict[str, Any], wanted: Tree) -> dict[str, str]:
    """A price's rules are empty unless both parts of its price_rules are asked for (measured on 2.21.2)."""
    if not {"attribute", "value"} <= set(wanted.get("price_rules", {})):
        return {}
    return {rule["attribute"]: rule["value"] for rule in price.get("price_rules", ())}
