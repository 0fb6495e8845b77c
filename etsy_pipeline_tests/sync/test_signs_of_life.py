"""Signs of life by the database's clock; what becomes of a sync whose plan runs are lost; what people are told is stuck."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from etsy_pipeline.errors import TakenOver, Unavailable
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.store import clock, jobs, leases
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries, signs_of_life
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.plan_runs import MAX_LOST, PlanRun, fail_plan, note_lost
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.signs_of_life import kept_alive, lost_runs_of, silent_plans, troubles
from etsy_pipeline_tests.sync.planned import connected, planned

MINUTE, SOON = timedelta(minutes=1), timedelta(milliseconds=1500)
WHY = "The run gave no sign of life."


@pytest.fixture
def account(store: Store) -> EtsyAccount:
    return connected(store)


def asked_for(store: Store, account: EtsyAccount) -> EtsySyncJob:
    return request_sync(store, account.id, product_ids=None, trigger="cli")


def begun(store: Store, account: EtsyAccount, run_id: str = "run_1", job: EtsySyncJob | None = None) -> EtsySyncJob:
    asked = job.transaction_id if job else None
    return begin_plan(store, account_id=account.id, transaction_id=asked, trigger="schedule", run_id=run_id)


def now(store: Store, job: EtsySyncJob) -> EtsySyncJob:
    return queries.job(store, job.transaction_id)


def change(store: Store, job: EtsySyncJob, state: SyncState | None = None, **columns: object) -> None:
    with store.writing() as session:
        if state is None:
            jobs.change(session, job.transaction_id, **columns)
        else:
            jobs.transition(
                session, to=state, since=tuple(SyncState), transaction_id=job.transaction_id, values=columns
            )


def ago(store: Store, minutes: float) -> datetime:
    with store.reading() as session:
        return clock.now(session) - timedelta(minutes=minutes)


def test_the_clock_is_the_databases_and_tells_moments_apart(store: Store) -> None:
    with store.reading() as session:
        first = clock.now(session)
        time.sleep(0.02)
        second = clock.now(session)
    assert timedelta(0) < second - first < MINUTE
    assert abs(datetime.now(UTC) - first) < MINUTE


def test_a_run_gives_signs_of_life_until_it_ends(store: Store, account: EtsyAccount) -> None:
    job = begun(store, account)
    with kept_alive(store, job.transaction_id, "run_1", SOON):
        first = now(store, job).alive_at
        time.sleep(0.6)
        assert silent_plans(store, SOON) == []
    last = now(store, job).alive_at
    assert first
    assert last
    assert last > first
    time.sleep(SOON.total_seconds() + 0.1)
    assert now(store, job).alive_at == last
    assert silent_plans(store, SOON) == [now(store, job)]
    assert silent_plans(store, MINUTE) == []


def test_no_other_run_gives_signs_of_life_for_it(store: Store, account: EtsyAccount) -> None:
    job = begun(store, account)
    with kept_alive(store, job.transaction_id, "another", SOON):
        assert now(store, job).alive_at is None


def test_a_database_that_is_away_for_a_moment_ends_no_run(
    store: Store, account: EtsyAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, beats = begun(store, account), []

    def is_away(*_: object) -> bool:
        beats.append(1)
        raise Unavailable("It is away.", code="database_unreachable")

    monkeypatch.setattr(jobs, "beat", is_away)
    with kept_alive(store, job.transaction_id, "run_1", SOON):
        time.sleep(0.2)
    assert len(beats) > 1, "it goes on trying"


def test_the_run_of_a_sync_is_alive_or_not(store: Store, account: EtsyAccount) -> None:
    job = begun(store, account)
    with kept_alive(store, job.transaction_id, "run_1", MINUTE):
        pass
    assert signs_of_life.is_alive(store, now(store, job), "run_1", MINUTE)
    assert not signs_of_life.is_alive(store, now(store, job), "run_2", MINUTE), "it has not begun"
    assert not signs_of_life.is_alive(store, None, "run_1", MINUTE)
    change(store, job, alive_at=ago(store, 2))
    assert not signs_of_life.is_alive(store, now(store, job), "run_1", MINUTE)


def test_a_lost_plan_is_asked_for_again_three_times_and_then_fails_and_is_told(
    store: Store, account: EtsyAccount
) -> None:
    job = asked_for(store, account)
    for attempt in range(MAX_LOST):
        begun(store, account, f"run_{attempt}", job)
        lost = note_lost(store, PlanRun(f"run_{attempt}", job.transaction_id, attempt=attempt), WHY)
        assert lost
        assert "planned again" in lost.told
        found = now(store, job)
        assert (found.state, found.plan_attempts, found.message) == (SyncState.REQUESTED, attempt + 1, "")
        assert lost_runs_of(found)
    begun(store, account, "run_3", job)
    lost = note_lost(store, PlanRun("run_3", job.transaction_id, attempt=MAX_LOST), WHY)
    assert lost
    assert "failed" in lost.told
    found = now(store, job)
    assert (found.state, found.plan_attempts, "[plan_run_lost]" in found.message) == (SyncState.FAILED, 4, True)
    assert WHY in found.message
    assert lost_runs_of(found) == ""
    told: list[str] = []
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: told.append(notice.text))
    assert ["plan_run_lost" in text for text in told] == [True]


def test_a_launch_that_came_to_nothing_is_noted_once_whoever_notes_it(store: Store, account: EtsyAccount) -> None:
    job = asked_for(store, account)
    run = PlanRun("run_1", job.transaction_id)
    assert note_lost(store, run, WHY)
    assert note_lost(store, run, WHY) is None
    assert (now(store, job).state, now(store, job).plan_attempts) == (SyncState.REQUESTED, 1)
    begun(store, account, "run_2", job)
    assert note_lost(store, run, WHY) is None, "another run is at work"
    assert now(store, job).state is SyncState.PLANNING


def test_a_scheduled_run_that_never_began_gets_a_sync_that_is_asked_for(store: Store, account: EtsyAccount) -> None:
    run = PlanRun("run_1", account_id=account.id, trigger="schedule")
    assert note_lost(store, run, WHY)
    assert note_lost(store, run, WHY) is None
    (job,) = queries.latest_jobs(store)
    assert (job.state, job.trigger, job.plan_attempts) == (SyncState.REQUESTED, "schedule", 1)
    assert note_lost(store, PlanRun("run_2", account_id="etsy_acc_gone"), WHY) is None
    assert note_lost(store, PlanRun("run_3", "wf_gone", account.id), WHY) is None


@pytest.mark.parametrize("state", [state for state in SyncState if state not in {"requested", "planning", "unknown"}])
def test_what_is_planned_or_over_is_not_asked_for_again(store: Store, account: EtsyAccount, state: SyncState) -> None:
    job = begun(store, account)
    change(store, job, state)
    assert note_lost(store, PlanRun("run_1", job.transaction_id), WHY) is None
    assert now(store, job).state is state


def test_a_run_that_was_given_up_and_lives_on_changes_nothing(store: Store, account: EtsyAccount) -> None:
    job = begun(store, account)

    def lose_it() -> None:
        note_lost(store, PlanRun("run_1", account_id=account.id), WHY)

    class Losing(list[int]):
        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            lose_it()
            return super().__iter__()

    with pytest.raises(TakenOver, match="lost its place"):
        planned(store, account, run_id="run_1", validated=Losing())
    assert fail_plan(store, run_id="run_1", transaction_id=None, message="It went wrong.")
    assert (now(store, job).state, now(store, job).message) == (SyncState.REQUESTED, "")
    begun(store, account, "run_2", job)
    assert fail_plan(store, run_id="run_1", transaction_id=job.transaction_id, message="It went wrong.")
    assert now(store, job).state is SyncState.PLANNING
    assert fail_plan(store, run_id="run_2", transaction_id=job.transaction_id, message="It went wrong.")
    assert now(store, job).message == "It went wrong."


def test_the_second_run_of_a_lost_plan_may_fail_it(store: Store, account: EtsyAccount) -> None:
    job = begun(store, account)
    note_lost(store, PlanRun("run_1", account_id=account.id), WHY)
    fail_plan(store, run_id="run_2", transaction_id=job.transaction_id, message="It could not begin.")
    assert now(store, job).message == "It could not begin."


def lease(store: Store, account: EtsyAccount, until: datetime) -> None:
    with store.writing() as session:
        found = leases.taken(session, account.id, "dead", "wf_1", until)
        leases.change(session, found, expires_at=until)


@pytest.mark.parametrize(
    ("state", "columns", "told"),
    [
        (SyncState.PLANNING, ("alive_at",), "Its plan run has given no sign of life since"),
        (SyncState.REQUESTED, ("created_at",), "no run has begun to draw up its plan"),
        (SyncState.CONFIRMED, ("confirmed_at",), "no run has begun to publish it"),
        (SyncState.PAUSED, ("resume_at",), "no run has begun to publish it"),
        (SyncState.PROCESSING, (), "Its publisher gives no sign of life any more"),
    ],
)
def test_a_stuck_sync_is_named_with_what_to_do(
    store: Store, account: EtsyAccount, state: SyncState, columns: tuple[str, ...], told: str
) -> None:
    job = begun(store, account)
    long_ago, lately = (cast(dict[str, Any], dict.fromkeys(columns, ago(store, minutes))) for minutes in (5, 0.1))
    change(store, job, state, **long_ago)
    (trouble,) = troubles(store, MINUTE)
    assert told in str(trouble)
    assert f"etsy-pipeline sync cancel {job.transaction_id}" in str(trouble)
    assert troubles(store, MINUTE, transaction_id=job.transaction_id) == [trouble]
    assert troubles(store, MINUTE, transaction_id="wf_other") == []
    if columns:
        change(store, job, **lately)
        assert troubles(store, MINUTE) == []
        change(store, job, **long_ago)
    lease(store, account, ago(store, -1))
    assert (troubles(store, MINUTE) == []) == (state is not SyncState.PLANNING), "what waits for its turn is not stuck"


@pytest.mark.parametrize("state", [SyncState.PLANNED, SyncState.COMPLETED, SyncState.FAILED, SyncState.CANCELLED])
def test_what_waits_for_a_person_or_is_over_is_not_stuck(store: Store, account: EtsyAccount, state: SyncState) -> None:
    job = begun(store, account)
    change(store, job, state, created_at=ago(store, 600), alive_at=ago(store, 600))
    assert troubles(store, MINUTE) == []
