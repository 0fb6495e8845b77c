"""`db clean`, and all errors of a sync, as they are typed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, publish
from etsy_pipeline_tests.cli.terminal import Terminal

SETTINGS = {
    "ETSY_CLIENT_ID": "key", "ETSY_SHARED_SECRET": "secret", "MEDUSA_URL": "http://127.0.0.1:9",
    "MEDUSA_API_KEY": "sk_x", "MEDUSA_AMOUNT_UNIT": "major",
}  # fmt: skip
YEAR = timedelta(days=365)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, SETTINGS).begun()


def a_store(terminal: Terminal) -> Store:
    return wiring.store_of(Settings.load(etsy_pipeline_home=terminal.folder / "state"))


def a_sync(terminal: Terminal, failed: int) -> str:
    """One in which so many products failed, and one did not."""
    with closing(a_store(terminal)) as store:
        job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="api")
        draw_up(store, job.transaction_id, failed + 1)
        publish(store, job.transaction_id, failed=tuple(f"prod_{number}" for number in range(failed)))
        with store.writing() as session:
            jobs.change(session, job.transaction_id, completed_at=datetime.now(UTC) - YEAR)
    return job.transaction_id


def test_status_tells_of_fifty_errors_and_how_to_see_all(terminal: Terminal) -> None:
    transaction_id = a_sync(terminal, 60)
    told = terminal("sync", "status", transaction_id, status=1)
    assert told.count("Etsy refused it.") == 50
    assert f"and 10 more: etsy-pipeline sync status {transaction_id} --errors" in " ".join(told.split())
    told = terminal("sync", "status", transaction_id, "--errors", status=1)
    assert told.count("Etsy refused it.") == 60
    shown = terminal.json("sync", "status", transaction_id, "--errors", status=1)
    assert (shown["count"], shown["errors"][59]["product_id"], shown["job"]) == (60, "prod_59", None)
    assert terminal.json("sync", "status", transaction_id, status=1)["error_log_truncated"]


def test_errors_of_no_sync_are_bad_use(terminal: Terminal) -> None:
    assert "transaction_missing" in terminal("sync", "status", "--errors", status=2)
    assert "sync_job_not_found" in terminal("sync", "status", "wf_nope", "--errors", status=2)


def test_clean_reduces_old_plans_to_what_became_of_them(terminal: Terminal) -> None:
    transaction_id = a_sync(terminal, 1)
    told = " ".join(terminal("db", "clean").split())
    assert "1 old plans: 0 products removed, 2 reduced to their outcome" in told
    assert "0 old snapshots removed." in told
    assert "no dagster.yaml in this folder" in told
    assert "details were removed" in " ".join(terminal("sync", "plan", transaction_id).split())
    assert "Etsy refused it." in terminal("sync", "status", transaction_id, status=1)
    assert "0 old plans" in terminal("db", "clean")


def test_clean_reaches_dagsters_storage_where_there_is_one(terminal: Terminal) -> None:
    (terminal.folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    told = terminal("db", "clean")
    assert "0 old runs of Dagster removed." in told
    assert "Old ticks of 0 sensors and schedules removed." in told
    (terminal.folder / "dagster.yaml").write_text("nonsense: [")
    assert "run_failed" in terminal("db", "clean", status=1)


def test_what_is_kept_for_ever_is_not_cleaned(terminal: Terminal) -> None:
    a_sync(terminal, 1)
    forever = {f"ETSY_PIPELINE_KEEP_{what}_DAYS": "0" for what in ("PLANS", "RUNS", "TICKS")}
    assert "old plans" not in terminal("db", "clean", env=forever)
    assert "1 old plans" in terminal("db", "clean")
