"""Medusa's `fields` parameter: which parts of a product are answered (docs/medusa-facts.md §5, §7)."""

from typing import Any

Tree = dict[str, "Tree"]
ALL = "*"
HIDDEN_WITHOUT_ASKING = {"price_rules"}


def tree(fields: str) -> Tree | None:
    """`fields` as a tree; None when all is wanted. Unknown names are simply not found (§5)."""
    wanted: Tree = {}
    for name in (part.strip() for part in fields.split(",")):
        if not name:
            continue
        branch = wanted
        for part in name.lstrip("*+").split("."):
            branch = branch.setdefault(part, {})
        if name.startswith("*"):
            branch[ALL] = {}
    return wanted or None


def picked(value: Any, wanted: Tree | None) -> Any:
    """The wanted parts of a value; ids come along unasked."""
    if isinstance(value, list):
        return [picked(item, wanted) for item in value]
    if not isinstance(value, dict):
        return value
    if not wanted or ALL in wanted:
        found = {
            name: picked(item, (wanted or {}).get(name))
            for name, item in value.items()
            if name not in HIDDEN_WITHOUT_ASKING
        }
    else:
        found = {name: picked(value[name], branch) for name, branch in wanted.items() if name in value}
        found |= {name: value[name] for name in ("id", "variant_id") if name in value}
    if "amount" in value:
        found.pop("price_rules", None)
        found["rules"] = _rules(value, wanted)
    return found


def _rules(price: dict[str, Any], wanted: Tree | None) -> dict[str, str]:
    """A price's rules are empty unless both parts of its price_rules are asked for (measured on 2.21.2)."""
    asked = (wanted or {}).get("price_rules", {})
    if not {"attribute", "value"} <= set(asked):
        return {}
    return {rule["attribute"]: rule["value"] for rule in price.get("price_rules", ())}
