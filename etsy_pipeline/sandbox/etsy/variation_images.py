"""Which picture shows which variation value (FACTS §7, LISTING_EXTRAS §1). A picture that is gone leaves its link.

A PUT of the inventory that changes the values unlinks all pictures; that every PUT does, as in 2021-22 (#200, #384), is
a fault (`unlinks`).
"""

from typing import Any

from etsy_pipeline.sandbox.etsy import images, inventory, shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, page
from etsy_pipeline.sandbox.etsy.requests import Call

KEYS = ("property_id", "value_id", "image_id")


def get(call: Call) -> Answer:
    """GetListingVariationImages."""
    return Answer(_view(stored.visible(call)))


def replace(call: Call) -> Answer:
    """updateVariationImages: replaces all, an empty list clears, one property only."""
    shops.own(call)
    listing = stored.owned(call)
    listing["variation_images"] = _links(call, listing)
    stored.save(call.state, listing)
    return Answer(_view(listing))


def dangling(call: Call, listing: dict[str, Any]) -> int | None:
    """A linked picture that the listing no longer has."""
    present = _image_ids(call, listing)
    return next(
        (item["image_id"] for item in listing.get("variation_images", ()) if item["image_id"] not in present), None
    )


def values(listing: dict[str, Any]) -> dict[tuple[int, int], str]:
    """The values of its variations, by property and the shop's id."""
    return {
        (value["property_id"], number): name
        for product in inventory.view(listing)["products"]
        for value in product["property_values"]
        for number, name in zip(value["value_ids"], value["values"], strict=True)
    }


def _links(call: Call, listing: dict[str, Any]) -> list[dict[str, Any]]:
    body = call.json()
    links = body.get("variation_images") if isinstance(body, dict) else None
    if not isinstance(links, list) or set(body) != {"variation_images"}:
        raise _unreadable()
    if any(not isinstance(link, dict) or set(link) != set(KEYS) for link in links):
        raise _unreadable()  # with `value`, as GET returns it, too (#436)
    if any(type(link[key]) is not int or link[key] < 1 for link in links for key in KEYS):
        raise _unreadable()
    if len({link["property_id"] for link in links}) > 1:
        raise error(400, "variation images contains multiple property_ids")  # #452
    if len({link["value_id"] for link in links}) < len(links):  # that it is refused is the spec's, the text is ours
        raise error(400, "variation images contains duplicates")
    known, present = values(listing), _image_ids(call, listing)
    for link in links:
        if (link["property_id"], link["value_id"]) not in known:  # #248, #300
            raise error(
                400, f"variation with property_id {link['property_id']} and value_id {link['value_id']} is invalid"
            )
        if link["image_id"] not in present:
            raise error(400, f"image id {link['image_id']} is invalid")
    return [{**link, "value": known[link["property_id"], link["value_id"]]} for link in links]


def _unreadable() -> EtsyError:
    return error(400, "Missing input parameter: [variation_images]")  # exact (#436)


def _image_ids(call: Call, listing: dict[str, Any]) -> set[int]:
    return {row["listing_image_id"] for row in images.of_listing(call.state, listing["listing_id"])}


def _view(listing: dict[str, Any]) -> dict[str, Any]:
    return page(listing.get("variation_images", []))
