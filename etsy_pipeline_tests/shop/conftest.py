"""A shop with a history for tests of deciding, on both kinds of database; the sandbox is the module's."""

from collections.abc import Iterator

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox with generous limits."""
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def owner(world: World, store: Store) -> Owner:
    """The owner of a connected shop that has no listings; Medusa is empty."""
    world.etsy("POST", "reset", {})
    world.keep_only()
    return Owner(world, store, world.connected(store))
