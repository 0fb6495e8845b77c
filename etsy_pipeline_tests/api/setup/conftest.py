"""Somebody who sets everything up, with the sandbox of the module."""

from collections.abc import Iterator

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.setup.world import Owner, a_visitor, nothing_is_set
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.world import World


@pytest.fixture
def visitor(world: World, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    nothing_is_set(world, monkeypatch)
    with a_visitor(sqlite_store) as made:
        yield made


@pytest.fixture
def owner(world: World, visitor: Visitor) -> Owner:
    return Owner(world, visitor)
