"""How it stands with a publication, as its publisher sees it before each call. PostgreSQL's rows are locked one by one."""

import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from etsy_pipeline.store import holds, leases
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.leases import Standing
from etsy_pipeline.store.records import AccountHold
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.sync.planned import connected

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PATIENCE_SECONDS = 60.0
WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_look_that_waited_for_the_lease_sees_what_was_done_meanwhile(store: Store) -> None:
    account_id = connected(store).id
    transaction_id = request_sync(store, account_id, product_ids=("p",), trigger="api").transaction_id
    with store.writing() as session:
        leases.taken(session, account_id, "first", transaction_id, NOW)
    found: list[Standing | None] = []

    def look() -> None:
        with store.writing() as session:
            found.append(leases.standing(session, account_id, "full", transaction_id))

    looking = threading.Thread(target=look)
    with store.writing() as other:
        lease = leases.locked(other, account_id)
        assert lease is not None
        looking.start()
        until_it_waits(store, looking)
        leases.change(other, lease, holder="second")
        holds.put(other, AccountHold(account_id, code="shop_renamed", message="Is it the right one?", since=NOW))
        lifecycle.try_move(other, transaction_id, Event.CANCEL, who="person")
    looking.join()
    assert found == [Standing("second", is_held=True, state=SyncState.CANCELLED)]


def until_it_waits(store: Store, thread: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and thread.is_alive():
        with store.reading() as session:
            if session.scalar(WAITS):
                return
        time.sleep(0.01)
    pytest.fail("the look did not wait for whoever holds the lease")
