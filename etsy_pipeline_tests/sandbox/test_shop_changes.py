"""What happens to a whole shop on the local Etsy: vacation, bill, another name, currency or shop (LIFECYCLE §3)."""

from collections.abc import Iterator
from typing import Any

import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox import by_hand
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy
from etsy_pipeline_tests.sandbox.listings import inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World


@pytest.fixture(autouse=True)
def as_it_was(world: World) -> Iterator[None]:
    yield
    world.etsy("POST", "reset", {})


def the_shop(etsy: Etsy) -> dict[str, Any]:
    answer = etsy("GET", f"/shops/{SHOP}").json()
    assert response_problems("getShop", 200, answer) == []
    found: dict[str, Any] = answer
    return found


def on_vacation(world: World, **more: Any) -> None:
    by_hand.shop_changed(world, is_vacation=True, vacation_message="Back in May", **more)


def test_a_vacation_shows(etsy: Etsy, world: World) -> None:
    assert the_shop(etsy)["is_vacation"] is False
    on_vacation(world)
    found = the_shop(etsy)
    assert (found["is_vacation"], found["vacation_message"]) == (True, "Back in May")
    by_hand.shop_changed(world, is_vacation=False)
    assert the_shop(etsy)["is_vacation"] is False


@pytest.mark.parametrize("state", ["draft", "inactive", "sold_out", "expired"])
def test_on_vacation_nothing_is_put_on_sale(etsy: Etsy, world: World, state: str) -> None:
    (listing_id,) = by_hand.listed(world, {"state": state})
    on_vacation(world, vacation_refuses_writes=False)
    assert etsy.patch(listing_id, state="active").status_code == 400
    assert by_hand.shown(world, listing_id)["state"] == state
    assert by_hand.fees(world, listing_id) == []


@pytest.mark.parametrize(("refuses", "status"), [(True, 400), (False, 200)])
def test_whether_other_writes_work_on_vacation_is_unknown_so_both_can_be_tried(
    etsy: Etsy, world: World, *, refuses: bool, status: int
) -> None:
    (listing_id,) = by_hand.listed(world, {})
    on_vacation(world, vacation_refuses_writes=refuses)
    assert etsy.patch(listing_id, title="New").status_code == status
    assert put_inventory(etsy, listing_id, inventory_of("S")).status_code == status
    assert (upload(etsy, listing_id).status_code == 201) == (status == 200)
    assert (etsy.create().status_code == 201) == (status == 200)
    assert etsy("GET", f"/listings/{listing_id}").status_code == 200


def test_the_usual_vacation_is_the_strict_one_and_deleting_works(etsy: Etsy, world: World) -> None:
    (listing_id,) = by_hand.listed(world, {})
    on_vacation(world)
    assert etsy.patch(listing_id, title="New").status_code == 400
    assert etsy("DELETE", f"/listings/{listing_id}").status_code == 204


def test_a_shop_that_takes_no_payments_puts_nothing_on_sale(etsy: Etsy, world: World) -> None:
    (listing_id,) = by_hand.listed(world, {"state": "draft"})
    assert the_shop(etsy)["is_etsy_payments_onboarded"] is True
    by_hand.shop_changed(world, is_etsy_payments_onboarded=False)
    assert the_shop(etsy)["is_etsy_payments_onboarded"] is False
    assert etsy.patch(listing_id, state="active").status_code == 400


def test_a_shop_is_renamed(etsy: Etsy, world: World) -> None:
    by_hand.shop_changed(world, shop_name="NewSpoon")
    found = the_shop(etsy)
    assert (found["shop_name"], found["url"].rpartition("/")[2]) == ("NewSpoon", "NewSpoon")
    assert "unknown: colour" in world.etsy("PATCH", f"shops/{SHOP}", {"colour": "red"})["error"]
    assert world.etsy("PATCH", "shops/1", {}) == {"error": "no shop 1"}


@pytest.mark.parametrize(
    ("code", "rate", "money"),
    [("EUR", 0.92, {"amount": 1012, "divisor": 100}), ("JPY", 150.5, {"amount": 1656, "divisor": 1})],
)
def test_another_currency_converts_every_price(
    etsy: Etsy, world: World, code: str, rate: float, money: dict[str, int]
) -> None:
    """FACTS §7, §9. That a currency without cents has the divisor 1 is assumed."""
    listing_id, disabled = by_hand.listed(world, {"price": 11}, {"state": "inactive"})
    by_hand.currency_changed(world, code, rate)
    found = etsy("GET", f"/listings/{listing_id}").json()
    assert found["price"] == {**money, "currency_code": code}
    offering = etsy("GET", f"/listings/{listing_id}/inventory").json()["products"][0]["offerings"][0]
    assert offering["price"] == found["price"]
    assert etsy("GET", f"/listings/{disabled}").json()["price"]["currency_code"] == code
    assert the_shop(etsy)["currency_code"] == code
    assert etsy.create(price="2000").json()["price"]["currency_code"] == code


def test_a_currency_without_cents_takes_none(etsy: Etsy, world: World) -> None:
    (listing_id,) = by_hand.listed(world, {})
    by_hand.currency_changed(world, "JPY", 150)
    assert put_inventory(etsy, listing_id, inventory_of("S", price=1500.5)).status_code == 400
    assert put_inventory(etsy, listing_id, inventory_of("S", price=1500.0)).status_code == 200


@pytest.mark.parametrize(
    ("code", "rate", "refused", "taken"),
    [
        ("VND", 26_000, 4_419, 4_420),
        ("VND", 26_000, 1_200_000_000, 900_000_000),
        ("JPY", 150, 29, 30),
        ("EUR", 0.9, 0.17, 0.18),
    ],
)
def test_prices_have_the_bounds_of_their_currency(
    etsy: Etsy, world: World, code: str, rate: float, refused: float, taken: float
) -> None:
    (listing_id,) = by_hand.listed(world, {})
    by_hand.currency_changed(world, code, rate)
    assert put_inventory(etsy, listing_id, inventory_of("S", price=refused)).status_code == 400
    assert put_inventory(etsy, listing_id, inventory_of("S", price=taken)).status_code == 200
    assert etsy.create(price=str(refused)).status_code == 400
    assert etsy.create(price=str(taken)).status_code == 201


def test_a_closed_shop_is_gone_and_its_owner_has_another(etsy: Etsy, world: World) -> None:
    (listing_id,) = by_hand.listed(world, {})
    new = by_hand.shop_replaced(world, shop_name="SpoonTwo")
    assert etsy("GET", "/users/me").json()["shop_id"] == new != SHOP
    assert etsy("GET", f"/shops/{new}").json()["shop_name"] == "SpoonTwo"
    paths = (f"/shops/{SHOP}", f"/shops/{SHOP}/listings", f"/listings/{listing_id}")
    assert [etsy("GET", path).status_code for path in paths] == [404] * 3
    assert etsy("GET", f"/shops/{new}/listings").json() == {"count": 0, "results": []}
