"""A listing as Etsy gives it: escaped text, money objects, and what `includes` adds (FACTS §0.9, §10)."""

from typing import Any

from etsy_pipeline.sandbox.etsy import images, inventory, personalization, shops
from etsy_pipeline.sandbox.etsy.answers import error, escaped, money
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.state import State

INCLUDES = {"Images", "Shop", "User", "Translations", "Videos", "Personalization", "BuyerPrice"}  # two of them here


def with_includes(call: Call, listing: dict[str, Any]) -> dict[str, Any]:
    """A listing with what `includes` names. Inventory and Shipping are no longer among it (FACTS §10): refused."""
    wanted = {name.strip() for name in call.query.get("includes", "").split(",") if name.strip()}
    if wanted - INCLUDES:
        raise error(400, f"includes must be of {', '.join(sorted(INCLUDES))}")
    answer = view(call.state, listing)
    if "Images" in wanted:
        answer["images"] = images.views(call.state, listing["listing_id"])
    if "Personalization" in wanted:
        answer["personalization"] = personalization.view(listing)
    return answer


def view(state: State, listing: dict[str, Any]) -> dict[str, Any]:
    """A ShopListing as Etsy gives it: escaped text, money objects."""
    shop = shops.of_id(state, listing["shop_id"])
    base = state.setting("base_url", "")
    times = {
        "creation_timestamp": listing["created"], "created_timestamp": listing["created"],
        "original_creation_timestamp": listing["created"], "ending_timestamp": listing["created"] + 120 * 86400,
        "last_modified_timestamp": listing["modified"], "updated_timestamp": listing["modified"],
        "state_timestamp": listing["state_at"],
    }  # fmt: skip
    plain = {
        name: listing.get(name)
        for name in ("shop_section_id", "shipping_profile_id", "return_policy_id", "readiness_state_id", "who_made",
                     "when_made", "is_supply", "item_weight", "item_weight_unit", "item_length", "item_width",
                     "item_height", "item_dimensions_unit", "should_auto_renew", "taxonomy_id")
    }  # fmt: skip
    return {
        **times, **plain,
        "listing_id": listing["listing_id"], "user_id": shop["user_id"], "shop_id": listing["shop_id"],
        "title": escaped(listing["title"]), "description": escaped(listing["description"]), "state": listing["state"],
        "quantity": inventory.pieces(listing["inventory"]), "featured_rank": -1,
        "url": f"{base}/listing/{listing['listing_id']}", "num_favorers": 0,
        "non_taxable": not listing.get("is_taxable", True), "is_taxable": listing.get("is_taxable", True),
        "is_customizable": listing.get("is_customizable", False),
        "is_personalizable": bool(listing.get("personalization")),
        "listing_type": listing["type"], "tags": [escaped(tag) for tag in listing["tags"]],
        "materials": [escaped(item) for item in listing["materials"]], "processing_min": None, "processing_max": None,
        "is_private": False, "style": listing.get("styles", []), "file_data": "",
        "has_variations": inventory.varies(listing["inventory"]), "language": "en-US",
        "price": money(inventory.lowest_price(listing["inventory"]), listing["currency_code"]),
    }  # fmt: skip
