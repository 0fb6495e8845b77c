"""A listing as Etsy gives it: escaped text, money objects, and what `includes` adds (FACTS §0.9, §10)."""

from typing import Any

from etsy_pipeline.sandbox.etsy import (
    images,
    inventory,
    personalization,
    renewals,
    shops,
    stock,
    translations,
    videos,
)
from etsy_pipeline.sandbox.etsy.answers import error, escaped, money
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.state import State

INCLUDES = {"Images", "Shop", "User", "Translations", "Videos", "Personalization", "BuyerPrice"}  # four of them here


def with_includes(call: Call, listing: dict[str, Any]) -> dict[str, Any]:
    """A listing with what `includes` names. Inventory and Shipping are no longer among it (FACTS §10): refused."""
    wanted = {name.strip() for name in call.query.get("includes", "").split(",") if name.strip()}
    if wanted - INCLUDES:
        raise error(400, f"includes must be of {', '.join(sorted(INCLUDES))}")
    answer = associated(call, listing)
    if "Images" in wanted:
        answer["images"] = images.views(call.state, listing["listing_id"])
    if "Videos" in wanted:
        answer["videos"] = videos.views(call.state, listing)
    if "Translations" in wanted:
        answer["translations"] = translations.views(listing)
    if "Personalization" in wanted:
        answer["personalization"] = personalization.view(listing)
    return answer


def associated(call: Call, listing: dict[str, Any]) -> dict[str, Any]:
    """A ShopListingWithAssociations: SKUs for its owner only, views of active listings only (spec, LINKING §1)."""
    shop = shops.of_id(call.state, listing["shop_id"])
    return view(call.state, listing) | {
        "skus": inventory.skus(listing) if shop["user_id"] == call.user_id else [],
        "views": listing.get("views", 0) if listing["state"] == "active" else 0,
    }


def view(state: State, listing: dict[str, Any]) -> dict[str, Any]:
    """A ShopListing as Etsy gives it: escaped text, money objects."""
    shop = shops.of_id(state, listing["shop_id"])
    base = state.setting("base_url", "")
    times = {
        "creation_timestamp": listing["created"], "created_timestamp": listing["created"],
        "original_creation_timestamp": listing.get("original_created", listing["created"]),
        "ending_timestamp": renewals.ending(listing),
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
        "title": escaped(listing["title"]), "description": escaped(listing["description"]),
        "state": listing.get("shown_state") or listing["state"],
        "quantity": stock.pieces(listing["inventory"]), "featured_rank": -1,
        "url": f"{base}/listing/{listing['listing_id']}", "num_favorers": listing.get("num_favorers", 0),
        "non_taxable": not listing.get("is_taxable", True), "is_taxable": listing.get("is_taxable", True),
        "is_customizable": listing.get("is_customizable", False),
        "is_personalizable": bool(listing.get("personalization")),
        "listing_type": listing["type"], "tags": [escaped(tag) for tag in listing["tags"]],
        "materials": [escaped(item) for item in listing["materials"]], "processing_min": None, "processing_max": None,
        "is_private": listing.get("is_private", False), "style": listing.get("styles", []),
        "file_data": listing.get("file_data", ""),
        "has_variations": inventory.varies(listing["inventory"]), "language": "en-US",
        "price": money(inventory.lowest_price(listing["inventory"]), listing["currency_code"]),
    }  # fmt: skip
