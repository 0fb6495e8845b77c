"""An order that can never be made is closed by hand, with a reason: nothing of it is reserved, or open, any more."""

import pytest

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.orders import views
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import activity, receipts
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import later
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World

WHY = "the buyer pays in cash"


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `orders`."""
    return Selling.of(world, store, mode="orders", **ORDERS)


def deeds(shop: Selling) -> list[tuple[str, str, str]]:
    """What was done by people to the shop's orders."""
    with shop.store.reading() as session:
        found, _ = activity.newest(session, account_id=shop.id, most=5)
    return [(done.done_by, done.deed, done.about) for done in found if "order" in done.about]


def refusal(shop: Selling, receipt_id: int, reason: str) -> str:
    """Why an order is not closed."""
    with pytest.raises(BadRequest) as problem:
        shop.closes(receipt_id, reason)
    return problem.value.code


@pytest.mark.parametrize("bad", ["currency", "quantity"])
def test_what_cannot_be_made_is_closed_and_nothing_of_it_is_open_or_reserved(shop: Selling, bad: str) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = shop.buys(bad=bad)
    shop.look()
    assert shop.receipt(receipt_id).state == "needs_person"
    shop.closes(receipt_id, f"  {WHY} ", by=Doer("Ada", "cli"))
    assert shop.receipt(receipt_id).state == "done", "seen at once to be over"
    assert shop.receipt(receipt_id).settled_at is not None
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem, kept.settled_at is not None) == ("done", None, True)
    assert (shop.unbooked(), shop.world.medusa_orders(), shop.world.reservations()) == (OpenSales(), [], [])
    assert shop.world.medusa_stock(shop.variant) == before
    assert deeds(shop) == [("Ada", "order_closed", f"order {receipt_id}: {WHY}")]


@ON_SQLITE
def test_what_is_closed_stays_closed_when_its_buyer_calls_it_off(shop: Selling) -> None:
    receipt_id = shop.buys(bad="currency")
    shop.look()
    shop.closes(receipt_id, WHY)
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.world.medusa_orders()) == ("canceled", [])


@ON_SQLITE
def test_who_comes_second_is_told_who_closed_it_and_why(shop: Selling) -> None:
    receipt_id = shop.buys(bad="currency")
    shop.look()
    shop.closes(receipt_id, WHY, by=Doer("Ada", "cli"))
    with pytest.raises(BadRequest, match=f"closed by Ada: {WHY}") as problem:
        shop.closes(receipt_id, "twice")
    assert problem.value.code == "order_not_waiting"
    found = views.order(shop.store, shop.id, receipt_id)
    assert (found["closed_by"], found["closed_because"]) == ("Ada", WHY)


@ON_SQLITE
def test_one_that_medusa_has_a_draft_of_is_over_only_once_that_was_looked_at(shop: Selling) -> None:
    receipt_id = shop.buys(bad="currency")
    shop.look()
    with shop.store.writing() as session:
        receipts.change(session, shop.id, receipt_id, medusa_draft_id="order_elsewhere")
    shop.closes(receipt_id, WHY)
    assert shop.receipt(receipt_id).state == "open"
    shop.look()
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_in_mode_stock_one_of_which_a_part_cannot_be_read_is_closed_too(world: World, store: Store) -> None:
    shop = Selling.of(world, store)
    receipt_id = shop.buys()
    shop.look()
    with store.writing() as session:
        totals = {**shop.receipt(receipt_id).totals, "unread_lines": 1}
        receipts.change(session, shop.id, receipt_id, totals=totals, state="open")
    shop.look()
    assert shop.receipt(receipt_id).state == "needs_person"
    shop.closes(receipt_id, WHY)
    shop.look()
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_what_waits_for_nobody_or_is_in_medusa_is_not_closed_nor_anything_without_a_reason(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    refused = [refusal(shop, receipt_id, reason) for reason in (" ", "x" * 401, WHY)]
    shop.world.refund(receipt_id)
    shop.look()
    refused.append(refusal(shop, receipt_id, WHY))
    assert refused == ["reason_missing", "reason_too_long", "order_not_waiting", "order_in_medusa"]
    assert deeds(shop) == []


@ON_SQLITE
def test_one_whose_order_was_canceled_in_medusa_alone_is_closed(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.medusa_sale_ends(shop.receipt(receipt_id).medusa_order_id or "", "canceled")
    shop.world.shipped(receipt_id)
    shop.look()
    assert shop.receipt(receipt_id).state == "needs_person"
    shop.closes(receipt_id, WHY)
    shop.look()
    assert (shop.receipt(receipt_id).state, len(shop.world.medusa_orders())) == ("canceled", 1)


@ON_SQLITE
def test_while_an_answer_of_medusas_may_be_on_its_way_nothing_is_closed(shop: Selling) -> None:
    shop.set(region_id=None)
    shop.world.medusa_fault("POST", "/admin/reservations", "drop_before")
    receipt_id = shop.buys()
    shop.look()
    assert (refusal(shop, receipt_id, WHY), shop.receipt(receipt_id).state) == ("order_being_made", "needs_person")
    later(shop)
    shop.closes(receipt_id, WHY)
    shop.look()
    shop.store.clock = None
    assert (shop.receipt(receipt_id).state, shop.world.reservations()) == ("done", [])
