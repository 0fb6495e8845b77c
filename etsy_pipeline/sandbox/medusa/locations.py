"""The sample Medusa's stock locations: as they were told, else all that have stock, linked to every sales channel."""

import json
from typing import Any

from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.state import State

LOCATIONS = "medusa_stock_locations"


def locations(state: State, products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with its sales channels."""
    told: list[dict[str, Any]] = json.loads(state.setting(LOCATIONS, "") or "[]")
    if told:
        return told
    channels = {str(item.get("id")) for product in products for item in related(product, "sales_channels")}
    linked = [{"id": item} for item in sorted(channels)]
    places = {str(level.get("location_id")) for product in products for level in _levels(product)}
    return [
        {"id": item, "name": f"Shelf {number}", "sales_channels": linked}
        for number, item in enumerate(sorted(places), start=1)
    ]


def _levels(product: dict[str, Any]) -> list[dict[str, Any]]:
    items = [item for variant in related(product, "variants") for item in related(variant, "inventory_items")]
    return [level for item in items for level in related(item.get("inventory") or {}, "location_levels")]
