"""What is said of a whole listing: attributes such as its craft type, some required by its category (FACTS §6).

LISTING_EXTRAS §3: only properties of the listing's category that list values; others are refused in the words of the
issues of etsy/open-api that are named here. A value of a scale that is not its own is taken, and shown to no buyer.
A category that requires an attribute is changed to without it (release of 2022-01-14); that publishing asks for it is
invented.
"""

from typing import Any

from etsy_pipeline.sandbox.etsy import inventory, properties, property_values, shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, escaped, not_found, page, refuse
from etsy_pipeline.sandbox.etsy.requests import Call, Fields

MAX_SCALE_ID = 2**53

Json = dict[str, Any]


def get_all(call: Call) -> Answer:
    """GetListingProperties."""
    return Answer(page(list(_of(stored.visible(call)).values())))


def get_one(call: Call) -> Answer:
    """GetListingProperty, which Etsy has not built."""
    stored.visible(call)
    raise error(501, "Not implemented")


def replace(call: Call) -> Answer:
    """updateListingProperty: listed values with their ids, both required, in place of those before."""
    shops.own(call)
    listing = stored.owned(call)
    found = properties.by_id(call.number("property_id"))
    if found is None:
        raise not_found()
    if found.is_deprecated or not _may_have(listing, found):
        raise _not_valid()
    kept = _value(listing, found, Fields(call.form()))
    listing["properties"] = _of(listing) | {str(found.property_id): kept}
    stored.save(call.state, listing)
    return Answer(kept)


def delete(call: Call) -> Answer:
    """DeleteListingProperty; not one that the category lacks (issue 505). What it requires may go, before that."""
    shops.own(call)
    listing = stored.owned(call)
    number = call.number("property_id")
    found = properties.by_id(number)
    if str(number) not in _of(listing):
        raise not_found()
    if found is None or not found.is_of(listing["taxonomy_id"]):
        raise _not_valid()
    listing["properties"] = {name: value for name, value in _of(listing).items() if name != str(number)}
    stored.save(call.state, listing)
    return Answer(None, 204)


def check_required(listing: Json) -> None:
    """Refuse a listing that lacks what its category requires; a variation by the property will do, invented."""
    given = {int(number) for number in _of(listing)} | inventory.varying(listing["inventory"])
    if properties.required_in(listing["taxonomy_id"]) - given:  # exact: FACTS §6, in full from issue 281
        raise error(400, "There was a problem with /attributes : Must supply all required attributes")


def _of(listing: Json) -> dict[str, Json]:
    found: dict[str, Json] = listing.get("properties", {})
    return found


def _may_have(listing: Json, found: properties.Property) -> bool:
    """Whether its category has the property, and it does not vary by it: that this is refused is the strict reading."""
    varies = found.property_id in inventory.varying(listing["inventory"])
    return found.is_of(listing["taxonomy_id"]) and not varies


def _value(listing: Json, found: properties.Property, fields: Fields) -> Json:
    for name in ("value_ids", "values"):
        if not fields.text(name):  # also where the property lists none, and there is no id to send (issues 292, 283)
            raise error(400, f"Missing input parameter: [{name}]")
    scale_id = fields.integer("scale_id", 1, MAX_SCALE_ID)
    values, value_ids = fields.texts("values") or [], fields.ids("value_ids") or []
    refuse(fields.problems)
    if 0 in value_ids:  # issue 659
        raise error(400, "IDs must be >= 1")
    by_name = {item.name: item for item in found.listed}
    listed = [by_name[value] for value in values if value in by_name]
    is_one_each = len(set(values)) == len(values) == len(value_ids) == len(listed) > 0
    if not is_one_each or any("(" in value or ")" in value for value in values):
        raise _not_valid()
    if found.most is not None and len(values) > found.most:
        raise _not_valid()
    shops_ids = [_shops_id(listing, found, item) for item in listed]
    known = [{item.value_id, number} for item, number in zip(listed, shops_ids, strict=True)]
    if any(number not in ids for number, ids in zip(value_ids, known, strict=True)):
        raise _not_valid()
    is_seen = {item.scale_id for item in listed} == {scale_id}  # else as in issue 502
    return {
        "property_id": found.property_id, "property_name": escaped(found.name), "scale_id": scale_id,
        "scale_name": found.scale_name(scale_id) if is_seen else None, "value_ids": shops_ids,
        "values": [escaped(value) for value in values],
    }  # fmt: skip


def _shops_id(listing: Json, found: properties.Property, value: properties.Listed) -> int:
    """A value's id as it comes back: not that of the category's list (LISTING_EXTRAS §3)."""
    told = {"property_id": found.property_id, "scale_id": value.scale_id, "values": [value.name]}
    return property_values.shops_id(listing["shop_id"], told)


def _not_valid() -> EtsyError:
    """The words of issue 505 of etsy/open-api."""
    return error(400, "There was a problem with /attributes : Attributes not valid for property")
