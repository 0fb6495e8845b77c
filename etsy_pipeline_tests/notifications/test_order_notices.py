"""People are told once of sales that cannot be booked, of late ones, and of orders that nobody reads."""

from datetime import timedelta

from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World


def told(store: Store, *, hours: float = 0) -> list[Notice]:
    """What one receiver gets now, or so much later."""
    taken: list[Notice] = []
    now = store.now() + timedelta(hours=hours)
    receiver, pages = Receiver("a"), "https://pages.test"
    send_what_is_due(store, [receiver], lambda _, notice: taken.append(notice), now=lambda: now, pages=pages)
    return [notice for notice in taken if not notice.transaction_id.startswith("wf_")]


def test_an_order_that_cannot_be_made_and_orders_that_are_not_read_are_told_once(
    world: World, sqlite_store: Store
) -> None:
    shop = Selling.of(world, sqlite_store, mode="orders", **ORDERS | {"region_id": "reg_sandbox_us"})
    receipt_id = shop.buys()
    shop.look()
    (notice,) = told(sqlite_store)
    assert (notice.event, notice.status) == (f"orders:{receipt_id}", "has orders that wait for a person")
    assert "switch automatic taxes off" in notice.told
    assert told(sqlite_store) == []
    assert "does not read its orders" in {notice.status for notice in told(sqlite_store, hours=3)}


def test_what_is_oversold_or_not_known_is_told_once_and_the_next_one_again(world: World, sqlite_store: Store) -> None:
    shop = Selling.of(world, sqlite_store)
    shop.world.restock(shop.variant, 0)
    first, unknown = shop.buys(), shop.buys(bad="listing")
    shop.look()
    found = {notice.event.partition(":")[0]: notice for notice in told(sqlite_store)}
    assert set(found) == {"oversold", "needs_link"}
    assert str(first) in found["oversold"].told
    assert str(unknown) in found["needs_link"].told
    assert told(sqlite_store) == []
    shop.buys()
    shop.look()
    assert [notice.event.partition(":")[0] for notice in told(sqlite_store)] == ["oversold"]


def test_a_sale_that_waits_for_too_long_is_told(world: World, sqlite_store: Store) -> None:
    shop = Selling.of(world, sqlite_store)
    shop.buys()
    shop.world.medusa_fault("POST", "/admin/reservations", "fail_before", 50)
    shop.look()
    assert told(sqlite_store) == []
    (notice,) = told(sqlite_store, hours=1)
    assert notice.page == f"https://pages.test/review/accounts/{shop.id}/orders"
    assert "wait to be booked" in notice.status
