"""What a shop's policy approves waits for another sync of its lane, and has its turn when that one is over."""

from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import clock, jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle, queries
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.policy_turn import approve_waiting
from etsy_pipeline_tests.sync.planned import connected, planned

A_WHILE = timedelta(minutes=2)


@pytest.fixture
def account(store: Store) -> EtsyAccount:
    account = connected(store)
    configure.configure(store, account.id, {"approval": {"auto_approve": True}})
    return account


def passed_by_the_policy(store: Store, job: EtsySyncJob, **sums: Any) -> EtsySyncJob:
    """A plan to which the policy had no objection; without fees, unless told otherwise."""
    told = job.totals.as_dict() | {"fees_usd_cents": 0, "for_a_person": [], "policy": job.policy} | sums
    with store.writing() as session:
        jobs.change(session, job.transaction_id, totals=told)
        return jobs.get(session, job.transaction_id)


def turn(store: Store, later: timedelta = A_WHILE) -> list[str]:
    """What happens when the sensor looks, so much later."""
    with store.reading() as session:
        now = clock.now(session) + later
    return approve_waiting(store, amount_unit=lambda: "major", now=now)


def state(store: Store, job: EtsySyncJob) -> SyncState:
    return queries.job(store, job.transaction_id).state


@pytest.fixture
def waiting(store: Store, account: EtsyAccount) -> EtsySyncJob:
    return passed_by_the_policy(store, planned(store, account))


def in_its_lane(store: Store, account: EtsyAccount) -> EtsySyncJob:
    """Another sync of the lane, that is approved."""
    with store.writing() as session:
        job = lifecycle.new_job(session, account.id, trigger="ui", plan_run_id="run_other")
        job = lifecycle.move(session, job, Event.FINISH_PLAN, who="planner", plan_digest="0" * 64)
        return lifecycle.move(session, job, Event.APPROVE, who="person")


def test_it_is_approved_when_the_other_one_is_over(store: Store, account: EtsyAccount, waiting: EtsySyncJob) -> None:
    other = in_its_lane(store, account)
    assert turn(store) == []
    assert state(store, waiting) is SyncState.PLANNED
    approvals.cancel(store, other.transaction_id)
    assert turn(store) == [f"{waiting.transaction_id} is approved by the shop's policy."]
    assert state(store, waiting) is SyncState.CONFIRMED
    with store.reading() as session:
        given = jobs.approval(session, waiting.transaction_id)
    assert given is not None
    assert (given.decided_by, given.decided_through) == (approvals.POLICY, "policy")
    assert turn(store) == [], "once"


def test_the_run_that_drew_it_up_asks_first(store: Store, waiting: EtsySyncJob) -> None:
    assert turn(store, timedelta(seconds=10)) == []
    assert turn(store) != []
    assert state(store, waiting) is SyncState.CONFIRMED


@pytest.mark.parametrize("sums", [{"for_a_person": ["it has a brake"]}, {"for_a_person": None}, {"fees_usd_cents": 20}])
def test_what_a_person_decides_stays_theirs(store: Store, account: EtsyAccount, sums: dict[str, Any]) -> None:
    job = passed_by_the_policy(store, planned(store, account), **sums)
    assert turn(store) == []
    assert state(store, job) is SyncState.PLANNED


def test_a_plan_that_changed_is_not_approved(store: Store, waiting: EtsySyncJob) -> None:
    with store.writing() as session:
        progress.set_items(session, waiting.id, ["prod_0"], desired="{}")
    (told,) = turn(store)
    assert "is stale" in told
    assert state(store, waiting) is SyncState.PLANNED


def test_nor_is_one_that_grew_old(store: Store, waiting: EtsySyncJob) -> None:
    assert turn(store, timedelta(hours=73)) == []
    assert state(store, waiting) is SyncState.PLANNED


def test_a_policy_that_was_switched_off_approves_nothing(
    store: Store, account: EtsyAccount, waiting: EtsySyncJob
) -> None:
    configure.configure(store, account.id, {"approval": {"auto_approve": False}})
    (told,) = turn(store)
    assert "does not approve" in told
    assert state(store, waiting) is SyncState.PLANNED


def test_one_shops_trouble_is_not_anothers(store: Store, account: EtsyAccount, waiting: EtsySyncJob) -> None:
    del account
    second = connected(store, shop_id=8)
    configure.configure(store, second.id, {"approval": {"auto_approve": True}})
    theirs = passed_by_the_policy(store, planned(store, second))
    with store.writing() as session:
        progress.set_items(session, waiting.id, ["prod_0"], desired="{}")
    assert len(turn(store)) == 2
    assert (state(store, waiting), state(store, theirs)) == (SyncState.PLANNED, SyncState.CONFIRMED)
