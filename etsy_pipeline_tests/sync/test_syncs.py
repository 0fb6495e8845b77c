"""Asking, planning and deciding: what each does, and what it refuses. On SQLite and PostgreSQL."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import BadRequest, Conflict, NotFound
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.store import jobs, links, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.sync.planned import NO_TAXONOMY, approve, code_of, connected, invalid, planned

NOW = datetime.now(UTC)


def test_a_request_is_a_row_that_waits_for_its_plan(store: Store) -> None:
    account = connected(store)
    job = request_sync(store, account.id, product_ids=("prod_1", "prod_1"), trigger="cli")
    found = queries.job(store, job.transaction_id)
    assert (found.status, found.plan_digest, found.transaction_id[:3]) == ("pending", None, "wf_")
    assert found.requested_selection is not None
    assert found.requested_selection.product_ids == ("prod_1",), "a product is asked for once"


def test_a_plan_has_items_totals_and_a_digest(store: Store) -> None:
    job = planned(store, connected(store))
    summary = queries.plan_summary(job)
    assert (summary.totals.create, job.total_products, len(summary.digest or "")) == (2, 2, 64)
    assert [item.product_id for item in queries.plan_items(store, job.transaction_id)] == ["prod_0", "prod_1"]


def test_the_same_products_give_the_same_digest(store: Store) -> None:
    account = connected(store)
    assert planned(store, account).plan_digest == planned(store, account).plan_digest


def test_a_linked_product_that_is_gone_is_deactivated_unless_only_some_were_asked_for(store: Store) -> None:
    account = connected(store)
    with store.writing() as session:
        progress.set_link(
            session, account.id, "prod_gone", product_title="Gone", sync_status="synced", etsy_listing_id=9,
            listing_state="active", updated_at=NOW,
        )  # fmt: skip
    assert planned(store, account).totals.deactivate == 1
    assert planned(store, account, covers_selection=False).totals.deactivate == 0


def test_a_newer_plan_supersedes_the_older_one(store: Store) -> None:
    account = connected(store)
    older, newer = planned(store, account), planned(store, account)
    assert queries.job(store, older.transaction_id).status == "superseded"
    assert code_of(lambda: approve(store, older)) == "plan_superseded"
    assert approve(store, newer).status == "confirmed"


def test_an_approval_records_who_when_how_and_what(store: Store) -> None:
    job = planned(store, connected(store))
    approve(store, job, note="looks good", excluded_products=["prod_1"])
    with store.reading() as session:
        record = jobs.approval(session, job.transaction_id)
    assert record is not None
    assert (record.decided_by, record.decided_through, record.note) == ("Ada", "cli", "looks good")
    assert (record.plan_digest, record.decision, record.excluded_products) == (job.plan_digest, "approved", ("prod_1",))
    assert abs(record.created_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_cannot_be_approved(store: Store) -> None:
    account = connected(store)
    requested = request_sync(store, account.id, product_ids=None, trigger="cli")
    assert code_of(lambda: approve(store, requested, through="ui")) == "plan_not_ready"
    job = planned(store, account)
    assert code_of(lambda: approve(store, job, decided_by=" ")) == "approver_missing"
    assert code_of(lambda: approve(store, job, reviewed_digest="0" * 64)) == "plan_changed"
    assert code_of(lambda: approve(store, job, planned_before=NOW - timedelta(hours=1))) == "plan_unseen"
    assert code_of(lambda: approve(store, job, excluded_products=["prod_x"])) == "product_not_in_plan"
    approve(store, job, reviewed_digest=job.plan_digest)
    assert code_of(lambda: approve(store, job)) == "already_decided"
    assert (
        code_of(lambda: approvals.reject(store, job.transaction_id, decided_by="Bob", through="cli"))
        == "already_decided"
    )


def test_the_start_of_a_digest_is_enough_to_name_it(store: Store) -> None:
    job = planned(store, connected(store))
    assert approve(store, job, reviewed_digest=(job.plan_digest or "")[:16]).status == "confirmed"


@pytest.mark.parametrize("change", ["settings", "item", "unit"])
def test_a_plan_that_changed_since_is_stale(store: Store, change: str) -> None:
    account = connected(store)
    job = planned(store, account)
    unit = "major"
    if change == "settings":
        configure.configure(store, account.id, {"price.markup_percent": 10})
    elif change == "item":
        with store.writing() as session:
            progress.set_items(session, job.id, ["prod_0"], desired="{}")
    else:
        unit = "minor"
    assert code_of(lambda: approve(store, job, amount_unit=unit)) == "plan_stale"


def test_who_rejects_a_sync_before_its_plan_is_told_to_cancel_it(store: Store) -> None:
    job = request_sync(store, connected(store).id, product_ids=("prod_0",), trigger="cli")
    with pytest.raises(Conflict) as caught:
        approvals.reject(store, job.transaction_id, decided_by="Ada", through="cli")
    assert caught.value.code == "plan_not_ready"
    assert f"etsy-pipeline sync cancel {job.transaction_id}" in caught.value.hint


def test_an_error_has_the_code_of_what_is_wrong_with_the_product(store: Store) -> None:
    """Also where the plan sends nothing; and a plan that sends something is told by its publisher (`test_publisher`)."""
    unknown = ValidatedListing(
        "prod_nope", "", None, (Verdict("product_unknown", "error", "product", "No.", "Check."),)
    )
    warned = replace(
        invalid("prod_1"), verdicts=(replace(NO_TAXONOMY, code="tag_long", severity="warning"), NO_TAXONOMY)
    )
    job = planned(store, connected(store), validated=[unknown, warned])
    assert job.is_over
    _, errors, count = queries.errors_page(store, job.transaction_id)
    assert [(error.product_id, error.code) for error in errors] == [
        ("prod_nope", "product_unknown"), ("prod_1", NO_TAXONOMY.code)
    ]  # fmt: skip
    assert count == 2


def test_a_rejected_plan_is_over(store: Store) -> None:
    job = planned(store, connected(store))
    assert approvals.reject(store, job.transaction_id, decided_by="Ada", through="cli").status == "rejected"
    assert code_of(lambda: approve(store, job)) == "already_decided"


def test_a_plan_beside_an_approved_sync_leaves_to_it_what_it_holds(store: Store) -> None:
    account = connected(store)
    first = approve(store, planned(store, account))
    beside = planned(store, account)
    assert (beside.lane, beside.state, beside.totals.held) == ("stock", SyncState.NOTHING_TO_DO, 2)
    assert beside.groups == (("skip", f"held by {first.transaction_id}, which is under way", 2),)


def test_an_approved_sync_can_be_called_off(store: Store) -> None:
    account = connected(store)
    job = planned(store, account)
    approve(store, job)
    assert approvals.cancel(store, job.transaction_id).status == "cancelled"
    assert code_of(lambda: approvals.cancel(store, job.transaction_id)) == "already_decided"
    planned(store, account)


def test_two_people_at_once_make_one_decision(store: Store) -> None:
    job = planned(store, connected(store))
    outcomes: list[str] = []

    def decide_it(name: str) -> None:
        try:
            outcomes.append(approve(store, job, decided_by=name).status)
        except Conflict as error:
            outcomes.append(error.code)

    people = [threading.Thread(target=decide_it, args=(name,)) for name in ("Ada", "Bob", "Cyd")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["already_decided", "already_decided", "confirmed"]


def test_what_cannot_be_asked_for(store: Store) -> None:
    account = configure.add(store, "Not connected")
    with pytest.raises(NotFound, match="nope"):
        request_sync(store, "nope", product_ids=None, trigger="cli")
    with pytest.raises(BadRequest, match="No product"):
        request_sync(store, account.id, product_ids=(), trigger="cli")
    assert code_of(lambda: request_sync(store, account.id, product_ids=None, trigger="cli")) == "account_not_connected"
    assert code_of(lambda: queries.job(store, "wf_nope")) == "sync_job_not_found"


def test_a_failure_is_noted_once_and_not_over_an_end(store: Store) -> None:
    account = connected(store)
    job = request_sync(store, account.id, product_ids=None, trigger="cli")
    approvals.fail(store, job.transaction_id, "Medusa is down.")
    approvals.fail(store, job.transaction_id, "Something else.")
    found = queries.job(store, job.transaction_id)
    assert (found.status, found.error_log) == ("failed", {"job": "Medusa is down."})


def test_a_large_plan_is_read_back_in_its_order(store: Store) -> None:
    job = planned(store, connected(store), count=1200)
    ids = [item.product_id for item in queries.plan_items(store, job.transaction_id)]
    assert ids == [f"prod_{number}" for number in range(1200)]
    with store.reading() as session:
        found = links.of_products(session, job.etsy_account_id, ids)
    assert sorted(found) == sorted(ids)
