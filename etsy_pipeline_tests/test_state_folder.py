"""The state folder is for its owner alone, whatever the umask, and what lay open before is closed."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from sqlalchemy import text

from etsy_pipeline import state_folder, wiring
from etsy_pipeline.cli.sandbox import write_settings
from etsy_pipeline.orchestration.io_managers import ParquetIOManager
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import open_store
from etsy_pipeline_tests.conftest import CIPHER

NOW = datetime.now(UTC)


@pytest.fixture(params=[0o000, 0o022], ids=["umask 000", "umask 022"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def home() -> Path:
    return Settings.load().etsy_pipeline_home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def everything_in(home: Path) -> dict[str, int]:
    return {str(path.relative_to(home)): mode(path) for path in sorted(home.rglob("*"))}


def made(path: Path, permissions: int, *, folder: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if folder else path.write_text("x")
    path.chmod(permissions)
    return path


@pytest.mark.usefixtures("_umask")
def test_database_key_and_settings_are_made_for_their_owner_alone(home: Path) -> None:
    store = wiring.store_of(Settings.load())
    write_settings(home, {"MEDUSA_URL": "http://x"})
    with store.writing() as session:
        session.execute(text("DELETE FROM api_request"))
        found = everything_in(home)
    store.close()
    assert mode(home) == 0o700
    names = {"etsy_pipeline.db", "etsy_pipeline.db-wal", "etsy_pipeline.db-shm", "secret.key", "sandbox.env"}
    assert found == dict.fromkeys(names, 0o600)


@pytest.mark.usefixtures("_umask")
def test_a_snapshot_is_for_its_owner_alone(home: Path) -> None:
    io_manager = ParquetIOManager()
    context = dg.build_output_context(asset_key=dg.AssetKey("product_snapshot"), partition_key="acc", run_id="r" * 36)
    io_manager.handle_output(context, pd.DataFrame({"title": ["Mug"]}))
    assert mode(home) == 0o700
    folders = {"snapshots": 0o700, "snapshots/product_snapshot": 0o700}
    assert everything_in(home) == folders | {"snapshots/product_snapshot/acc.parquet": 0o600}


def test_what_an_earlier_version_left_open_is_closed(home: Path) -> None:
    made(home, 0o755, folder=True)
    ours = [
        made(home / name, 0o644) for name in ("etsy_pipeline.db", "secret.key", "snapshots/a/b.parquet", "demo-x.log")
    ]
    for folder in ("snapshots", "snapshots/a"):
        (home / folder).chmod(0o755)
    foreign = made(home / "run.sh", 0o755)
    state_folder.prepare(home)
    assert {mode(path) for path in ours} == {0o600}
    assert {mode(home), mode(home / "snapshots"), mode(home / "snapshots/a")} == {0o700}
    assert mode(foreign) == 0o755, "a folder that was not ours alone: only what we made is ours to close"


def test_a_folder_that_all_share_is_left_as_it_is(tmp_path: Path) -> None:
    shared = made(tmp_path / "tmp", 0o1777, folder=True)
    state_folder.prepare(shared)
    assert mode(shared) == 0o1777


def test_a_database_of_ones_own_may_be_the_groups_but_nobody_elses(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", made(tmp_path / "old.db", 0o664)
    old.write_bytes(b"")
    for path in (new, old):
        open_store(f"sqlite:///{path}", CIPHER, upgrade=True).close()
    assert (mode(new), mode(old)) == (0o600, 0o660)
    assert mode(tmp_path) == 0o700, "as pytest made it"


def test_old_snapshots_go_and_so_does_what_dead_writers_left(home: Path) -> None:
    ages = {"new.parquet": 1, "old.parquet": 40, "run.partial": 2, "writing.partial": 0}
    for name, days in ages.items():
        path = made(home / "snapshots/product_snapshot" / name, 0o600)
        then = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))
    before = NOW - timedelta(days=30)
    assert state_folder.drop_old_snapshots(home, before=before, now=NOW) == 2
    left = {path.name for path in (home / "snapshots/product_snapshot").iterdir()}
    assert left == {"new.parquet", "writing.partial"}
    assert state_folder.drop_old_snapshots(home, before=before, now=NOW) == 0
