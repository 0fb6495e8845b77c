"""The same refusal for one product after the other: the rest is not sent, and a person is asked."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.orchestration.sensors import publish_requests
from etsy_pipeline.store import jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries, unsent
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.resume import resume
from etsy_pipeline.sync.signs_of_life import troubles
from etsy_pipeline_tests.builders import a_listing
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.publishing.shop import Shop, as_planned
from etsy_pipeline_tests.sync.planned import approve, connected, planned
from etsy_pipeline_tests.world import PROFILE_ID

pytestmark = pytest.mark.usefixtures("no_waiting")

WORDS = "There was a problem with /readiness_state_id : not valid for shop 51000001"


def a_job(shop: Shop, count: int) -> tuple[EtsySyncJob, dict[str, Any]]:
    """So many new products, approved; and how they are published."""
    ids = {"shipping_profile_id": PROFILE_ID, "return_policy_id": PROFILE_ID, "readiness_state_id": PROFILE_ID}
    names = [f"prod_{secrets.token_hex(4)}" for _ in range(count)]
    listing = a_listing(images=(), publish_as="draft", **ids)
    products = [ValidatedListing(name, "Mug", replace(listing, title=f"Mug {name}")) for name in names]
    job = shop.approve(shop.plan(validated=products, covers_selection=False))
    return job, {"source": as_planned(products)}


def refuse(shop: Shop, **fault: Any) -> None:
    shop.fault(
        **({"operation": "createDraftListing", "kind": "status", "status": 400, "body": {"error": WORDS}} | fault)
    )


def accept(shop: Shop, times: int) -> None:
    """What comes first is accepted, whatever fault is switched on after this."""
    refuse(shop, kind="delay_before", seconds=0, times=times)


@ON_SQLITE
def test_a_cause_that_concerns_all_products_is_told_ten_times_and_not_243_times(shop: Shop) -> None:
    job, given = a_job(shop, 243)
    refuse(shop)
    found = shop.publish(job, **given)
    assert (found.state, found.resume_at) == (SyncState.PAUSED, None)
    assert 10 <= found.failed_count <= 13, "those that were under way beside the tenth are ended"
    assert found.deferred_count == 243 - found.failed_count
    assert shop.world.calls()["createDraftListing"] == found.failed_count
    assert found.message.startswith("10 products in a row were refused for the same reason (")
    assert WORDS in found.message
    assert f"etsy-pipeline sync resume {job.transaction_id}" in found.message
    assert publish_requests([found], found.created_at.replace(year=9999)) == [], "no sensor resumes it by itself"


def test_after_the_cause_is_mended_a_person_lets_the_rest_go_on(shop: Shop) -> None:
    job, given = a_job(shop, 12)
    refuse(shop)
    stopped = shop.publish(job, at_once=1, **given)
    assert (stopped.failed_count, stopped.deferred_count) == (10, 2)
    shop.world.etsy("DELETE", "faults")
    due = resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")
    assert (due.state, len(publish_requests([due], shop.store.now()))) == (SyncState.PAUSED, 1)
    found = shop.publish(due, **given)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 2, 10)
    assert found.message == ""


@ON_SQLITE
@pytest.mark.parametrize("limit", [None, 4])
def test_how_many_is_the_shops_choice(shop: Shop, limit: int | None) -> None:
    job, given = a_job(shop, 12)
    configure.configure(shop.store, shop.id, {"same_refusal_limit": limit})  # also while an approved plan waits
    refuse(shop)
    found = shop.publish(job, at_once=1, **given)
    assert (found.state, found.failed_count) == ((SyncState.FAILED, 12) if limit is None else (SyncState.PAUSED, 4))


@ON_SQLITE
def test_what_is_refused_for_other_reasons_or_not_in_a_row_stops_nothing(shop: Shop) -> None:
    job, given = a_job(shop, 24)
    refuse(shop, every=2)
    found = shop.publish(job, at_once=1, **given)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 12, 12)
    shop.world.etsy("DELETE", "faults")
    job, given = a_job(shop, 24)
    refuse(shop, body={"error": "There was a problem with /title : no"}, every=2)
    refuse(shop)
    found = shop.publish(job, at_once=1, **given)
    assert (found.state, found.failed_count) == (SyncState.FAILED, 24), "every other one for another reason"


@ON_SQLITE
def test_where_nothing_is_left_to_send_there_is_nobody_to_wait_for(shop: Shop) -> None:
    job, given = a_job(shop, 10)
    refuse(shop)
    assert shop.publish(job, at_once=1, **given).state is SyncState.FAILED


@ON_SQLITE
def test_what_was_sent_before_the_last_refusal_is_read_back_and_the_sync_ends(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"same_refusal_limit": 6})
    job, given = a_job(shop, 9)
    accept(shop, 3)
    refuse(shop)
    found = shop.publish(job, at_once=1, **given)
    assert (found.state, found.resume_at) == (SyncState.COMPLETED_WITH_ERRORS, None)
    assert (found.synced_count, found.failed_count, found.message) == (3, 6, "")


@ON_SQLITE
@pytest.mark.parametrize(("synced", "state"), [(0, SyncState.FAILED), (1, SyncState.COMPLETED_WITH_ERRORS)])
def test_who_drops_all_that_is_left_ends_the_sync(shop: Shop, synced: int, state: SyncState) -> None:
    job, given = a_job(shop, 12 + synced)
    if synced:
        accept(shop, synced)
    refuse(shop)
    stopped = shop.publish(job, at_once=1, **given)
    assert (stopped.state, stopped.deferred_count) == (SyncState.PAUSED, 2)
    one, other = (item.product_id for item in shop.items(job) if item.outcome == "waiting")
    unsent.drop(shop.store, job.transaction_id, [one], decided_by="Grace", through="cli")
    assert queries.job(shop.store, job.transaction_id).state is SyncState.PAUSED
    unsent.drop(shop.store, job.transaction_id, [other], decided_by="Grace", through="cli", note="no use")
    ended = queries.job(shop.store, job.transaction_id)
    assert (ended.state, ended.skipped_count, ended.deferred_count) == (state, 2, 0)
    assert (ended.message, ended.completed_at is not None) == ("The rest was dropped by Grace: no use.", True)
    assert len(ended.error_log) == 10 + 1
    assert queries.find_links(shop.store, product_id=other) == []


def test_what_was_sent_and_not_read_back_is_looked_at_when_the_rest_is_dropped(store: Store) -> None:
    job = waiting_for_a_person(store)
    with store.writing() as session:
        progress.set_items(session, job.id, ["prod_0"], step="written")
    unsent.drop(store, job.transaction_id, ["prod_1", "prod_2"], decided_by="Grace", through="cli")
    found = queries.job(store, job.transaction_id)
    assert found.state is SyncState.PAUSED
    assert len(publish_requests([found], store.now())) == 1, "a publisher reads it back, and ends the sync"


def test_the_doctor_names_a_sync_that_waits_for_a_person(store: Store) -> None:
    job = waiting_for_a_person(store)
    (trouble,) = troubles(store, timedelta(days=1))
    assert "It waits for a person; nothing was done since" in str(trouble)
    assert f"etsy-pipeline sync resume {job.transaction_id}" in str(trouble)
    assert f"etsy-pipeline sync cancel {job.transaction_id}" in str(trouble)
    resume(store, job.transaction_id, decided_by="Ada", through="cli")
    assert troubles(store, timedelta(days=1)) == []


def waiting_for_a_person(store: Store) -> EtsySyncJob:
    job = approve(store, planned(store, connected(store), 3))
    with store.writing() as session:
        lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher")
        job = jobs.get(session, job.transaction_id)
        return lifecycle.move(session, job, Event.PAUSE, who="publisher", error_log={"job": "Refused. [same_refusal]"})


def test_only_a_paused_sync_is_resumed_and_it_can_be_cancelled(store: Store) -> None:
    job = waiting_for_a_person(store)
    assert resume(store, job.transaction_id, decided_by="Ada", through="cli").resume_at is not None
    assert approvals.cancel(store, job.transaction_id).state is SyncState.CANCELLED
    with pytest.raises(Conflict, match="not_paused"):
        resume(store, job.transaction_id, decided_by="Ada", through="cli")


def test_who_lets_a_sync_go_on_is_kept_and_is_no_approval(store: Store) -> None:
    job = waiting_for_a_person(store)
    resume(store, job.transaction_id, decided_by="Grace", through="cli", note="mended the policy")
    (said,) = queries.review_of(store, job.transaction_id).resumed
    assert (said.decided_by, said.decided_through, said.note) == ("Grace", "cli", "mended the policy")
    decision = queries.review_of(store, job.transaction_id).decision
    assert decision is not None
    assert decision.decided_by == "Ada", "who approved the plan"
    with store.reading() as session:
        assert jobs.approval(session, job.transaction_id) == decision, "that is what a publisher goes by"


def test_nobody_lets_a_sync_go_on_without_a_name(store: Store) -> None:
    job = waiting_for_a_person(store)
    with pytest.raises(BadRequest, match="approver_missing"):
        resume(store, job.transaction_id, decided_by=" ", through="api")
    assert queries.job(store, job.transaction_id).resume_at is None


def test_somebody_hears_that_a_person_is_waited_for_and_once(store: Store) -> None:
    waiting_for_a_person(store)
    told: list[str] = []
    for _ in range(2):
        send_what_is_due(store, [Receiver("a")], lambda _, notice: told.append(notice.text))
    assert len(told) == 1
    assert "waits for a person" in told[0]
    assert "[same_refusal]" in told[0]
