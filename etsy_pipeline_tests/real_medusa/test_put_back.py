"""Many orders at once in a real Medusa, and what is no longer there: as after a restore, of it or of our books."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.orders import by_hand
from etsy_pipeline.orders.known import MANY
from etsy_pipeline.sales.booking import MARKS_BEGIN
from etsy_pipeline.store import receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.orders.selling import forget
from etsy_pipeline_tests.real_medusa.goods import STUDIO, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND

pytestmark = ON_DEMAND
GOOD, PIECES, COUNT = "many", 60, MANY + 2


@pytest.fixture
def shop(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(GOOD, stock={STUDIO: PIECES})) as sold:
        sold.begins_to_follow()
        yield sold


def lists(asked: list[str]) -> int:
    """How often orders were asked for by the page."""
    return asked.count("GET draft-orders") + asked.count("GET orders")


def marks(shop: Sold) -> list[Json]:
    """What is reserved of the product by a line's mark."""
    query = {"inventory_item_id[]": shop.parts(GOOD), "description[$like]": f"{MARKS_BEGIN}%"}
    return shop.seed.server.every("reservations", "id,description", **query)


def made(shop: Sold, bought: list[int]) -> dict[str, int]:
    """Which receipt each order and draft in Medusa is of."""
    return {
        row["id"]: int(row["metadata"]["etsy_receipt"])
        for what in ("orders", "draft-orders")
        for row in shop.seed.server.every(what, "id,metadata", q="etsy-")
        if int((row["metadata"] or {}).get("etsy_receipt") or 0) in bought
    }


def test_many_orders_are_found_by_pages_and_made_once_whatever_our_books_forgot(
    shop: Sold, etsys: Etsys, what_medusa_is_asked: list[str]
) -> None:
    """They were reserved by their marks, then the shop went over to orders, then our books were put back, twice."""
    shop.set("stock")
    bought = [shop.buys(GOOD, 1) for _ in range(COUNT)]
    shop.look()
    assert (len(marks(shop)), shop.stock(GOOD)) == (COUNT, [(PIECES, COUNT)])
    with shop.store.writing() as session:
        for receipt_id in bought:
            receipts.change(session, shop.id, receipt_id, mode="orders")
    shop.set("orders", **etsys.settings)
    forget(shop.store, shop.id, bought)
    before = len(made(shop, bought))
    what_medusa_is_asked.clear()
    assert sorted(shop.look().converted.done) == bought
    assert lists(what_medusa_is_asked) < 2 * COUNT, "one draft each, the rest by pages"
    first = made(shop, bought)
    assert (before, Counter(first.values())) == (0, Counter(bought))
    assert (marks(shop), shop.stock(GOOD)) == ([], [(PIECES, COUNT)])
    forget(shop.store, shop.id, bought)
    what_medusa_is_asked.clear()
    assert sorted(shop.look().converted.done) == bought
    assert lists(what_medusa_is_asked) < COUNT
    assert (made(shop, bought), shop.stock(GOOD)) == (first, [(PIECES, COUNT)])


def test_what_medusa_lost_waits_for_a_person_and_is_not_sold_again(shop: Sold) -> None:
    shop.set("stock")
    to_send, sent = shop.buys(GOOD, 2), shop.buys(GOOD, 3)
    shop.look()
    shop.follows()
    shop.world.shipped(sent)
    shop.look()
    for row in marks(shop):
        shop.seed.server.delete(f"reservations/{row['id']}")
    with shop.store.reading() as session:
        (line,) = sales.of_receipt(session, shop.id, to_send)
    assert shop.look().lost == [line.transaction_id]
    assert (shop.states(to_send), shop.receipt(to_send).state) == (["needs_link"], "needs_person")
    assert shop.states(sent) == ["booked"], "somebody may have taken them off the stock"
    assert [job.state for job in shop.follows()] == ["nothing_to_do"]
    assert shop.for_sale(GOOD) == PIECES - 5, "sold is sold, though Medusa has them again"
    with closing(wiring.reservations_of(shop.world.settings, settings_of(shop.account).sold_from)) as medusa:
        named = {"product_id": shop.goods[GOOD]["id"], "variant_id": shop.goods[GOOD]["variants"][0]["id"]}
        by_hand.choose_variant(shop.store, medusa, shop.id, line.transaction_id, **named)
    shop.look()
    assert (shop.states(to_send), shop.stock(GOOD)) == (["booked"], [(PIECES, 2)])
    (item,) = shop.items(shop.plans([shop.goods[GOOD]["id"]]))
    assert [brake.code for brake in item.plan.brakes] == ["first_raise"], "whether the parcel is off the stock"
