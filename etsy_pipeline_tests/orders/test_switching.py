"""Orders are switched off and on, and begin at another moment: what is known goes on, and nothing waits for a day."""

from datetime import timedelta

from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import LONG_AGO, Selling


@ON_SQLITE
def test_what_was_canceled_while_orders_were_off_comes_back_when_they_are_on_again(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.set(mode="off")
    shop.world.cancel(receipt_id)
    unseen = shop.buys()
    shop.set(mode="observe")
    shop.look(at_once=False)
    assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "canceled")
    assert shop.world.reservations() == []
    assert not shop.is_kept(unseen), "it was sold while orders were off"


@ON_SQLITE
def test_an_earlier_beginning_is_read_with_the_next_look(shop: Selling) -> None:
    shop.set(since=(shop.store.now() + timedelta(hours=1)).isoformat())
    receipt_id = shop.buys()
    shop.look()
    assert not shop.is_kept(receipt_id)
    shop.set(since=LONG_AGO)
    shop.look(at_once=False)
    assert shop.line(receipt_id).state == "booked"
