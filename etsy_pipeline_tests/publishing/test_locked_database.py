"""Another program keeps the SQLite file locked: that is waited out, then the sync pauses, and no product is blamed."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.errors import StoreUnavailable
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.store import engine, items, jobs
from etsy_pipeline.store.engine import open_store
from etsy_pipeline.store.records import EtsySyncJob, ItemOutcome
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.conftest import CIPHER
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World

BUSY_SECONDS = 0.2  # of a single try; half a minute outside of tests

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def place(migrated: Path, tmp_path: Path) -> Path:
    """The file of the database."""
    return Path(shutil.copy(migrated, tmp_path / "shop.db"))


@pytest.fixture
def shop(world: World, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", BUSY_SECONDS)
    with closing(open_store(f"sqlite:///{place}", CIPHER, upgrade=False)) as store:
        yield Shop(world, store, world.connected(store))


@pytest.fixture
def other(place: Path) -> Iterator[sqlite3.Connection]:
    """Another program that has the file open."""
    with closing(sqlite3.connect(place, isolation_level=None, check_same_thread=False, timeout=10)) as connection:
        yield connection


def publish(shop: Shop, job: EtsySyncJob, other: sqlite3.Connection, **given: Any) -> EtsySyncJob:
    """Publish, while another program locks the file from the first product on."""

    def lock(progress: Progress) -> None:
        if progress.outcome == "written" and not other.in_transaction and progress.done == 1:
            other.execute("BEGIN IMMEDIATE")
            if "locked_for" in given:
                threading.Timer(given["locked_for"], other.execute, ["COMMIT"]).start()

    wanted = {name: value for name, value in given.items() if name != "locked_for"}
    return shop.publish(job, on_progress=lock, **wanted)


def a_job(shop: Shop) -> EtsySyncJob:
    shop.world.keep_only(*shop.world.product_ids("clean")[:4])
    return shop.approve(shop.plan())


def outcomes(shop: Shop, job: EtsySyncJob) -> dict[ItemOutcome, int]:
    with shop.store.reading() as session:
        return dict(items.outcomes(session, job.id))


@pytest.mark.parametrize("at_once", [1, 4])
def test_it_is_waited_for(shop: Shop, other: sqlite3.Connection, at_once: int) -> None:
    job = a_job(shop)
    found = publish(shop, job, other, locked_for=10 * BUSY_SECONDS, patience_seconds=60, at_once=at_once)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED, 4, 0)


@pytest.mark.parametrize("at_once", [1, 4])
def test_after_that_the_sync_pauses_for_a_minute(
    shop: Shop, other: sqlite3.Connection, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, finish = a_job(shop), Journal.finish

    def unlocked(journal: Journal, *given: Any, **more: Any) -> EtsySyncJob:
        other.execute("COMMIT")
        return finish(journal, *given, **more)

    monkeypatch.setattr(Journal, "finish", unlocked)
    found = publish(shop, job, other, patience_seconds=2 * BUSY_SECONDS, at_once=at_once)
    monkeypatch.undo()
    assert found.resume_at is not None
    assert (found.state, (found.resume_at - shop.store.now()).total_seconds() <= 60) == (SyncState.PAUSED, True)
    assert "database_locked" in found.message
    assert (outcomes(shop, job), found.failed_count) == ({"waiting": 4}, 0), "no product is at fault"
    assert {thread.name for thread in threading.enumerate() if "publish" in thread.name} == set()
    found = shop.publish(found)
    assert (found.state, found.synced_count, len(shop.world.listings())) == (SyncState.COMPLETED, 4, 4)


@pytest.mark.parametrize("at_once", [1, 4])
def test_where_not_even_that_can_be_written_down_the_next_publisher_goes_on(
    shop: Shop, other: sqlite3.Connection, at_once: int
) -> None:
    job = a_job(shop)
    with pytest.raises(StoreUnavailable, match="database_locked"):
        publish(shop, job, other, patience_seconds=2 * BUSY_SECONDS, at_once=at_once, lease_seconds=1.0)
    other.execute("COMMIT")
    with shop.store.reading() as session:
        assert jobs.get(session, job.transaction_id).state is SyncState.PROCESSING, "for approved_syncs to begin again"
    assert outcomes(shop, job) == {"waiting": 4}
    threading.Event().wait(1.5)
    found = shop.publish(job)
    assert (found.state, found.synced_count, len(shop.world.listings())) == (SyncState.COMPLETED, 4, 4)
