"""Listings: create, update, read, list, delete (FACTS §5, §6, §10)."""

from typing import Any

from etsy_pipeline.sandbox.etsy import (
    files,
    images,
    inventory,
    listing_properties,
    listing_rules,
    renewals,
    shops,
    stock,
    stored,
    translations,
    variation_images,
)
from etsy_pipeline.sandbox.etsy.answers import Answer, error, not_found, page
from etsy_pipeline.sandbox.etsy.listing_view import associated, view, with_includes
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.state import State

STATES = ("active", "inactive", "sold_out", "draft", "removed", "expired")
ORDERS = {
    "sort_on": ("created", "price", "updated", "score"),
    "sort_order": ("desc", "asc", "ascending", "descending", "up", "down"),
}  # the first is Etsy's default
DELETABLE = {"sold_out", "draft", "expired", "inactive", "active"}


def create(call: Call) -> Answer:
    """createDraftListing: always a draft, never with an SKU."""
    shop = shops.own(call)
    data = listing_rules.new_listing(call.state, shop, call.form())
    image_ids = data.pop("image_ids", [])
    now = int(call.state.now())
    data |= {"created": now, "original_created": now, "modified": now, "state_at": now}
    data |= {"ending": now + renewals.TERM_SECONDS, "currency_code": shop["currency_code"]}
    held = inventory.of_new_listing(call.state, data)
    listing_id = stored.insert(call.state, shop["shop_id"], "draft", data, held, call.visible_from)
    if image_ids:
        images.set_order(call.state, shop["shop_id"], listing_id, image_ids)
    return Answer(view(call.state, stored.find(call.state, listing_id)), 201)


def update(call: Call) -> Answer:
    """updateListing: only the fields sent; price, quantity, SKU are ignored with 200 (FACTS §0.7, §6)."""
    shop, listing = shops.own(call), stored.visible(call)
    if listing["shop_id"] != shop["shop_id"]:
        raise error(403, "Listing does not belong to this shop.")
    form = call.form()
    translations.check_whole(listing)
    if form.get("state") == "active" and renewals.fails(call.state, listing):
        return Answer({"error": "Server Error"}, 500)
    changed = listing_rules.changes(call.state, shop, listing, form)
    image_ids = changed.pop("image_ids", None)
    if image_ids is not None:
        images.set_order(call.state, shop["shop_id"], listing["listing_id"], image_ids)
    listing |= changed
    translations.spoil(listing, form)
    if "state" in form:
        _set_state(call.state, shop, listing, form["state"])
    listing["modified"] = int(call.state.now())
    stored.save(call.state, listing)
    return Answer(view(call.state, listing))


def get(call: Call) -> Answer:
    """getListing; a draft is for its owner only."""
    return Answer(with_includes(call, stored.visible(call)))


def of_shop(call: Call) -> Answer:
    """getListingsByShop: one state, active unless told otherwise (FACTS §0.2, §10).

    An order may be asked for and changes nothing: by Etsy's document it counts only in a search, which this is none.
    """
    shop = shops.own(call)
    state = call.query.get("state", "active")
    limit, offset = call.paging()
    if state not in STATES:
        raise error(400, f"state must be one of {', '.join(STATES)}")
    for name, words in ORDERS.items():
        if call.query.get(name, words[0]) not in words:
            raise error(400, f"{name} must be one of {', '.join(words)}")
    where = "FROM listing WHERE shop_id = ? AND state = ? AND visible_from <= ?"
    values = (shop["shop_id"], state, call.state.now())
    row = call.state.row(f"SELECT COUNT(*) AS n {where}", *values)
    order = "json_extract(data, '$.created') DESC, listing_id DESC"  # pages move while a reader turns them
    found = call.state.rows(f"SELECT listing_id {where} ORDER BY {order} LIMIT ? OFFSET ?", *values, limit, offset)
    results = [with_includes(call, stored.find(call.state, item["listing_id"])) for item in found]
    return Answer(page(results, row["n"] if row else 0))


def batch(call: Call) -> Answer:
    """getListingsByListingIds: unknown ids are left out (FACTS §10), as is what the caller may not see."""
    found = [stored.find_visible(call.state, listing_id) for listing_id in call.ids("listing_ids")]
    visible = [listing for listing in found if listing and stored.may_see(call, listing)]
    return Answer(page([with_includes(call, listing) for listing in visible]))


def batch_inventory(call: Call) -> Answer:
    """getListingsInventoryByListingIds: one unknown id makes the whole call a 404 (FACTS §10)."""
    results = []
    for listing_id in call.ids("listing_ids"):
        listing = stored.find_visible(call.state, listing_id)
        if listing is None or shops.of_id(call.state, listing["shop_id"])["user_id"] != call.user_id:
            raise not_found(f"Listing {listing_id} not found.")
        results.append(associated(call, listing) | {"inventory": inventory.record(listing)})
    return Answer(page(results))


def delete(call: Call) -> Answer:
    """DeleteListing (listings_d)."""
    listing = stored.owned(call)
    if listing["state"] not in DELETABLE:
        raise error(409, "The listing cannot be deleted in its present state.")
    stored.delete(call.state, listing["listing_id"])
    return Answer(None, 204)


def get_inventory(call: Call) -> Answer:
    """GetListingInventory; 404 where there is no record (LINKING §1: that it is this error is ours)."""
    record = inventory.record(stored.owned(call))
    if record is None:
        raise not_found("Listing has no inventory.")
    return Answer(record)


def put_inventory(call: Call) -> Answer:
    """updateListingInventory: a full replacement (FACTS §7)."""
    listing = stored.owned(call)
    shop = shops.of_id(call.state, listing["shop_id"])
    if dangling := variation_images.dangling(call, listing):  # seen at times (FACTS §7): the strict case
        raise error(400, f"image id {dangling} is invalid")
    values = variation_images.values(listing)
    inventory.replace(call.state, shop, listing, call.json(), call.query.get("max_variations_supported"))
    if call.unlinks or variation_images.values(listing) != values:
        listing["variation_images"] = []
    listing["modified"] = int(call.state.now())
    stored.save(call.state, listing)
    return Answer(inventory.view(listing))


def _set_state(state: State, shop: dict[str, Any], listing: dict[str, Any], wanted: str) -> None:
    before = listing["state"]
    if wanted not in {"active", "inactive"}:
        raise error(400, "There was a problem with /state : must be one of active, inactive")
    if wanted == "inactive" and before not in {"active", "inactive"}:
        raise error(400, f"There was a problem with /state : cannot change from {before} to inactive")
    if wanted == "active" and before != "active":
        _check_publishable(state, shop, listing)
        renewals.activate(state, shop, listing)
    elif wanted != before:
        listing["state"], listing["state_at"] = wanted, int(state.now())


def _check_publishable(state: State, shop: dict[str, Any], listing: dict[str, Any]) -> None:
    listing_properties.check_required(listing)
    if not images.views(state, listing["listing_id"]):
        raise error(400, "There was a problem with /images : cannot be less than 1 items")
    if files.needs_one(listing):
        raise error(400, "A digital listing needs a file before it can be published.")  # spec; the text is ours
    if listing["type"] == "download":
        return
    if not listing.get("shipping_profile_id"):
        raise error(400, "A shipping_profile_id is required for physical listings.")
    if not shop["is_eu"] and not listing.get("return_policy_id"):
        raise error(400, "There was a problem with /return/policy : cannot be null")  # exact (FACTS §5)
    if listing["state"] != "sold_out" and stock.pieces(listing["inventory"]) < 1:
        raise error(400, "There was a problem with /quantity : cannot be less than 1")
