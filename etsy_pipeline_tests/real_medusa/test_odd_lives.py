"""Odd but ordinary lives of orders with a real Medusa: no sale is lost or booked twice, and each end is told."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.orders.medusa_order import NO_VARIANT, PACKED
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa.goods import STUDIO, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed, named
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND

pytestmark = ON_DEMAND
MUG, SIZES, PIECES = "mug", "sized", 5


@pytest.fixture
def shop(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    """It sells a mug, and something in two sizes."""
    goods = a_good(MUG), a_good(SIZES, options={"Size": ("S", "L")})
    with selling(seed, sqlite_store, tmp_path, etsys.profile, *goods) as sold:
        yield sold
    skus = tuple(variant["sku"] for product in sold.goods.values() for variant in product["variants"])
    for row in seed.server.every("inventory-items", "id,sku"):  # a variant that is gone leaves its own behind
        if row["sku"] in skus:
            for held_row in seed.server.every("reservations", "id", **{"inventory_item_id[]": row["id"]}):
                seed.server.delete(f"reservations/{held_row['id']}")
            seed.server.delete(f"inventory-items/{row['id']}")


@pytest.fixture(params=["stock", "orders"])
def mode(request: pytest.FixtureRequest, shop: Sold, etsys: Etsys) -> str:
    """Each of the modes that book."""
    shop.set(str(request.param), **(etsys.settings if request.param == "orders" else {}))
    return str(request.param)


def path_of(shop: Sold, name: str) -> str:
    return f"products/{shop.goods[name]['id']}"


def puts(shop: Sold, name: str, stocked: int) -> None:
    place = shop.seed.id_of("stock-locations", STUDIO)
    shop.seed.server.post(
        f"inventory-items/{shop.parts(name)[0]}/location-levels/{place}", {"stocked_quantity": stocked}
    )


def packs(shop: Sold, receipt_id: int, quantity: int) -> None:
    """The owner packs pieces of the first line in Medusa."""
    order = shop.order(receipt_id)
    items = [{"id": order["items"][0]["id"], "quantity": quantity}]
    shop.seed.server.post(f"orders/{order['id']}/fulfillments", {"items": items})


def test_canceled_after_a_part_was_packed_is_a_persons_and_keeps_what_is_reserved(shop: Sold, etsys: Etsys) -> None:
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(MUG, 2)
    shop.look()
    packs(shop, receipt_id, 1)
    shop.world.cancel(receipt_id)
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("needs_person", PACKED)
    assert shop.stock(MUG) == [(PIECES - 1, 1)]
    order = shop.order(receipt_id)
    shop.seed.server.post(f"orders/{order['id']}/fulfillments/{order['fulfillments'][0]['id']}/cancel")
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.stock(MUG)) == ("canceled", [(PIECES, 0)])


def test_a_refund_of_one_line_changes_nothing_in_medusa(shop: Sold, mode: str) -> None:
    receipt_id = shop.buys(MUG, 1, lines=[shop.line(SIZES, values={"Size": "S"})])
    shop.look()
    shop.world.refund(receipt_id, 40)
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.states(receipt_id)) == ("done", ["booked", "booked"]), mode
    assert (shop.stock(MUG), shop.stock(SIZES)) == ([(PIECES, 1)], [(PIECES, 1)])


def test_of_two_orders_for_the_last_piece_the_first_one_has_it(shop: Sold, mode: str) -> None:
    puts(shop, MUG, 1)
    first, second = shop.buys(MUG, 1), shop.buys(MUG, 1)
    shop.look(2)
    assert (shop.states(first), shop.states(second), shop.stock(MUG)) == (["booked"], ["oversold"], [(1, 1)]), mode
    assert shop.receipt(second).state == "needs_person"
    shop.world.cancel(first)
    shop.look(2)
    assert (shop.states(first), shop.states(second), shop.stock(MUG)) == (["returned"], ["booked"], [(1, 1)])


def test_a_variant_that_is_deleted_before_its_sale_is_seen_waits_for_a_person(shop: Sold, mode: str) -> None:
    receipt_id = shop.buys(SIZES, 1, values={"Size": "S"})
    gone = shop.goods[SIZES]["variants"][0]["id"]
    shop.seed.server.delete(f"{path_of(shop, SIZES)}/variants/{gone}")
    shop.look(2)
    kept = shop.receipt(receipt_id)
    assert (kept.state, shop.states(receipt_id)) == ("needs_person", ["needs_link"]), mode
    assert "No variant" in (kept.problem or "")


def test_a_variant_that_is_deleted_while_its_sale_waits_is_told(shop: Sold, mode: str) -> None:
    puts(shop, SIZES, 0)
    receipt_id = shop.buys(SIZES, 1, values={"Size": "S"})
    shop.look()
    gone = shop.goods[SIZES]["variants"][0]["id"]
    shop.seed.server.delete(f"{path_of(shop, SIZES)}/variants/{gone}")
    shop.look(2)
    assert NO_VARIANT in (shop.receipt(receipt_id).problem or ""), mode
    shop.world.cancel(receipt_id)
    shop.look(2)
    assert shop.receipt(receipt_id).state == "canceled"


def deleted(shop: Sold, path: str) -> str:
    """What Medusa says where it does not delete; else nothing."""
    try:
        shop.seed.server.delete(path)
    except AssertionError as refused:
        return str(refused)
    return ""


def test_a_variant_that_is_booked_is_not_deleted_by_medusa_and_is_given_back(shop: Sold, mode: str) -> None:
    receipt_id = shop.buys(SIZES, 2, values={"Size": "S"})
    shop.look()
    item = shop.parts(SIZES)[0]
    told = deleted(shop, f"{path_of(shop, SIZES)}/variants/{shop.goods[SIZES]['variants'][0]['id']}")
    assert "since they have reservations" in told, mode
    shop.look(2)
    assert shop.states(receipt_id) == ["booked"]
    shop.world.cancel(receipt_id)
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.states(receipt_id)) == ("canceled", ["returned"])
    assert shop.seed.server.every("reservations", "id", **{"inventory_item_id[]": item}) == []


def replaces(shop: Sold, name: str) -> str:
    """Another inventory item of the first variant, with five pieces; its id."""
    item = shop.seed.server.post("inventory-items", {"sku": named(secrets.token_hex(4))})["inventory_item"]["id"]
    place = shop.seed.id_of("stock-locations", STUDIO)
    body = {"location_id": place, "stocked_quantity": PIECES}
    shop.seed.server.post(f"inventory-items/{item}/location-levels", body)
    variant = shop.goods[name]["variants"][0]["id"]
    old: Json = {"inventory_item_id": shop.parts(name)[0], "variant_id": variant}
    new: Json = {"inventory_item_id": item, "variant_id": variant, "required_quantity": 1}
    shop.seed.server.post(f"{path_of(shop, name)}/variants/inventory-items/batch", {"delete": [old], "create": [new]})
    return str(item)


def held(shop: Sold, item: str) -> int:
    found: list[Any] = shop.seed.server.every("reservations", "id,quantity", **{"inventory_item_id[]": item})
    return sum(row["quantity"] for row in found)


def test_an_inventory_item_that_is_replaced_after_the_sale_was_booked_changes_nothing(shop: Sold, mode: str) -> None:
    receipt_id = shop.buys(MUG, 2)
    shop.look()
    old, new = shop.parts(MUG)[0], replaces(shop, MUG)
    shop.look(2)
    assert (shop.states(receipt_id), held(shop, old), held(shop, new)) == (["booked"], 2, 0), mode
    later = shop.buys(MUG, 1)
    shop.look(2)
    assert (shop.states(later), held(shop, old), held(shop, new)) == (["booked"], 2, 1)
    shop.world.cancel(receipt_id)
    shop.look(2)
    assert (shop.states(receipt_id), held(shop, old), held(shop, new)) == (["returned"], 0, 1)
    shop.world.shipped(later, tracking_code="RR1", carrier_name="usps")
    shop.look(2)
    assert shop.receipt(later).problem is None


def test_what_is_shipped_after_its_inventory_item_was_replaced_is_off_the_old_one_s_stock(
    shop: Sold, etsys: Etsys
) -> None:
    """Medusa packs it, and answers its shipment with a 500 (2.21.2), each time: the next try makes it a person's."""
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(MUG, 2)
    shop.look()
    old, new = shop.parts(MUG)[0], replaces(shop, MUG)
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    shop.look(2)
    assert len(shop.order(receipt_id)["fulfillments"]) == 1
    assert (held(shop, old), held(shop, new)) == (0, 0)
    level = shop.seed.server.get(f"inventory-items/{old}", fields="location_levels.stocked_quantity")
    assert [it["stocked_quantity"] for it in level["inventory_item"]["location_levels"]] == [PIECES - 2]
    assert shop.receipt(receipt_id).state == "open"


def test_a_product_that_is_renamed_and_given_another_sku_is_still_the_one_that_was_sold(shop: Sold, mode: str) -> None:
    receipt_id = shop.buys(MUG, 1)
    variant = shop.goods[MUG]["variants"][0]["id"]
    shop.seed.server.post(path_of(shop, MUG), {"title": "Quite another name", "handle": f"{named('x')[:18]}-renamed"})
    shop.seed.server.post(f"{path_of(shop, MUG)}/variants/{variant}", {"sku": f"new-{secrets.token_hex(4)}"})
    shop.look()
    assert (shop.states(receipt_id), shop.stock(MUG)) == (["booked"], [(PIECES, 1)]), mode


def test_an_order_that_costs_nothing_is_an_order(shop: Sold, etsys: Etsys) -> None:
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(MUG, 1, coupon=40)
    shop.look(3)
    kept, order = shop.receipt(receipt_id), shop.order(receipt_id)
    assert (kept.state, kept.problem, order["total"], shop.stock(MUG)) == ("done", None, 0, [(PIECES, 1)])
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    shop.look(2)
    assert (shop.receipt(receipt_id).problem, shop.stock(MUG)) == (None, [(PIECES - 1, 0)])
    other = shop.buys(MUG, 1, coupon=40)
    shop.look()
    shop.world.cancel(other)
    shop.look(2)
    assert (shop.receipt(other).state, shop.stock(MUG)) == ("canceled", [(PIECES - 1, 0)])


@pytest.mark.parametrize("text", ["For 👩‍👩‍👧 with ❤️ 🎂", "שלום \u202e abc", "line\nline\t\u0007", "a\u0000b"])
def test_the_buyers_words_come_as_they_were_written(shop: Sold, etsys: Etsys, text: str) -> None:
    shop.set("orders", **etsys.settings)
    gift = {"message": text, "sender": "Zoë 🎁"}
    receipt_id = shop.buys(MUG, 1, gift=gift, message=text, personalization=text)
    shop.look(2)
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem) == ("done", None)
    said = shop.order(receipt_id)["metadata"]
    assert (said["etsy_gift_message"], said["etsy_gift_sender"]) == (text.replace("\u0000", ""), "Zoë 🎁")


@pytest.mark.parametrize("country", ["CA", "XK", "AQ"])
def test_an_order_goes_where_medusas_region_does_not(shop: Sold, etsys: Etsys, country: str) -> None:
    """A region of one country, and an address without a state elsewhere: also where Medusa knows no such country."""
    body = {"name": named(secrets.token_hex(4)), "currency_code": "usd", "automatic_taxes": False, "countries": ["nz"]}
    region_id = shop.seed.server.post("regions", body)["region"]["id"]
    try:
        shop.world.selling(addresses=True)
        shop.set("orders", **(etsys.settings | {"region_id": region_id}))
        receipt_id = shop.buys(MUG, 1, country=country)
        shop.look(2)
        kept = shop.receipt(receipt_id)
        assert (kept.state, kept.problem) == ("done", None)
        assert shop.order(receipt_id)["shipping_address"]["country_code"] == country.lower()
        assert shop.stock(MUG) == [(PIECES, 1)]
    finally:
        shop.seed.server.delete(f"regions/{region_id}")
