"""A cancellation before shipping gives stock back once; refunds, and what was shipped, do not without a person."""

from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.etsy.errors import EtsyRefused
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.orders import cancel, importer
from etsy_pipeline.orders.asking import asking
from etsy_pipeline.providers.protocols import ReceiptPage
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.sales.receipt import Receipt
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World


def booked(shop: Selling, quantity: int = 2) -> int:
    """An order that is booked."""
    receipt_id = shop.buys(quantity)
    shop.look()
    assert shop.line(receipt_id).state == "booked"
    return receipt_id


def test_a_cancellation_before_shipping_gives_the_stock_back_once(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = booked(shop)
    shop.world.cancel(receipt_id)
    assert shop.look().returned == [shop.line(receipt_id).transaction_id]
    assert shop.look().returned == []
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "canceled")
    assert shop.world.medusa_stock(shop.variant) == before
    assert [(item.kind, item.done_at is not None) for item in shop.movements(receipt_id)] == [
        ("return", True),
        ("sale", True),
    ]
    assert shop.unbooked() == OpenSales()


@ON_SQLITE
@pytest.mark.parametrize("kind", ["drop_before", "fail_before", "drop_after", "fail_after"])
def test_stock_of_a_canceled_order_that_could_not_be_given_back_is_given_back_by_the_next_look(
    shop: Selling, kind: str
) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.cancel(receipt_id)
    shop.world.medusa_fault("DELETE", "/admin/reservations/*", kind)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "open")
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "canceled")
    assert shop.world.reservations() == []


@pytest.mark.parametrize(
    ("settings", "where", "step"),
    [({"mode": "stock"}, cancel, "order_state"), ({"mode": "orders", **ORDERS}, DraftOrders, "mark_paid")],
    ids=["stock", "orders"],
)
def test_a_cancellation_that_another_process_reads_while_the_order_is_booked_is_not_forgotten(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], where: Any, step: str
) -> None:
    shop = Selling.of(world, store, **settings)
    receipt_id, act = shop.buys(), getattr(where, step)

    def meanwhile(*told: Any, **more: Any) -> Any:
        monkeypatch.setattr(where, step, act)
        shop.world.cancel(receipt_id)
        shop.told(receipt_id, "order.canceled")
        asking(store, lambda: wiring.receipt_client(world.settings, store, shop.id, shop.time), shop.id)()
        return act(*told, **more)

    monkeypatch.setattr(where, step, meanwhile)
    shop.look()
    assert (shop.receipt(receipt_id).is_canceled, shop.receipt(receipt_id).state) == (True, "open")
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "canceled")
    assert shop.world.reservations() == []


@ON_SQLITE
def test_an_order_that_is_canceled_before_it_was_seen_books_nothing(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("nothing_to_book", "canceled")
    assert (shop.world.reservations(), shop.movements(receipt_id), shop.unbooked()) == ([], [], OpenSales())


@ON_SQLITE
def test_an_unpaid_order_that_is_canceled_is_over(shop: Selling) -> None:
    receipt_id = shop.buys(is_paid=False)
    shop.look()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("nothing_to_book", "canceled")
    assert shop.unbooked() == OpenSales()


@ON_SQLITE
def test_an_oversold_order_that_is_canceled_is_no_longer_loud(shop: Selling) -> None:
    shop.world.restock(shop.variant, 0)
    receipt_id = shop.buys()
    shop.look()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("nothing_to_book", "canceled")
    assert shop.receipt(receipt_id).problem is None


@ON_SQLITE
@pytest.mark.parametrize(("gives_back", "available", "line"), [(True, 3, "returned"), (False, 1, "booked")])
def test_after_shipping_a_person_says_whether_the_goods_are_back(
    shop: Selling, *, gives_back: bool, available: int, line: str
) -> None:
    receipt_id = booked(shop)
    shop.world.shipped(receipt_id)
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "needs_person")
    assert "after it was shipped" in (shop.receipt(receipt_id).problem or "")
    shop.decides(receipt_id, gives_back=gives_back)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == (line, "canceled")
    assert shop.receipt(receipt_id).problem is None
    assert shop.world.medusa_stock(shop.variant)["available"] == available


@ON_SQLITE
def test_a_refund_in_full_is_a_persons_decision(shop: Selling) -> None:
    receipt_id = booked(shop)
    shop.world.refund(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "needs_person")
    assert len(shop.world.reservations()) == 1


@ON_SQLITE
def test_a_shop_may_say_that_a_refund_in_full_gives_stock_back(shop: Selling) -> None:
    shop.set(return_refunded=True)
    receipt_id = booked(shop)
    shop.world.refund(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "done")
    assert shop.world.reservations() == []


@ON_SQLITE
def test_a_refund_in_part_is_shown_and_changes_nothing(shop: Selling) -> None:
    shop.set(return_refunded=True)
    receipt_id = booked(shop)
    shop.world.refund(receipt_id, 1.5)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "done")
    assert shop.receipt(receipt_id).problem == "1.50 USD were refunded."


@ON_SQLITE
def test_shipping_leaves_the_stock_reserved(shop: Selling) -> None:
    receipt_id = booked(shop)
    shop.world.shipped(receipt_id, tracking_code="1Z", carrier_name="ups")
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "done")
    assert shop.receipt(receipt_id).is_shipped
    assert len(shop.world.reservations()) == 1


@ON_SQLITE
def test_a_reservation_that_somebody_removed_in_medusa_is_not_given_back_again(shop: Selling) -> None:
    receipt_id = booked(shop)
    (reservation,) = shop.world.reservations()
    with shop.reservations_client() as medusa:
        medusa.release(reservation["id"])
    before = shop.world.medusa_stock(shop.variant)
    shop.world.cancel(receipt_id)
    shop.look()
    assert shop.line(receipt_id).state == "returned"
    assert shop.world.medusa_stock(shop.variant) == before


def booked_and_shipped(shop: Selling) -> int:
    receipt_id = booked(shop)
    shop.world.shipped(receipt_id, tracking_code="1Z", carrier_name="ups")
    shop.look()
    return receipt_id


@ON_SQLITE
@pytest.mark.parametrize("returns_refunded", [False, True])
@pytest.mark.parametrize(("amount", "told"), [(1.5, "1.50 USD were refunded."), (None, "USD were refunded.")])
def test_a_refund_after_shipping_is_shown_and_changes_nothing(
    shop: Selling, *, amount: float | None, told: str, returns_refunded: bool
) -> None:
    """It moves no time stamp, and the order is shipped: the sweep sees it all the same. The goods are with the buyer."""
    shop.set(return_refunded=returns_refunded)
    receipt_id = booked_and_shipped(shop)
    before = shop.world.medusa_stock(shop.variant)
    shop.world.refund(receipt_id, amount)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "done")
    assert told in (shop.receipt(receipt_id).problem or "")
    assert shop.world.medusa_stock(shop.variant) == before


@ON_SQLITE
def test_two_refunds_in_part_are_shown_together(shop: Selling) -> None:
    receipt_id = booked_and_shipped(shop)
    for amount in (1.5, 2):
        shop.world.refund(receipt_id, amount)
        shop.look()
    assert shop.receipt(receipt_id).problem == "3.50 USD were refunded."


@ON_SQLITE
@pytest.mark.parametrize("is_shipped", [False, True])
def test_a_cancellation_that_no_list_has_is_found_all_the_same(shop: Selling, *, is_shipped: bool) -> None:
    shop.world.selling(canceled_found=False)
    receipt_id = booked_and_shipped(shop) if is_shipped else booked(shop)
    shop.world.cancel(receipt_id)
    shop.look()
    wanted = ("booked", "needs_person") if is_shipped else ("returned", "canceled")
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == wanted


@ON_SQLITE
def test_those_that_no_list_has_are_looked_for_by_turns_also_one_that_can_never_be_read(
    shop: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = [shop.buys() for _ in range(3)]
    shop.look()
    looked_for: list[int] = []

    def nothing(_self: EtsyReceipts, *_: Any, **__: Any) -> ReceiptPage:
        return ReceiptPage((), 0, is_last=True)

    def refused(_self: EtsyReceipts, _shop_id: int, receipt_id: int) -> Receipt:
        looked_for.append(receipt_id)
        raise EtsyRefused(
            "It is not there.", code="etsy_not_found", hint="Nothing.", status=404, words="", request_uuid=""
        )

    monkeypatch.setattr(EtsyReceipts, "receipts", nothing)
    monkeypatch.setattr(EtsyReceipts, "receipt", refused)
    monkeypatch.setattr(importer, "MISSING_AT_ONCE", 1)
    for _ in range(4):
        shop.look()
    assert sorted(looked_for[:3]) == sorted(bought)
    assert looked_for[3] == looked_for[0], "the one of the longest ago"


@ON_SQLITE
def test_what_was_shipped_once_stays_with_the_buyer(shop: Selling) -> None:
    """Etsy may say of a canceled order that it is not shipped."""
    receipt_id = booked_and_shipped(shop)
    with shop.world.sandbox.state.working():
        sql = "UPDATE receipt SET data = json_set(data, '$.is_shipped', json('false')) WHERE receipt_id = ?"
        shop.world.sandbox.state.run(sql, receipt_id)
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "needs_person")
