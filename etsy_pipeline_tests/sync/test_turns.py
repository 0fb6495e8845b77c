"""A sync of named products waits for the end of a full one of its shop; what it asks for is not lost on the way."""

from datetime import timedelta

import pytest

from etsy_pipeline.orchestration.sensors import plan_requests
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.signs_of_life import troubles
from etsy_pipeline.sync.turns import waiting_words
from etsy_pipeline_tests.sync.planned import absent, approve, connected, invalid, planned


@pytest.fixture
def account(store: Store) -> EtsyAccount:
    return connected(store)


def asked_for(store: Store, account: EtsyAccount, *product_ids: str) -> EtsySyncJob:
    return request_sync(store, account.id, product_ids=product_ids or None, trigger="api")


def begun_by_the_sensor(store: Store) -> list[str | None]:
    with store.reading() as session:
        requests = plan_requests(jobs.in_state(session, SyncState.REQUESTED), jobs.in_state(session, *UNDER_WAY))
    return [request.run_key for request in requests]


def test_it_waits_and_is_planned_once_the_other_one_is_over(store: Store, account: EtsyAccount) -> None:
    first = approve(store, planned(store, account))
    named, all_of_them = asked_for(store, account, "prod_9"), asked_for(store, account)
    assert begun_by_the_sensor(store) == [all_of_them.transaction_id], "the rest is planned in the stock lane"
    assert first.transaction_id in waiting_words(store, named)
    assert named.transaction_id not in [item.transaction_id for item in troubles(store, timedelta(seconds=-1))]
    approvals.cancel(store, first.transaction_id)
    assert named.transaction_id in begun_by_the_sensor(store)
    assert waiting_words(store, named) == ""


def test_a_plan_of_other_products_leaves_one_that_waits_for_a_decision_alone(
    store: Store, account: EtsyAccount
) -> None:
    first = planned(store, account, transaction_id=asked_for(store, account, "prod_0").transaction_id, count=1)
    planned(store, account, transaction_id=asked_for(store, account, "prod_1").transaction_id, count=1)
    assert queries.job(store, first.transaction_id).state is SyncState.PLANNED
    planned(store, account, transaction_id=asked_for(store, account, "prod_1", "prod_0").transaction_id, count=2)
    assert queries.job(store, first.transaction_id).state is SyncState.SUPERSEDED


def test_a_sync_of_which_nothing_is_right_has_failed(store: Store, account: EtsyAccount) -> None:
    job = planned(store, account, validated=[invalid("prod_1")])
    assert (job.state, job.failed_count) == (SyncState.FAILED, 1)
    job = planned(store, account, validated=[invalid("prod_1"), absent("prod_2")])
    assert (job.state, job.failed_count, job.skipped_count) == (SyncState.NOTHING_TO_DO, 1, 1)
