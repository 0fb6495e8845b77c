"""Runs that failed before they came to their sync, as when Medusa is down or a worker lacks a setting: people hear why."""

from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from etsy_pipeline.definitions import defs
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.orchestration.failed_runs import _note_failed_publication
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orchestration.lost import tell_of
from etsy_pipeline_tests.sync.planned import connected, planned
from etsy_pipeline_tests.world import World


def test_a_nightly_plan_that_fails_is_in_the_books_once_and_told(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.connected(store)
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_wrongkey0123456789")
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account.id])
        tags = {"dagster/schedule_name": "daily_sync"}
        result = defs.resolve_job_def("plan_sync").execute_in_process(
            instance=instance, partition_key=account.id, tags=tags, raise_on_error=False
        )
        for _ in range(2):
            tell_of(instance, result.dagster_run, result.get_run_failure_event())
    (job,) = queries.latest_jobs(store)
    assert (job.state, job.trigger) == (SyncState.FAILED, "schedule")
    assert "[medusa_unauthorized]" in job.message
    told: list[str] = []
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: told.append(notice.text))
    assert "medusa_unauthorized" in told[0]


@ON_SQLITE
def test_a_publication_whose_worker_lacks_a_setting_fails_with_the_words_of_its_run(store: Store) -> None:
    job = planned(store, connected(store))
    approvals.approve(store, job.transaction_id, decided_by="somebody", through="cli", amount_unit="major")
    run = dg.DagsterRun("publish_sync", tags={TRANSACTION_TAG: job.transaction_id})
    said = SimpleNamespace(description="Not set: ETSY_PIPELINE_SECRET_KEY. [setting_missing]")
    step = SimpleNamespace(step_failure_data=SimpleNamespace(user_failure_data=said))
    _note_failed_publication(store, run, [cast(Any, step)])
    after = queries.job(store, job.transaction_id)
    assert (after.state, after.message) == (SyncState.FAILED, said.description)
