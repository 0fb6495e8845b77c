"""A world in which buyers buy on Etsy, and a shop that books that in Medusa."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Repetitions come at once."""
    with stamina.set_testing(testing=True, attempts=4):
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox with generous limits."""
    with a_world(tmp_path) as made:
        yield made


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `stock`."""
    return Selling.of(world, store)
