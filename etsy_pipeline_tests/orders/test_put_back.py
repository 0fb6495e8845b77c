"""Medusa, or our own database, is put back to an older state, or set up anew: nothing is booked twice, or sold twice."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.orders.lost import decide_lost, lost_count
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import activity
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE, copied
from etsy_pipeline_tests.orders.both import Both
from etsy_pipeline_tests.orders.selling import LONG_AGO, ORDERS, Selling, connect_again
from etsy_pipeline_tests.world import World


@pytest.fixture
def empty(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database that was set up anew."""
    opened = copied(migrated, tmp_path_factory.mktemp("anew"))
    yield opened
    opened.close()


@ON_SQLITE
def test_what_medusa_has_lost_is_not_for_sale_on_etsy_and_a_person_has_it_reserved_again(
    world: World, store: Store
) -> None:
    both = a_shop(world, store)
    receipt_id = both.buys(2)
    both.goes_both_ways()
    lose_reservations(both)
    both.goes_both_ways()
    line = both.line(receipt_id)
    assert (line.state, both.receipt(receipt_id).state) == ("needs_link", "needs_person")
    assert "no longer in Medusa" in (line.problem or "")
    assert both.for_sale() == 3, "sold is sold, though Medusa has 5 again"
    both.chooses(receipt_id)
    both.look()
    assert both.world.medusa_stock(both.variant)["available"] == 3
    assert both.line(receipt_id).state == "booked"


def lost(shop: Selling, *quantities: int) -> list[int]:
    """Orders that were booked, and of which Medusa knows nothing any more."""
    bought = [shop.buys(quantity) for quantity in quantities]
    shop.look()
    lose_reservations(shop)
    shop.look()
    assert {shop.line(receipt_id).state for receipt_id in bought} == {"needs_link"}
    return bought


def deeds(shop: Selling) -> list[tuple[str, str, str]]:
    """What was said of lines, by whom, the first first."""
    with shop.store.reading() as session:
        found, _ = activity.newest(session, account_id=shop.id, first=0, most=50)
    about_lines = [item for item in found if item.about.startswith("line ")]
    return [(item.deed, item.about, item.done_by) for item in reversed(about_lines)]


def test_all_that_medusa_lost_is_reserved_again_at_one_word(world: World, store: Store) -> None:
    shop = Selling.of(world, store, pieces=9)
    bought = lost(shop, 2, 1, 1)
    other = shop.buys(bad="listing")
    shop.look()
    assert decide_lost(store, shop.id, count=3, reserves=True, by=Doer("Ada", "cli")) == 3
    assert deeds(shop) == [
        ("variant_chosen", f"line {shop.line(receipt_id).transaction_id}: {shop.variant}", "Ada")
        for receipt_id in bought
    ]
    for _ in range(2):
        shop.look()
    assert [item["quantity"] for item in world.reservations()] == [2, 1, 1]
    assert {shop.line(receipt_id).state for receipt_id in bought} == {"booked"}
    assert shop.line(other).state == "needs_link", "what nobody knows the variant of stays a person's"


@ON_SQLITE
def test_all_that_medusa_lost_is_left_at_one_word(world: World, store: Store) -> None:
    shop = Selling.of(world, store, pieces=9)
    bought = lost(shop, 2, 1)
    assert decide_lost(store, shop.id, count=2, reserves=False, by=Doer("Ada", "api")) == 2
    assert [deed for deed, _, _ in deeds(shop)] == ["nothing_booked", "nothing_booked"]
    shop.look()
    assert (world.reservations(), shop.unbooked()) == ([], OpenSales())
    assert {shop.receipt(receipt_id).state for receipt_id in bought} == {"done"}


@ON_SQLITE
def test_a_word_on_more_lines_than_somebody_saw_is_not_taken(world: World, store: Store) -> None:
    shop = Selling.of(world, store, pieces=9)
    lost(shop, 2, 1)
    with pytest.raises(BadRequest) as refused:
        decide_lost(store, shop.id, count=1, reserves=False)
    assert refused.value.code == "lost_lines_changed"
    assert (lost_count(store, shop.id), deeds(shop)) == (2, [])


@ON_SQLITE
def test_orders_that_medusa_lost_are_made_again_at_one_word(world: World, store: Store) -> None:
    shop = Selling.of(world, store, mode="orders", pieces=9, **ORDERS)
    bought = [shop.buys(), shop.buys()]
    shop.look()
    world.sandbox.state.run("DELETE FROM medusa_order")
    shop.look()
    decide_lost(store, shop.id, count=2, reserves=True)
    shop.look()
    assert {shop.receipt(receipt_id).state for receipt_id in bought} == {"done"}
    assert len(world.medusa_orders()) == 2


@ON_SQLITE
def test_a_parcel_that_is_gone_may_have_been_taken_off_the_stock_and_a_person_looks_before_a_raise(
    world: World, store: Store
) -> None:
    both = a_shop(world, store)
    both.carry_out(both.plan_now())
    receipt_id = both.buys(2)
    both.goes_both_ways()
    world.shipped(receipt_id)
    both.look()
    lose_reservations(both)
    both.look()
    assert both.line(receipt_id).state == "booked"
    assert both.link(both.product_id).stock_doubted


@ON_SQLITE
def test_what_is_there_again_needs_nobody(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    (held,) = shop.world.reservations()
    lose_reservations(shop)
    shop.look()
    assert shop.line(receipt_id).state == "needs_link"
    with shop.reservations_client() as medusa:
        medusa.reserve(held["inventory_item_id"], held["location_id"], 1, description=held["description"])
    shop.look()
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "done")
    assert len(shop.world.reservations()) == 1


@ON_SQLITE
def test_what_was_given_back_and_is_there_again_is_given_back_again(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    line = shop.line(receipt_id)
    (held,) = shop.world.reservations()
    shop.world.cancel(receipt_id)
    shop.look()
    with shop.reservations_client() as medusa:
        medusa.reserve(held["inventory_item_id"], held["location_id"], 1, description=held["description"])
    shop.look()
    assert (shop.world.reservations(), shop.line(line.receipt_id).state) == ([], "returned")


@ON_SQLITE
@pytest.mark.parametrize("mode", ["stock", "orders"])
def test_books_that_begin_anew_find_what_was_booked_under_another_account(
    world: World, store: Store, empty: Store, mode: str
) -> None:
    shop = Selling.of(world, store, mode=mode, **(ORDERS if mode == "orders" else {}))
    receipt_id = shop.buys()
    shop.look()
    before = world.reservations(), [order["id"] for order in world.medusa_orders()]
    anew = Selling(world, empty, configure.add(empty, "anew"))
    anew.set(mode=mode, since=LONG_AGO, **(ORDERS if mode == "orders" else {}))
    connect_again(world, empty, anew.id)
    anew.look()
    anew.product_id = shop.product_id
    if mode == "stock":
        anew.chooses(receipt_id)  # its books know of no listing
        anew.look()
    assert (world.reservations(), [order["id"] for order in world.medusa_orders()]) == before
    assert anew.line(receipt_id).state == "booked"
    world.cancel(receipt_id)
    anew.look()
    assert world.reservations() == []


@ON_SQLITE
def test_an_order_that_medusa_has_lost_waits_for_a_person_and_is_made_again(world: World, store: Store) -> None:
    shop = Selling.of(world, store, mode="orders", **ORDERS)
    receipt_id = shop.buys()
    shop.look()
    world.sandbox.state.run("DELETE FROM medusa_order")
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("needs_person", "needs_link")
    assert shop.unbooked() == OpenSales({shop.variant: 1})
    assert world.medusa_orders() == []
    shop.chooses(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, len(world.medusa_orders())) == ("done", 1)


def a_shop(world: World, store: Store) -> Both:
    """A shop with five pieces for sale on both sides."""
    shop = Both.of(world, store, pieces=5)
    assert isinstance(shop, Both)
    return shop


def lose_reservations(shop: Selling) -> None:
    """As if Medusa had been put back to before anything was reserved."""
    with closing(shop.reservations()) as medusa:
        for item in shop.world.reservations():
            medusa.release(item["id"])
