"""Orders of pieces at several locations, where something is odd: the variant, the settings, or what changes meanwhile."""

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.orders.medusa_order import SHORT
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import later
from etsy_pipeline_tests.orders.selling import ORDERS
from etsy_pipeline_tests.orders.spread import Spread, at_two_locations

shop = pytest.fixture(at_two_locations)


@ON_SQLITE
def test_of_what_is_sold_all_the_same_two_lines_may_have_more_than_there_is(shop: Spread) -> None:
    """A coupon makes two lines of it, which are reserved at one location whatever there is."""
    shop.changes_variants(allow_backorder=True)
    shop.puts(0, 0)
    receipt_id = shop.buys(3, coupon=1)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("done", "booked")
    assert [item["quantity"] for item in shop.order()["items"]] == [1, 2]
    assert (shop.order()["payment_status"], shop.available()) == ("captured", [-3, 0])


@ON_SQLITE
@pytest.mark.parametrize("values", [{"allow_backorder": True}, {"manage_inventory": False}])
def test_what_needs_no_reservation_is_still_its_variant_in_the_order_that_waited(
    shop: Spread, values: dict[str, bool]
) -> None:
    shop.changes_variants(**values)
    shop.puts(0, 0)
    shop.set(region_id=None)
    receipt_id = shop.buys(2)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("needs_person", "waiting")
    shop.set(**ORDERS)
    shop.look()
    assert shop.receipt(receipt_id).state == "done"
    assert [item["variant_id"] for item in shop.order()["items"]] == [shop.variant]


@ON_SQLITE
def test_the_last_piece_sold_twice_is_told_as_that_at_once(shop: Spread) -> None:
    shop.puts(1, 0)
    first, second = shop.buys(1), shop.buys(1)
    shop.look()
    assert shop.receipt(first).state == "done"
    assert (shop.receipt(second).problem, shop.line(second).state) == (SHORT, "oversold")


@ON_SQLITE
def test_an_order_is_reserved_only_where_the_shop_sells_from(shop: Spread) -> None:
    """Medusa takes the first location of the channel, which is none of `stock_locations`."""
    shop.puts(5, 3)
    configure.configure(shop.store, shop.id, {"stock_locations": shop.places[1:]})
    receipt_id = shop.buys(2)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [5, 1])
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    shop.look()
    assert (shop.stocked(), shop.world.reservations()) == ([5, 1], [])
    assert [parcel["location_id"] for parcel in shop.order()["fulfillments"]] == shop.places[1:]
    last = shop.buys(1)
    shop.world.medusa("PUT", f"levels/{shop.variant}", {"stocked": 0, "location_id": shop.places[1]})
    shop.look()
    assert (shop.receipt(last).problem, shop.available()) == (SHORT, [5, 0])


@ON_SQLITE
def test_of_a_draft_that_is_short_the_rest_is_reserved(shop: Spread) -> None:
    """One location loses its stock between the draft and its conversion."""
    lost, left = shop.variants()[:2]
    shop.puts(1, 0, variant=lost["id"])
    shop.puts(0, 1, variant=left["id"])
    shop.world.medusa_fault("POST", "/admin/draft-orders/*/convert-to-order", "drop_before")
    receipt_id = shop.buys(sku=lost["sku"], lines=[{"listing_id": shop.listing_id, "quantity": 1, "sku": left["sku"]}])
    shop.look()
    shop.puts(0, 0, variant=lost["id"])
    for _ in range(2):
        later(shop)
        shop.look()
        assert (shop.receipt(receipt_id).problem, shop.world.medusa_orders()) == (SHORT, [])
        assert [line.state for line in shop.lines(receipt_id)] == ["oversold", "booked"]
        assert shop.available(left["id"]) == [0, 0]
    shop.puts(0, 1, variant=lost["id"])
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available(lost["id"]), shop.available(left["id"])) == (
        "done", [0, 0], [0, 0]
    )  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("books_nothing", [True, False])
def test_what_a_person_says_of_a_line_holds_for_the_draft_that_was_there(shop: Spread, *, books_nothing: bool) -> None:
    shop.puts(1, 0)
    shop.world.medusa_fault("POST", "/admin/draft-orders/*/convert-to-order", "drop_before")
    receipt_id = shop.buys(1, sku=shop.variants()[1]["sku"])
    shop.look()
    later(shop)
    (shop.books_nothing if books_nothing else shop.chooses)(receipt_id)
    for _ in range(2):
        later(shop)
        shop.look()
    assert shop.receipt(receipt_id).state == "done"
    (item,) = shop.order()["items"]
    assert item["variant_id"] == (None if books_nothing else shop.variant)
    assert shop.available() == ([1, 0] if books_nothing else [0, 0])
