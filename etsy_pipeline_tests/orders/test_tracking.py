"""A parcel of Medusa's is told to Etsy once, whatever happens: each time the buyer is written to."""

from datetime import timedelta

import pytest

from etsy_pipeline.catalogue.draft_orders import DraftOrders, Label
from etsy_pipeline.orders.book import SETTLES
from etsy_pipeline.store import receipt_feeds
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World

USPS = "https://tools.usps.com/go/TrackConfirmAction?tLabels=RR1"


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `orders` that tells Etsy of parcels."""
    return Selling.of(world, store, mode="orders", send_tracking=True, **ORDERS)


def shipped(shop: Selling, url: str = USPS) -> int:
    """An order that the owner shipped in Medusa."""
    receipt_id = shop.buys()
    shop.look()
    shop.world.medusa_ships(shop.receipt(receipt_id).medusa_order_id or "", "RR1", url)
    return receipt_id


def codes(shop: Selling, receipt_id: int) -> list[tuple[str, str]]:
    """The parcels that Etsy knows."""
    found = shop.world.receipt(receipt_id)["shipments"]
    return [(item["tracking_code"], item["carrier_name"]) for item in found]


def takes(shop: Selling) -> bool | None:
    """What is known of the key."""
    with shop.store.reading() as session:
        return receipt_feeds.get(session, shop.id).takes_tracking


def test_a_parcel_is_told_once(shop: Selling) -> None:
    receipt_id = shipped(shop)
    assert shop.look().tracked.told == [receipt_id]
    for _ in range(2):
        shop.look()
    assert (codes(shop, receipt_id), shop.world.receipt(receipt_id)["mails"]) == ([("RR1", "usps")], 1)
    assert (takes(shop), shop.receipt(receipt_id).state) == (True, "done")


def ships_one(shop: Selling, receipt_id: int, code: str, url: str) -> None:
    """The owner packs and ships one piece of an order in Medusa."""
    order_id = shop.receipt(receipt_id).medusa_order_id or ""
    with shop.reservations_client() as medusa:
        orders = DraftOrders(medusa.api)
        orders.fulfill(order_id, [(orders.orders([order_id])[order_id].items[0].id, 1)])
        (parcel,) = (item for item in orders.orders([order_id])[order_id].parcels if not item.is_shipped)
        orders.ship(order_id, parcel, [Label(code, url)])


@ON_SQLITE
def test_each_parcel_is_told_with_its_own_code_and_the_second_one_is_left_to_who_ships_it(shop: Selling) -> None:
    receipt_id = shop.buys(2)
    shop.look()
    ships_one(shop, receipt_id, "RR1", USPS)
    for _ in range(2):
        shop.look()
    assert codes(shop, receipt_id) == [("RR1", "usps")]
    (order,) = shop.world.medusa_orders()
    assert len(order["fulfillments"]) == 1, "Etsy knows the order as shipped now, and it is not shipped as a whole"
    ships_one(shop, receipt_id, "1Z2", "https://www.ups.com/track?num=1Z2")
    for _ in range(2):
        shop.look()
    assert codes(shop, receipt_id) == [("RR1", "usps"), ("1Z2", "ups")]
    assert shop.world.receipt(receipt_id)["mails"] == 2


@ON_SQLITE
def test_where_etsy_drops_a_code_the_rest_of_the_order_is_not_shipped_and_the_code_is_told(shop: Selling) -> None:
    """Etsy marks it as shipped all the same (ORDERS §5): that was we, and it says nothing of the other pieces."""
    shop.world.selling(tracking="dropped")
    receipt_id = shop.buys(2)
    shop.look()
    ships_one(shop, receipt_id, "RR1", USPS)
    for _ in range(3):
        shop.look()
    (order,) = shop.world.medusa_orders()
    assert (shop.receipt(receipt_id).is_shipped, len(order["fulfillments"])) == (True, 1)
    assert "Etsy does not have the tracking code RR1: add it there" in (shop.receipt(receipt_id).problem or "")
    assert shop.world.receipt(receipt_id)["mails"] == 1
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    shop.look()
    assert (shop.receipt(receipt_id).problem, len(shop.world.medusa_orders()[0]["fulfillments"])) == (None, 1)


@ON_SQLITE
def test_a_carrier_that_nobody_knows_is_another_one(shop: Selling) -> None:
    receipt_id = shipped(shop, "")
    shop.look()
    assert codes(shop, receipt_id) == [("RR1", "other")]


@ON_SQLITE
@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "fail_after"])
def test_a_lost_answer_is_looked_for_before_it_is_told_again(shop: Selling, kind: str) -> None:
    receipt_id = shipped(shop)
    shop.fault(operation="createReceiptShipment", kind=kind, times=1)
    shop.look()
    shop.look()
    now = shop.store.now()
    shop.store.clock = lambda: now + SETTLES + timedelta(seconds=1)
    shop.look()
    shop.store.clock = None
    assert (codes(shop, receipt_id), shop.world.receipt(receipt_id)["mails"]) == ([("RR1", "usps")], 1)


@ON_SQLITE
def test_what_was_told_by_hand_is_not_told_again(shop: Selling) -> None:
    receipt_id = shipped(shop)
    shop.world.shipped(receipt_id, tracking_code="rr 1", carrier_name="usps")
    shop.look()
    assert shop.world.receipt(receipt_id)["mails"] == 1


@ON_SQLITE
def test_a_key_that_may_not_is_learnt_and_the_page_to_ship_it_on_is_told(shop: Selling) -> None:
    shop.world.selling(tracking="refused")
    receipt_id = shipped(shop)
    assert shop.look().tracked.by_hand == [receipt_id]
    calls = shop.world.calls().get("createReceiptShipment", 0)
    shop.look()
    assert (shop.world.calls().get("createReceiptShipment", 0), takes(shop)) == (calls, False)
    told = shop.receipt(receipt_id).problem or ""
    assert f"https://www.etsy.com/your/orders/sold?order_id={receipt_id}" in told


@ON_SQLITE
def test_a_code_that_etsy_does_not_take_is_a_persons_and_never_sent_again(shop: Selling) -> None:
    receipt_id = shipped(shop)
    body = {"error": "There was a problem with /tracking_code : no"}
    shop.fault(operation="createReceiptShipment", kind="status", status=400, body=body)
    assert shop.look().tracked.by_hand == [receipt_id]
    calls = shop.world.calls()["createReceiptShipment"]
    shop.look()
    assert shop.world.calls()["createReceiptShipment"] == calls
    assert "did not take the tracking code RR1" in (shop.receipt(receipt_id).problem or "")


@ON_SQLITE
def test_a_shop_that_does_not_want_it_tells_nothing(shop: Selling) -> None:
    shop.set(send_tracking=False)
    receipt_id = shipped(shop)
    shop.look()
    assert codes(shop, receipt_id) == []
