"""Links from the request on: pending with the sync, settled at its end. On SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import event, text

from etsy_pipeline.accounts.disconnect import disconnect
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store import items, jobs, pending_links, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, expiry, lifecycle, pending_products, queries
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.builders import a_product, validated
from etsy_pipeline_tests.sync.planned import absent, approve, connected, invalid, planned

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PUBLISHED = {"etsy_listing_id": 9, "etsy_url": "https://etsy.com/9", "listing_state": "active", "last_synced_at": NOW}


def asked(store: Store, account: EtsyAccount, *product_ids: str) -> EtsySyncJob:
    """A sync of these products."""
    return request_sync(store, account.id, product_ids=product_ids, trigger="api")


def linked(store: Store, account: EtsyAccount, product_id: str, **values: Any) -> None:
    """A link that earlier syncs left behind."""
    with store.writing() as session:
        progress.set_link(session, account.id, product_id, updated_at=NOW, **values)


def links(store: Store) -> dict[str, Link]:
    """All links, by product."""
    return {link.product_id: link for link in queries.find_links(store)}


def statuses(store: Store) -> dict[str, str]:
    """How all links stand, by product."""
    return {product_id: link.sync_status for product_id, link in links(store).items()}


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def test_a_request_makes_pending_links_and_counts_its_products(store: Store) -> None:
    account = connected(store)
    linked(store, account, "prod_2", sync_status="synced", product_title="Mug", **PUBLISHED)
    job = asked(store, account, "prod_1", "prod_2", "prod_1")
    assert (job.total_products, queries.job(store, job.transaction_id).total_products) == (2, 2)
    new, old = links(store)["prod_1"], links(store)["prod_2"]
    assert (new.sync_status, new.transaction_id, new.etsy_listing_id) == ("pending", job.transaction_id, None)
    assert (old.sync_status, old.transaction_id) == ("pending", job.transaction_id)
    assert (old.etsy_listing_id, old.etsy_url, old.last_synced_at) == (9, "https://etsy.com/9", NOW)
    assert (old.product_title, old.has_failed) == ("Mug", False)


def test_a_request_that_is_made_again_marks_nothing_again(store: Store) -> None:
    account = connected(store)
    first = request_sync(store, account.id, product_ids=("prod_1",), trigger="api", idempotency_key="once")
    approvals.cancel(store, first.transaction_id)
    again = request_sync(store, account.id, product_ids=("prod_1",), trigger="api", idempotency_key="once")
    assert (again.transaction_id, statuses(store)) == (first.transaction_id, {})


def test_the_whole_selection_is_pending_once_its_plan_is_there(store: Store) -> None:
    account = connected(store)
    job = request_sync(store, account.id, product_ids=None, trigger="api")
    assert (job.total_products, statuses(store)) == (0, {})
    planned(store, account, transaction_id=job.transaction_id)
    assert statuses(store) == {"prod_0": "pending", "prod_1": "pending"}
    assert {link.transaction_id for link in links(store).values()} == {job.transaction_id}
    assert {link.product_title for link in links(store).values()} == {"Stoneware Mug"}


def test_a_plan_settles_what_it_does_not_send(store: Store) -> None:
    """What is invalid has failed, with the message; what stays as it is waits for nothing."""
    account = connected(store)
    linked(store, account, "prod_skip", sync_status="synced", **PUBLISHED)
    job = asked(store, account, "prod_0", "prod_skip", "prod_gone", "prod_bad")
    found = [validated(a_product(id="prod_0")), absent("prod_skip"), absent("prod_gone"), invalid("prod_bad")]
    live = {**PUBLISHED, "listing_state": "inactive"}
    linked(store, account, "prod_skip", **live)
    planned(store, account, transaction_id=job.transaction_id, validated=found, covers_selection=False)
    assert statuses(store) == {"prod_0": "pending", "prod_skip": "synced", "prod_bad": "failed"}
    bad = links(store)["prod_bad"]
    assert (bad.sync_error, bad.transaction_id) == ("It has no category.", job.transaction_id)


def test_a_failure_is_not_forgotten_while_the_link_is_pending(store: Store) -> None:
    account = connected(store)
    linked(store, account, "prod_0", sync_status="failed", sync_error="Etsy said no.", **PUBLISHED)
    job = asked(store, account, "prod_0")
    link = links(store)["prod_0"]
    assert (link.sync_status, link.sync_error, link.has_failed) == ("pending", "Etsy said no.", True)
    approvals.cancel(store, job.transaction_id)
    link = links(store)["prod_0"]
    assert (link.sync_status, link.sync_error, link.has_failed) == ("failed", "Etsy said no.", True)


def rejected(store: Store, job: EtsySyncJob) -> None:
    """A person says no to its plan."""
    approvals.reject(store, job.transaction_id, decided_by="Ada", through="cli")


def superseded(store: Store, job: EtsySyncJob) -> None:
    """A newer plan takes its place."""
    with store.reading() as session:
        account = jobs.get(session, job.transaction_id).etsy_account_id
    newer = begin_plan(store, account_id=account, transaction_id=None, trigger="ui", run_id="newer")
    with store.writing() as session:
        lifecycle.supersede_older(session, newer)


def expired(store: Store, job: EtsySyncJob) -> None:
    """Its approval grows too old."""
    approve(store, job)
    assert expiry.end_expired(store, datetime(2100, 1, 1, tzinfo=UTC))


def disconnected(store: Store, job: EtsySyncJob) -> None:
    """Its shop is disconnected."""
    disconnect(store, job.etsy_account_id)


def cancelled(store: Store, job: EtsySyncJob) -> None:
    """A person calls it off."""
    approvals.cancel(store, job.transaction_id)


def completed(store: Store, job: EtsySyncJob) -> None:
    """It is published, without those of its products that were left out."""
    approve(store, job, excluded_products=["prod_new", "prod_old", "prod_failed"])
    with store.writing() as session:
        lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher")
        progress.finish_items(session, job.id, items.product_ids(session, job.id), "skipped", NOW)
        lifecycle.move(session, job, Event.COMPLETE, who="publisher")


@pytest.mark.parametrize("end", [rejected, superseded, expired, disconnected, cancelled, completed])
def test_a_sync_that_ends_leaves_its_links_as_they_were(
    store: Store, end: Callable[[Store, EtsySyncJob], None]
) -> None:
    account = connected(store)
    linked(store, account, "prod_old", sync_status="synced", **PUBLISHED)
    linked(store, account, "prod_failed", sync_status="failed", sync_error="Etsy said no.")
    linked(store, account, "prod_tried", sync_status="synced", create_reference="ref:1")
    job = asked(store, account, "prod_new", "prod_old", "prod_failed")
    found = [validated(a_product(id=f"prod_{name}")) for name in ("new", "old", "failed")]
    job = planned(
        store, account, transaction_id=job.transaction_id, validated=found, covers_selection=False,
    )  # fmt: skip
    assert {statuses(store)[f"prod_{name}"] for name in ("new", "old", "failed")} == {"pending"}
    end(store, job)
    assert statuses(store) == {"prod_old": "synced", "prod_failed": "failed", "prod_tried": "synced"}
    assert links(store)["prod_failed"].sync_error == "Etsy said no."
    assert (links(store)["prod_old"].sync_error, links(store)["prod_old"].etsy_listing_id) == (None, 9)


def test_a_sync_that_fails_says_so_on_the_links_that_it_made(store: Store) -> None:
    account = connected(store)
    linked(store, account, "prod_old", sync_status="synced", **PUBLISHED)
    linked(store, account, "prod_tried", create_reference="ref:1")
    job = asked(store, account, "prod_new", "prod_old", "prod_tried")
    approvals.fail(store, job.transaction_id, "Medusa is down.")
    assert statuses(store) == {"prod_new": "failed", "prod_old": "synced", "prod_tried": "failed"}
    assert links(store)["prod_new"].sync_error == "Medusa is down."
    assert links(store)["prod_tried"].create_reference == "ref:1", "a create that is not accounted for is not forgotten"


def test_what_was_begun_and_not_finished_has_failed(store: Store) -> None:
    """Etsy may have neither the old listing nor the new one: it is not called synced."""
    account = connected(store)
    for product_id in ("prod_0", "prod_1"):
        linked(store, account, product_id, sync_status="synced", **(PUBLISHED | {"etsy_listing_id": None}))
    job = approve(store, planned(store, account))
    with store.writing() as session:
        lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher")
        progress.try_step(session, job.id, "prod_0", "update")
    approvals.cancel(store, job.transaction_id)
    assert statuses(store) == {"prod_0": "failed", "prod_1": "synced"}
    told = f"Its publication was not finished: the sync {job.transaction_id} is cancelled."
    assert links(store)["prod_0"].sync_error == told


def test_a_product_that_two_syncs_want_waits_as_long_as_one_of_them_does(store: Store) -> None:
    account = connected(store)
    first, second = asked(store, account, "prod_0"), asked(store, account, "prod_0", "prod_1")
    assert {name: link.transaction_id for name, link in links(store).items()} == {
        "prod_0": first.transaction_id, "prod_1": second.transaction_id,
    }  # fmt: skip
    approvals.cancel(store, first.transaction_id)
    assert {link.transaction_id for link in links(store).values()} == {second.transaction_id}
    assert statuses(store) == {"prod_0": "pending", "prod_1": "pending"}
    approvals.cancel(store, second.transaction_id)
    assert statuses(store) == {}


def test_a_request_that_comes_to_nothing_takes_no_product_from_an_approved_sync(store: Store) -> None:
    account = connected(store)
    asked_first = asked(store, account, "prod_0")
    approved = approve(store, planned(store, account))
    second = asked(store, account, "prod_1", "prod_2")
    approvals.fail(store, second.transaction_id, "Too soon.")
    approvals.cancel(store, asked_first.transaction_id)
    found = links(store)
    assert {name: link.sync_status for name, link in found.items()} == {
        "prod_0": "pending", "prod_1": "pending", "prod_2": "failed",
    }  # fmt: skip
    assert {found[name].transaction_id for name in ("prod_0", "prod_1")} == {approved.transaction_id}


def test_a_newer_plan_takes_over_what_the_older_one_held(store: Store) -> None:
    account = connected(store)
    planned(store, account, count=3)
    newer = planned(store, account, count=2)
    assert statuses(store) == {"prod_0": "pending", "prod_1": "pending"}
    assert {link.transaction_id for link in links(store).values()} == {newer.transaction_id}


def test_what_an_earlier_version_left_pending_is_taken(store: Store) -> None:
    """A link of no sync."""
    account = connected(store)
    linked(store, account, "prod_0", sync_status="pending")
    job = asked(store, account, "prod_0")
    assert links(store)["prod_0"].transaction_id == job.transaction_id


def test_products_of_another_account_are_left_alone(store: Store) -> None:
    account, other = connected(store), connected(store, shop_id=8)
    asked(store, other, "prod_0")
    approvals.cancel(store, asked(store, account, "prod_0").transaction_id)
    assert [(link.etsy_account_id, link.sync_status) for link in queries.find_links(store)] == [(other.id, "pending")]


def test_two_who_ask_for_the_same_products_at_once_do_not_lock_each_other_out(store: Store) -> None:
    account = connected(store)
    product_ids = [f"prod_{number}" for number in range(300)]
    errors: list[Exception] = []

    def ask(ids: list[str]) -> None:
        try:
            approvals.cancel(store, asked(store, account, *ids).transaction_id)
        except Exception as error:  # noqa: BLE001 - a thread's error would be lost
            errors.append(error)

    hands = [threading.Thread(target=ask, args=(ids,)) for ids in (product_ids, product_ids[::-1]) * 3]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert errors == []
    assert statuses(store) == {}


@pytest.mark.parametrize("state", [SyncState.CANCELLED, SyncState.FAILED])
def test_twenty_thousand_links_are_settled_in_a_few_statements(store: Store, state: SyncState) -> None:
    account, count = connected(store), 20_000
    product_ids = [f"prod_{number:05}" for number in range(count)]
    job = asked(store, account, *product_ids)
    with store.writing() as session:
        session.execute(
            text(
                "UPDATE product_etsy_link SET last_synced_at = updated_at, etsy_listing_id = 1"
                " WHERE product_id LIKE '%0' OR product_id LIKE '%2' OR product_id LIKE '%4'"
                " OR product_id LIKE '%6' OR product_id LIKE '%8'"
            )
        )
    before = monotonic()
    with counted(store) as sent, store.writing() as session:
        lifecycle.move(
            session, job, Event.CANCEL if state is SyncState.CANCELLED else Event.FAIL,
            who="person" if state is SyncState.CANCELLED else "watcher",
        )  # fmt: skip
    took = monotonic() - before
    touching = [statement for statement in sent if "product_etsy_link" in statement]
    print(f"settled {count} links in {took:.2f} s, {len(touching)} statements")  # noqa: T201
    assert len(touching) == (3 if state is SyncState.CANCELLED else 2), "the lock, and one or two that write"
    assert took < 10, "seconds"
    left = {"synced": count // 2} | ({"failed": count // 2} if state is SyncState.FAILED else {})
    found = list(statuses(store).values())
    assert {status: found.count(status) for status in set(found)} == left


def test_settling_what_is_not_over_does_nothing(store: Store) -> None:
    account = connected(store)
    job = asked(store, account, "prod_0")
    with store.writing() as session:
        pending_products.let_go(session, job)
        assert pending_links.settle(session, planned_elsewhere(account), NOW) is False
    assert statuses(store) == {"prod_0": "pending"}


def planned_elsewhere(account: EtsyAccount) -> EtsySyncJob:
    """A sync for which nothing waits."""
    return EtsySyncJob(id="sync_job_x", transaction_id="wf_x", etsy_account_id=account.id, state=SyncState.CANCELLED)
