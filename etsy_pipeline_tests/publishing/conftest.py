"""A world and a connected shop for tests of publishing; repetitions come at once."""

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World


@pytest.fixture
def shop(world: World, store: Store) -> Shop:
    """A connected shop."""
    return Shop(world, store, world.connected(store))
