"""A sync's life: the transitions that there are, who may make them, and the only code that makes them.

Every transition is one guarded `UPDATE … WHERE state IN (…)`: whoever comes second changes nothing and is told so. The
diagram in docs/design.md is made of `TRANSITIONS` (a test compares them); the states are in `store/sync_states.py`.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import OVER, PENDING, UNDER_WAY, SyncState
from etsy_pipeline.sync import pending_products

Who = Literal["person", "policy", "planner", "publisher", "watcher"]
"""A person; the shop's approval policy; a plan run; a publisher; a sensor that looks after what nobody else does."""

PLAN_AGAIN = "Ask for a new sync and review its plan."
_GOES_ON = re.compile(r" ?It goes on at [-0-9 :]+ UTC\.")


class Event(StrEnum):
    """What happens to a sync."""

    BEGIN_PLAN = "begin plan"
    FINISH_PLAN = "finish plan"
    FIND_NOTHING = "find nothing to do"
    LOSE_PLAN = "lose the plan run"
    LOSE_LAUNCH = "lose the launch"
    SUPERSEDE = "supersede"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    BEGIN_PUBLICATION = "begin publication"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    COMPLETE_WITH_ERRORS = "complete with errors"
    FAIL = "fail"
    GIVE_UP = "drop the rest"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states an event leads to which one, and who may make it happen."""

    since: tuple[SyncState, ...]
    to: SyncState
    who: tuple[Who, ...]


TRANSITIONS: dict[Event, Transition] = {
    Event.BEGIN_PLAN: Transition(PENDING, SyncState.PLANNING, ("planner",)),
    Event.FINISH_PLAN: Transition((SyncState.PLANNING,), SyncState.PLANNED, ("planner",)),
    Event.FIND_NOTHING: Transition((SyncState.PLANNING,), SyncState.NOTHING_TO_DO, ("planner",)),
    Event.LOSE_PLAN: Transition((SyncState.PLANNING,), SyncState.REQUESTED, ("watcher",)),
    Event.LOSE_LAUNCH: Transition((SyncState.REQUESTED,), SyncState.REQUESTED, ("watcher",)),
    Event.SUPERSEDE: Transition((SyncState.PLANNED,), SyncState.SUPERSEDED, ("planner", "person")),
    Event.APPROVE: Transition((SyncState.PLANNED,), SyncState.CONFIRMED, ("person", "policy")),
    Event.REJECT: Transition((SyncState.PLANNED,), SyncState.REJECTED, ("person",)),
    Event.CANCEL: Transition((*PENDING, *UNDER_WAY), SyncState.CANCELLED, ("person", "watcher")),
    Event.EXPIRE: Transition((SyncState.CONFIRMED,), SyncState.EXPIRED, ("watcher",)),
    Event.BEGIN_PUBLICATION: Transition(UNDER_WAY, SyncState.PROCESSING, ("publisher",)),
    Event.PAUSE: Transition((SyncState.PROCESSING,), SyncState.PAUSED, ("publisher",)),
    Event.RESUME: Transition((SyncState.PAUSED,), SyncState.PAUSED, ("person", "watcher")),
    Event.COMPLETE: Transition((SyncState.PROCESSING, SyncState.PAUSED), SyncState.COMPLETED, ("publisher", "person")),
    Event.COMPLETE_WITH_ERRORS: Transition(
        (SyncState.PROCESSING, SyncState.PAUSED), SyncState.COMPLETED_WITH_ERRORS, ("publisher", "person")
    ),
    Event.FAIL: Transition(
        (SyncState.REQUESTED, SyncState.PLANNING, SyncState.CONFIRMED, SyncState.PROCESSING),
        SyncState.FAILED,
        ("planner", "publisher", "watcher"),
    ),
    Event.GIVE_UP: Transition((SyncState.PAUSED,), SyncState.FAILED, ("person",)),
}


def new_transaction_id() -> str:
    """A name for a sync that is not in the books yet."""
    return f"wf_{secrets.token_hex(8)}"


def new_job(
    session: Session,
    account_id: str,
    *,
    trigger: str,
    transaction_id: str | None = None,
    selection: Selection | None = None,
    lane: Lane = "full",
    plan_run_id: str | None = None,
    rollback_of: str | None = None,
    stock_changed_at: datetime | None = None,
) -> EtsySyncJob:
    """A sync that somebody asks for; one that a plan run asks for is being planned by it at once."""
    job = EtsySyncJob(
        id=f"sync_job_{secrets.token_hex(8)}",
        transaction_id=transaction_id or new_transaction_id(),
        etsy_account_id=account_id,
        trigger=trigger,
        state=SyncState.PLANNING if plan_run_id else SyncState.REQUESTED,
        lane=lane,
        requested_selection=selection,
        total_products=len(selection.product_ids) if selection else 0,
        plan_run_id=plan_run_id,
        rollback_of=rollback_of,
        stock_changed_at=stock_changed_at,
        created_at=clock.now(session),
    )
    jobs.add(session, job)
    return job


def new_failed_job(session: Session, account_id: str, *, trigger: str, plan_run_id: str, message: str) -> EtsySyncJob:
    """A sync of which nothing is known but that its plan run failed before it was in the books."""
    job = new_job(session, account_id, trigger=trigger, plan_run_id=plan_run_id)
    return move(session, job, Event.FAIL, who="watcher", error_log={"job": message})


def move(
    session: Session, job: EtsySyncJob, event: Event, *, who: Who, at: datetime | None = None, **values: Any
) -> EtsySyncJob:
    """Make something happen to a sync; the sync as it is then.

    Args:
        session: a writing one.
        job: the sync, as it was read.
        event: what happens.
        who: makes it happen.
        at: the moment; now, by the database's clock, unless the caller has another one.
        values: columns that change with the state.

    Raises:
        Conflict: `already_decided` when it is in another state by now; nothing was changed then.
    """
    moved = try_move(session, job.transaction_id, event, who=who, at=at, **values)
    if moved is None:
        raise already_decided(job.transaction_id, jobs.state(session, job.transaction_id))
    return moved


def already_decided(transaction_id: str, state: SyncState | None) -> Conflict:
    """What whoever comes too late is told."""
    message = f"The sync {transaction_id} was decided already: it is {state or SyncState.UNKNOWN}."
    return Conflict(message, code="already_decided", hint=PLAN_AGAIN)


def try_move(
    session: Session, transaction_id: str, event: Event, *, who: Who, at: datetime | None = None, **values: Any
) -> EtsySyncJob | None:
    """As `move`, where it is no fault that the sync is in another state by now: None then."""
    return next(iter(_moved(session, event, who, at, values, {"transaction_id": transaction_id})), None)


def supersede_older(session: Session, job: EtsySyncJob) -> list[EtsySyncJob]:
    """Plans of the account that wait for a decision give way to this one, where it covers their products.

    A plan of the stock lane says little, so that only one of the same lane gives way to it.
    """
    older = jobs.in_state(session, SyncState.PLANNED, account_id=job.etsy_account_id)
    giving_way = [
        other for other in older if other.id != job.id and job.lane in {"full", other.lane} and _covers(job, other)
    ]
    names = [other.transaction_id for other in giving_way]
    return _moved(session, Event.SUPERSEDE, "planner", None, {}, *({"transaction_id": name} for name in names))


def _covers(job: EtsySyncJob, other: EtsySyncJob) -> bool:
    """Whether a sync is about all that another one is about: all that the shop sells, or the same products and more."""
    if job.requested_selection is None:
        return True
    if other.requested_selection is None:
        return False
    return set(other.requested_selection.product_ids) <= set(job.requested_selection.product_ids)


def cancel_all(session: Session, account_id: str) -> list[EtsySyncJob]:
    """Call off whatever an account has asked for and not finished; those syncs."""
    return _moved(session, Event.CANCEL, "person", None, {}, {"account_id": account_id})


def _moved(
    session: Session, event: Event, who: Who, at: datetime | None, values: dict[str, Any], *which: dict[str, str]
) -> list[EtsySyncJob]:
    """Move syncs, all of them before any link is touched: so do all who do both, and none waits for the other."""
    transition = TRANSITIONS[event]
    if who not in transition.who:
        raise AssertionError(f"{who} may not {event}")
    if transition.to in OVER:
        values = {"completed_at": at or clock.now(session), "resume_at": None} | values
    moved = []
    for one in which:
        moved += jobs.transition(session, to=transition.to, since=transition.since, **one, values=values)
    if transition.to is SyncState.CANCELLED:
        moved = [_without_return(session, job) for job in moved]
    for job in moved:
        pending_products.let_go(session, job)
    return moved


def goes_on_at(moment: datetime) -> str:
    """What a sync that pauses says of its return."""
    return f"It goes on at {moment:%Y-%m-%d %H:%M} UTC."


def without_going_on(errors: Mapping[str, str]) -> dict[str, str]:
    """The errors of a sync that is called off: what paused it, without when it would have gone on."""
    told = _GOES_ON.sub("", errors.get("job", ""))
    return {**errors, "job": told} if told else {name: words for name, words in errors.items() if name != "job"}


def _without_return(session: Session, job: EtsySyncJob) -> EtsySyncJob:
    errors = without_going_on(job.error_log)
    if errors != job.error_log:
        jobs.change(session, job.transaction_id, error_log=errors)
    return replace(job, error_log=errors)


def mermaid() -> str:
    """The transitions as a Mermaid state diagram, for docs/design.md."""
    born = SyncState.REQUESTED, SyncState.PLANNING  # asked for by somebody; by a plan run itself
    lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in born)]
    for event, transition in TRANSITIONS.items():
        label = f"{event} ({', '.join(transition.who)})"
        lines += [f"    {since} --> {transition.to}: {label}" for since in transition.since]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in OVER)])
