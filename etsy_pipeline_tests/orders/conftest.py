"""A world in which buyers buy on Etsy, and a shop that books that in Medusa."""

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `stock`."""
    return Selling.of(world, store)
