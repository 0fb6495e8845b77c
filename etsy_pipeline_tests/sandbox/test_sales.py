"""Orders on the local Etsy, as buyers and the seller make them, and as the API tells of them (ORDERS §§2-4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from etsy_pipeline_tests.sandbox.by_hand import deleted, edited, fees, meanwhile, shown
from etsy_pipeline_tests.sandbox.by_hand import listed as offered
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy
from etsy_pipeline_tests.sandbox.listings import put_inventory
from etsy_pipeline_tests.sandbox.receipts import RECEIPTS, SELLERS, listed, one
from etsy_pipeline_tests.world import World

SIZES: dict[str, Any] = {
    "title": 'A "big" mug',
    "products": [
        {"values": {"Size": "14 UK women's"}, "sku": "MUG-S", "price": 10, "quantity": 3},
        {"values": {"Size": "L"}, "sku": "MUG-L", "price": 12.5, "quantity": 5},
    ],
}


@pytest.fixture
def seller(world: World) -> Iterator[Etsy]:
    yield Etsy(world.sandbox, SELLERS)
    world.selling(tracking="allowed", addresses=False, canceled_in_list=False, product_data_in_list=True)


def of(world: World, **changes: Any) -> int:
    (listing_id,) = offered(world, SIZES | changes)
    return listing_id


def quantities(world: World, listing_id: int) -> list[int]:
    products = shown(world, listing_id)["inventory"]["products"]
    return [product["offerings"][0]["quantity"] for product in products]


def amounts(receipt: dict[str, Any], *names: str) -> list[int]:
    return [receipt[name]["amount"] for name in names]


def test_a_receipt_has_its_lines_with_unit_prices_and_escaped_texts(world: World, seller: Etsy) -> None:
    receipt_id = world.buy(of(world), 2, sku="MUG-S", shipping=4.5)
    receipt = one(seller, receipt_id)
    (line,) = receipt["transactions"]
    assert (line["quantity"], line["price"]["amount"], line["sku"]) == (2, 1000, "MUG-S")
    assert line["title"] == "A &quot;big&quot; mug"
    assert line["variations"][0]["formatted_value"] == "14 UK women&#039;s"
    assert line["product_data"][0]["values"] == ["14 UK women&#39;s"]
    assert (receipt["status"], receipt["is_paid"], receipt["is_shipped"]) == ("Paid", True, False)


def test_the_money_adds_up(world: World, seller: Etsy) -> None:
    more = {"listing_id": of(world), "quantity": 2, "values": {"Size": "L"}, "coupon": 2.5}
    receipt = one(seller, world.buy(of(world), sku="MUG-S", coupon=1, lines=[more], shipping=4, tax=3, vat=1))
    assert amounts(receipt, "total_price", "discount_amt", "subtotal", "grandtotal") == [3500, 350, 3150, 3850]
    assert [line["shop_coupon"] for line in receipt["transactions"]] == [1.0, 2.5]
    assert amounts(receipt, "total_tax_cost", "total_vat_cost", "total_shipping_cost") == [300, 100, 400]


def test_a_purchase_takes_the_pieces_of_its_variant(world: World) -> None:
    listing_id = of(world)
    world.buy(listing_id, 2, sku="MUG-L")
    assert quantities(world, listing_id) == [3, 3]
    assert fees(world, listing_id) == ["multi_quantity"]


def test_with_the_last_piece_a_listing_is_sold_out(world: World) -> None:
    listing_id = of(world)
    world.buy(listing_id, 3, sku="MUG-S")
    assert shown(world, listing_id)["state"] == "active"
    world.buy(listing_id, 5, sku="MUG-L")
    assert (shown(world, listing_id)["state"], quantities(world, listing_id)) == ("sold_out", [0, 0])


def test_what_is_not_there_cannot_be_bought(world: World) -> None:
    listing_id = of(world)
    for line in ({"quantity": 4, "sku": "MUG-S"}, {"sku": "OTHER"}, {"quantity": 0}):
        answer = world.etsy("POST", "receipts", {"lines": [{"listing_id": listing_id, **line}]})
        assert "ValueError" in answer["error"]
    assert quantities(world, listing_id) == [3, 5]


def test_of_several_lines_all_are_bought_or_none(world: World) -> None:
    enough, too_few = of(world), of(world)
    lines = [{"listing_id": enough}, {"listing_id": too_few, "quantity": 99}]
    assert "error" in world.etsy("POST", "receipts", {"lines": lines})
    assert quantities(world, enough) == [3, 5]


def test_gift_personalization_and_message_come_as_the_buyer_wrote_them_escaped(world: World, seller: Etsy) -> None:
    gift = {"message": "To <you>", "sender": "Me", "wrap": 3}
    receipt = one(seller, world.buy(of(world), personalization="Ada & Bo", gift=gift, message="Soon?"))
    assert (receipt["is_gift"], receipt["gift_message"], receipt["gift_sender"]) == (True, "To &lt;you&gt;", "Me")
    assert (receipt["message_from_buyer"], receipt["gift_wrap_price"]["amount"]) == ("Soon?", 300)
    wish = receipt["transactions"][0]["variations"][-1]
    assert (wish["property_id"], wish["value_id"], wish["formatted_name"]) == (54, None, "Personalization")
    assert wish["formatted_value"] == "Ada &amp; Bo"


def test_nobody_may_read_an_address_unless_etsy_allows_it(world: World, seller: Etsy) -> None:
    receipt_id = world.buy(of(world))
    hidden = ("name", "first_line", "city", "zip", "formatted_address", "country_iso", "buyer_email")
    assert {one(seller, receipt_id)[name] for name in hidden} == {None}
    world.selling(addresses=True)
    assert one(seller, receipt_id)["formatted_address"].startswith("Ada Example")
    assert one(seller, receipt_id)["buyer_email"] is None


def test_the_product_of_a_line_is_another_one_after_the_inventory_was_put(world: World, seller: Etsy) -> None:
    listing_id = of(world)
    line = one(seller, world.buy(listing_id, sku="MUG-S"))["transactions"][0]
    body = seller("GET", f"/listings/{listing_id}/inventory").json()
    products = [
        {
            "sku": product["sku"],
            "property_values": [{"property_id": 513, "property_name": "Size", "value_ids": [],
                                 "values": [f"Size {place}"]}],
            "offerings": [{"price": 10, "quantity": 2, "is_enabled": True, "readiness_state_id": SHOP * 10 + 1}],
        }
        for place, product in enumerate(body["products"])
    ]  # fmt: skip
    axes = {name: [513] if name == "sku_on_property" else [] for name in body if name.endswith("_on_property")}
    assert put_inventory(seller, listing_id, {"products": products, **axes}).status_code == 200
    now = {product["product_id"] for product in shown(world, listing_id)["inventory"]["products"]}
    assert line["product_id"] not in now
    assert one(seller, line["receipt_id"])["transactions"][0]["product_id"] == line["product_id"]


def test_lists_may_leave_out_what_was_chosen_and_the_single_receipt_never_does(world: World, seller: Etsy) -> None:
    receipt_id = world.buy(of(world))
    world.selling(product_data_in_list=False)
    found = next(item for item in listed(seller) if item["receipt_id"] == receipt_id)
    assert found["transactions"][0]["product_data"] == []
    assert one(seller, receipt_id)["transactions"][0]["product_data"] != []


def test_a_deleted_listing_is_no_longer_named(world: World, seller: Etsy) -> None:
    listing_id = of(world)
    receipt_id = world.buy(listing_id)
    deleted(world, listing_id)
    line = one(seller, receipt_id)["transactions"][0]
    assert (line["listing_id"], line["sku"], line["quantity"]) == (None, "MUG-S", 1)


def test_the_sku_is_that_of_the_purchase(world: World, seller: Etsy) -> None:
    listing_id = of(world)
    receipt_id, without = world.buy(listing_id), world.buy(listing_id, without_sku=True)
    edited(world, listing_id, sku="NEW")
    assert one(seller, receipt_id)["transactions"][0]["sku"] == "MUG-S"
    assert one(seller, without)["transactions"][0]["sku"] is None


def test_what_cannot_be_right_can_be_made(world: World, seller: Etsy) -> None:
    bad = {what: one(seller, world.buy(of(world), bad=what)) for what in ("currency", "listing", "money", "quantity")}
    assert bad["currency"]["grandtotal"]["currency_code"] == "XQZ"
    assert bad["listing"]["transactions"][0]["listing_id"] is None
    assert amounts(bad["money"], "total_price", "grandtotal") == [1000, 1001]
    assert bad["quantity"]["transactions"][0]["quantity"] == 0


def test_an_order_that_is_not_paid_has_its_pieces_and_is_paid_later(world: World, seller: Etsy) -> None:
    listing_id = of(world)
    receipt_id = world.buy(listing_id, is_paid=False)
    unpaid = one(seller, receipt_id)
    assert (unpaid["status"], unpaid["is_paid"], quantities(world, listing_id)) == ("Payment Processing", False, [2, 5])
    world.etsy("POST", "clock", {"advance_seconds": 60})
    world.paid(receipt_id)
    paid = one(seller, receipt_id)
    assert (paid["status"], paid["is_paid"]) == ("Paid", True)
    assert paid["updated_timestamp"] >= unpaid["updated_timestamp"] + 60


@pytest.mark.parametrize("is_shipped", [False, True])
def test_a_cancellation_gives_the_money_back_and_moves_no_time_stamp(
    world: World, seller: Etsy, *, is_shipped: bool
) -> None:
    """ORDERS §4."""
    receipt_id = world.buy(of(world))
    if is_shipped:
        world.shipped(receipt_id)
    before = one(seller, receipt_id)
    world.etsy("POST", "clock", {"advance_seconds": 60})
    world.cancel(receipt_id)
    after = one(seller, receipt_id)
    assert (after["status"], [item["amount"]["amount"] for item in after["refunds"]]) == ("Canceled", [1000])
    assert after["updated_timestamp"] == before["updated_timestamp"]
    assert after["is_shipped"] is is_shipped


def test_canceled_pieces_come_back_to_etsy_only_if_the_seller_puts_them_there(world: World) -> None:
    listing_id = of(world)
    world.cancel(world.buy(listing_id, 2, sku="MUG-S"))
    assert quantities(world, listing_id) == [1, 5]
    world.cancel(world.buy(listing_id, 2, sku="MUG-L"), restock=True)
    assert quantities(world, listing_id) == [1, 5]


def test_refunds_say_how_much_and_not_for_what(world: World, seller: Etsy) -> None:
    """ORDERS §2, §4."""
    receipt_id = world.buy(of(world), 2)
    before = one(seller, receipt_id)
    world.etsy("POST", "clock", {"advance_seconds": 60})
    world.refund(receipt_id, 5)
    assert one(seller, receipt_id)["status"] == "Partially Refunded"
    world.refund(receipt_id)
    after = one(seller, receipt_id)
    assert (after["status"], [item["amount"]["amount"] for item in after["refunds"]]) == ("Fully Refunded", [500, 1500])
    assert {name for item in after["refunds"] for name in item if "transaction" in name} == set()
    assert after["updated_timestamp"] == before["updated_timestamp"]
    assert "error" in world.etsy("POST", f"receipts/{receipt_id}/refund", {})


def test_somebody_buys_between_two_calls(world: World, seller: Etsy) -> None:
    listing_id = of(world)
    meanwhile(world, "getListingInventory", "buy", lines=[{"listing_id": listing_id, "sku": "MUG-S"}])
    path = f"/listings/{listing_id}/inventory"
    read = [seller("GET", path).json()["products"][0]["offerings"][0]["quantity"] for _ in range(2)]
    assert read == [3, 2]


def test_many_receipts_alike_are_made_at_once(world: World, seller: Etsy) -> None:
    answer = world.etsy("POST", "receipts", {"lines": [{"listing_id": of(world), "sku": "MUG-L"}], "count": 5})
    assert len(set(answer["receipt_ids"])) == 5
    assert {one(seller, number)["status"] for number in answer["receipt_ids"]} == {"Paid"}


def test_a_word_that_means_nothing_is_refused(world: World) -> None:
    answer = world.etsy("POST", "receipts", {"lines": [{"listing_id": of(world), "qty": 1}]})
    assert answer["error"].startswith("ValueError: unknown: qty")
    assert "error" in world.etsy("PATCH", "selling", {"trackings": "refused"})
    assert "no receipt 1" in world.etsy("GET", "receipts/1")["error"]


def test_of_another_shop_nothing_can_be_read(world: World) -> None:
    receipt_id = world.buy(of(world))
    state = world.sandbox.state
    state.run("INSERT OR REPLACE INTO token VALUES (?,?,?,?,?,0)", "910000002.x", "access", 910_000_002, SELLERS, 9e12)
    other = Etsy(world.sandbox, SELLERS)
    other.token = "910000002.x"
    assert other("GET", f"{RECEIPTS}/{receipt_id}").status_code == 403
    assert other("GET", f"/shops/{SHOP + 1}/receipts/{receipt_id}").status_code == 404
