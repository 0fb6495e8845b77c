"""Etsy's categories, recorded whole (FACTS §7), and the properties of one, which are invented (`properties.py`)."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from etsy_pipeline.sandbox.etsy import properties
from etsy_pipeline.sandbox.etsy.answers import Answer, not_found, page
from etsy_pipeline.sandbox.etsy.requests import Call

FILE = Path(__file__).parent.parent / "data" / "seller-taxonomy.json.gz"


def get_nodes(call: Call) -> Answer:
    """getSellerTaxonomyNodes: the whole tree."""
    del call
    return Answer(_recorded())


def get_properties(call: Call) -> Answer:
    """getPropertiesByTaxonomyId: all, or those that do or do not support variations, or attributes."""
    taxonomy_id = call.number("taxonomy_id")
    if taxonomy_id not in node_ids():
        raise not_found()
    found = [properties.view(item) for item in properties.of_category(taxonomy_id)]
    for name in ("supports_variations", "supports_attributes"):
        if name in call.query:
            found = [item for item in found if item[name] == (call.query[name] == "true")]
    return Answer(page(found))


@cache
def node_ids() -> frozenset[int]:
    """All category ids."""
    return frozenset(node["id"] for node in _nodes(json.loads(_recorded())["results"]))


@cache
def _recorded() -> bytes:
    return gzip.decompress(FILE.read_bytes())


def _nodes(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _nodes(node["children"])
