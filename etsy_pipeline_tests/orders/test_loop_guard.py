"""The loop guard on a real wire: what Etsy sold is not offered again, nor taken off twice, and Medusa's stock is the end."""

from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.orders.asking import asking, book_before_stock_is_read
from etsy_pipeline.store import open_sales
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World

PIECES = 10


class Both(Selling):
    """A shop that plans and publishes as the real thing does: orders are read before the stock, and after listings."""

    def ask(self) -> None:
        asking(self.store, lambda: wiring.receipt_client(self.world.settings, self.store, self.id), self.id)()

    def book(self) -> str:
        settings = self.world.settings
        return book_before_stock_is_read(
            self.store, lambda: wiring.receipt_client(settings, self.store, self.id), self.reservations, self.id
        )

    def plan_now(self, **changes: Any) -> EtsySyncJob:
        read_at = self.store.now()
        products = list(self.products())
        values: dict[str, Any] = {"validated": products, "stock_read_at": read_at, "ask_orders": self.ask}
        return self.plan(**(values | changes))

    def carry_out(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        self.approve(job)
        values: dict[str, Any] = {"ask_orders": self.ask}
        return self.publish(job, **(values | changes))

    def goes_both_ways(self) -> EtsySyncJob:
        self.book()
        return self.carry_out(self.plan_now())

    def for_sale(self) -> int:
        client = wiring.shop_client(self.world.settings, self.store, self.id)
        found = client.live_listings([self.listing_id])[self.listing_id].inventory
        assert found is not None
        return sum(item.for_sale for item in found.offerings)

    def reason(self, job: EtsySyncJob) -> str:
        (item,) = self.items(job)
        return item.plan.reason


@pytest.fixture
def both(world: World, store: Store) -> Both:
    shop = Both.of(world, store, pieces=PIECES)
    assert isinstance(shop, Both)
    assert shop.for_sale() == PIECES
    return shop


def cannot_be_read() -> None:
    raise Unavailable("Etsy is away.", code="etsy_unavailable", hint="Later.")


def test_a_sale_is_booked_in_medusa_and_nothing_is_sent_to_etsy(both: Both) -> None:
    both.buys(3)
    job = both.goes_both_ways()
    assert (both.world.medusa_stock(both.variant)["available"], both.for_sale()) == (PIECES - 3, PIECES - 3)
    assert job.state == "nothing_to_do"


@ON_SQLITE
def test_new_pieces_come_to_etsy_once_everything_is_booked(both: Both) -> None:
    """Also a few, which are fewer than there were before the sale."""
    both.buys(3)
    both.world.restock(both.variant, PIECES + 1)
    assert both.goes_both_ways().state == "completed"
    assert both.for_sale() == both.world.medusa_stock(both.variant)["available"] == PIECES - 2
    assert both.goes_both_ways().state == "nothing_to_do", "and then it is quiet"


def test_until_a_sale_is_booked_nothing_is_raised(both: Both) -> None:
    both.buys(3)
    both.world.restock(both.variant, PIECES + 5)
    job = both.plan_now()
    assert job.state == "nothing_to_do"
    assert "booked" in both.reason(job)
    assert both.for_sale() == PIECES - 3


@ON_SQLITE
def test_what_medusa_sold_is_taken_off_all_the_same_less_what_is_not_booked(both: Both) -> None:
    both.buys(3)
    both.world.medusa_sale(both.variant, 4)
    both.ask()
    both.look()
    both.carry_out(both.plan_now())
    assert both.for_sale() == both.world.medusa_stock(both.variant)["available"] == PIECES - 7


@ON_SQLITE
def test_where_orders_cannot_be_read_only_fewer_pieces_are_sent(both: Both) -> None:
    both.world.restock(both.variant, PIECES + 5)
    job = both.plan_now(ask_orders=cannot_be_read)
    assert job.state == "nothing_to_do"
    assert "not read" in both.reason(job)
    both.world.restock(both.variant, 4)
    assert both.carry_out(both.plan_now(ask_orders=cannot_be_read), ask_orders=cannot_be_read).state == "completed"
    assert both.for_sale() == 4


def test_a_sale_after_the_plan_stops_the_raise_at_the_last_moment(both: Both) -> None:
    both.world.restock(both.variant, PIECES + 5)
    job = both.plan_now()
    both.buys(2)
    both.carry_out(job)
    assert both.for_sale() == PIECES - 2
    both.goes_both_ways()
    assert both.for_sale() == both.world.medusa_stock(both.variant)["available"] == PIECES + 3


@ON_SQLITE
def test_where_orders_cannot_be_read_any_more_an_approved_raise_is_not_sent(both: Both) -> None:
    both.world.restock(both.variant, PIECES + 5)
    both.carry_out(both.plan_now(), ask_orders=cannot_be_read)
    assert both.for_sale() == PIECES


def test_of_what_was_booked_while_stock_was_read_nobody_knows_whether_it_counts(both: Both, store: Store) -> None:
    both.buys(3)
    both.look()
    listings = {both.listing_id: both.product_id}
    with store.reading() as session:
        later = open_sales.of_listings(session, both.id, listings, store.now() + timedelta(seconds=1))
        before = open_sales.of_listings(session, both.id, listings, store.now() - timedelta(minutes=5))
    assert later == {}
    assert before[both.listing_id].is_frozen
    assert not before[both.listing_id].pieces


@ON_SQLITE
def test_a_shop_that_only_observes_is_planned_as_ever(both: Both) -> None:
    both.set(mode="observe")
    both.buys(3)
    both.look()
    both.world.restock(both.variant, PIECES + 1)
    both.carry_out(both.plan_now(ask_orders=None), ask_orders=None)
    assert both.for_sale() == PIECES + 1, "a rise above what was published is a rise"
