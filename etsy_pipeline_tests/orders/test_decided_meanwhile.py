"""What a person decides while the importer is at work on that very order is never overwritten."""

from collections.abc import Callable
from typing import Any

import pytest

from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.orders.steps import Step
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import later
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World


def in_orders(world: World, store: Store) -> Selling:
    """A shop in mode `orders`."""
    return Selling.of(world, store, mode="orders", send_tracking=True, **ORDERS)


def at(monkeypatch: pytest.MonkeyPatch, where: type, step: str, decide: Callable[[], None]) -> None:
    """A person decides just before the importer does a step, the first time."""
    act = getattr(where, step)

    def meanwhile(*told: Any, **more: Any) -> Any:
        monkeypatch.setattr(where, step, act)
        decide()
        return act(*told, **more)

    monkeypatch.setattr(where, step, meanwhile)


@pytest.mark.parametrize(
    ("where", "step"), [(DraftOrders, "mark_paid"), (EtsyReceipts, "create_shipment")], ids=["paid", "parcel told"]
)
def test_what_the_end_of_an_order_means_stays_decided(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch, where: type, step: str
) -> None:
    shop = in_orders(world, store)
    receipt_id = shop.buys()
    if where is EtsyReceipts:
        shop.look()
        shop.world.medusa_ships(shop.receipt(receipt_id).medusa_order_id or "", "RR1")
    at(monkeypatch, where, step, lambda: shop.decides(receipt_id, gives_back=False))
    shop.look()
    assert Step.parse(shop.receipt(receipt_id).step) == Step(is_decided=True)
    shop.world.refund(receipt_id)
    shop.look()
    assert shop.receipt(receipt_id).state == "done"


def test_a_line_that_nothing_is_to_be_booked_for_meanwhile_is_not_booked(
    shop: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = shop.buys(2)
    at(monkeypatch, Reservations, "reserve", lambda: shop.books_nothing(receipt_id))
    for _ in range(2):
        shop.look()
    assert (shop.line(receipt_id).state, shop.movements(receipt_id)) == ("nothing_to_book", [])
    assert (shop.world.reservations(), shop.world.medusa_stock(shop.variant)) == ([], before)


@ON_SQLITE
def test_a_draft_is_made_anew_where_a_person_has_decided_on_a_line_of_it(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_orders(world, store)
    receipt_id = shop.buys()
    at(monkeypatch, DraftOrders, "of_draft", lambda: shop.books_nothing(receipt_id))
    for _ in range(3):
        shop.look()
    (order,) = shop.world.medusa_orders()
    assert ([item["variant_id"] for item in order["items"]], shop.world.reservations()) == ([None], [])
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("done", "nothing_to_book")


@pytest.mark.parametrize(
    ("step", "told"), [("draft", "order_being_made"), ("convert", "order_being_made"), ("owe", "sale_settled")]
)
def test_while_medusa_makes_the_order_nobody_decides_on_its_lines(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch, step: str, told: str
) -> None:
    shop = in_orders(world, store)
    receipt_id, refused = shop.buys(), list[str]()

    def decide() -> None:
        with pytest.raises(BadRequest) as problem:
            shop.books_nothing(receipt_id)
        refused.append(problem.value.code)

    at(monkeypatch, DraftOrders, step, decide)
    shop.look()
    assert refused == [told]
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("done", "booked")


@ON_SQLITE
def test_while_an_answer_of_medusas_may_be_on_its_way_nobody_decides_on_a_line(world: World, store: Store) -> None:
    shop = in_orders(world, store)
    shop.world.medusa_fault("POST", "/admin/draft-orders", "drop_before")
    receipt_id = shop.buys()
    shop.look()
    with pytest.raises(BadRequest) as refused:
        shop.books_nothing(receipt_id)
    later(shop)
    shop.books_nothing(receipt_id)
    shop.store.clock = None
    assert refused.value.code == "order_being_made"
