"""From the moment at which orders are booked Medusa's stock counts: a person agrees with the first raises (ORDERS §11).

What Etsy sold before that moment is in no book. Medusa has these pieces still, and would offer them on Etsy again.
"""

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import Conflict
from etsy_pipeline.orders import dirty
from etsy_pipeline.store import medusa_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync.approvals import approve_by_policy
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.both import PIECES, Both
from etsy_pipeline_tests.orders.selling import connect_again
from etsy_pipeline_tests.publishing.shop import variant_id
from etsy_pipeline_tests.world import World

SOLD_BEFORE = 3


@pytest.fixture
def both(world: World, store: Store) -> Both:
    """Etsy sold three pieces before its orders were booked; whatever can be is approved by policy."""
    shop = Both.of(world, store, mode="off", pieces=PIECES)
    assert isinstance(shop, Both)
    shop.buys(SOLD_BEFORE)
    configure.configure(store, shop.id, {"approval.auto_approve": True, "approval.lower_stock": True})
    return shop


def switched_on(both: Both, since: str = "2100-01-01T00:00:00Z") -> None:
    both.set(mode="stock", since=since)
    connect_again(both.world, both.store, both.id)


def brakes(both: Both, job: EtsySyncJob) -> list[str]:
    (item,) = both.items(job)
    return [brake.code for brake in item.plan.brakes]


@pytest.mark.parametrize("before", ["off", "observe"])
def test_the_first_plan_that_would_raise_waits_for_a_person_and_says_why(both: Both, before: str) -> None:
    both.set(mode=before)
    switched_on(both)
    job = both.plan_now()
    (item,) = both.items(job)
    (brake,) = item.plan.brakes
    assert (brake.code, "7 → 10" in brake.message, "no book" in brake.message) == ("first_raise", True, True)
    with pytest.raises(Conflict, match=both.product_id) as refused:
        approve_by_policy(both.store, job.transaction_id, amount_unit="major")
    assert refused.value.code == "approval_needs_person"
    assert both.for_sale() == PIECES - SOLD_BEFORE


def test_a_person_agrees_once(both: Both) -> None:
    switched_on(both)
    both.world.restock(both.variant, PIECES - 1)
    both.carry_out(both.plan_now())
    assert both.for_sale() == PIECES - 1
    both.world.restock(both.variant, PIECES + 2)
    job = both.plan_now()
    assert (brakes(both, job), job.for_a_person) == ([], ())


def test_fewer_pieces_wait_for_nobody_and_agree_to_nothing(both: Both) -> None:
    switched_on(both)
    both.world.restock(both.variant, 5)
    lower = both.plan_now()
    assert (brakes(both, lower), lower.for_a_person) == ([], ())
    both.carry_out(lower)
    assert both.for_sale() == 5
    both.world.restock(both.variant, 6)
    assert brakes(both, both.plan_now()) == ["first_raise"]


@ON_SQLITE
@pytest.mark.parametrize("since", ["2090-01-01T00:00:00Z", "2110-01-01T00:00:00Z"])
def test_another_beginning_asks_again(both: Both, since: str) -> None:
    switched_on(both)
    both.carry_out(both.plan_now())
    both.world.restock(both.variant, PIECES + 2)
    both.set(return_refunded=True)
    assert brakes(both, both.plan_now()) == [], "other settings of orders change nothing"
    both.set(since=since)
    assert "first_raise" in brakes(both, both.plan_now())


@ON_SQLITE
def test_what_is_left_out_is_asked_about_again(both: Both) -> None:
    switched_on(both)
    both.approve(both.plan_now(), excluded_products=[both.product_id])
    assert brakes(both, both.plan_now()) == ["first_raise"]


@ON_SQLITE
def test_a_raise_that_was_approved_before_the_switch_is_not_sent_after_it(both: Both) -> None:
    both.world.restock(both.variant, PIECES + 2)
    job = both.approve(both.plan_now(ask_orders=None))
    switched_on(both)
    both.publish(job, ask_orders=both.ask)
    assert both.for_sale() == PIECES - SOLD_BEFORE
    (item,) = both.items(job)
    assert "nobody has agreed" in (item.note or item.error_message or "")


@ON_SQLITE
def test_fewer_pieces_do_not_wait_with_more_pieces_of_another_product(world: World, store: Store) -> None:
    """A change of stock of two products: one is lowered at once, the other one's first raise is a plan of its own."""
    more, fewer = world.product_ids("clean")[0], world.product_ids("two_locations")[0]
    world.keep_only(more, fewer)
    shop = Both(world, store, world.connected(store))
    shop.sync()
    switched_on(shop)
    configure.configure(store, shop.id, {"approval.lower_stock": True})
    world.restock(variant_id(shop, more), 500)
    world.restock(variant_id(shop, fewer), 1)
    job = shop.plan_now(trigger="stock", covers_selection=False)
    assert {item.product_id: item.plan.action for item in shop.items(job)} == {more: "skip", fewer: "update"}
    assert (job.for_a_person, job.totals.changes) == ((), 1)
    with store.reading() as session:
        again = [item.id for item in medusa_changes.of_kinds(session, dirty.KINDS)]
    assert again == [more]
    shop.carry_out(job)
    products = [item for item in shop.products() if item.product_id == more]
    rest = shop.plan_now(validated=products, trigger="stock", covers_selection=False)
    assert brakes(shop, rest) == ["first_raise"]
