"""The loop guard on a real wire: what Etsy sold is not offered again, nor taken off twice, and Medusa's stock is the end."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.store import open_sales
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.both import PIECES, Both, cannot_be_read, medusa_is_away
from etsy_pipeline_tests.world import World


@pytest.fixture
def both(world: World, store: Store) -> Both:
    shop = Both.of(world, store, pieces=PIECES)
    assert isinstance(shop, Both)
    assert shop.for_sale() == PIECES
    return shop


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


def test_what_is_sold_between_the_looks_is_seen_by_the_second_one(both: Both) -> None:
    """The listing was looked at, then three were sold: Etsy has fewer by now than what is about to be sent."""

    def sold_meanwhile() -> None:
        both.buys(3)
        both.ask()

    both.world.medusa_sale(both.variant, 2)
    both.carry_out(both.plan_now(), ask_orders=sold_meanwhile)
    assert both.for_sale() == PIECES - 3, "eight would be one more than Etsy has, and five are left"


@ON_SQLITE
def test_where_medusa_is_away_an_approved_raise_is_not_sent(both: Both) -> None:
    """What was sold and booked since the plan is in a stock that nobody can read."""
    both.world.restock(both.variant, PIECES + 5)
    job = both.plan_now()
    both.buys(2)
    both.look()
    both.carry_out(job, source=medusa_is_away)
    assert both.for_sale() == PIECES - 2


@ON_SQLITE
def test_a_sale_that_is_booked_while_the_publisher_reads_medusa_stops_the_raise(both: Both) -> None:
    source = both.source()

    def read_and_then_booked(product_ids: Sequence[str]) -> Mapping[str, ValidatedListing]:
        found = source(product_ids)
        both.look()
        return found

    both.world.restock(both.variant, PIECES + 5)
    job = both.plan_now()
    both.buys(2)
    both.carry_out(job, source=read_and_then_booked)
    assert both.for_sale() == PIECES - 2, "the stock that was read lacks these two"


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
