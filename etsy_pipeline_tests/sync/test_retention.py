"""What grows old goes, and what people answer for stays: on both databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from etsy_pipeline.store import accounts, items, jobs, notices, webhooks
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ERRORS_IN_LOG, EtsySyncJob, OauthSession
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle, queries, retention, views
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.retry import retry_failed
from etsy_pipeline_tests.api.planned import publish
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.sync.planned import approve, connected, planned

KEEP = timedelta(days=90)
LATER = datetime.now(UTC) + timedelta(days=91)


def clean(store: Store, now: datetime = LATER) -> retention.Cleaned:
    return retention.clean(store, keep=KEEP, now=now)


def now_of(store: Store, job: EtsySyncJob) -> EtsySyncJob:
    return queries.job(store, job.transaction_id)


def items_of(store: Store, job: EtsySyncJob) -> list[Any]:
    with store.reading() as session:
        return list(items.matching(session, job.id))


def published(store: Store, count: int = 4, *, failed: tuple[str, ...] = ("prod_1",)) -> EtsySyncJob:
    job = planned(store, connected(store), count)
    approve(store, job, note="looks good", excluded_products=["prod_3"])
    with store.writing() as session:
        lifecycle.try_move(session, job.transaction_id, Event.BEGIN_PUBLICATION, who="publisher")
    publish(store, job.transaction_id, failed=failed)
    return now_of(store, job)


def test_of_an_old_plan_decision_counts_outcomes_and_errors_stay(store: Store) -> None:
    job = published(store)
    done = clean(store)
    assert (done.plans, done.gone, done.emptied) == (1, 0, 4)
    found = now_of(store, job)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 3, 1)
    assert (found.plan_digest, found.totals, found.error_log) == (job.plan_digest, job.totals, job.error_log)
    assert found.details_removed_at == LATER
    for item in items_of(store, job):
        assert (item.plan.desired, item.plan.differences, item.plan.verdicts) == (None, (), ())
        assert (item.plan.action, item.plan.reason != "", item.plan.product_title) == ("create", True, "Stoneware Mug")
    assert {item.product_id: item.outcome for item in items_of(store, job)} == {
        "prod_0": "synced", "prod_1": "failed", "prod_2": "synced", "prod_3": "synced",
    }  # fmt: skip
    with store.reading() as session:
        approval = jobs.approval(session, job.transaction_id)
    assert approval is not None
    assert (approval.decided_by, approval.plan_digest, approval.excluded_products) == (
        "Ada",
        job.plan_digest,
        ("prod_3",),
    )
    assert [error.product_id for error in queries.errors_page(store, job.transaction_id)[1]] == ["prod_1"]
    assert retry_failed(store, job.transaction_id, trigger="cli").requested_selection is not None
    assert "details were removed" in queries.plan_summary(found).removed


def test_products_with_which_nothing_happened_go_whole(store: Store) -> None:
    job = planned(store, connected(store), 3)
    approve(store, job)
    with store.writing() as session:
        lifecycle.try_move(session, job.transaction_id, Event.CANCEL, who="person", deferred_count=3)
    assert clean(store).gone == 3
    assert items_of(store, job) == []
    assert queries.review_of(store, job.transaction_id).outcomes["waiting"] == 3, "as they were counted at its end"


def test_it_is_done_once(store: Store) -> None:
    job = published(store)
    clean(store)
    again = clean(store, LATER + timedelta(days=1))
    assert (again.plans, again.gone, again.emptied, again.notes) == (0, 0, 0, 0)
    assert now_of(store, job).details_removed_at == LATER


def test_what_is_younger_stays_whole(store: Store) -> None:
    job = published(store)
    assert clean(store, datetime.now(UTC) + timedelta(days=89)).plans == 0
    assert all(item.plan.desired for item in items_of(store, job))
    assert now_of(store, job).details_removed_at is None


@pytest.mark.parametrize("events", [(), (Event.APPROVE,), (Event.APPROVE, Event.BEGIN_PUBLICATION, Event.PAUSE)])
def test_what_is_not_over_stays_however_old(store: Store, events: tuple[Event, ...]) -> None:
    job = planned(store, connected(store), 2)
    with store.writing() as session:
        for event in events:
            lifecycle.try_move(session, job.transaction_id, event, who=lifecycle.TRANSITIONS[event].who[0])
    assert clean(store, LATER + timedelta(days=900)).plans == 0
    assert all(item.plan.desired for item in items_of(store, job))


def test_a_log_of_an_earlier_version_is_cut_to_what_one_holds_today(store: Store) -> None:
    job = published(store)
    log = {f"prod_{number}": "No." for number in range(1000)} | {"job": "It ended."}
    with store.writing() as session:
        jobs.change(session, job.transaction_id, error_log=log, failed_count=1000)
    shown = views.error_log(now_of(store, job))
    assert (len(shown["error_log"]), shown["error_count"]) == (ERRORS_IN_LOG + 1, 1001)
    assert shown["error_log_truncated"]
    clean(store)
    found = now_of(store, job)
    assert (len(found.error_log), found.message) == (ERRORS_IN_LOG + 1, "It ended.")


def test_old_notices_orders_and_attempts_go(store: Store) -> None:
    now = datetime.now(UTC)
    account = connected(store)
    with store.writing() as session:
        for day, name in ((now - timedelta(days=100), "old"), (now, "new")):
            notices.claim(session, f"wf_{name}", "completed", "r", now=day, attempts=6, wait=timedelta(minutes=1))
            notices.note(session, f"wf_{name}", "completed", "r", sent_at=day)
            number = 1 if name == "old" else 2
            webhooks.mark_sold(session, shop_id=7, receipt_id=number, event_type="order.paid", now=day)
        webhooks.looked_at(session, webhooks.sold_marks(session, 7)[:1], now - timedelta(days=99))
        accounts.add_oauth_session(session, OauthSession("s", account.id, "v", expires_at=now - timedelta(days=98)))
    assert clean(store, now).notes == 3
    with store.reading() as session:
        assert [mark.receipt_id for mark in webhooks.sold_marks(session, 7)] == [2], "nobody has looked at it yet"
        assert session.execute(text("SELECT transaction_id FROM sent_notice")).scalars().all() == ["wf_new"]


@ON_SQLITE
def test_the_file_becomes_smaller_but_not_while_somebody_publishes(store: Store) -> None:
    path = Path(str(store.engine.url.database))
    account = connected(store)
    for _ in range(2):
        job = planned(store, account, 1500)
        with store.writing() as session:
            lifecycle.try_move(session, job.transaction_id, Event.REJECT, who="person")
    at_work = planned(store, connected(store, 8), 1)
    approve(store, at_work)
    with store.writing() as session:
        lifecycle.try_move(session, at_work.transaction_id, Event.BEGIN_PUBLICATION, who="publisher")
    assert clean(store).freed_bytes is None
    assert "was not made smaller" in clean(store).words
    before = path.stat().st_size
    with store.writing() as session:
        lifecycle.try_move(session, at_work.transaction_id, Event.COMPLETE, who="publisher")
    freed = clean(store).freed_bytes
    assert freed is not None
    assert freed > 1_000_000
    assert path.stat().st_size < before / 2
    assert clean(store).freed_bytes == 0, "there is nothing more to give back"
