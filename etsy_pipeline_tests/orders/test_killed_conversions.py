"""The importer is killed, or an answer is lost, at every step of an order's way into Medusa: there is one order, once."""

from collections.abc import Iterator

import pytest

from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import Killed, killed_at, later
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World

PLENTY = 500
STEPS = ("draft-orders", "convert-to-order", "payment-collections", "mark-as-paid", "fulfillments", "shipments")
PATHS = {
    "draft": "/admin/draft-orders",
    "convert": "/admin/draft-orders/*/convert-to-order",
    "owe": "/admin/payment-collections",
    "pay": "/admin/payment-collections/*/mark-as-paid",
    "pack": "/admin/orders/*/fulfillments",
    "ship": "/admin/orders/*/shipments",
    "cancel": "/admin/orders/*/cancel",
}
FAULTS = ("drop_before", "drop_after", "fail_before", "fail_after")


@pytest.fixture
def shop(world: World, store: Store) -> Iterator[Selling]:
    """A shop in mode `orders` with many pieces, whose clock can be moved."""
    yield Selling.of(world, store, mode="orders", pieces=PLENTY, **ORDERS)
    store.clock = None


def check(shop: Selling, receipt_id: int, quantity: int, told: str) -> None:
    """Its one order is paid once, packed and shipped."""
    kept = shop.receipt(receipt_id)
    found = [order for order in shop.world.medusa_orders() if order["metadata"]["etsy_receipt"] == str(receipt_id)]
    assert (len(found), kept.state, kept.step, kept.problem) == (1, "done", "", None), told
    (order,) = found
    assert (order["is_draft_order"], order["payment_status"]) == (False, "captured"), told
    assert [item["status"] for item in order["payment_collections"]] == ["completed"], told
    assert [len(parcel["labels"]) for parcel in order["fulfillments"]] == [1], told
    assert sum(item["detail"]["fulfilled_quantity"] for item in order["items"]) == quantity, told
    assert shop.line(receipt_id).state == "booked", told


def test_killed_at_any_step_there_is_one_order_and_its_stock_leaves_once(
    shop: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = 0
    for step in STEPS:
        for when in ("before", "after"):
            receipt_id, sold = shop.buys(2), sold + 2
            shop.world.shipped(receipt_id, tracking_code=f"RR{receipt_id}", carrier_name="usps")
            with killed_at(step, when, monkeypatch), pytest.raises(Killed):
                shop.look()
            later(shop)
            shop.look()
            check(shop, receipt_id, 2, f"killed {when} {step}")
    assert shop.world.medusa_stock(shop.variant) == {
        "stocked": PLENTY - sold, "reserved": 0, "available": PLENTY - sold,
    }  # fmt: skip


def test_a_lost_answer_at_any_step_costs_a_look_and_nothing_else(shop: Selling) -> None:
    sold = 0
    for step in ("draft", "convert", "owe", "pay", "pack", "ship"):
        for fault in FAULTS:
            receipt_id, sold = shop.buys(2), sold + 2
            shop.world.shipped(receipt_id, tracking_code=f"RR{receipt_id}", carrier_name="usps")
            shop.world.medusa_fault("POST", PATHS[step], fault)
            shop.look()
            later(shop)
            shop.look()
            check(shop, receipt_id, 2, f"{fault} at {step}")
    assert shop.world.medusa_stock(shop.variant)["stocked"] == PLENTY - sold
    assert shop.world.reservations() == []


def test_a_lost_answer_is_not_concluded_from_while_it_may_come(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.world.medusa_fault("POST", PATHS["draft"], "drop_before")
    shop.look()
    shop.look()
    assert (shop.world.medusa_orders(), shop.receipt(receipt_id).state) == ([], "open")
    assert shop.unbooked() == OpenSales({shop.variant: 1})
    later(shop)
    shop.look()
    assert len(shop.world.medusa_orders()) == 1


@ON_SQLITE
def test_orders_that_medusa_cannot_ship_are_a_persons_and_hold_up_no_others(shop: Selling) -> None:
    """A real one answers 500 each time where the inventory item of a variant was replaced meanwhile."""
    shop.world.medusa_fault("POST", PATHS["ship"], "fail_before", times=8)
    stuck = [shop.buys() for _ in range(3)]
    for receipt_id in stuck:
        shop.world.shipped(receipt_id, tracking_code=f"RR{receipt_id}", carrier_name="usps")
    shop.look()
    later(shop)
    new = shop.buys()
    shop.look()
    assert [shop.receipt(receipt_id).state for receipt_id in stuck] == ["needs_person"] * 3
    assert shop.line(new).state == "booked"
    shop.look()
    kept = shop.receipt(stuck[0])
    assert (kept.state, "500" in (kept.problem or "")) == ("needs_person", True), "while it waits, too"
    shop.world.medusa("DELETE", "faults")
    later(shop)
    shop.look()
    for receipt_id in stuck:
        check(shop, receipt_id, 1, "once Medusa can")


@ON_SQLITE
def test_what_a_person_says_of_an_end_leaves_what_is_on_its_way(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.world.medusa_fault("POST", PATHS["draft"], "drop_before")
    shop.look()
    shop.world.refund(receipt_id)
    shop.decides(receipt_id, gives_back=False)
    shop.look()
    assert shop.world.medusa_orders() == [], "the first draft may still come"
    later(shop)
    shop.look()
    assert (len(shop.world.medusa_orders()), shop.receipt(receipt_id).state) == (1, "done")


def test_killed_while_calling_off_the_stock_comes_back_once(shop: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    for when in ("before", "after"):
        receipt_id = shop.buys(3)
        shop.look()
        shop.world.cancel(receipt_id)
        with killed_at("cancel", when, monkeypatch), pytest.raises(Killed):
            shop.look()
        later(shop)
        shop.look()
        assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("canceled", "returned"), when
    assert shop.world.medusa_stock(shop.variant) == {"stocked": PLENTY, "reserved": 0, "available": PLENTY}


def test_killed_while_an_order_takes_over_what_was_reserved_nothing_is_taken_twice(
    shop: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = 0
    for step in ("reservations", "draft-orders", "convert-to-order"):
        for when in ("before", "after"):
            shop.set(region_id=None)
            receipt_id, sold = shop.buys(2), sold + 2
            if step == "reservations":
                with killed_at(step, when, monkeypatch), pytest.raises(Killed):
                    shop.look()
            later(shop)
            shop.look()
            assert shop.line(receipt_id).state == "booked"
            shop.set(**ORDERS)
            with killed_at("" if step == "reservations" else step, when, monkeypatch), pytest.raises(Killed):
                shop.look()
            later(shop)
            shop.look()
            assert shop.receipt(receipt_id).state == "done", f"killed {when} {step}"
    assert shop.world.medusa_stock(shop.variant)["available"] == PLENTY - sold
    assert sum(item["quantity"] for item in shop.world.reservations()) == sold
