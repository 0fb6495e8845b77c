"""Orders over HTTP and on their page: how they stand, what was booked, and a person's word on what waits."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, client_of, serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    return Selling.of(world, store)


@pytest.fixture
def url(world: World, store: Store) -> Iterator[str]:
    with serving(world.settings_with(etsy_pipeline_api_token=TOKEN), store) as address:
        yield address


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    with client_of(url) as client:
        yield client


def test_orders_come_in_pages_with_what_was_booked_for_them(shop: Selling, api: httpx.Client) -> None:
    shop.world.selling(addresses=True)
    booked, odd = shop.buys(2, message="For aunt Ottilie"), shop.buys(bad="listing")
    shop.look()
    path = f"/admin/etsy-accounts/{shop.id}/receipts"
    answer = api.get(path, params={"limit": 1, "offset": 1})
    found = answer.json()
    assert "Ottilie" not in answer.text
    assert (found["count"], [item["receipt_id"] for item in found["receipts"]]) == (2, [str(booked)])
    (line,) = found["receipts"][0]["lines"]
    assert (line["state"], line["variant_id"]) == ("booked", shop.variant)
    assert [(item["what"], item["quantity"]) for item in line["booked"]] == [("sale", 2)]
    assert found["standing"]["orders"] == {"done": 1, "needs_person": 1}
    assert found["standing"]["lag_seconds_median"] is not None
    assert [item["receipt_id"] for item in api.get(path, params={"state": "needs_person"}).json()["receipts"]] == [
        str(odd)
    ]
    assert api.get(f"{path}/{odd}").json()["state"] == "needs_person"
    assert api.get(f"{path}/7").json()["code"] == "order_not_found"
    frozen = api.get(f"/admin/etsy-accounts/{shop.id}/frozen-lines").json()
    assert [(item["receipt_id"], item["state"]) for item in frozen["lines"]] == [(str(odd), "needs_link")]


@ON_SQLITE
def test_a_person_says_on_the_page_which_variant_it_was(shop: Selling, url: str) -> None:
    receipt_id = shop.buys(bad="listing")
    shop.look()
    visitor = Visitor(url)
    visitor.sign_in()
    path = f"/review/accounts/{shop.id}/orders"
    visitor.open(path)
    assert "1 waits for you" in visitor.text
    number = str(shop.line(receipt_id).transaction_id)
    visitor.send(path, act="choose", number=number, product_id=shop.product_id, variant_id="variant_none")
    assert "variant_not_found" in visitor.text
    visitor.send(path, act="choose", number=number, product_id=shop.product_id, variant_id=shop.variant)
    assert visitor.page.status_code == httpx.codes.OK
    shop.look()
    visitor.open(path)
    assert "waits for you" not in visitor.text
    assert "found by person" in visitor.text
    assert shop.line(receipt_id).state == "booked"


@ON_SQLITE
def test_a_person_says_on_the_page_what_the_end_of_an_order_means(shop: Selling, url: str) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.refund(receipt_id)
    shop.look()
    visitor = Visitor(url)
    visitor.sign_in()
    path = f"/review/accounts/{shop.id}/orders"
    visitor.open(path)
    assert "refunded in full" in visitor.text
    visitor.send(path, act="back", number=str(receipt_id))
    assert (shop.line(receipt_id).state, shop.world.reservations()) == ("returned", [])


@ON_SQLITE
def test_an_order_that_can_never_be_made_is_closed_on_the_page_and_over_http_with_a_reason(
    shop: Selling, url: str, api: httpx.Client
) -> None:
    first, second = shop.buys(bad="quantity"), shop.buys(bad="quantity")
    shop.look()
    visitor, path = Visitor(url), f"/review/accounts/{shop.id}/orders"
    visitor.sign_in()
    visitor.open(path)
    visitor.send(path, act="close", number=str(first), reason=" ")
    assert "reason_missing" in visitor.text
    visitor.send(path, act="close", number=str(first), reason="x" * 401)
    assert "reason_too_long" in visitor.text
    visitor.send(path, act="close", number=str(first), reason="it was a gift")
    assert "1 waits for you" in visitor.text
    assert ": it was a gift" in visitor.text.split("The others")[1]

    route = f"/admin/etsy-accounts/{shop.id}/receipts/{second}/close"
    assert api.post(route, json={"reason": "x" * 401}).json()["code"] == "reason_too_long"
    closed = api.post(route, json={"reason": "paid in cash", "by": "Ada"}).json()
    assert (closed["state"], closed["closed_by"], closed["closed_because"]) == ("done", "Ada", "paid in cash")
    assert api.post(route, json={"reason": "paid in cash"}).json()["code"] == "order_not_waiting"
    assert (shop.unbooked(), shop.world.reservations()) == (OpenSales(), [])
    found = api.get("/admin/activity", params={"account_id": shop.id, "limit": 2}).json()["activity"]
    assert [(item["done_through"], item["words"]) for item in found] == [
        ("api", f"closed an order by hand: order {second}: paid in cash"),
        ("review page", f"closed an order by hand: order {first}: it was a gift"),
    ]


@ON_SQLITE
def test_what_medusa_lost_is_decided_at_one_word_on_the_page_and_over_http(
    shop: Selling, url: str, api: httpx.Client
) -> None:
    bought = [shop.buys(), shop.buys()]
    shop.look()
    with shop.reservations_client() as medusa:
        for item in shop.world.reservations():
            medusa.release(item["id"])
    shop.look()
    visitor, path = Visitor(url), f"/review/accounts/{shop.id}/orders"
    visitor.sign_in()
    visitor.open(path)
    assert "2 lines are no longer reserved in Medusa" in visitor.text
    visitor.send(path, act="lost_nothing", number="5")
    assert "lost_lines_changed" in visitor.text
    visitor.send(path, act="lost_again", number="2")
    assert "no longer reserved" not in visitor.text
    shop.look()
    assert {shop.line(receipt_id).state for receipt_id in bought} == {"booked"}

    with shop.reservations_client() as medusa:
        medusa.release(shop.world.reservations()[0]["id"])
    shop.look()
    route = f"/admin/etsy-accounts/{shop.id}/frozen-lines"
    assert api.get(route).json()["lost"] == 1
    assert api.post(route, json={"decision": "book_nothing", "count": 2}).json()["code"] == "lost_lines_changed"
    assert api.post(route, json={"decision": "book_nothing", "count": 1}).json() == {"count": 1}
    assert api.get(route).json() == {"lines": [], "count": 0, "lost": 0}


@ON_SQLITE
def test_a_shop_whose_orders_are_off_says_so(world: World, store: Store, url: str) -> None:
    account_id = world.connected(store).id
    visitor = Visitor(url)
    visitor.sign_in()
    visitor.open(f"/review/accounts/{account_id}/orders")
    assert "are not read" in visitor.text
