"""Where the pieces of an order lie in a real Medusa, and where the shop sells from: nothing is done by halves."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.orders.medusa_order import KIT_APART, SCATTERED
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa.goods import STALL, STUDIO, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND

pytestmark = ON_DEMAND
KIT, BOWL = "set", "bowl"


@pytest.fixture
def kits(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    """It sells sets of two candles and a lid."""
    mark = secrets.token_hex(4)
    parts = {f"candle-{mark}": (2, 4), f"lid-{mark}": (1, 4)}
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(KIT, stock={}, parts=parts)) as sold:
        sold.set("orders", **etsys.settings)
        yield sold


@pytest.fixture
def bowls(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    """It sells a bowl that lies at two locations."""
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(BOWL, stock={STUDIO: 5, STALL: 3})) as sold:
        sold.set("orders", **etsys.settings)
        yield sold


def puts(shop: Sold, part: int, name: str, place: str, stocked: int) -> None:
    """So many pieces of a part of a product at a location."""
    path, location_id = f"inventory-items/{shop.parts(name)[part]}/location-levels", place_id(shop, place)
    if location_id in lies(shop, name, part):
        shop.seed.server.post(f"{path}/{location_id}", {"stocked_quantity": stocked})
    else:
        shop.seed.server.post(path, {"location_id": location_id, "stocked_quantity": stocked})


def place_id(shop: Sold, place: str) -> str:
    return shop.seed.id_of("stock-locations", place)


def lies(shop: Sold, name: str, part: int) -> dict[str, tuple[int, int]]:
    """Stocked and reserved, by the location's id."""
    levels = ",".join(f"location_levels.{it}" for it in ("location_id", "stocked_quantity", "reserved_quantity"))
    item: Json = shop.seed.server.get(f"inventory-items/{shop.parts(name)[part]}", fields=levels)["inventory_item"]
    rows = item["location_levels"]
    return {row["location_id"]: (row["stocked_quantity"], row["reserved_quantity"]) for row in rows}


def part_of(shop: Sold, takes: int) -> int:
    """Which of the parts one set takes so many of; Medusa gives them in any order."""
    fields = "variants.inventory_items.inventory_item_id,variants.inventory_items.required_quantity"
    product = shop.seed.server.get(f"products/{shop.goods[KIT]['id']}", fields=fields)["product"]
    ids = {it["required_quantity"]: it["inventory_item_id"] for it in product["variants"][0]["inventory_items"]}
    return shop.parts(KIT).index(ids[takes])


def test_a_kit_whose_parts_lie_apart_is_an_order_that_is_packed_by_a_person(kits: Sold) -> None:
    """Medusa reserves each part where it is; a parcel is packed at one location."""
    lid, candle = part_of(kits, 1), part_of(kits, 2)
    puts(kits, lid, KIT, STALL, 4)
    puts(kits, lid, KIT, STUDIO, 0)
    receipt_id = kits.buys(KIT, 1)
    kits.look(2)
    assert (kits.receipt(receipt_id).state, kits.states(receipt_id)) == ("done", ["booked"])
    kits.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    kits.look(3)
    kept = kits.receipt(receipt_id)
    assert (kept.state, kept.problem) == ("needs_person", KIT_APART.format(kept.medusa_order_id))
    assert kits.order(receipt_id)["fulfillments"] == []
    assert lies(kits, KIT, candle)[place_id(kits, STUDIO)] == (4, 2)
    assert lies(kits, KIT, lid)[place_id(kits, STALL)] == (4, 1)


def test_of_a_kit_what_one_set_takes_of_a_part_has_to_be_at_one_location(kits: Sold) -> None:
    candle, lid = part_of(kits, 2), part_of(kits, 1)
    puts(kits, candle, KIT, STUDIO, 1)
    puts(kits, candle, KIT, STALL, 1)
    receipt_id = kits.buys(KIT, 1)
    kits.look(3)
    kept = kits.receipt(receipt_id)
    assert (kept.state, kept.problem, kept.medusa_order_id) == ("needs_person", SCATTERED, None)
    assert sorted(lies(kits, KIT, candle).values()) == [(1, 1), (1, 1)], "held meanwhile, with all its parts"
    assert sum(held for _, held in lies(kits, KIT, lid).values()) == 1
    kits.world.cancel(receipt_id)
    kits.look(2)
    assert kits.receipt(receipt_id).state == "canceled"
    assert [held for part in (candle, lid) for _, held in lies(kits, KIT, part).values() if held] == []


def test_what_is_reserved_where_the_shop_does_not_sell_from_is_moved(bowls: Sold) -> None:
    """Medusa takes the first location of the channel, whatever the shop's setting says."""
    for place, other in ((STUDIO, STALL), (STALL, STUDIO)):
        configure.configure(bowls.store, bowls.id, {"stock_locations": [place_id(bowls, place)]})
        before = bowls.places(BOWL)
        receipt_id = bowls.buys(BOWL, 2)
        bowls.look(2)
        assert (bowls.receipt(receipt_id).state, bowls.states(receipt_id)) == ("done", ["booked"])
        there = bowls.places(BOWL)
        assert (there[place], there[other]) == ((before[place][0], 2), before[other])
        bowls.world.shipped(receipt_id, tracking_code=f"RR-{place}", carrier_name="usps")
        bowls.look(2)
        assert bowls.receipt(receipt_id).problem is None
        assert bowls.places(BOWL) == {place: (before[place][0] - 2, 0), other: before[other]}
        assert [it["location_id"] for it in bowls.order(receipt_id)["fulfillments"]] == [place_id(bowls, place)]


def test_a_setting_that_changes_after_an_order_was_made_moves_nothing_of_it(bowls: Sold) -> None:
    configure.configure(bowls.store, bowls.id, {"stock_locations": [place_id(bowls, STUDIO)]})
    receipt_id = bowls.buys(BOWL, 2)
    bowls.look()
    configure.configure(bowls.store, bowls.id, {"stock_locations": [place_id(bowls, STALL)]})
    bowls.look(2)
    assert bowls.places(BOWL) == {STUDIO: (5, 2), STALL: (3, 0)}
    bowls.world.cancel(receipt_id)
    bowls.look(2)
    assert bowls.places(BOWL) == {STUDIO: (5, 0), STALL: (3, 0)}
