"""Listings that a seller made without the API, as Etsy's API shows them (LINKING §1, §3)."""

from typing import Any

import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox import by_hand
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy
from etsy_pipeline_tests.world import World

STATES = ("active", "draft", "inactive", "sold_out", "expired", "removed")
SIZES = {"Size": ["S", "L"]}


def page(etsy: Etsy, **query: str) -> dict[str, Any]:
    answer = etsy("GET", f"/shops/{SHOP}/listings", params={"limit": "100", **query})
    assert answer.status_code == 200, answer.text
    assert response_problems("getListingsByShop", 200, answer.json()) == []
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[int]:
    return [item["listing_id"] for item in found["results"]]


def record(etsy: Etsy, listing_id: int) -> Any:
    answer = etsy("GET", "/listings/batch/inventory", params={"listing_ids": str(listing_id)})
    assert response_problems("getListingsInventoryByListingIds", 200, answer.json()) == []
    return answer.json()["results"][0]["inventory"]


@pytest.mark.parametrize("state", STATES)
def test_a_listing_made_by_hand_is_in_the_list_of_its_state_only(etsy: Etsy, world: World, state: str) -> None:
    """LINKING §1: one pass for each state."""
    (made,) = by_hand.listed(world, {"title": "Blue mug", "state": state})
    assert [name for name in STATES if made in ids(page(etsy, state=name))] == [state]
    assert (made in ids(page(etsy))) == (state == "active"), "active unless told otherwise"


def test_a_state_that_is_no_known_one_is_told_under_another(etsy: Etsy, world: World) -> None:
    """LINKING §1: listings that were deactivated over the API appeared as `edit` (issues 212, 473)."""
    (made,) = by_hand.listed(world, {"state": "inactive", "shown_state": "edit"})
    answer = etsy("GET", f"/shops/{SHOP}/listings", params={"state": "inactive", "limit": "100"}).json()
    assert {item["listing_id"]: item["state"] for item in answer["results"]}[made] == "edit"


def test_what_is_said_of_a_listing_shows(etsy: Etsy, world: World) -> None:
    said = {
        "title": "Mother's mug", "tags": ["mug"], "price": 12.5, "quantity": 3, "is_private": True, "views": 40,
        "num_favorers": 7, "file_data": "one file", "should_auto_renew": True, "created_timestamp": 1_790_000_000,
        "original_creation_timestamp": 1_700_000_000, "ending_timestamp": 1_990_000_000,
    }  # fmt: skip
    (made,) = by_hand.listed(world, said)
    shown = etsy("GET", f"/listings/{made}").json()
    told = ("tags", "quantity", "is_private", "views", "num_favorers", "file_data", "should_auto_renew")
    assert {name: shown[name] for name in told} == {name: said[name] for name in told}
    assert (shown["title"], shown["price"]["amount"]) == ("Mother&#39;s mug", 1250)
    times = ("created_timestamp", "original_creation_timestamp", "ending_timestamp")
    assert [shown[name] for name in times] == [said[name] for name in times]
    assert response_problems("getListing", 200, shown) == []


def test_what_means_nothing_is_refused_and_nothing_is_made(world: World) -> None:
    before = len(world.listings())
    assert "unknown: colour" in world.etsy("POST", "listings", {"listings": [{}, {"colour": "red"}]})["error"]
    bad = {"products": [{"values": {"Size": "S"}}, {"values": {"Size": "S"}}]}
    assert "duplicate combination" in world.etsy("POST", "listings", {"listings": [{}, bad]})["error"]
    assert len(world.listings()) == before


def test_skus_are_told_to_the_owner_only(etsy: Etsy, world: World) -> None:
    """LINKING §1."""
    (made,) = by_hand.listed(world, {"variations": {"Size": ["S", "M", "L"]}, "sku": ["MUG-S", "MUG-L", "MUG-S"]})
    assert etsy("GET", f"/listings/{made}").json()["skus"] == ["MUG-S", "MUG-L"]
    assert next(item for item in page(etsy)["results"] if item["listing_id"] == made)["skus"] == ["MUG-S", "MUG-L"]
    stranger = etsy("GET", f"/listings/{made}", headers={"authorization": None}).json()
    assert (stranger["state"], stranger["skus"]) == ("active", [])


def test_one_sku_may_be_on_several_listings_and_twice_within_one(etsy: Etsy, world: World) -> None:
    """LINKING §1: Etsy allows it."""
    one, two, three = by_hand.listed(
        world, {"sku": "MUG"}, {"sku": "MUG"}, {"variations": SIZES, "sku": ["MUG", "MUG"]}
    )
    assert [etsy("GET", f"/listings/{made}").json()["skus"] for made in (one, two, three)] == [["MUG"]] * 3
    assert [product["sku"] for product in record(etsy, three)["products"]] == ["MUG", "MUG"]


def test_a_parent_sku_is_one_for_all_variations(etsy: Etsy, world: World) -> None:
    """LINKING §3."""
    (made,) = by_hand.listed(world, {"variations": SIZES, "sku": "MUG", "quantity": 4})
    found = record(etsy, made)
    assert (found["sku_on_property"], found["quantity_on_property"]) == ([], [])
    assert [product["sku"] for product in found["products"]] == ["MUG", "MUG"]


def test_every_variation_has_its_own_values(etsy: Etsy, world: World) -> None:
    first = {"values": {"Size": "S"}, "sku": "A", "price": 10, "quantity": 2}
    (made,) = by_hand.listed(world, {"products": [first, {"values": {"Size": "L"}, "is_enabled": False}]})
    found = record(etsy, made)
    assert found["sku_on_property"] == found["quantity_on_property"] == found["price_on_property"] == [513]
    told = [(item["sku"], item["offerings"][0]["quantity"], item["property_values"][0]["values"])
            for item in found["products"]]  # fmt: skip
    assert told == [("A", 2, ["S"]), ("", 1, ["L"])]


def test_a_listing_may_have_no_record_of_inventory_until_one_is_put(etsy: Etsy, world: World) -> None:
    """LINKING §1: null in the batch."""
    (made,) = by_hand.listed(world, {"inventory": None, "price": 9, "sku": "MUG"})
    shown = etsy("GET", f"/listings/{made}").json()
    assert (record(etsy, made), shown["skus"], shown["price"]["amount"]) == (None, [], 900)
    assert etsy("GET", f"/listings/{made}/inventory").status_code == 404
    by_hand.edited(world, made, title="Still none")
    assert record(etsy, made) is None
    readiness = shown["readiness_state_id"]
    offering = {"price": 9.0, "quantity": 1, "is_enabled": True, "readiness_state_id": readiness}
    body = {"products": [{"sku": "MUG", "property_values": [], "offerings": [offering]}]}
    assert etsy("PUT", f"/listings/{made}/inventory", json=body).status_code == 200
    assert record(etsy, made)["products"][0]["sku"] == "MUG"


def test_pictures_are_loaded_from_an_address_or_drawn_from_a_word(etsy: Etsy, world: World) -> None:
    url = f"{world.sandbox.medusa_url}/img/001.jpg"
    one, two, three = by_hand.listed(
        world, {"pictures": [url, "mug"]}, {"pictures": ["mug"]}, {"title": "No picture", "pictures": []}
    )
    sums = {
        row["listing_image_id"]: row["sha256"]
        for row in world.sandbox.state.rows("SELECT listing_image_id, sha256 FROM listing_image")
    }

    def pictures(listing_id: int) -> list[str]:
        found = etsy("GET", f"/listings/{listing_id}/images").json()["results"]
        return [sums[item["listing_image_id"]] for item in found]

    assert (len(pictures(one)), pictures(two), pictures(three)) == (2, pictures(one)[1:], [])
    assert pictures(one)[0] != pictures(one)[1]
    wrong = world.etsy("POST", "listings", {"listing": {"pictures": ["http://127.0.0.1:1/x.jpg"]}})
    assert "cannot be loaded" in wrong["error"]


def test_a_deleted_listing_is_a_404_and_makes_its_batch_one(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1, FACTS §10."""
    kept, gone = by_hand.listed(world, {}, {})
    by_hand.deleted(world, gone)
    assert etsy("GET", f"/listings/{gone}").status_code == 404
    both = {"listing_ids": f"{kept},{gone}"}
    assert etsy("GET", "/listings/batch/inventory", params=both).status_code == 404
    assert ids(etsy("GET", "/listings/batch", params=both).json()) == [kept]
    assert world.etsy("DELETE", f"listings/{gone}") == {"error": f"no listing {gone}"}


def test_pages_move_while_one_reads(etsy: Etsy, world: World) -> None:
    """LINKING §1: newest first, so a new listing pushes one that was read onto the next page."""
    by_hand.many_listed(world, 4, title="Bowl {n}")
    by_hand.meanwhile(world, "getListingsByShop", "create", listing={"title": "Just made"})
    first = page(etsy, limit="2")
    second = page(etsy, limit="2", offset="2")
    assert ids(second)[0] == ids(first)[1], "it comes twice"
    assert second["count"] == first["count"] + 1


def test_a_listing_is_sold_out_or_deleted_between_two_calls(etsy: Etsy, world: World) -> None:
    """LINKING §4: a listing sold while pages are read, one deleted between list and batch."""
    sold, gone = by_hand.listed(world, {}, {})
    by_hand.meanwhile(world, "getListingsByShop", "sell", listing_id=sold)
    assert sold in ids(page(etsy))
    assert sold not in ids(page(etsy))
    by_hand.meanwhile(world, "getListingsByShop", "delete", listing_id=gone)
    assert gone in ids(page(etsy))
    assert etsy("GET", "/listings/batch/inventory", params={"listing_ids": str(gone)}).status_code == 404


def test_thousands_are_made_at_once_and_read_page_by_page(etsy: Etsy, world: World) -> None:
    made = by_hand.many_listed(world, 2_500, title="Mug {n}", sku="M-{n}", state="inactive", pictures=[])
    read = [item for offset in range(0, 2_600, 100) for item in page_of(etsy, offset)]
    assert set(made) <= {item["listing_id"] for item in read}
    assert {"M-1", "M-2500"} <= {sku for item in read for sku in item["skus"]}
    assert "at most 20000" in world.etsy("POST", "listings", {"listing": {}, "count": 20_001})["error"]


def page_of(etsy: Etsy, offset: int) -> list[dict[str, Any]]:
    query = {"state": "inactive", "limit": "100", "offset": str(offset)}
    found: list[dict[str, Any]] = etsy("GET", f"/shops/{SHOP}/listings", params=query).json()["results"]
    return found
