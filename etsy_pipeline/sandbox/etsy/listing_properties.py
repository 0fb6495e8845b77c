"""What is said of a whole listing: attributes such as its craft type, some required by its category (FACTS §6).

A listing can be given a property before it moves to the category that requires it: how else could it move. That, and
that publishing asks for them as well, is invented.
"""

from typing import Any

from etsy_pipeline.sandbox.etsy import inventory, properties, shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, not_found, page, refuse
from etsy_pipeline.sandbox.etsy.requests import Call, Fields

MAX_SCALE_ID = 2**53

Json = dict[str, Any]


def get_all(call: Call) -> Answer:
    """GetListingProperties."""
    return Answer(page(list(_of(stored.visible(call)).values())))


def replace(call: Call) -> Answer:
    """updateListingProperty: one listed value with its id, both required; not those of another scale."""
    shops.own(call)
    listing = stored.owned(call)
    found = properties.by_id(call.number("property_id"))
    if found is None:
        raise not_found()
    kept = _value(found, Fields(call.form()))
    listing["properties"] = _of(listing) | {str(found.property_id): kept}
    stored.save(call.state, listing)
    return Answer(kept)


def delete(call: Call) -> Answer:
    """DeleteListingProperty. An active listing keeps what its category requires; invented."""
    shops.own(call)
    listing = stored.owned(call)
    number = str(call.number("property_id"))
    if number not in _of(listing):
        raise not_found()
    listing["properties"] = {name: value for name, value in _of(listing).items() if name != number}
    if listing["state"] == "active":
        check_required(listing)
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


def _value(found: properties.Property, fields: Fields) -> Json:
    for name in ("value_ids", "values"):
        if not fields.text(name):
            raise error(400, f"Missing input parameter: [{name}]")  # seen in issue 292 of etsy/open-api
    scale_id = fields.integer("scale_id", 1, MAX_SCALE_ID)
    values, value_ids = fields.texts("values") or [], fields.ids("value_ids") or []
    refuse(fields.problems)
    if len(values) != 1 or value_ids != [found.value_id(values[0], scale_id)]:
        raise _not_valid()
    return {
        "property_id": found.property_id, "property_name": found.name, "scale_id": scale_id,
        "scale_name": found.scale_name(scale_id), "value_ids": value_ids, "values": values,
    }  # fmt: skip


def _not_valid() -> EtsyError:
    """The words of issue 505 of etsy/open-api."""
    return error(400, "There was a problem with /attributes : Attributes not valid for property")
