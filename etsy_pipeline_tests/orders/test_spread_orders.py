"""Pieces of one order lie at several locations: its order in Medusa takes each from where it is, and packs it there."""

from contextlib import closing

import pytest

from etsy_pipeline.catalogue.reservations import Reservation
from etsy_pipeline.orders import known
from etsy_pipeline.orders.medusa_order import CROWDED, KIT_APART, SCATTERED
from etsy_pipeline.orders.shipping import WHICH_IS_WHICH, parcels
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import Killed, killed_at, later
from etsy_pipeline_tests.orders.selling import ORDERS
from etsy_pipeline_tests.orders.spread import Spread, at_two_locations

shop = pytest.fixture(at_two_locations)


def test_pieces_at_two_locations_make_one_order_that_is_packed_at_both(shop: Spread) -> None:
    shop.puts(1, 1)
    receipt_id = shop.buys(2, shipping=4.5)
    shop.look()
    kept, order = shop.receipt(receipt_id), shop.order()
    assert (kept.state, kept.problem, shop.line(receipt_id).state) == ("done", None, "booked")
    assert (shop.available(), [item["quantity"] for item in order["items"]]) == ([0, 0], [1, 1])
    assert order["payment_status"] == "captured"
    assert shop.unbooked() == OpenSales()
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    for _ in range(2):
        shop.look()
    assert shop.receipt(receipt_id).problem is None
    assert (shop.stocked(), shop.world.reservations()) == ([0, 0], [])
    parcels = shop.order()["fulfillments"]
    assert sorted(parcel["location_id"] for parcel in parcels) == shop.places
    assert [label["tracking_number"] for parcel in parcels for label in parcel["labels"]] == ["RR1"]
    assert all(parcel["shipped_at"] for parcel in parcels)


@ON_SQLITE
def test_two_lines_of_one_thing_do_not_get_the_same_piece(shop: Spread) -> None:
    shop.puts(1, 1)
    receipt_id = shop.buys(lines=[{"listing_id": shop.listing_id, "quantity": 1, "sku": None}])
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])
    assert {line.state for line in shop.lines(receipt_id)} == {"booked"}


@ON_SQLITE
def test_two_lines_at_a_location_each_are_packed_there(shop: Spread) -> None:
    first, second = shop.variants()[:2]
    shop.puts(1, 0, variant=first["id"])
    shop.puts(0, 1, variant=second["id"])
    line = {"listing_id": shop.listing_id, "quantity": 1, "sku": second["sku"]}
    receipt_id = shop.buys(sku=first["sku"], lines=[line])
    shop.look()
    assert (shop.available(first["id"]), shop.available(second["id"])) == ([0, 0], [0, 0])
    shop.world.shipped(receipt_id)
    shop.look()
    assert sorted(parcel["location_id"] for parcel in shop.order()["fulfillments"]) == shop.places
    assert (shop.receipt(receipt_id).problem, shop.world.reservations()) == (None, [])


@ON_SQLITE
def test_an_order_is_cut_as_the_pieces_lie_now_and_not_as_they_did(shop: Spread) -> None:
    """Two orders of one look: the second one finds what the first one left."""
    shop.puts(3, 2)
    first, second = shop.buys(2), shop.buys(3)
    shop.look()
    assert [shop.receipt(item).state for item in (first, second)] == ["done", "done"]
    assert shop.available() == [0, 0]


@ON_SQLITE
def test_what_was_reserved_meanwhile_at_both_goes_over_to_its_order(shop: Spread) -> None:
    shop.puts(1, 1)
    shop.set(region_id=None)
    receipt_id = shop.buys(2)
    shop.look()
    assert (shop.line(receipt_id).state, shop.available()) == ("booked", [0, 0])
    shop.set(**ORDERS)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])
    assert all(item["line_item_id"] for item in shop.world.reservations())


@ON_SQLITE
def test_a_cancellation_gives_both_back(shop: Spread) -> None:
    shop.puts(1, 1)
    receipt_id = shop.buys(2)
    shop.look()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available(), shop.world.reservations()) == ("canceled", [1, 1], [])


@ON_SQLITE
def test_a_draft_that_was_cut_otherwise_is_made_anew(shop: Spread) -> None:
    """The pieces were moved between the draft and its conversion."""
    shop.puts(3, 1)
    shop.world.medusa_fault("POST", "/admin/draft-orders/*/convert-to-order", "drop_before")
    receipt_id = shop.buys(4)
    shop.look()
    shop.puts(2, 2)
    for _ in range(2):
        later(shop)
        shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])
    assert [item["quantity"] for item in shop.order()["items"]] == [2, 2]


@ON_SQLITE
def test_what_lies_apart_as_medusa_cannot_send_it_waits_for_a_person(shop: Spread) -> None:
    shop.puts(3, 1)
    shop.world.sandbox.state.run("UPDATE medusa_item SET required_quantity = 2 WHERE variant_id = ?", shop.variant)
    rows = shop.variants()
    for variant in rows:
        if variant["id"] == shop.variant:
            variant["inventory_items"][0]["required_quantity"] = 2
    shop.world.medusa("PATCH", f"products/{shop.product_id}", {"set": {"variants": rows}})
    shop.puts(3, 1)
    receipt_id = shop.buys(2)
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem, shop.world.medusa_orders()) == ("needs_person", SCATTERED, [])
    assert shop.available() == [0, 0], "held meanwhile"
    assert shop.line(receipt_id).state == "booked"
    shop.puts(4, 0)
    with closing(shop.reservations()) as medusa:
        for item in shop.world.reservations():
            medusa.release(item["id"])
    for _ in range(3):
        shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])


@ON_SQLITE
def test_what_lies_where_the_orders_channel_does_not_sell_from_waits_and_stays_reserved(shop: Spread) -> None:
    channels = (ORDERS["sales_channel_id"], "sc_01M83X5JYXPVB264W1BKKPM47X")
    linked = zip(shop.places, channels, strict=True)
    places = [{"id": place, "name": place, "sales_channels": [{"id": channel}]} for place, channel in linked]
    shop.world.medusa("PUT", "stock-locations", {"stock_locations": places})
    shop.puts(0, 2)
    receipt_id = shop.buys(2)
    shop.look()
    held = shop.world.reservations()
    assert (shop.line(receipt_id).state, shop.available()) == ("booked", [0, 0])
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem, shop.world.medusa_orders()) == ("needs_person", SCATTERED, [])
    assert shop.world.reservations() == held, "not given away for a moment with each look"
    for place in places:
        place["sales_channels"] = [{"id": channel} for channel in channels]
    shop.world.medusa("PUT", "stock-locations", {"stock_locations": places})
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])


@ON_SQLITE
def test_on_a_day_with_many_orders_it_is_the_same(shop: Spread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MANY", 1)
    shop.puts(1, 1)
    receipt_id = shop.buys(2)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])


def reserved(line: str, *places: str) -> list[Reservation]:
    """What is reserved for a line of an order: a part of a kit at each of these."""
    return [Reservation(f"{line}{number}", f"part{number}", place, 1, "", line) for number, place in enumerate(places)]


def test_a_parcel_is_packed_at_one_location() -> None:
    held = [*reserved("mug", "north"), *reserved("jug", "south"), *reserved("set", "north", "north")]
    found = parcels(["card", "mug", "jug", "set"], held)
    assert found == [("north", ["mug", "set", "card"]), ("south", ["jug"])]
    assert parcels(["card"], []) == [(None, ["card"])]


@ON_SQLITE
def test_a_kit_whose_parts_lie_at_two_locations_is_packed_by_a_person(shop: Spread) -> None:
    receipt_id = shop.buys()
    shop.look()
    (line,) = shop.order()["items"]
    elsewhere = shop.levels(shop.variants()[1]["id"])[1]
    part, place = elsewhere["inventory_item_id"], elsewhere["location_id"]
    with closing(shop.reservations()) as medusa:
        medusa.reserve(part, place, 1, description="another part", line_item_id=line["id"])
    shop.world.shipped(receipt_id)
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem) == ("needs_person", KIT_APART.format(kept.medusa_order_id))
    assert shop.order()["fulfillments"] == []
    shop.world.medusa_sale_ends(kept.medusa_order_id or "", "fulfilled")
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.order()["fulfillment_status"]) == ("done", "shipped")


@ON_SQLITE
@pytest.mark.parametrize("when", ["before", "after"])
def test_of_two_codes_each_parcel_gets_one_and_a_person_is_told_that_it_may_be_the_others(
    shop: Spread, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    shop.puts(1, 1)
    receipt_id = shop.buys(2)
    for code in ("RR1", "RR2"):
        shop.world.shipped(receipt_id, tracking_code=code, carrier_name="usps")
    with killed_at("shipments", when, monkeypatch), pytest.raises(Killed):
        shop.look()
    later(shop)
    for _ in range(2):
        shop.look()
    labels = [[label["tracking_number"] for label in it["labels"]] for it in shop.order()["fulfillments"]]
    assert sorted(labels) == [["RR1"], ["RR2"]]
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", WHICH_IS_WHICH)


@ON_SQLITE
def test_where_somebody_was_quicker_nothing_counts_as_booked(shop: Spread, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last piece elsewhere goes between the conversion and the move: more is reserved than there is, and it says so."""
    shop.puts(1, 1)
    receipt_id = shop.buys(2)
    with killed_at("convert-to-order", "after", monkeypatch), pytest.raises(Killed):
        shop.look()
    assert shop.available() == [-1, 1], "as Medusa reserves two lines of one thing"
    shop.world.medusa_sale(shop.variant)
    later(shop)
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem) == ("needs_person", CROWDED.format(kept.medusa_order_id))
    assert (shop.line(receipt_id).state, shop.order()["payment_status"]) == ("oversold", "not_paid")
    assert shop.unbooked() == OpenSales({shop.variant: 2})
    shop.puts(1, 2)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("done", "booked")
    assert shop.available() == [0, 0]


STEPS = ("convert-to-order", "reservations", "DELETE", "fulfillments")  # the others: `test_killed_conversions.py`


def test_killed_at_any_step_each_piece_leaves_its_location_once(shop: Spread, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in STEPS:
        for when in ("before", "after"):
            shop.puts(1, 1)
            receipt_id = shop.buys(2)
            shop.world.shipped(receipt_id, tracking_code=f"RR{receipt_id}", carrier_name="usps")
            with killed_at(step, when, monkeypatch), pytest.raises(Killed):
                shop.look()
            later(shop)
            shop.look()
            told = f"killed {when} {step}"
            assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None), told
            assert (shop.stocked(), shop.available(), shop.world.reservations()) == ([0, 0], [0, 0], []), told


@ON_SQLITE
def test_a_move_is_not_made_again_while_its_answer_may_come(shop: Spread) -> None:
    shop.puts(1, 1)
    receipt_id = shop.buys(2)
    shop.world.medusa_fault("POST", "/admin/reservations", "drop_before")
    for _ in range(2):
        shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state, shop.available()) == (
        "open", "waiting", [-1, 1]
    )  # fmt: skip
    later(shop)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0])


@ON_SQLITE
def test_a_lost_answer_to_a_move_costs_a_look_and_nothing_else(shop: Spread) -> None:
    for fault in ("drop_before", "drop_after", "fail_before", "fail_after"):
        shop.puts(1, 1)
        receipt_id = shop.buys(2)
        shop.world.medusa_fault("POST", "/admin/reservations", fault)
        shop.look()
        later(shop)
        shop.look()
        assert (shop.receipt(receipt_id).state, shop.available()) == ("done", [0, 0]), fault
        shop.world.cancel(receipt_id)
        shop.look()
        assert (shop.available(), shop.world.reservations()) == ([1, 1], []), fault
