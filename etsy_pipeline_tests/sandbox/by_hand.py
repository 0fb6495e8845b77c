"""What a seller does in Shop Manager, and Etsy by itself, on the local Etsy: no call of the API is made."""

from typing import Any

from etsy_pipeline_tests.world import World

Json = dict[str, Any]


def listed(world: World, *listings: Json, shop: int = 1) -> list[int]:
    """Listings made by hand in the n-th sample shop; see `etsy_pipeline/sandbox/shop_manager.py` for what to say."""
    return _made(world, {"listings": listings, "shop_id": 51_000_000 + shop})


def many_listed(world: World, count: int, shop: int = 1, **listing: Any) -> list[int]:
    """So many alike, with `{n}` in texts replaced by 1, 2 and so on."""
    return _made(world, {"listing": listing, "count": count, "shop_id": 51_000_000 + shop})


def edited(world: World, listing_id: int, **changes: Any) -> None:
    """Changed by the seller; `state="removed"` by Etsy."""
    assert world.etsy("PATCH", f"listings/{listing_id}", changes) == {"listing_id": listing_id}


def deleted(world: World, listing_id: int) -> None:
    """Deleted by the seller."""
    assert world.etsy("DELETE", f"listings/{listing_id}") == {"listing_id": listing_id}


def sold(world: World, listing_id: int, pieces: int = 1, sku: str | None = None) -> Json:
    """Sold on Etsy; its state and quantity afterwards."""
    answer: Json = world.etsy("POST", f"listings/{listing_id}/sell", {"pieces": pieces, "sku": sku})
    assert "error" not in answer, answer
    return answer


def renewed(world: World, listing_id: int) -> int:
    """Renewed by somebody by hand; when its new term ends."""
    answer = world.etsy("POST", f"listings/{listing_id}/renew", {})
    return int(answer["ending_timestamp"])


def term_ended(world: World, listing_id: int) -> None:
    """Its paid months end now: it expires, or is renewed if it renews by itself."""
    edited(world, listing_id, ending_timestamp=int(world.etsy("GET", "clock")["now"]))


def shown(world: World, listing_id: int) -> Json:
    """As its owner sees it, with `inventory`, `images` and `fees`."""
    answer: Json = world.etsy("GET", f"listings/{listing_id}")
    assert "error" not in answer, answer
    return answer


def fees(world: World, listing_id: int) -> list[str]:
    """For what Etsy charged, in order: listing, renewal, auto_renewal, multi_quantity."""
    found = world.etsy("GET", "fees")["fees"]
    return [fee["reason"] for fee in found if fee["listing_id"] == listing_id]


def shop_changed(world: World, shop: int = 1, **changes: Any) -> None:
    """A shop on vacation, renamed, with an unpaid bill; see `etsy_pipeline/sandbox/shop_owner.py`."""
    assert "error" not in (answer := world.etsy("PATCH", f"shops/{51_000_000 + shop}", changes)), answer


def currency_changed(world: World, currency_code: str, rate: float, shop: int = 1) -> None:
    """Another currency for the shop; all prices are converted."""
    body = {"currency_code": currency_code, "rate": rate}
    assert "error" not in (answer := world.etsy("POST", f"shops/{51_000_000 + shop}/currency", body)), answer


def shop_replaced(world: World, shop: int = 1, **new: Any) -> int:
    """The shop is closed, and its owner opened another one; the new one's id."""
    answer = world.etsy("POST", f"shops/{51_000_000 + shop}/replace", new)
    return int(answer["shop_id"])


def meanwhile(world: World, operation: str, does: str, **body: Any) -> None:
    """Right after the next such call was answered, the seller does: create, edit, sell, renew or delete."""
    fault = {"operation": operation, "kind": "meanwhile", "times": 1, "does": does, "with": body}
    assert "fault_id" in (answer := world.etsy("POST", "faults", fault)), answer


def _made(world: World, body: Json) -> list[int]:
    answer = world.etsy("POST", "listings", body)
    assert "error" not in answer, answer
    found: list[int] = answer["listing_ids"]
    return found
