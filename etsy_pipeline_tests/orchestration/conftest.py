"""A sandbox that the environment points at, as it would for `dagster dev`, and the store beside it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from etsy_pipeline import wiring
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture(autouse=True)
def _embedded_database(_nobodys_settings: None, migrated: Path) -> None:
    """It is there, with all tables."""
    home = Path(os.environ["ETSY_PIPELINE_HOME"])
    home.mkdir()
    shutil.copy(migrated, home / "etsy_pipeline.db")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A running sandbox."""
    with a_world(tmp_path) as made:
        for name, value in made.sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    """The embedded database, where Dagster's processes find it."""
    opened = wiring.store_of(world.settings)
    yield opened
    opened.close()


@pytest.fixture
def dagster(world: World, store: Store) -> Iterator[Dagster]:
    """A person at the Dagster UI, and a connected shop."""
    account = world.connected(store)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account.id])
        yield Dagster(world, store, account, instance)
