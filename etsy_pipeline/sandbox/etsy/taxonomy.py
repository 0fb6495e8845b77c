"""Etsy's categories, recorded whole (FACTS §7), and the properties of a category, which are invented.

The recorded tree has no properties, so every category here has the same few. They serve to try out standard
properties beside the custom ones (513, 514); they say nothing about what Etsy has in a category.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from etsy_pipeline.sandbox.etsy.answers import Answer, not_found, page
from etsy_pipeline.sandbox.etsy.requests import Call

FILE = Path(__file__).parent.parent / "data" / "seller-taxonomy.json.gz"
COLORS = ("Beige", "Black", "Blue", "Brown", "Gold", "Gray", "Green", "Pink", "Red", "White", "Yellow")
PROPERTIES = (  # (id, name, values, may vary)
    (200, "Primary color", COLORS, True),
    (52047899002, "Secondary color", COLORS, True),
    (100, "Size", ("XS", "S", "M", "L", "XL", "XXL"), True),
    (148789511893, "Material", ("Brass", "Ceramic", "Cotton", "Glass", "Linen", "Silver", "Stoneware", "Wood"), True),
    (46803063641, "Occasion", ("Anniversary", "Birthday", "Graduation", "Wedding"), False),
)
VARIATION_PROPERTY_IDS = frozenset(number for number, _, _, may_vary in PROPERTIES if may_vary)


def get_nodes(call: Call) -> Answer:
    """getSellerTaxonomyNodes: the whole tree."""
    del call
    return Answer(_tree())


def get_properties(call: Call) -> Answer:
    """getPropertiesByTaxonomyId, or those that support variations only."""
    if call.number("taxonomy_id") not in node_ids():
        raise not_found()
    varying_only = call.query.get("supports_variations") == "true"
    return Answer(page([_view(*item) for item in PROPERTIES if item[3] or not varying_only]))


def value_id(property_id: int, value: str) -> int | None:
    """The id of a standard property's listed value; None for a value of one's own."""
    for number, _, values, _ in PROPERTIES:
        if number == property_id and value in values:
            return _value_id(number, values.index(value))
    return None


@cache
def node_ids() -> frozenset[int]:
    """All category ids."""
    return frozenset(node["id"] for node in _nodes(_tree()["results"]))


def _view(property_id: int, name: str, values: tuple[str, ...], may_vary: bool) -> dict[str, Any]:  # noqa: FBT001 - a row
    return {
        "property_id": property_id, "name": name, "display_name": name, "scales": [], "is_required": False,
        "supports_attributes": True, "supports_variations": may_vary, "is_multivalued": False,
        "max_values_allowed": None, "selected_values": [],
        "possible_values": [
            {"value_id": _value_id(property_id, number), "name": value, "scale_id": None, "equal_to": []}
            for number, value in enumerate(values)
        ],
    }  # fmt: skip


def _value_id(property_id: int, number: int) -> int:
    return property_id % 10_000 * 100 + number + 1


@cache
def _tree() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return found


def _nodes(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _nodes(node["children"])
