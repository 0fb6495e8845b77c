"""Which picture shows which variation value (FACTS §7). Replacing a picture leaves its link dangling, as on Etsy."""

from typing import Any

from etsy_pipeline.sandbox.etsy import images, inventory, shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, error, page
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


def _links(call: Call, listing: dict[str, Any]) -> list[dict[str, Any]]:
    body = call.json()
    links = body.get("variation_images") if isinstance(body, dict) else None
    if not isinstance(links, list):
        raise error(400, "There was a problem with /variation_images : must be a list")
    values = {
        (value["property_id"], number): name
        for product in inventory.view(listing)["products"]
        for value in product["property_values"]
        for number, name in zip(value["value_ids"], value["values"], strict=True)
    }
    present = _image_ids(call, listing)
    found = []
    for link in links:
        if not isinstance(link, dict) or any(type(link.get(key)) is not int for key in KEYS):
            raise error(
                400, "There was a problem with /variation_images : property_id, value_id and image_id are required"
            )
        if (link["property_id"], link["value_id"]) not in values:
            raise error(400, "There was a problem with /variation_images : the listing has no such variation value")
        if link["image_id"] not in present:
            raise error(400, f"image id {link['image_id']} is invalid")
        name = values[link["property_id"], link["value_id"]]
        found.append({key: link[key] for key in KEYS} | {"value": name})
    if len({link["property_id"] for link in found}) > 1:
        raise error(400, "There was a problem with /variation_images : only one property can have images")
    return found


def _image_ids(call: Call, listing: dict[str, Any]) -> set[int]:
    return {row["listing_image_id"] for row in images.of_listing(call.state, listing["listing_id"])}


def _view(listing: dict[str, Any]) -> dict[str, Any]:
    return page(listing.get("variation_images", []))
