"""A sale on Etsy is reserved in Medusa once, with our mark; what cannot be booked is loud and never guessed."""

import pytest

from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import link_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World


def test_a_sale_lowers_medusas_stock_once(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = shop.buys(2)
    found = shop.look()
    assert [str(problem) for problem in found.problems] == []
    line = shop.line(receipt_id)
    assert (line.state, line.variant_id, line.problem) == ("booked", shop.variant, None)
    (reservation,) = shop.world.reservations()
    assert reservation["description"] == f"etsy:{shop.id}:{line.transaction_id}"
    assert shop.world.medusa_stock(shop.variant)["available"] == before["available"] - 2
    assert shop.receipt(receipt_id).state == "done"
    assert shop.unbooked() == OpenSales()
    shop.look()
    assert shop.world.reservations() == [reservation]


@ON_SQLITE
def test_an_order_that_is_only_observed_moves_nothing(world: World, store: Store) -> None:
    shop = Selling.of(world, store, mode="observe")
    receipt_id = shop.buys()
    shop.look()
    assert (shop.line(receipt_id).state, shop.line(receipt_id).variant_id) == ("observed", shop.variant)
    assert shop.receipt(receipt_id).state == "done"
    assert (shop.world.reservations(), shop.unbooked()) == ([], OpenSales())


@ON_SQLITE
def test_an_order_keeps_the_mode_in_which_it_was_first_seen(world: World, store: Store) -> None:
    shop = Selling.of(world, store, mode="observe")
    first = shop.buys()
    shop.look()
    shop.set(mode="stock")
    second = shop.buys()
    shop.look()
    assert [shop.line(receipt_id).state for receipt_id in (first, second)] == ["observed", "booked"]


@ON_SQLITE
def test_what_medusa_no_longer_has_is_oversold_until_it_has_it_again(shop: Selling) -> None:
    shop.world.restock(shop.variant, 1)
    receipt_id = shop.buys(2)
    assert shop.look().booked.oversold == [shop.line(receipt_id).transaction_id]
    assert shop.line(receipt_id).state == "oversold"
    assert shop.receipt(receipt_id).state == "needs_person"
    assert "fewer pieces" in (shop.receipt(receipt_id).problem or "")
    assert (shop.world.reservations(), shop.movements(receipt_id)) == ([], [])
    assert shop.unbooked() == OpenSales({shop.variant: 2})
    shop.world.restock(shop.variant, 5)
    shop.look()
    assert shop.line(receipt_id).state == "booked"
    assert shop.receipt(receipt_id).state == "done"
    assert shop.world.medusa_stock(shop.variant)["available"] == 3


@ON_SQLITE
def test_two_sales_of_the_last_piece_book_one(shop: Selling) -> None:
    shop.world.restock(shop.variant, 1)
    first, second = shop.buys(), shop.buys()
    shop.look()
    assert [shop.line(receipt_id).state for receipt_id in (first, second)] == ["booked", "oversold"]


@ON_SQLITE
def test_a_kit_is_reserved_item_by_item(world: World, store: Store) -> None:
    shop = Selling.of(world, store, case="kit")
    receipt_id = shop.buys(3)
    shop.look()
    assert shop.line(receipt_id).state == "booked"
    assert sorted(item["quantity"] for item in shop.world.reservations()) == [3, 6]
    assert len({item["description"] for item in shop.world.reservations()}) == 1


@ON_SQLITE
@pytest.mark.parametrize("case", ["no_manage_inventory", "backorder"])
def test_what_medusa_does_not_count_needs_no_booking(world: World, store: Store, case: str) -> None:
    shop = Selling.of(world, store, case=case)
    if case == "backorder":
        shop.world.restock(shop.variant, 0)
    receipt_id = shop.buys(sku=None)
    shop.look()
    assert shop.line(receipt_id).state == "nothing_to_book"
    assert (shop.world.reservations(), shop.unbooked()) == ([], OpenSales())


@ON_SQLITE
def test_pieces_at_two_locations_make_one_sale(world: World, store: Store) -> None:
    shop = Selling.of(world, store, case="two_locations")
    receipt_id = shop.buys(30, sku=shop.variants()[0]["sku"])
    shop.look()
    assert shop.line(receipt_id).state == "booked"
    assert sorted(item["quantity"] for item in shop.world.reservations()) == [5, 25]


@ON_SQLITE
def test_a_listing_without_a_link_waits_for_a_person_and_freezes_nothing_else(shop: Selling) -> None:
    receipt_id = shop.buys()
    transaction_id = shop.world.receipt(receipt_id)["transactions"][0]["transaction_id"]
    listing_id = shop.listing_id
    forget_link(shop)
    shop.look()
    line = shop.line(receipt_id)
    assert (line.state, line.variant_id, line.transaction_id) == ("needs_link", None, transaction_id)
    assert shop.receipt(receipt_id).state == "needs_person"
    assert shop.unbooked(listing_id) == OpenSales(is_frozen=True)
    shop.chooses(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.line(receipt_id).matched_by) == ("booked", "person")
    assert shop.unbooked(listing_id) == OpenSales()


@ON_SQLITE
def test_a_person_may_say_that_nothing_is_to_be_booked(shop: Selling) -> None:
    receipt_id = shop.buys()
    forget_link(shop)
    shop.look()
    shop.books_nothing(receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("nothing_to_book", "done")
    assert shop.world.reservations() == []


@ON_SQLITE
def test_the_variant_that_was_sold_is_booked(world: World, store: Store) -> None:
    shop = Selling.of(world, store, case="variant_images")
    sold = shop.variants()[1]
    with_sku = shop.buys(sku=sold["sku"])
    without = shop.buys(sku=sold["sku"], without_sku=True)
    shop.look()
    for receipt_id, how in ((with_sku, "sku"), (without, "values")):
        line = shop.line(receipt_id)
        assert (line.variant_id, line.matched_by, line.state) == (sold["id"], how, "booked"), line.problem


@ON_SQLITE
def test_where_the_list_leaves_out_what_was_chosen_the_words_on_the_order_tell(world: World, store: Store) -> None:
    shop = Selling.of(world, store, case="variant_images")
    shop.world.selling(product_data_in_list=False)
    sold = shop.variants()[3]
    receipt_id = shop.buys(sku=sold["sku"], without_sku=True)
    shop.look()
    assert (shop.line(receipt_id).variant_id, shop.line(receipt_id).state) == (sold["id"], "booked")


@ON_SQLITE
def test_an_unpaid_order_waits(shop: Selling) -> None:
    receipt_id = shop.buys(is_paid=False)
    shop.look()
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("waiting", "open")
    assert shop.unbooked() == OpenSales({shop.variant: 1})
    shop.world.paid(receipt_id)
    shop.look()
    assert shop.line(receipt_id).state == "booked"


@ON_SQLITE
def test_while_medusa_is_away_sales_wait(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.world.medusa("POST", "trouble", {"kind": "down"})
    found = shop.look()
    assert found.problems
    assert shop.line(receipt_id).state == "waiting"
    assert shop.unbooked() == OpenSales(is_frozen=True)
    shop.world.medusa("POST", "trouble", {"kind": ""})
    assert shop.look().problems == []
    assert shop.line(receipt_id).state == "booked"


def forget_link(shop: Selling) -> None:
    """As if the listing had been detached from its product."""
    with shop.store.writing() as session:
        link_changes.clear(session, shop.id, shop.product_id, shop.store.now())
