"""Listings as they are stored: finding one that the caller may see or change, and keeping it."""

from typing import Any

from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.sandbox.etsy.answers import error, not_found
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.state import State, dump, load

FIRST_ID = 4_300_000_000


def find(state: State, listing_id: int) -> dict[str, Any]:
    """A listing's data."""
    listing = find_visible(state, listing_id, hidden=True)
    if listing is None:
        raise not_found("Could not find a Listing with that ID.")
    return listing


def find_visible(state: State, listing_id: int, *, hidden: bool = False) -> dict[str, Any] | None:
    """A listing's data, unless it does not show yet."""
    row = state.row("SELECT * FROM listing WHERE listing_id = ?", listing_id)
    if row is None or (row["visible_from"] > state.now() and not hidden):
        return None
    listing: dict[str, Any] = load(row)
    known = {"listing_id": row["listing_id"], "shop_id": row["shop_id"], "state": row["state"]}
    return listing | known | {"inventory": load(row, "inventory")}


def visible(call: Call) -> dict[str, Any]:
    """The listing in the path: its owner sees every state, others what is on sale."""
    listing = find_visible(call.state, call.number("listing_id"))
    if listing is None or not may_see(call, listing):
        raise not_found("Could not find a Listing with that ID.")
    return listing


def may_see(call: Call, listing: dict[str, Any]) -> bool:
    """Its owner sees every state, others what is on sale."""
    owner: int = shops.of_id(call.state, listing["shop_id"])["user_id"]
    return listing["state"] == "active" or owner == call.user_id


def owned(call: Call) -> dict[str, Any]:
    """The listing in the path, which must be the token's."""
    listing = visible(call)
    if shops.of_id(call.state, listing["shop_id"])["user_id"] != call.user_id:
        raise error(403, "User does not own this listing.")
    return listing


def insert(
    state: State, shop_id: int, name: str, data: dict[str, Any], inventory: dict[str, Any], visible_from: float = 0.0
) -> int:
    """Store a new listing; its id."""
    listing_id = state.number("listing", FIRST_ID)
    state.run(
        "INSERT INTO listing (listing_id, shop_id, state, title, visible_from, data, inventory) VALUES (?,?,?,?,?,?,?)",
        listing_id, shop_id, name, data["title"], visible_from, dump(data), dump(inventory),
    )  # fmt: skip
    return listing_id


def delete(state: State, listing_id: int) -> None:
    """Forget a listing; its pictures stay in the shop."""
    state.run("DELETE FROM listing WHERE listing_id = ?", listing_id)
    state.run("UPDATE listing_image SET listing_id = NULL WHERE listing_id = ?", listing_id)


def save(state: State, listing: dict[str, Any]) -> None:
    """Store a listing's data."""
    kept = {
        name: value for name, value in listing.items() if name not in {"listing_id", "shop_id", "state", "inventory"}
    }
    state.run(
        "UPDATE listing SET state = ?, title = ?, data = ?, inventory = ? WHERE listing_id = ?",
        listing["state"], listing["title"], dump(kept), dump(listing["inventory"]), listing["listing_id"],
    )  # fmt: skip
