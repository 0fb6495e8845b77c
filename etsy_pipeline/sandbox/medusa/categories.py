"""The sample Medusa's categories: as they were told, else those of the products, two of them below "Gifts".

The recorded products have neither their parents nor what a real server (2.21.2) tells of types, collections and ranks
of option values beside what was asked for when they were recorded; that is added here.
"""

import hashlib
import json
from typing import Any

from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.state import State

CATEGORIES = "medusa_categories"
ABOVE, BELOW = "Gifts", ("Candles", "Bath & Body")

Row = dict[str, Any]


def categories(state: State, products: list[Row]) -> list[Row]:
    """All categories, each with the id of the one above it and its metadata."""
    told: list[Row] = json.loads(state.setting(CATEGORIES, "") or "[]")
    if told:
        return [{"parent_category_id": None, "metadata": None} | item for item in told]
    found = {str(item.get("id")): item for product in products for item in related(product, "categories")}
    above = next((key for key, item in found.items() if item.get("name") == ABOVE), None)
    return [
        {"parent_category_id": above if item.get("name") in BELOW else None, "metadata": None} | item
        for item in found.values()
    ]


def completed(state: State, products: list[Row]) -> list[Row]:
    """The products with all that a real server knows of what they are sorted by."""
    known = {str(item["id"]): item for item in categories(state, products)}
    return [_completed(product, known) for product in products]


def _completed(product: Row, known: dict[str, Row]) -> Row:
    for item in related(product, "categories"):
        item.update(known.get(str(item.get("id")), {}))
        parent = known.get(str(item.get("parent_category_id")))
        item["parent_category"] = dict(parent) if parent else None  # one level: what is above it, Medusa leaves out
    for item in related(product, "type"):
        item.setdefault("id", f"ptyp_{hashlib.sha256(str(item.get('value')).encode()).hexdigest()[:26].upper()}")
        item.setdefault("metadata", None)
    for item in related(product, "collection"):
        item.setdefault("metadata", None)
    for option in related(product, "options"):
        for value in related(option, "values"):
            value.setdefault("rank", None)  # so it is where nobody gave ranks
    return product
