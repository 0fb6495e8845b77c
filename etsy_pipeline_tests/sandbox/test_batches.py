"""Reading many listings of the local Etsy at once (FACTS §10)."""

from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import Etsy
from etsy_pipeline_tests.sandbox.listings import images_of, inventory_of, put_inventory, upload

BATCHES = ("/listings/batch", "/listings/batch/inventory")


def batch(etsy: Etsy, path: str, *listing_ids: int, **query: str) -> httpx.Response:
    return etsy("GET", path, params={"listing_ids": ",".join(map(str, listing_ids)), **query})


def test_unknown_ids_only_shorten_the_list_of_listings(etsy: Etsy) -> None:
    """FACTS §10."""
    known = etsy.draft()
    answer = batch(etsy, BATCHES[0], 1, known, 2)
    assert answer.status_code == 200
    assert [item["listing_id"] for item in answer.json()["results"]] == [known]
    assert response_problems("getListingsByListingIds", 200, answer.json()) == []


def test_one_unknown_id_makes_a_batch_of_inventories_a_404(etsy: Etsy) -> None:
    """FACTS §10."""
    one, two = etsy.draft(), etsy.draft()
    assert batch(etsy, BATCHES[1], one, 1, two).status_code == 404
    answer = batch(etsy, BATCHES[1], one, two)
    assert [item["listing_id"] for item in answer.json()["results"]] == [one, two]
    assert [len(item["inventory"]["products"]) for item in answer.json()["results"]] == [1, 1]
    assert response_problems("getListingsInventoryByListingIds", 200, answer.json()) == []


@pytest.mark.parametrize("path", BATCHES)
@pytest.mark.parametrize(("ids", "status"), [(range(1, 102), 400), ((), 400)])
def test_a_batch_is_of_one_to_a_hundred(etsy: Etsy, path: str, ids: Any, status: int) -> None:
    """FACTS §10."""
    assert batch(etsy, path, *ids).status_code == status


def test_a_hundred_ids_are_one_batch(etsy: Etsy) -> None:
    """FACTS §10."""
    assert batch(etsy, BATCHES[0], *range(1, 101)).json() == {"count": 0, "results": []}


def test_batches_give_escaped_text_and_money_objects(etsy: Etsy) -> None:
    """FACTS §0.9, §10."""
    listing_id = etsy.draft(title="Mother's mug", tags="mum's")
    put_inventory(etsy, listing_id, inventory_of("Men's", price=12.5))
    plain = batch(etsy, BATCHES[0], listing_id).json()["results"][0]
    money = {"amount": 1250, "divisor": 100, "currency_code": "USD"}
    assert (plain["title"], plain["tags"], plain["price"]) == ("Mother&#39;s mug", ["mum&#39;s"], money)
    product = batch(etsy, BATCHES[1], listing_id).json()["results"][0]["inventory"]["products"][0]
    assert (product["offerings"][0]["price"], product["property_values"][0]["values"]) == (money, ["Men&#39;s"])


def test_listings_bring_their_pictures_when_asked(etsy: Etsy) -> None:
    """FACTS §8."""
    listing_id = etsy.draft()
    upload(etsy, listing_id)
    assert "images" not in batch(etsy, BATCHES[0], listing_id).json()["results"][0]
    answer = batch(etsy, BATCHES[0], listing_id, includes="Images,Personalization")
    found = answer.json()["results"][0]
    assert [image["listing_image_id"] for image in found["images"]] == images_of(etsy, listing_id)
    assert found["personalization"] == {"personalization_questions": []}
    assert response_problems("getListingsByListingIds", 200, answer.json()) == []
    single = etsy("GET", f"/listings/{listing_id}", params={"includes": "Images"}).json()
    assert single["images"] == found["images"]


@pytest.mark.parametrize("includes", ["Inventory", "Shipping", "images", "Images,Nonsense"])
def test_what_cannot_be_included_is_refused(etsy: Etsy, includes: str) -> None:
    """FACTS §10: Inventory and Shipping are gone from listing reads; that Etsy refuses them is invented."""
    assert batch(etsy, BATCHES[0], etsy.draft(), includes=includes).status_code == 400
