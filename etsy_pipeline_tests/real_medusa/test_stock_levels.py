"""The quick look at a real Medusa's stock: what an order reserves is seen, and of which product it is."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.orders import dirty, stock_poll
from etsy_pipeline.store import medusa_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa.goods import a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.server import KEY, ON_DEMAND, URL

pytestmark = ON_DEMAND


@pytest.fixture
def levels() -> Iterator[InventoryLevels]:
    with closing(InventoryLevels(AdminApi(URL or "", KEY or "", Patience()))) as found:
        yield found


def test_a_reservation_is_a_change_of_that_product(seed: Seed, levels: InventoryLevels, sqlite_store: Store) -> None:
    (product,) = seed.make([a_good("counted")]).values()
    try:
        assert stock_poll.look_at_stock(sqlite_store, levels) > 0
        assert stock_poll.look_at_stock(sqlite_store, levels) == 0, "nothing happened"
        with sqlite_store.writing() as session:
            medusa_changes.drop(session, medusa_changes.of_kinds(session, dirty.KINDS))
        seed.reserve(product, 1)
        assert stock_poll.look_at_stock(sqlite_store, levels) == 1
        with sqlite_store.reading() as session:
            (change,) = medusa_changes.of_kinds(session, (dirty.ITEM,))
        assert levels.products_by_part([product["id"]])[change.id] == {product["id"]}
    finally:
        seed.remove(product["id"])
