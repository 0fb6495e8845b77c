"""The state folder is for its owner alone, whatever the umask, and what lay open before is closed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etsy_pipeline import checkup, state_folder, wiring
from etsy_pipeline.cli.sandbox import write_settings
from etsy_pipeline.errors import NotConfigured, StoreUnavailable
from etsy_pipeline.settings import Settings
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.store import encryption
from etsy_pipeline.store.engine import open_store
from etsy_pipeline_tests.conftest import CIPHER


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
    store = wiring.store_of(Settings.load())
    whose = {"asset": "product_snapshot", "partition": "acc", "run_id": "run"}
    with keeping.writing(store, wiring.snapshots_of(Settings.load(), store), **whose, made_from=None) as draft:
        draft.file.write(b"PAR1")
        assert set(everything_in(home / "snapshots").values()) == {0o700, 0o600}, "also before it is whole"
    store.close()
    assert mode(home) == 0o700
    assert draft.snapshot is not None
    assert everything_in(home / "snapshots") == {"product_snapshot": 0o700, draft.snapshot.key: 0o600}


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


def test_one_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    settings = Settings.load(etsy_pipeline_home=tmp_path / "file" / "home")
    with pytest.raises(NotConfigured) as told:
        wiring.store_of(settings)
    assert told.value.code == "state_folder_not_writable"
    with pytest.raises(StoreUnavailable, match="database_unreachable"):
        open_store(f"sqlite:///{tmp_path}/file/elsewhere/etsy.db", CIPHER, upgrade=True)
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with pytest.raises(NotConfigured) as asked:
        checkup.disk(Settings.load(etsy_pipeline_home=tmp_path))
    assert asked.value.code == "state_folder_not_writable"


def test_a_full_disk_leaves_no_key_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(encryption, "new_key", full)
        with pytest.raises(NotConfigured, match="No space left"):
            wiring.store_of(Settings.load(etsy_pipeline_home=tmp_path))
    assert not (tmp_path / "secret.key").exists()
    wiring.store_of(Settings.load(etsy_pipeline_home=tmp_path)).close()
