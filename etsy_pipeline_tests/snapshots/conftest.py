"""The places in which snapshots may lie; the object store is moto, over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.snapshots.places import place_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.snapshots.object_server import bucket, object_server

EVERY_PLACE = [
    pytest.param("sqlite", "file:{folder}", id="folder"),
    pytest.param("sqlite", "db:", id="sqlite"),
    pytest.param("postgresql", "db:", id="postgresql"),
    pytest.param("sqlite", "s3://tables/of/a/shop", id="s3"),
]


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an object store with a bucket `tables`."""
    with object_server(tmp_path_factory.mktemp("moto")) as address:
        bucket(address, "tables")
        yield address


@pytest.fixture
def aws(object_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, named by the standard variables."""
    named = {"AWS_ENDPOINT_URL": object_store, "AWS_ACCESS_KEY_ID": "AKIAOURS", "AWS_SECRET_ACCESS_KEY": "very-secret"}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return object_store


@pytest.fixture
def place(store: Store, where: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """One of them, empty."""
    if where.startswith("s3:"):
        request.getfixturevalue("aws")
    made = place_of(where.format(folder=tmp_path / "tables"), tmp_path, store)
    yield made
    for kept in list(made.kept()):
        made.remove(kept.key)


@pytest.fixture
def keys(place: Place) -> Callable[[], list[str]]:
    """What lies in it."""
    return lambda: sorted(kept.key for kept in place.kept())
