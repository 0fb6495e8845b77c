"""One value of one variation, as a product of an inventory names it: checked, and given back (FACTS §7).

The third variation is judged by what is noted here as `is_listed`: "predefined" in Etsy's words (3VAR).
"""

import hashlib
from typing import Any

from etsy_pipeline.sandbox.etsy import properties
from etsy_pipeline.sandbox.etsy.answers import EtsyError, error, escaped

CUSTOM = {513, 514}
NAME_LENGTH = 20  # reported
KEYS = {"property_id", "property_name", "scale_id", "value_ids", "values"}

Json = dict[str, Any]


def read(shop_id: int, taxonomy_id: int, item: Any) -> Json:
    """A value as it is kept, if Etsy would take it."""
    if not isinstance(item, dict) or set(item) - KEYS:
        raise _refused("/property_values : invalid keys")
    if type(item.get("property_id")) is not int or not isinstance(item.get("value_ids"), list):
        raise _refused("/property_values : property_id and value_ids are required")
    found = _custom(item) if item["property_id"] in CUSTOM else _standard(taxonomy_id, item)
    etsys_id = found.pop("value_id")
    # Etsy's id, or the shop's own that an earlier read gave; or none, for a value of one's own
    known = {etsys_id, shops_id(shop_id, found)}
    if len(item["value_ids"]) > 1 or set(item["value_ids"]) - known:
        raise _refused("/value_ids : does not belong to the value")
    return found | {"is_listed": found["is_listed"] and (etsys_id is None or bool(item["value_ids"]))}


def view(shop_id: int, found: Json) -> Json:
    """A ListingPropertyValue as Etsy gives it, with the value's id in this shop."""
    standard = properties.by_id(found["property_id"])
    return {
        "property_id": found["property_id"], "property_name": escaped(found["property_name"]),
        "scale_id": found["scale_id"], "scale_name": standard.scale_name(found["scale_id"]) if standard else None,
        "values": [escaped(value) for value in found["values"]], "value_ids": [shops_id(shop_id, found)],
    }  # fmt: skip


def _custom(item: Json) -> Json:
    if not (isinstance(item.get("property_name"), str) and item["property_name"]):
        raise error(400, "Expected string value for 'property_name' (got NULL)")  # exact (FACTS §7)
    if len(item["property_name"]) > NAME_LENGTH:
        raise _refused(f"/property_name : cannot be longer than {NAME_LENGTH} characters")
    if item.get("scale_id") is not None:  # uncertain: nobody says what Etsy does
        raise _refused("/scale_id : a custom property has no scales")
    kept = {"property_id": item["property_id"], "property_name": item["property_name"], "scale_id": None}
    return kept | {"values": [_value(item)], "value_id": None, "is_listed": False}


def _standard(taxonomy_id: int, item: Json) -> Json:
    """Etsy's own name comes back, whatever was sent (3VAR). A value of one's own loses its scale (issue 263, 2022)."""
    found = properties.by_id(item["property_id"])
    if found is None or not found.may_vary or not found.is_of(taxonomy_id):
        raise _refused(f"/property_id : {item['property_id']} is no variation property of this category")
    scale_id, value = item.get("scale_id"), _value(item)
    if scale_id is not None and found.scale_name(scale_id) is None:
        raise _refused(f"/scale_id : {scale_id} is no scale of {found.name}")
    value_id = found.value_id(value, scale_id)
    takes_own = not found.listed and scale_id is not None  # "predefined scales with custom values" (3VAR)
    kept = {"property_id": found.property_id, "property_name": found.name, "values": [value], "value_id": value_id}
    is_listed = value_id is not None or takes_own
    return kept | {"scale_id": scale_id if is_listed else None, "is_listed": is_listed}


def _value(item: Json) -> str:
    values = item.get("values")
    if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str) or not values[0].strip():
        raise _refused("/values : exactly one value is needed")
    if "(" in values[0] or ")" in values[0]:
        raise _refused("/values : contains invalid characters")
    return values[0]


def shops_id(shop_id: int, found: Json) -> int:
    """Of this shop, and unlike what was sent (FACTS §7)."""
    scale = "" if found["scale_id"] is None else f"/{found['scale_id']}"
    digest = hashlib.sha256(f"{shop_id}/{found['property_id']}{scale}/{found['values'][0]}".encode()).digest()
    return 51_000_000_000 + int.from_bytes(digest[:5])


def _refused(text: str) -> EtsyError:
    return error(400, f"There was a problem with {text}")
