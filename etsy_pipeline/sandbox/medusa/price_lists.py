"""The sample Medusa's price lists and price preferences, as they were told (docs/medusa-facts.md §13, §15).

Measured on 2.21.2: `prices` and `rules` of a list come only where they are asked for; a price names its variant only
where `prices.price_set.variant.id` is. The sample shop's prices include tax, unless it is told otherwise.
"""

import json
from typing import Any

from starlette.datastructures import QueryParams

from etsy_pipeline.sandbox.medusa.fields import ALL, Tree, picked, tree
from etsy_pipeline.sandbox.state import State

LISTS, PREFERENCES = "medusa_price_lists", "medusa_price_preferences"
COLUMNS = "id,title,type,description,status,starts_at,ends_at,created_at,updated_at,deleted_at,metadata"
UNASKED = f"{COLUMNS},price_list_rules.value,price_list_rules.attribute"
WITH_TAX = tuple(
    {"id": f"prpref_{code}", "attribute": "currency_code", "value": code, "is_tax_inclusive": True}
    for code in ("eur", "jpy", "usd")
)


def price_lists(state: State, query: QueryParams) -> list[dict[str, Any]]:
    """The lists that match, each with what was asked for."""
    told: list[dict[str, Any]] = json.loads(state.setting(LISTS, "") or "[]")
    ids, statuses = query.getlist("id[]"), query.getlist("status[]")
    found = [item for item in told if (not ids or item["id"] in ids) and (not statuses or item["status"] in statuses)]
    wanted = tree(query.get("fields", ""), UNASKED)
    return [_list(item, wanted) for item in sorted(found, key=lambda item: str(item["id"]))]


def preferences(state: State) -> list[dict[str, Any]]:
    """Whether prices include tax, by currency or region."""
    told = state.setting(PREFERENCES, "")
    return list(json.loads(told)) if told else [dict(item) for item in WITH_TAX]


def _list(told: dict[str, Any], wanted: Tree) -> dict[str, Any]:
    rules = told.get("price_list_rules") or []
    every = {**dict.fromkeys(COLUMNS.split(",")), **told, "rules_count": len(rules)}
    plain = {name: item for name, item in every.items() if name not in {"prices", "price_list_rules"}}
    found = picked(plain, wanted)
    if wanted.get("price_list_rules"):
        found["rules"] = {rule["attribute"]: rule["value"] for rule in rules}
    if wanted.get("prices"):
        found["prices"] = [_price(price, wanted["prices"]) for price in told.get("prices") or ()]
    return found


def _price(told: dict[str, Any], wanted: Tree) -> dict[str, Any]:
    whole = {"min_quantity": None, "max_quantity": None, **told}
    rules = whole.pop("price_rules", ())
    variant_id = whole.pop("variant_id", None)
    found = {name: item for name, item in whole.items() if name in wanted or ALL in wanted}
    if "id" in wanted.get("price_set", {}).get("variant", {}):
        found["variant_id"] = variant_id
    shows_rules = {"attribute", "value"} <= set(wanted.get("price_rules", {}))
    return found | {"rules": {rule["attribute"]: rule["value"] for rule in rules} if shows_rules else {}}
