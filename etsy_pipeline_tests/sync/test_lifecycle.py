"""A sync's life: what happens when two hands reach for it at once. On SQLite and PostgreSQL, from two connections.

The first one is held right before its commit while the second tries; the second waits for it, or sees the sync as it
was before.
"""

import ast
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import text

import etsy_pipeline
from etsy_pipeline.accounts.disconnect import disconnect
from etsy_pipeline.errors import Conflict, PipelineError
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import OVER, PENDING, UNDER_WAY, SyncState, states_of
from etsy_pipeline.sync import approvals, expiry, lifecycle, queries, views
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.lifecycle import TRANSITIONS, Event
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.retry import retry_failed
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.sync.planned import approve, code_of, connected, planned

SHOPS = itertools.count(1)
MEANWHILE = 0.01  # seconds that the second act has to reach the first one's lock
WAYS: dict[SyncState, tuple[Event, ...]] = {  # from a plan to each state that it leads to
    SyncState.PLANNED: (),
    SyncState.CONFIRMED: (Event.APPROVE,),
    SyncState.PROCESSING: (Event.APPROVE, Event.BEGIN_PUBLICATION),
    SyncState.PAUSED: (Event.APPROVE, Event.BEGIN_PUBLICATION, Event.PAUSE),
}


def a_sync(store: Store, state: SyncState) -> EtsySyncJob:
    """A sync of a shop of its own, in this state by the ways that there are."""
    account = connected(store, next(SHOPS))
    if state is SyncState.REQUESTED:
        return request_sync(store, account.id, product_ids=None, trigger="cli")
    if state is SyncState.PLANNING:
        return begin_plan(store, account_id=account.id, transaction_id=None, trigger="ui", run_id=f"run_{account.id}")
    job = planned(store, account, count=1)
    for happens in WAYS[state]:
        act(store, job, happens)
    return queries.job(store, job.transaction_id)


def act(store: Store, job: EtsySyncJob, happens: Event) -> object:
    """Make something happen as those do who do it; nothing, or an error, where it does not."""
    if happens is Event.APPROVE:
        return approve(store, job, reviewed_digest=job.plan_digest or "0" * 64)
    if happens is Event.REJECT:
        return approvals.reject(store, job.transaction_id, decided_by="Bob", through="api")
    if happens is Event.CANCEL:
        return approvals.cancel(store, job.transaction_id)
    if happens is Event.EXPIRE:
        return called_off(store, job)
    with store.writing() as session:
        if happens is Event.SUPERSEDE:
            return lifecycle.supersede_older(session, replace(job, id="newer"))
        return lifecycle.move(session, job, happens, who=TRANSITIONS[happens].who[0])


def called_off(store: Store, job: EtsySyncJob) -> bool:
    """Whether its approval has expired, long after it."""
    try:
        expiry.require_fresh(store, job.transaction_id, job.created_at + timedelta(days=30))
    except Conflict as error:
        return error.code == "approval_expired"
    return False


def tried(does: Callable[[], object]) -> object:
    """What an act gives; its refusal, and nothing done, are the same here."""
    try:
        return does() or None
    except PipelineError:
        return None


def at_once(
    store: Store, first: Callable[[], object], second: Callable[[], object], *, commit: int = 1
) -> tuple[object, object]:
    """What two acts give, the second one tried while the first is about to commit (its n-th transaction)."""
    begun: list[Future[object]] = []
    commits, thread = itertools.count(1), threading.get_ident()

    with ThreadPoolExecutor(1) as other_hand:

        def hold(_connection: object) -> None:
            if threading.get_ident() == thread and next(commits) == commit:
                begun.append(other_hand.submit(tried, second))
                wait(begun, timeout=MEANWHILE)

        sql_event.listen(store.engine, "commit", hold)
        try:
            gave = tried(first)
        finally:
            sql_event.remove(store.engine, "commit", hold)
        assert begun, "the first one wrote nothing"
        return gave, begun[0].result()


def decisions(store: Store, job: EtsySyncJob) -> list[str]:
    """The decisions on a sync's plan."""
    query = text("SELECT decision FROM approval WHERE transaction_id = :name ORDER BY id")
    with store.engine.connect() as connection:
        return list(connection.scalars(query, {"name": job.transaction_id}))


@pytest.mark.parametrize("first", Event)
def test_of_two_at_once_the_second_changes_nothing_but_what_may_follow(store: Store, first: Event) -> None:
    """Every ordered pair of transitions, from every state in which the first one can happen."""
    for state, second in itertools.product(TRANSITIONS[first].since, Event):
        job = a_sync(store, state)
        one, other = at_once(store, partial(act, store, job, first), partial(act, store, job, second))
        found, case = queries.job(store, job.transaction_id), f"{second} during {first} of what was {state}"
        assert one is not None, case
        may_follow = TRANSITIONS[first].to in TRANSITIONS[second].since
        assert not other or may_follow, f"{case}: overwrote it"
        assert other or not (may_follow and state in TRANSITIONS[second].since), f"{case}: waited, and did nothing"
        assert found.state is TRANSITIONS[second if other else first].to, case
        if not other and isinstance(one, EtsySyncJob):
            assert found == one, f"{case}: changed something nevertheless"
        assert (found.completed_at is not None) == found.is_over, case
        expected = ["approved"] if found.confirmed_at else ["rejected"] if found.state is SyncState.REJECTED else []
        assert decisions(store, job) == expected, case


def test_a_plan_is_approved_or_superseded_and_never_both(store: Store) -> None:
    """The approval comes first: the newer plan leaves to it what it holds."""
    account = connected(store)
    older = planned(store, account)
    newer = begin_plan(store, account_id=account.id, transaction_id=None, trigger="ui", run_id="newer")

    def finish() -> object:
        return planned(store, account, transaction_id=newer.transaction_id, run_id="newer")

    approved, made = at_once(store, lambda: approve(store, older), finish)
    assert isinstance(made, EtsySyncJob)
    assert (bool(approved), made.state, made.totals.held) == (True, SyncState.NOTHING_TO_DO, 2)
    assert queries.job(store, older.transaction_id).state is SyncState.CONFIRMED
    assert decisions(store, older) == ["approved"]


def test_an_approval_during_the_end_of_a_newer_plan_is_refused(store: Store) -> None:
    account = connected(store)
    older = planned(store, account)
    newer, approved = at_once(store, lambda: planned(store, account), lambda: approve(store, older), commit=5)
    assert isinstance(newer, EtsySyncJob)
    assert (newer.state, approved) == (SyncState.PLANNED, None)
    assert queries.job(store, older.transaction_id).state is SyncState.SUPERSEDED
    assert decisions(store, older) == []
    assert code_of(lambda: approve(store, older)) == "plan_superseded"


@pytest.mark.parametrize("completes_first", [True, False])
def test_a_shop_is_disconnected_while_its_sync_completes(store: Store, completes_first: bool) -> None:  # noqa: FBT001
    job = a_sync(store, SyncState.PROCESSING)

    def complete() -> object:
        return act(store, job, Event.COMPLETE)

    def leave() -> object:
        return disconnect(store, job.etsy_account_id)

    first, second = at_once(store, complete, leave) if completes_first else at_once(store, leave, complete)
    assert first is not None
    assert (second is not None) == completes_first, "disconnecting always works; completing what was cancelled does not"
    expected = SyncState.COMPLETED if completes_first else SyncState.CANCELLED
    assert queries.job(store, job.transaction_id).state is expected


def test_two_approvals_at_once_are_one(store: Store) -> None:
    job = a_sync(store, SyncState.PLANNED)
    first, second = at_once(
        store, lambda: approve(store, job), lambda: approve(store, job, decided_by="Bob", through="api")
    )
    assert (bool(first), second) == (True, None)
    assert decisions(store, job) == ["approved"]


def test_of_two_plans_of_an_account_one_is_approved(store: Store) -> None:
    """By two different syncs, which no newer plan superseded: the database allows one under way."""
    account = connected(store)
    first = planned(store, account)
    second = planned(store, account)
    with store.engine.begin() as connection:  # as a race of another version may have left them
        again = text("UPDATE etsy_sync_job SET state = 'planned' WHERE transaction_id = :name")
        connection.execute(again, {"name": first.transaction_id})
    one, other = at_once(store, lambda: approve(store, first), lambda: approve(store, second))
    assert (bool(one), other) == (True, None)
    assert (decisions(store, first), decisions(store, second)) == (["approved"], [])
    assert code_of(lambda: approve(store, second)) == "publication_in_progress"


def test_the_lanes_of_an_account_do_not_wait_for_each_other(store: Store) -> None:
    account = connected(store)
    with store.writing() as session:
        for lane in ("full", "stock"):
            job = lifecycle.new_job(session, account.id, trigger="cli", lane=lane, plan_run_id=lane)
            lifecycle.move(session, job, Event.FINISH_PLAN, who="planner")
            lifecycle.move(session, job, Event.APPROVE, who="person")
        assert jobs.under_way(session, account.id, "stock") is not None


def test_whoever_may_not_is_stopped(store: Store) -> None:
    job = a_sync(store, SyncState.PLANNED)
    with store.writing() as session, pytest.raises(AssertionError, match="planner may not approve"):
        lifecycle.move(session, job, Event.APPROVE, who="planner")


@ON_SQLITE
def test_what_only_another_version_knows_is_told_and_left_alone(store: Store) -> None:
    account = connected(store)
    job = planned(store, account)
    with store.engine.begin() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE etsy_sync_job SET state = 'adopting', completed_at = created_at"))
        connection.execute(text("PRAGMA ignore_check_constraints = OFF"))
    found = queries.job(store, job.transaction_id)
    assert (found.state, found.state.words) == (SyncState.UNKNOWN, "unknown")
    view = views.job_view(found, {})
    assert (view["status"], view["state"]) == ("unknown", "unknown")
    assert queries.plan_summary(found).status == "unknown"
    assert queries.progress_of(store, job.transaction_id).total == 2
    assert queries.review_of(store, job.transaction_id).newer is None
    for refused in (lambda: approve(store, job), lambda: approvals.cancel(store, job.transaction_id)):
        assert code_of(refused) == "already_decided"
    assert code_of(lambda: retry_failed(store, job.transaction_id, trigger="cli")) == "nothing_failed"
    approvals.fail(store, job.transaction_id, "Not this way.")
    assert queries.job(store, job.transaction_id).error_log == {}
    assert send_what_is_due(store, [Receiver("a")], lambda _receiver, _notice: None) == []
    assert planned(store, account).state is SyncState.PLANNED, "it stands in nobody's way"


def test_the_database_takes_no_other_word(store: Store) -> None:
    planned(store, connected(store))
    with pytest.raises(Exception, match=r"(?i)check"), store.engine.begin() as connection:
        connection.execute(text("UPDATE etsy_sync_job SET state = 'adopting'"))


@pytest.mark.parametrize("state", SyncState)
def test_the_database_says_the_same_word_to_the_outside_as_the_code(store: Store, state: SyncState) -> None:
    planned(store, connected(store))
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE etsy_sync_job SET state = :state"), {"state": state.value})
        assert connection.scalars(text("SELECT status FROM etsy_sync_job")).one() == state.status
    assert state in states_of(state.status)


def test_every_state_is_in_one_group_and_reached_and_left() -> None:
    groups = (*PENDING, *UNDER_WAY, *OVER, SyncState.UNKNOWN)
    assert sorted(groups) == sorted(SyncState)
    reached = {SyncState.REQUESTED, *(transition.to for transition in TRANSITIONS.values())}
    assert reached == set(SyncState) - {SyncState.UNKNOWN}
    left = {state for transition in TRANSITIONS.values() for state in transition.since}
    assert left == {*PENDING, *UNDER_WAY}, "what is over stays so"


def test_the_diagram_in_the_documentation_is_that_of_the_code() -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{lifecycle.mermaid()}\n```" in documentation


def modules(word: str) -> Iterator[tuple[str, ast.Module]]:
    """The code with this word in it, but for the migrations, by its path."""
    house = Path(etsy_pipeline.__file__).parent
    for path in sorted(house.rglob("*.py")):
        name, code = path.relative_to(house).as_posix(), path.read_text(encoding="utf-8")
        if word in code and not name.startswith("store/migrations/"):
            yield name, ast.parse(code)


def calls(tree: ast.Module) -> Iterator[tuple[str, list[str | None]]]:
    """Each call in a module: the name of what is called, and its keywords."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), [keyword.arg for keyword in node.keywords]


def test_only_the_lifecycle_changes_a_state() -> None:
    found = {name: calls(tree) for name, tree in modules("transition")}
    callers = {name for name, called in found.items() for what, _ in called if what.endswith("jobs.transition")}
    assert callers == {"sync/lifecycle.py"}
    writers = {"EtsySyncJob", "jobs.change", "lifecycle.move", "lifecycle.try_move", "replace"}
    who = {
        name
        for name, tree in modules("state=")
        for what, keywords in calls(tree)
        if "state" in keywords and (what in writers or (what.endswith(".values") and "SyncItem" not in what))
    }
    assert who == {"store/jobs.py", "sync/lifecycle.py"}, "who writes state="
    codes = {name: ast.unparse(tree) for name, tree in modules("EtsySyncJobRow")}
    rows = {name: code for name, code in codes.items() if "EtsySyncJobRow" in code}
    assert set(rows) == {
        f"store/{name}.py"
        for name in ("jobs", "tables/syncs", "items", "seen_listings", "activity", "snapshots", "leases")
    }
    assert {name for name, code in rows.items() if re.search(r"(insert|update|delete)\(_JOB\)", code)} == {
        "store/jobs.py"
    }


def test_a_state_is_no_column_that_anybody_may_write(store: Store) -> None:
    job: Any = a_sync(store, SyncState.PLANNED)
    with store.writing() as session, pytest.raises(AssertionError, match="lifecycle"):
        jobs.change(session, job.transaction_id, state=SyncState.CONFIRMED)
    with pytest.raises(AttributeError):
        job.state = SyncState.CONFIRMED
