"""A sale on either side is on the other one, in every mode, with a real Medusa: several lines, kits, words, gifts."""

import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa.goods import a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND

pytestmark = ON_DEMAND
BOWL, SET = "bowl", "set"
PIECES, CANDLES, BOXES = 5, 9, 40
SETS = CANDLES // 2


@pytest.fixture
def shop(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    """It sells a bowl, and sets of two candles in a box."""
    mark = secrets.token_hex(4)
    parts = {f"candle-{mark}": (2, CANDLES), f"box-{mark}": (1, BOXES)}
    goods = a_good(BOWL), a_good(SET, stock={}, parts=parts)
    with selling(seed, sqlite_store, tmp_path, etsys.profile, *goods) as sold:
        sold.begins_to_follow()
        assert (sold.for_sale(BOWL), sold.for_sale(SET)) == (PIECES, SETS)
        yield sold


def reserved(shop: Sold) -> list[int]:
    """Of bowls, and of what a set is made of."""
    return [held for name in (BOWL, SET) for _, held in shop.stock(name)]


def test_where_orders_are_off_or_only_observed_medusa_is_left_alone(shop: Sold) -> None:
    receipt_id = shop.buys(BOWL, 2)
    with pytest.raises(BadRequest, match="off"):
        shop.look()
    shop.set("observe")
    shop.look(2)
    assert (shop.states(receipt_id), reserved(shop), shop.follows()) == (["observed"], [0, 0, 0], [])
    assert shop.for_sale(BOWL) == PIECES - 2, "as Etsy left it"


def test_lines_and_kits_are_reserved_and_nothing_is_taken_off_twice(shop: Sold) -> None:
    shop.set("stock")
    receipt_id = shop.buys(BOWL, 2, lines=[shop.line(SET, 3)])
    shop.look(2)
    assert (shop.states(receipt_id), reserved(shop)) == (["booked", "booked"], [2, 6, 3])
    assert [job.state for job in shop.follows()] == ["nothing_to_do"]
    assert (shop.for_sale(BOWL), shop.for_sale(SET)) == (PIECES - 2, SETS - 3)
    shop.world.cancel(receipt_id)
    shop.look(2)
    assert (shop.states(receipt_id), reserved(shop)) == (["returned", "returned"], [0, 0, 0])
    assert [job.state for job in shop.follows()] == ["completed"]
    assert (shop.for_sale(BOWL), shop.for_sale(SET)) == (PIECES, SETS), "Etsy does not put them back by itself"
    assert shop.follows() == [], "and then it is quiet"


def test_a_sale_in_medusa_lowers_etsy_and_what_it_cancels_comes_back(shop: Sold, etsys: Etsys) -> None:
    shop.set("stock")
    shop.buys(BOWL, 1)
    shop.look()
    orders = shop.sells_in_medusa(BOWL, 2, etsys), shop.sells_in_medusa(SET, 1, etsys)
    (job,) = shop.follows()
    assert (job.state, shop.for_sale(BOWL), shop.for_sale(SET)) == ("completed", PIECES - 3, SETS - 1)
    for order_id in orders:
        shop.seed.server.post(f"orders/{order_id}/cancel")
    shop.follows()
    assert (shop.for_sale(BOWL), shop.for_sale(SET), shop.follows()) == (PIECES - 1, SETS, [])


def test_an_order_with_everything_is_one_in_medusa_that_agrees_to_the_cent(shop: Sold, etsys: Etsys) -> None:
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(
        BOWL, 3, personalization="Ada & <Bob>", coupon=1, lines=[shop.line(SET, 2)], shipping=4.99, tax=3.2,
        gift={"message": "Happy birthday", "sender": "Bob"}, message="Please ring.",
    )  # fmt: skip
    shop.look(2)
    kept, order = shop.receipt(receipt_id), shop.order(receipt_id)
    assert (kept.state, kept.problem, shop.states(receipt_id)) == ("done", None, ["booked", "booked"])
    wanted = Decimal(kept.totals["grand"]) - Decimal(kept.totals["tax"])
    assert (Decimal(str(order["total"])), order["payment_status"]) == (wanted, "captured")
    assert (sum(item["quantity"] for item in order["items"]), reserved(shop)) == (5, [3, 4, 2])
    said = order["metadata"]
    assert [said[f"etsy_{name}"] for name in ("gift_message", "gift_sender", "message")] == [
        "Happy birthday", "Bob", "Please ring.",
    ]  # fmt: skip
    assert "Ada & <Bob>" in str([item["metadata"] for item in order["items"]])
    assert not order.get("shipping_address"), "Etsy did not tell it"
    assert [job.state for job in shop.follows()] == ["nothing_to_do"]


def test_no_buyer_is_written_to(shop: Sold, etsys: Etsys) -> None:
    before = shop.seed.server.get("notifications", limit=1)["count"]
    shop.set("orders", **etsys.settings)
    shipped, canceled = shop.buys(BOWL, 1), shop.buys(BOWL, 1)
    shop.look()
    shop.world.shipped(shipped, tracking_code="RR1", carrier_name="usps")
    shop.world.cancel(canceled)
    shop.look(2)
    orders = [shop.order(receipt_id) for receipt_id in (shipped, canceled)]
    assert [(order["no_notification"], order["email"]) for order in orders] == [
        (True, f"etsy-{receipt_id}@etsy.invalid") for receipt_id in (shipped, canceled)
    ]
    assert [order["status"] for order in orders] == ["pending", "canceled"]
    assert orders[0]["fulfillments"][0]["shipped_at"]
    assert shop.stock(BOWL) == [(PIECES - 1, 0)]
    assert shop.seed.server.get("notifications", limit=1)["count"] == before
    shop.follows()
    assert shop.for_sale(BOWL) == PIECES - 1


def test_where_etsy_tells_addresses_the_order_has_one(shop: Sold, etsys: Etsys) -> None:
    shop.world.selling(addresses=True)
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(BOWL, 1, country="DE")
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None)
    assert shop.order(receipt_id)["shipping_address"]["country_code"] == "de"


def test_a_gift_wrap_is_a_line_of_its_own(shop: Sold, etsys: Etsys) -> None:
    """Where Etsy's total holds it; the order is shipped all the same, though the wrap is nothing to send."""
    shop.set("orders", **etsys.settings)
    receipt_id = shop.buys(BOWL, 1, gift={"wrap": 2.5})
    shop.look()
    shop.world.shipped(receipt_id, tracking_code="RR2", carrier_name="usps")
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None)
    assert shop.stock(BOWL) == [(PIECES - 1, 0)]


def test_more_than_medusa_has_waits_for_a_person_and_its_order_is_made_later(
    shop: Sold, etsys: Etsys, seed: Seed
) -> None:
    shop.set("orders", **etsys.settings)
    shop.sells_in_medusa(SET, 2, etsys)
    receipt_id = shop.buys(SET, 3)
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.states(receipt_id)) == ("needs_person", ["oversold"])
    assert shop.receipt(receipt_id).medusa_order_id is None
    (candles, _) = shop.parts(SET)
    fields = "location_levels.location_id"
    (level,) = seed.server.get(f"inventory-items/{candles}", fields=fields)["inventory_item"]["location_levels"]
    seed.server.post(f"inventory-items/{candles}/location-levels/{level['location_id']}", {"stocked_quantity": 12})
    shop.look(2)
    assert (shop.receipt(receipt_id).state, shop.states(receipt_id)) == ("done", ["booked"])
    assert reserved(shop) == [0, 10, 5]
