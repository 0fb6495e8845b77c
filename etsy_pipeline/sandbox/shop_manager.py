"""The seller's hand in Shop Manager: listings made, changed, sold, renewed and deleted without the API.

POST   /sandbox/listings {"shop_id", "listings": [{…}, …]}, or {"listing": {…}, "count": 3000} with {n} in its texts
GET    /sandbox/listings/ID: as its owner sees it, with its inventory and fees
PATCH  /sandbox/listings/ID {…}: also what Etsy does to it: "state": "removed", "shown_state": "edit"
DELETE /sandbox/listings/ID
POST   /sandbox/listings/ID/sell {"pieces": 1, "sku": one of its SKUs or null}
POST   /sandbox/listings/ID/renew {}

What can be said of a listing is listed in `hand_made.py`. An inventory is {"price", "quantity", "sku"}, with
{"variations": {"Size": ["S", "L"]}} ("sku" is then of all, or a list), or in full {"products": [{"values": {"Size":
"S"}, "sku", "price", "quantity", "is_enabled"}]}; {"inventory": null} makes one without a record. "pictures" are
addresses to load from, or words from which one is drawn: the same word, the same picture.
"""

from collections.abc import Callable
from typing import Any

import httpx

from etsy_pipeline.sandbox import hand_made, sales
from etsy_pipeline.sandbox.consent import NO_AUTHORITIES
from etsy_pipeline.sandbox.etsy import images, inventory, listing_view, renewals, shops, stock, stored
from etsy_pipeline.sandbox.etsy.answers import EtsyError
from etsy_pipeline.sandbox.state import MissingError, State

TIMEOUT_SECONDS = 10
MOST_AT_ONCE = 20_000

Json = dict[str, Any]


class ShopManager:
    """What a seller can do with listings. Everything raises ValueError with what is wrong, or MissingError."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._acts: dict[str, Callable[[Json], Json]] = {
            "create": self.create,
            "edit": lambda body: self.edit(body.pop("listing_id"), body),
            "sell": lambda body: self.sell(body.pop("listing_id"), body),
            "renew": lambda body: self.renew(body["listing_id"]),
            "delete": lambda body: self.delete(body["listing_id"]),
            "buy": lambda body: sales.buy(self._state, body),
            "cancel": lambda body: sales.cancel(self._state, body.pop("receipt_id"), body),
        }

    def act(self, name: str, body: Json) -> Json:
        """One of create, edit, sell, renew, delete, buy, cancel; `listing_id` or `receipt_id` is in the body."""
        return self._acts[name](dict(body))

    def create(self, body: Json) -> Json:
        """New listings, in one go: {"listing_ids"}."""
        wanted = body["listings"] if "listings" in body else [body["listing"]]
        if sum(int(item.get("count", 1)) for item in wanted) * int(body.get("count", 1)) > MOST_AT_ONCE:
            raise ValueError(f"at most {MOST_AT_ONCE} listings at once")
        listings = [item for item in wanted for _ in range(int(item.get("count", 1)))] * int(body.get("count", 1))
        for item in wanted:
            hand_made.check(item)
        loaded = {url: _loaded(url) for item in wanted for url in _addresses(item)}
        with self._state.working():
            shop = shops.by_hand(self._state, body.get("shop_id", 0))
            made = [
                self._create(shop, hand_made.numbered(item, number), loaded)
                for number, item in enumerate(listings, start=1)
            ]
        return {"listing_ids": made}

    def edit(self, listing_id: int, body: Json) -> Json:
        """Change what is said; anything else stays."""
        hand_made.check(body)
        loaded = {url: _loaded(url) for url in _addresses(body)}
        with self._state.working():
            listing = self._found(listing_id)
            shop = shops.of_id(self._state, listing["shop_id"])
            now = int(self._state.now())
            listing |= {"modified": now} | hand_made.said(body)
            if body.get("state", listing["state"]) != listing["state"]:
                _change_state(listing, body, now)
            if body.get("products") or body.get("variations"):
                listing["inventory"] = _checked(self._state, shop, listing, body)
            else:
                hand_made.change_inventory(listing["inventory"], body)
            if body.keys() & hand_made.INVENTORY:
                listing["has_no_inventory"] = body.get("inventory", {}) is None
            stored.save(self._state, listing)
            if "pictures" in body:
                images.detach_all(self._state, listing_id)
                self._add_pictures(shop["shop_id"], listing_id, body["pictures"], loaded)
        return {"listing_id": listing_id}

    def sell(self, listing_id: int, body: Json) -> Json:
        """A sale, with the last piece sold out. Each piece after the first costs a fee (LIFECYCLE §4, uncertain)."""
        pieces = int(body.get("pieces", 1))
        with self._state.working():
            listing = self._found(listing_id)
            if listing["state"] != "active" or pieces < 1:
                raise ValueError(f"{pieces} pieces of a listing that is {listing['state']} cannot be sold")
            stock.sell(listing["inventory"], pieces, body.get("sku"))
            sales.keep_sold(self._state, listing, pieces)
        return {"state": listing["state"], "quantity": stock.pieces(listing["inventory"])}

    def renew(self, listing_id: int) -> Json:
        """Renew by hand, whatever the state: a fee that nobody planned, a new term (LIFECYCLE §2)."""
        with self._state.working():
            listing, now = self._found(listing_id), int(self._state.now())
            if stock.pieces(listing["inventory"]) == 0:
                stock.leave_one(listing["inventory"])
            if listing["state"] != "active":
                listing |= {"state": "active", "state_at": now}
            listing |= {"created": now, "ending": now + renewals.TERM_SECONDS, "modified": now}
            renewals.charge(self._state, listing_id, "renewal")
            stored.save(self._state, listing)
        return {"listing_id": listing_id, "ending_timestamp": listing["ending"]}

    def delete(self, listing_id: int) -> Json:
        """Delete: the API then knows it no more (LIFECYCLE §1)."""
        with self._state.working():
            self._found(listing_id)
            stored.delete(self._state, listing_id)
        return {"listing_id": listing_id}

    def show(self, listing_id: int) -> Json:
        """A listing as its owner sees it, with its inventory, pictures and fees."""
        listing = self._found(listing_id)
        sql = "SELECT reason, usd_cents, at FROM fee WHERE listing_id = ? ORDER BY fee_id"
        return listing_view.view(self._state, listing) | {
            "inventory": inventory.record(listing),
            "images": images.views(self._state, listing_id),
            "fees": [dict(row) for row in self._state.rows(sql, listing_id)],
        }

    def _found(self, listing_id: int) -> Json:
        listing = stored.find_visible(self._state, listing_id, hidden=True)
        if listing is None:
            raise MissingError(f"no listing {listing_id}")
        return listing

    def _create(self, shop: Json, body: Json, loaded: dict[str, bytes]) -> int:
        now = int(self._state.now())
        data = hand_made.defaults(shop, now, renewals.TERM_SECONDS) | hand_made.said(body)
        if "created_timestamp" in body:
            data = {**data, "original_created": data["created"], "ending": data["created"] + renewals.TERM_SECONDS}
            data |= hand_made.said(body)
        data["has_no_inventory"] = "inventory" in body and body["inventory"] is None
        held = _checked(self._state, shop, data, body)
        listing_id = stored.insert(self._state, shop["shop_id"], body.get("state", "active"), data, held)
        pictures = body.get("pictures", [f"{data['title']} {listing_id}"])
        self._add_pictures(shop["shop_id"], listing_id, pictures, loaded)
        return listing_id

    def _add_pictures(self, shop_id: int, listing_id: int, pictures: list[str], loaded: dict[str, bytes]) -> None:
        for rank, name in enumerate(pictures, start=1):
            content = loaded[name] if name in loaded else hand_made.drawn(name)
            images.add(self._state, shop_id, listing_id, content, rank)


def _change_state(listing: Json, body: Json, now: int) -> None:
    """Another state, and what goes with it unless something else is said."""
    listing["state"] = body["state"]
    if "state_timestamp" not in body:
        listing["state_at"] = now
    if body["state"] == "sold_out":
        hand_made.change_inventory(listing["inventory"], {"quantity": 0} | body)
    if body["state"] == "expired" and "ending_timestamp" not in body:
        listing["ending"] = min(now, renewals.ending(listing))


def _checked(state: State, shop: Json, data: Json, body: Json) -> Json:
    try:
        return hand_made.inventory(state, shop, data, body)
    except EtsyError as error:
        raise ValueError(str(error)) from None


def _addresses(body: Json) -> list[str]:
    return [name for name in body.get("pictures", ()) if name.startswith(("http://", "https://"))]


def _loaded(url: str) -> bytes:
    try:
        return httpx.get(url, timeout=TIMEOUT_SECONDS, verify=NO_AUTHORITIES).raise_for_status().content
    except httpx.HTTPError as error:
        raise ValueError(f"{url} cannot be loaded: {error}") from None
