"""Regions, sales channels and shipping options of the sample Medusa, as they were told, else a few (ORDERS §8, §9).

Of the three regions, two are made for Etsy: without automatic taxes. The other one puts 8 % on top of everything.
"""

import json
from typing import Any

from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.medusa.locations import locations
from etsy_pipeline.sandbox.state import State, load

REGIONS, SHIPPING_OPTIONS = "medusa_regions", "medusa_shipping_options"
PROFILE = "sp_sandbox_default"
SAMPLE_REGIONS = (
    {"id": "reg_sandbox_us", "name": "United States", "currency_code": "usd", "automatic_taxes": True, "tax_rate": 8},
    {"id": "reg_sandbox_etsy", "name": "Etsy", "currency_code": "usd", "automatic_taxes": False},
    {"id": "reg_sandbox_etsy_eur", "name": "Etsy (euros)", "currency_code": "eur", "automatic_taxes": False},
)
SAMPLE_OPTIONS = (
    {"id": "so_sandbox_standard", "name": "Standard", "price_type": "flat", "provider_id": "manual_manual",
     "shipping_profile_id": PROFILE, "location_id": None},
)  # fmt: skip

Json = dict[str, Any]


def regions(state: State) -> list[Json]:
    """All regions."""
    return [dict(item) for item in json.loads(state.setting(REGIONS, "") or "[]") or SAMPLE_REGIONS]


def shipping_options(state: State) -> list[Json]:
    """All shipping options; `location_id` None: the first location."""
    return [dict(item) for item in json.loads(state.setting(SHIPPING_OPTIONS, "") or "[]") or SAMPLE_OPTIONS]


def sales_channels(state: State) -> list[Json]:
    """All sales channels: those of products, and those that a location is linked to."""
    found: dict[str, Json] = {}
    for row in state.rows("SELECT data FROM medusa_product"):
        for item in related(load(row), "sales_channels"):
            found[str(item.get("id"))] = {"id": item.get("id"), "name": item.get("name"), "is_disabled": False}
    for place in places(state):
        for item in related(place, "sales_channels"):
            found.setdefault(str(item.get("id")), {"id": item.get("id"), "name": item.get("id"), "is_disabled": False})
    return [found[key] for key in sorted(found)]


def places(state: State) -> list[Json]:
    """The stock locations."""
    return locations(state, [load(row) for row in state.rows("SELECT data FROM medusa_product")])


def places_of(state: State, channel_id: str | None) -> list[str]:
    """The locations that a channel sells from, in their order."""
    return [
        str(place["id"])
        for place in places(state)
        if channel_id in {item.get("id") for item in related(place, "sales_channels")}
    ]
