"""The doctor tells of each shop whose orders are read: what Etsy grants and tells, how far it got, what waits."""

import pytest

from etsy_pipeline.orders import checkup
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling, connect_again
from etsy_pipeline_tests.world import World


@ON_SQLITE
def test_what_is_known_and_what_waits(world: World, store: Store) -> None:
    shop = Selling.of(world, store, mode="off")
    assert not checkup.are_read(shop.account)
    shop.set(mode="stock", since="2010-01-01T00:00:00Z")
    assert checkup.are_read(shop.account)
    is_good, told = checkup.told(store, shop.account)
    assert is_good is False
    assert "transactions_r is not granted: connect the shop again" in told
    connect_again(world, store, shop.id)
    is_good, told = checkup.told(store, shop.account)
    assert (is_good, "never read yet" in told, "addresses: not known yet" in told) == (None, True, True)
    assert "1 listings get more pieces only once a person agrees" in told
    shop.buys(bad="quantity")
    shop.buys()
    shop.look()
    is_good, told = checkup.told(store, shop.account)
    assert is_good is None, "nothing is wrong, and a person is waited for"
    for words in ("read until 20", "addresses: not told to this key", "1 orders need a person", "1 lines need a link"):
        assert words in told
    assert "95 % within" in told


@ON_SQLITE
@pytest.mark.usefixtures("no_waiting")
def test_why_orders_are_not_read(shop: Selling) -> None:
    shop.fault(operation="getShopReceipts", kind="status", status=500, times=99)
    shop.look()
    is_good, told = checkup.told(shop.store, shop.account)
    assert (is_good, "etsy" in told.casefold()) == (False, True)
