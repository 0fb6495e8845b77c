"""A worker needs no state folder and makes none: a database server, keys in the environment, snapshots elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from etsy_pipeline import checkup, wiring
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.conftest import emptied
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of
from etsy_pipeline_tests.world import World


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose home can hold nothing, not even for root; and the empty folder in which the worker runs."""
    (tmp_path / "no folder").touch()
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "ETSY_PIPELINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "no folder" / name))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def store(world: World, bare: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A database server; all that a worker is told stands in the environment."""
    del bare
    told = {"DATABASE_URL": postgres_url, "SECRET_KEY": new_key(), "SNAPSHOTS": "db:"}
    for name, value in told.items():
        monkeypatch.setenv(f"ETSY_PIPELINE_{name}", value)
    opened = wiring.store_of(world.settings, upgrade=True)
    yield opened
    emptied(opened)
    opened.close()


def test_it_plans_and_publishes_and_leaves_nothing_behind(dagster: Dagster, bare: Path) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    plan = dagster.run("plan_sync")
    assert plan.success
    assert metadata_of(plan, "validated_listings")["lies_in"] == "db:"
    assert dagster.materialize("publication_approval").success
    assert dagster.run("publish_sync", **{TRANSACTION_TAG: dagster.newest().transaction_id}).success
    assert (dagster.newest().state, dagster.newest().synced_count) == (SyncState.COMPLETED, 2)
    assert list(bare.iterdir()) == []
    assert (bare.parent / "no folder").read_bytes() == b""
    assert not os.path.lexists(Settings.load().etsy_pipeline_home)


def test_the_doctor_says_what_it_has_instead(dagster: Dagster) -> None:
    del dagster
    found = {item.what: item for item in checkup.findings()}
    assert (found["state folder"].is_good, "none is needed" in found["state folder"].detail) == (True, True)
    assert (found["snapshots"].is_good, found["snapshots"].detail) == (True, "can be kept in db:")
    assert (found["fence"].is_good, "by machines that keep one" in found["fence"].detail) == (None, True)


def test_the_doctor_says_where_snapshots_cannot_be_kept(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    del dagster
    for setting, code in (
        (f"file:{Path.cwd().parent / 'no folder' / 'x'}", "snapshots_not_kept"),
        ("s3://bucket/x?endpoint=http://127.0.0.1:9", "snapshots_unreachable"),
        ("s3:bucket", "snapshots_malformed"),
    ):
        monkeypatch.setenv("ETSY_PIPELINE_SNAPSHOTS", setting)
        finding = next(item for item in checkup.findings() if item.what == "snapshots")
        assert (finding.is_good, f"[{code}]" in finding.detail) == (False, True), finding.detail
