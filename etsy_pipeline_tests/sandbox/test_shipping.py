"""Marking as shipped and giving tracking codes on the local Etsy: each success writes to the buyer (ORDERS §5, §6)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.sandbox.by_hand import listed as offered
from etsy_pipeline_tests.sandbox.conftest import Etsy
from etsy_pipeline_tests.sandbox.receipts import RECEIPTS, SELLERS, one, problems
from etsy_pipeline_tests.world import World

PARCEL = {"tracking_code": "9400 1", "carrier_name": "usps"}


@pytest.fixture
def seller(world: World) -> Iterator[Etsy]:
    yield Etsy(world.sandbox, SELLERS)
    world.selling(tracking="allowed")


def bought(world: World, **order: Any) -> int:
    (listing_id,) = offered(world, {"price": 20})
    return world.buy(listing_id, **order)


def send(seller: Etsy, receipt_id: int, **request: Any) -> httpx.Response:
    return seller("POST", f"{RECEIPTS}/{receipt_id}/tracking", **request)


def codes(receipt: dict[str, Any]) -> list[str]:
    return [item["tracking_code"] for item in receipt["shipments"]]


def test_a_code_marks_as_shipped_and_mails_the_buyer(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    answer = send(seller, receipt_id, json=PARCEL)
    assert (answer.status_code, problems("createReceiptShipment", answer.json())) == (200, [])
    receipt = world.receipt(receipt_id)
    assert (receipt["is_shipped"], receipt["status"], codes(receipt)) == (True, "Completed", ["9400 1"])
    assert (receipt["mails"], receipt["shipments"][0]["carrier_name"]) == (1, "usps")


def test_the_same_code_twice_is_two_parcels_and_two_mails(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    for _ in range(2):
        send(seller, receipt_id, json=PARCEL)
    receipt = world.receipt(receipt_id)
    assert (codes(receipt), receipt["mails"]) == (["9400 1", "9400 1"], 2)


def test_a_body_that_is_no_json_marks_as_shipped_and_drops_the_code_without_a_word(world: World, seller: Etsy) -> None:
    """#135, #157, #466."""
    receipt_id = bought(world)
    assert send(seller, receipt_id, data=PARCEL).status_code == 200
    receipt = world.receipt(receipt_id)
    assert (receipt["is_shipped"], codes(receipt), receipt["mails"]) == (True, [], 1)


def test_many_keys_may_not_send_tracking(world: World, seller: Etsy) -> None:
    """ORDERS §6."""
    receipt_id = bought(world)
    world.selling(tracking="refused")
    answer = send(seller, receipt_id, json=PARCEL)
    assert (answer.status_code, answer.json()) == (403, {"error": "Unauthorized"})
    assert (world.receipt(receipt_id)["is_shipped"], world.receipt(receipt_id)["mails"]) == (False, 0)


def test_a_carrier_that_etsy_does_not_know_goes_as_other(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    assert send(seller, receipt_id, json=PARCEL | {"carrier_name": "Postman Pat"}).status_code == 400
    assert send(seller, receipt_id, json=PARCEL | {"carrier_name": "other"}).status_code == 200
    assert send(seller, receipt_id, json=PARCEL | {"tracking_code": 9400}).status_code == 400


@pytest.mark.parametrize(("country", "quantity", "status"), [("US", 1, 400), ("IN", 1, 400), ("CA", 1, 200)])
def test_without_a_code_it_is_shipped_only_where_none_is_required(
    world: World, seller: Etsy, country: str, quantity: int, status: int
) -> None:
    """Within the US above 10 USD, and to India, both are needed (Etsy's document)."""
    receipt_id = bought(world, quantity=quantity, country=country)
    answer = send(seller, receipt_id, json={})
    assert answer.status_code == status
    assert world.receipt(receipt_id)["is_shipped"] is (status == 200)
    if status == 400:
        assert answer.json()["error"] == "A tracking number is required"


def test_a_canceled_order_takes_no_parcel(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    world.cancel(receipt_id)
    assert send(seller, receipt_id, json=PARCEL).status_code == 400


def test_an_order_can_be_marked_as_shipped_and_back_without_a_code(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    answer = seller("PUT", f"{RECEIPTS}/{receipt_id}", data={"was_shipped": "true"})
    assert (answer.status_code, problems("updateShopReceipt", answer.json())) == (200, [])
    assert (world.receipt(receipt_id)["is_shipped"], world.receipt(receipt_id)["mails"]) == (True, 1)
    seller("PUT", f"{RECEIPTS}/{receipt_id}", data={"was_shipped": "false", "was_paid": "false"})
    receipt = one(seller, receipt_id)
    assert (receipt["is_shipped"], receipt["is_paid"]) == (False, False)
    assert seller("PUT", f"{RECEIPTS}/{receipt_id}", json={"was_shipped": True}).status_code == 400
    assert seller("PUT", f"{RECEIPTS}/{receipt_id}", data={"was_shipped": "1"}).status_code == 400


def test_shipped_in_shop_manager_tells_its_code(world: World, seller: Etsy) -> None:
    receipt_id = bought(world)
    world.shipped(receipt_id, tracking_code="RR1", carrier_name="dhl")
    assert codes(one(seller, receipt_id)) == ["RR1"]


def test_a_receipt_that_is_not_there_is_not_found(seller: Etsy) -> None:
    assert seller("GET", f"{RECEIPTS}/1").status_code == 404
    assert send(seller, 1, json=PARCEL).status_code == 404
