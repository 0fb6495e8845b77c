"""A day with many orders: Medusa is asked by pages, all pieces are held before the first order is paid, each is made once."""

from collections import Counter

import pytest

from etsy_pipeline.orders.known import MANY
from etsy_pipeline.store import receipts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import ORDERS, Selling, forget
from etsy_pipeline_tests.world import World

COUNT = MANY + 2


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `orders` with many pieces."""
    return Selling.of(world, store, mode="orders", pieces=10 * COUNT, **ORDERS)


def made(shop: Selling) -> Counter[str]:
    """How many orders Medusa has of each receipt; all of them are paid, and hold one piece."""
    found = shop.world.medusa_orders()
    assert {(order["is_draft_order"], order["payment_status"]) for order in found} == {(False, "captured")}
    assert sum(item["quantity"] for item in shop.world.reservations()) == len(found)
    return Counter(order["metadata"]["etsy_receipt"] for order in found)


@ON_SQLITE
def test_all_pieces_are_held_before_the_first_order_is_paid_and_few_questions_are_asked(
    shop: Selling, what_medusa_is_asked: list[str]
) -> None:
    bought = [shop.buys() for _ in range(COUNT)]
    found = shop.look()
    assert sorted(found.converted.done) == bought
    assert (found.converted.open, found.orders) == ([], {"done": COUNT})
    assert made(shop) == Counter(str(receipt_id) for receipt_id in bought)
    asked = what_medusa_is_asked
    last_held = max(place for place, told in enumerate(asked) if told == "POST convert-to-order")
    assert last_held < asked.index("POST mark-as-paid")
    assert sum(told.startswith("GET") for told in asked) < COUNT + 12, "one draft each, the rest by pages"


def test_many_orders_that_our_books_have_forgotten_are_found_and_not_made_again(shop: Selling) -> None:
    bought = [shop.buys() for _ in range(COUNT)]
    shop.look()
    before = {order["id"] for order in shop.world.medusa_orders()}
    forget(shop.store, shop.id, bought)
    assert sorted(shop.look().converted.done) == bought
    assert {order["id"] for order in shop.world.medusa_orders()} == before
    assert set(made(shop).values()) == {1}


@ON_SQLITE
def test_what_was_reserved_for_many_orders_is_found_though_our_books_have_forgotten_it(shop: Selling) -> None:
    shop.set(mode="stock")
    bought = [shop.buys() for _ in range(COUNT)]
    shop.look()
    with shop.store.writing() as session:
        for receipt_id in bought:
            receipts.change(session, shop.id, receipt_id, mode="orders")
    shop.set(mode="orders")
    forget(shop.store, shop.id, bought)
    shop.look()
    assert set(made(shop).values()) == {1}, "and nothing else is held"
