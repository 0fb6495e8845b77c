"""One run draws up a plan, whoever started it; and a plan with nothing to do is over at once. On both databases."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest

from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.store import items, jobs, links, pending_links, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.request import note_failed_plan, request_sync
from etsy_pipeline.sync.retry import retry_failed
from etsy_pipeline_tests.builders import a_product, validated
from etsy_pipeline_tests.sync.planned import absent, approve, code_of, connected, invalid, planned


def begun(store: Store, account: EtsyAccount, transaction_id: str | None = None, run_id: str = "run_1") -> EtsySyncJob:
    return begin_plan(store, account_id=account.id, transaction_id=transaction_id, trigger="ui", run_id=run_id)


def waiting(store: Store) -> list[EtsySyncJob]:
    """Requests that a sensor would start a run for."""
    with store.reading() as session:
        return jobs.in_state(session, SyncState.REQUESTED)


def test_a_request_that_a_run_has_begun_to_plan_is_planned_by_no_other_one(store: Store) -> None:
    account = connected(store)
    asked = request_sync(store, account.id, product_ids=None, trigger="cli")
    assert [job.id for job in waiting(store)] == [asked.id]
    job = begun(store, account, asked.transaction_id)
    assert (job.id, job.state, job.plan_run_id) == (asked.id, SyncState.PLANNING, "run_1")
    assert waiting(store) == []


def test_a_run_that_nobody_asked_for_is_in_the_books_from_its_beginning(store: Store) -> None:
    account = connected(store)
    job = begun(store, account)
    assert (job.trigger, job.state, waiting(store)) == ("ui", SyncState.PLANNING, [])
    assert begun(store, account).id == job.id, "later steps of the run find it again"
    done = planned(store, account, run_id="run_1")
    assert (done.id, done.state) == (job.id, SyncState.PLANNED)
    assert begun(store, account, run_id="run_2").id != job.id


def test_a_plan_that_begins_while_a_publication_is_in_progress_is_of_the_stock_lane(store: Store) -> None:
    account = connected(store)
    asked = request_sync(store, account.id, product_ids=None, trigger="cli")
    first = approve(store, planned(store, account))
    beside = begun(store, account, asked.transaction_id)
    assert (first.lane, beside.lane, beside.state) == ("full", "stock", SyncState.PLANNING)
    assert begun(store, account, run_id="run_2").lane == "stock"
    approvals.cancel(store, first.transaction_id)
    assert begun(store, account, run_id="run_3").lane == "full"
    assert begun(store, account, asked.transaction_id, run_id="run_4").lane == "full", "when it is planned again"


def test_a_plan_that_is_drawn_up_again_waits_for_no_decision_meanwhile(store: Store) -> None:
    account = connected(store)
    job = planned(store, account, run_id="run_1")
    again = begun(store, account, job.transaction_id, run_id="run_2")
    assert (again.state, again.plan_digest) == (SyncState.PLANNING, None)
    assert code_of(lambda: approve(store, job, reviewed_digest=job.plan_digest)) == "plan_not_ready"
    assert planned(store, account, transaction_id=job.transaction_id, run_id="run_2").state is SyncState.PLANNED


def test_a_run_whose_sync_another_one_took_over_ends(store: Store) -> None:
    account = connected(store)
    job = begun(store, account)

    def products() -> Iterator[ValidatedListing]:
        yield validated(a_product())
        begun(store, account, job.transaction_id, run_id="run_2")

    assert code_of(lambda: planned(store, account, run_id="run_1", validated=products())) == "plan_taken_over"


def test_what_was_called_off_while_it_was_planned_stays_so(store: Store) -> None:
    account = connected(store)
    job = begun(store, account)

    def products() -> Iterator[ValidatedListing]:
        yield validated(a_product())
        approvals.cancel(store, job.transaction_id)

    assert code_of(lambda: planned(store, account, run_id="run_1", validated=products())) == "already_decided"
    assert queries.job(store, job.transaction_id).state is SyncState.CANCELLED


@pytest.mark.parametrize("has_plan", [True, False])
def test_a_run_that_fails_fails_its_sync_unless_the_plan_is_complete(store: Store, has_plan: bool) -> None:  # noqa: FBT001
    account = connected(store)
    job = planned(store, account, run_id="run_1") if has_plan else begun(store, account)
    approvals.fail(store, job.transaction_id, "The disk is full.")
    note_failed_plan(store, account.id, trigger="ui", run_id="run_1", message="The disk is full.")
    (found,) = queries.latest_jobs(store)
    expected = (SyncState.PLANNED, "") if has_plan else (SyncState.FAILED, "The disk is full.")
    assert (found.state, found.message) == expected


def test_a_plan_with_nothing_to_do_is_over_at_once(store: Store) -> None:
    account = connected(store)
    older = planned(store, account)
    job = planned(store, account, validated=[absent("prod_1"), absent("prod_2"), invalid("prod_3")])
    assert (job.state, job.status, job.is_over) == (SyncState.NOTHING_TO_DO, "completed", True)
    assert (job.skipped_count, job.failed_count, job.synced_count, job.deferred_count) == (2, 1, 0, 0)
    assert job.completed_at == job.planned_at
    assert job.error_log == {"prod_3": "It has no category."}
    progress_of = queries.progress_of(store, job.transaction_id)
    assert (progress_of.done, progress_of.failed, progress_of.total) == (3, 1, 3)
    assert queries.plan_summary(job).headline.startswith(
        "Nothing to do on Etsy: 2 unchanged or not for sale, 1 cannot be published"
    )
    assert queries.job(store, older.transaction_id).state is SyncState.SUPERSEDED
    assert queries.job(store, job.transaction_id) == job


def test_nobody_decides_on_it(store: Store) -> None:
    job = planned(store, connected(store), count=0)
    with pytest.raises(Exception, match="it is nothing_to_do"):
        approve(store, job)
    assert code_of(lambda: approvals.cancel(store, job.transaction_id)) == "already_decided"


def test_its_invalid_products_have_failed_and_can_be_tried_again(store: Store) -> None:
    account = connected(store)
    with store.writing() as session:
        progress.set_link(
            session, account.id, "prod_1", sync_status="synced", etsy_listing_id=42, updated_at=account.updated_at
        )
    job = planned(store, account, validated=[invalid("prod_1"), invalid("prod_2"), absent("prod_3")])
    with store.reading() as session:
        found = links.of_products(session, account.id, ["prod_1", "prod_2", "prod_3"])
        failed = list(items.matching(session, job.id, outcome="failed"))
    assert {name: (link.sync_status, link.sync_error, link.etsy_listing_id) for name, link in found.items()} == {
        "prod_1": ("failed", "It has no category.", 42),
        "prod_2": ("failed", "It has no category.", None),
    }
    assert [(item.error_code, item.error_message, item.finished_at) for item in failed] == [
        ("no_taxonomy", "It has no category.", job.planned_at)
    ] * 2
    again = retry_failed(store, job.transaction_id, trigger="cli")
    assert again.requested_selection is not None
    assert again.requested_selection.product_ids == ("prod_1", "prod_2")


def test_a_large_plan_with_nothing_to_do_ends_in_a_few_statements(store: Store) -> None:
    account, count = connected(store), 20_000
    item = PlanItem("", "Mug", "skip", "unchanged")
    planned_items = [
        replace(item, product_id=f"prod_{number}", action="invalid" if number % 2 else "skip")
        for number in range(count)
    ]
    with store.writing() as session:
        job = lifecycle.new_job(session, account.id, trigger="ui", plan_run_id="run_1")
        items.add(session, job.id, 0, planned_items)
        before = monotonic()
        pending_links.fail_invalid(session, job, account.updated_at)
        progress.finish_unsent(session, job.id, account.updated_at)
        took = monotonic() - before
        assert items.outcomes(session, job.id) == {"skipped": count // 2, "failed": count // 2}
    assert took < 10, "seconds"


def test_a_link_knows_nothing_of_what_was_only_skipped(store: Store) -> None:
    account = connected(store)
    planned(store, account, validated=[absent("prod_1")])
    assert queries.find_links(store) == []
