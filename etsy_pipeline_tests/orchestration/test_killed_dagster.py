"""A power cut while a plan is drawn up, with a real `dagster dev`: afterwards the sync is planned by itself."""

from pathlib import Path

import httpx
import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.dagster_dev import dagster_dev, until
from etsy_pipeline_tests.world import World

RUNS = "{ runsOrError { ... on Runs { results { runId status tags { key value } } } } }"
LOST_AFTER = 10  # seconds
SLOW = {"operation": "*", "token": "*", "kind": "delay_before", "seconds": 50}


def runs(url: str) -> list[tuple[str, str]]:
    """Dagster's runs, oldest first: which sync they are for, and their status."""
    answer = httpx.post(f"{url}/graphql", json={"query": RUNS}, timeout=30).json()
    found = reversed(answer["data"]["runsOrError"]["results"])
    return [
        (next(tag["value"] for tag in run["tags"] if tag["key"] == "etsy_pipeline/transaction_id"), run["status"])
        for run in found
    ]


@pytest.mark.long
def test_a_plan_run_that_is_killed_with_all_of_dagster_blocks_nothing(
    world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETSY_PIPELINE_LOST_AFTER_SECONDS", str(LOST_AFTER))
    account = world.connected(store)
    world.keep_only(*world.product_ids("clean")[:2])

    def now(job: EtsySyncJob) -> EtsySyncJob:
        return queries.job(store, job.transaction_id)

    first = request_sync(store, account.id, product_ids=None, trigger="cli")
    with dagster_dev(tmp_path, kill=True) as url:
        world.etsy("POST", "faults", SLOW)
        until(lambda: now(first).state is SyncState.PLANNING, "the plan run")
        assert runs(url) == [(first.transaction_id, "STARTED")]
    world.etsy("DELETE", "faults")
    second = request_sync(store, account.id, product_ids=None, trigger="cli")
    assert (now(first).state, now(second).state) == (SyncState.PLANNING, SyncState.REQUESTED)
    with dagster_dev(tmp_path) as url:
        until(lambda: now(first).has_plan and now(second).has_plan, "both plans")
        until(lambda: all(status != "STARTED" for _, status in runs(url)), "the end of both runs")
        found = runs(url)
    assert (now(first).plan_attempts, now(second).plan_attempts) == (1, 0)
    assert found[0] == (first.transaction_id, "FAILURE")
    assert sorted(found[1:]) == sorted([(first.transaction_id, "SUCCESS"), (second.transaction_id, "SUCCESS")])
    assert {now(first).state, now(second).state} == {SyncState.PLANNED, SyncState.SUPERSEDED}
