"""Queries on sync jobs and on the approvals of their plans. `sync/lifecycle.py` alone changes their state."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import to_builtins
from sqlalchemy import ColumnElement, Select, Table, Text, bindparam, func, insert, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict, NotFound
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.plan_view import Totals
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sending_order import Day
from etsy_pipeline.store import clock
from etsy_pipeline.store.records import ERRORS_IN_LOG, Approval, Decision, EtsySyncJob, ItemOutcome, Lane
from etsy_pipeline.store.sync_states import OVER, PENDING, UNDER_WAY, SyncState, states_of
from etsy_pipeline.store.tables.syncs import ApprovalRow, EtsySyncJobRow

_JOB: Table = EtsySyncJobRow.metadata.tables[EtsySyncJobRow.__tablename__]
_STATE = select(_JOB.c.state).where(_JOB.c.transaction_id == bindparam("transaction_id"))
DETAILS_REMOVED = "details_removed_at"  # in the totals of a job whose plan is not kept any more (`retention.py`)
_IS_OF_ALL = func.coalesce(sql_cast(_JOB.c.requested_selection, Text), "null") == "null"  # a JSON null
_NEWEST_FIRST = _JOB.c.created_at.desc(), _JOB.c.id.desc()


def get(session: Session, transaction_id: str, *, lock: bool = False) -> EtsySyncJob:
    """One sync job by its transaction id.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    job = find(session, transaction_id, lock=lock)
    if job is None:
        raise NotFound(
            f"There is no sync job {transaction_id!r}.",
            code="sync_job_not_found",
            hint="`etsy-pipeline sync status` lists the latest ones.",
        )
    return job


def find(session: Session, transaction_id: str, *, lock: bool = False) -> EtsySyncJob | None:
    """One sync job by its transaction id, if there is one."""
    query = select(_JOB).where(_JOB.c.transaction_id == transaction_id)
    row = session.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
    return None if row is None else _job(row)


def state(session: Session, transaction_id: str) -> SyncState | None:
    """The state of a sync job, and nothing else of it."""
    found = session.scalar(_STATE, {"transaction_id": transaction_id})
    return None if found is None else SyncState(found)


def of_plan_run(session: Session, run_id: str) -> EtsySyncJob | None:
    """The sync job whose plan a Dagster run draws up, if it came so far."""
    return next(iter(_some(session, _JOB.c.plan_run_id == run_id)), None)


def of_publish_run(session: Session, run_id: str) -> EtsySyncJob | None:
    """The sync job that a Dagster run publishes, or was the last one to."""
    return next(iter(_some(session, _JOB.c.publish_run_id == run_id)), None)


def latest(session: Session, *, account_id: str | None = None, most: int = 10) -> list[EtsySyncJob]:
    """The newest sync jobs first."""
    of_account = [_JOB.c.etsy_account_id == account_id] if account_id else []
    return _jobs(session, select(_JOB).where(*of_account).order_by(*_NEWEST_FIRST).limit(most))


def page(
    session: Session,
    *,
    account_id: str | None,
    status: str | None,
    first: int,
    most: int,
    states: Sequence[SyncState] = (),
) -> tuple[list[EtsySyncJob], int]:
    """Some sync jobs, the newest first, and how many match in all; `status` is the mission's word, or a state."""
    wanted: list[ColumnElement[bool]] = [_JOB.c.etsy_account_id == account_id] if account_id else []
    if states:
        wanted.append(_JOB.c.state.in_(states))
    if status:
        wanted.append(_JOB.c.state.in_(states_of(status) or (status,)))
    total = session.scalar(select(func.count()).select_from(_JOB).where(*wanted)) or 0
    newest = select(_JOB).where(*wanted).order_by(*_NEWEST_FIRST)
    return _jobs(session, newest.offset(first).limit(most)), total


def in_state(session: Session, *states: SyncState, account_id: str | None = None) -> list[EtsySyncJob]:
    """Sync jobs in one of these states, oldest first."""
    wanted = [_JOB.c.state.in_(states), *([_JOB.c.etsy_account_id == account_id] if account_id else [])]
    return _some(session, *wanted)


def counts_by_state(session: Session, *states: SyncState) -> Mapping[SyncState, int]:
    """How many syncs are in each of these states, of all accounts."""
    state = EtsySyncJobRow.state
    found = session.execute(select(state, func.count()).where(state.in_(states)).group_by(state))
    return {SyncState(name): number for name, number in found}


def under_way(session: Session, account_id: str, lane: Lane = "full") -> EtsySyncJob | None:
    """The account's sync that is approved and not finished."""
    wanted = _JOB.c.etsy_account_id == account_id, _JOB.c.lane == lane, _JOB.c.state.in_(UNDER_WAY)
    return next(iter(_some(session, *wanted)), None)


def others_not_over(job: EtsySyncJob) -> Select[str]:
    """The transaction ids of the account's other syncs that are not over, as a part of another query."""
    is_open = (_JOB.c.state != state.value for state in OVER)
    return select(_JOB.c.transaction_id).where(
        _JOB.c.etsy_account_id == job.etsy_account_id, _JOB.c.id != job.id, *is_open
    )


def awaiting_approval(session: Session, account_id: str) -> EtsySyncJob | None:
    """The account's newest job whose plan waits for a decision."""
    planned = in_state(session, SyncState.PLANNED, account_id=account_id)
    return planned[-1] if planned else None


def last_planned(session: Session, account_id: str) -> datetime | None:
    """When a plan of all that the shop sells was drawn up last, whatever became of it."""
    query = select(func.max(_JOB.c.planned_at)).where(_JOB.c.etsy_account_id == account_id, _IS_OF_ALL)
    found: datetime | None = session.scalar(query)
    return found


def last_sizes(session: Session, account_ids: Sequence[str]) -> dict[str, int]:
    """How many products the last plan of all that a shop sells had, by account; without such a plan it is not there."""
    if not account_ids:
        return {}
    newest = func.row_number().over(partition_by=_JOB.c.etsy_account_id, order_by=_JOB.c.planned_at.desc())
    plans = select(_JOB.c.etsy_account_id, _JOB.c.total_products, newest.label("place")).where(
        _JOB.c.etsy_account_id.in_(account_ids), _JOB.c.planned_at.is_not(None), _IS_OF_ALL
    )
    ranked = plans.subquery()
    query = select(ranked.c.etsy_account_id, ranked.c.total_products).where(ranked.c.place == 1)
    return {str(account_id): int(products) for account_id, products in session.execute(query)}


def with_news(session: Session, since: datetime) -> list[EtsySyncJob]:
    """Syncs that came to a state since then which somebody should hear of, and all that wait for a person."""
    is_planned = (_JOB.c.state == SyncState.PLANNED) & (_JOB.c.planned_at >= since)
    is_elsewhere = _JOB.c.state.not_in(PENDING) & ((_JOB.c.completed_at >= since) | (_JOB.c.resume_at >= since))
    waits_for_a_person = (_JOB.c.state == SyncState.PAUSED) & _JOB.c.resume_at.is_(None)
    return _some(session, is_planned | is_elsewhere | waits_for_a_person)


def ended_between(session: Session, account_id: str, since: datetime, until: datetime) -> list[EtsySyncJob]:
    """Syncs of an account that ended in this time, whatever became of them."""
    of_account = _JOB.c.etsy_account_id == account_id
    return _some(session, of_account & (_JOB.c.completed_at >= since) & (_JOB.c.completed_at < until))


def add(session: Session, job: EtsySyncJob) -> None:
    """A new sync job, in its first state (`sync/lifecycle.py`)."""
    session.execute(
        insert(_JOB),
        {
            "id": job.id,
            "transaction_id": job.transaction_id,
            "etsy_account_id": job.etsy_account_id,
            "trigger": job.trigger,
            "state": job.state.value,
            "lane": job.lane,
            "requested_selection": job.requested_selection.model_dump(mode="json") if job.requested_selection else None,
            "total_products": job.total_products,
            "synced_count": 0,
            "failed_count": 0,
            "skipped_count": 0,
            "deferred_count": 0,
            "error_log": dict(job.error_log),
            "totals": {},
            "plan_run_id": job.plan_run_id,
            "created_at": job.created_at,
            "completed_at": job.completed_at,
            "alive_at": job.alive_at,
            "plan_attempts": job.plan_attempts,
            "rollback_of": job.rollback_of,
            "stock_changed_at": job.stock_changed_at,
        },
    )


def over_with_details(session: Session, before: datetime) -> Sequence[str]:
    """Ids of syncs that were over by then and still have their plan's details, the oldest first."""
    ended_at = func.coalesce(_JOB.c.completed_at, _JOB.c.planned_at, _JOB.c.created_at)
    has_details = sql_cast(_JOB.c.totals, Text).not_like(f"%{DETAILS_REMOVED}%")
    is_over = _JOB.c.state.in_([state.value for state in OVER])
    query = select(_JOB.c.id).where(is_over, has_details, ended_at < before)
    return session.scalars(query.order_by(_JOB.c.created_at)).all()


def note_details_removed(session: Session, job_id: str, now: datetime) -> None:
    """Note that a plan has no details any more; an `error_log` of an earlier version is cut to what one holds today."""
    totals, log = session.execute(select(_JOB.c.totals, _JOB.c.error_log).where(_JOB.c.id == job_id)).one()
    of_products = [item for item in (log or {}).items() if item[0] != "job"]
    kept = dict(of_products[:ERRORS_IN_LOG]) | {name: told for name, told in (log or {}).items() if name == "job"}
    values = {"totals": (totals or {}) | {DETAILS_REMOVED: now.isoformat()}, "error_log": kept}
    session.execute(update(_JOB).where(_JOB.c.id == job_id).values(**values))


def transition(
    session: Session,
    *,
    to: SyncState,
    since: Collection[SyncState],
    transaction_id: str | None = None,
    account_id: str | None = None,
    values: Mapping[str, Any],
) -> list[EtsySyncJob]:
    """Change the state of syncs that are in one of the states `since` at this moment; those that were changed.

    Args:
        session: a writing one.
        to: the new state.
        since: the states that it follows; a sync in another one is left as it is.
        transaction_id: of one sync.
        account_id: of all syncs of an account.
        values: other columns that change with it.

    Raises:
        Conflict: `publication_in_progress` where another sync of the account and lane is under way.
    """
    wanted: list[ColumnElement[bool]] = [_JOB.c.state.in_([state.value for state in since])]
    wanted += [_JOB.c.transaction_id == transaction_id] if transaction_id else []
    wanted += [_JOB.c.etsy_account_id == account_id] if account_id else []
    if not transaction_id and not account_id:
        raise AssertionError("which syncs?")
    changed = update(_JOB).where(*wanted).values(state=to.value, **values).returning(_JOB)
    try:
        return _in_order([_job(row) for row in session.execute(changed)])
    except IntegrityError as error:
        if "under_way" not in str(error.orig) and "etsy_account_id" not in str(error.orig):
            raise
        raise Conflict(
            "Another sync of this account is approved and not yet finished.",
            code="publication_in_progress",
            hint="Wait for it (`etsy-pipeline sync status`) or cancel it, then plan again.",
        ) from error


def beat(session: Session, transaction_id: str, run_id: str) -> bool:
    """Note a sign of life of the run that draws up a plan; False where the sync is in another run's hands."""
    ours = _JOB.c.transaction_id == transaction_id, _JOB.c.plan_run_id == run_id
    sign = update(_JOB).where(*ours).values(alive_at=clock.now(session)).returning(_JOB.c.id)
    return session.scalar(sign) is not None


def change(session: Session, transaction_id: str, **values: Any) -> None:
    """Write columns of a sync job other than its state."""
    if "state" in values:
        raise AssertionError("a state changes in sync/lifecycle.py")
    session.execute(update(_JOB).where(_JOB.c.transaction_id == transaction_id).values(**values))


def counts_of(outcomes: Counter[ItemOutcome]) -> dict[str, Any]:
    """The columns that count a job's products."""
    return {
        "synced_count": outcomes["synced"],
        "failed_count": outcomes["failed"],
        "skipped_count": outcomes["skipped"],
        "deferred_count": outcomes["waiting"],
    }


def plan_columns(
    totals: Totals,
    *,
    groups: Sequence[tuple[str, str, int]],
    quota: Quota | None,
    for_a_person: Sequence[str],
    brakes: Sequence[Brake],
    days: Sequence[Day] = (),
    policy: str | None = None,
    stock_from: str = "",
    new_sections: Sequence[str] = (),
) -> dict[str, Any]:
    """The columns that tell of a plan as a whole."""
    told = {
        "groups": [list(group) for group in groups],
        "quota": to_builtins(quota),
        "for_a_person": list(for_a_person),
        "days": to_builtins(list(days)),
        "policy": policy,
        "stock_from": stock_from,
        "new_sections": list(new_sections),
    }
    return {
        "totals": totals.as_dict() | told,
        "total_products": totals.products,
        "brakes": to_builtins(tuple(brakes)),
    }


def add_approval(session: Session, approval: Approval) -> None:
    """Append a decision; it is never changed."""
    session.add(
        ApprovalRow(
            transaction_id=approval.transaction_id,
            plan_digest=approval.plan_digest,
            decision=approval.decision,
            decided_by=approval.decided_by,
            decided_through=approval.decided_through,
            note=approval.note,
            excluded_products=list(approval.excluded_products),
            created_at=approval.created_at,
        )
    )
    session.flush()


def approval(session: Session, transaction_id: str) -> Approval | None:
    """The latest decision on a job's plan."""
    query = select(ApprovalRow).where(ApprovalRow.transaction_id == transaction_id, ApprovalRow.decision != "resumed")
    row = session.scalars(query.order_by(ApprovalRow.id.desc()).limit(1)).one_or_none()
    return None if row is None else _approval(row)


def approvals_of(session: Session, transaction_ids: Sequence[str]) -> dict[str, list[Approval]]:
    """All decisions on some jobs, by transaction id, the oldest first; jobs without one are not there."""
    query = select(ApprovalRow).where(ApprovalRow.transaction_id.in_(transaction_ids)).order_by(ApprovalRow.id)
    found: dict[str, list[Approval]] = {}
    for row in session.scalars(query):
        found.setdefault(row.transaction_id, []).append(_approval(row))
    return found


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        transaction_id=row.transaction_id,
        plan_digest=row.plan_digest,
        decision=cast(Decision, row.decision),
        decided_by=row.decided_by,
        decided_through=row.decided_through,
        note=row.note,
        excluded_products=tuple(row.excluded_products),
        created_at=row.created_at,
    )


def _some(session: Session, *wanted: ColumnElement[bool]) -> list[EtsySyncJob]:
    return _jobs(session, select(_JOB).where(*wanted).order_by(_JOB.c.created_at, _JOB.c.id))


def _jobs(session: Session, query: Any) -> list[EtsySyncJob]:
    return [_job(row) for row in session.execute(query)]


def _in_order(jobs: list[EtsySyncJob]) -> list[EtsySyncJob]:
    return sorted(jobs, key=lambda job: (job.created_at, job.id))


def _job(row: Any) -> EtsySyncJob:
    sums = row.totals or {}
    selection = row.requested_selection
    reasons = sums.get("for_a_person")
    return EtsySyncJob(
        id=row.id,
        transaction_id=row.transaction_id,
        etsy_account_id=row.etsy_account_id,
        trigger=row.trigger,
        state=SyncState(row.state),
        lane=row.lane,
        requested_selection=None if selection is None else Selection.model_validate(selection),
        total_products=row.total_products,
        synced_count=row.synced_count,
        failed_count=row.failed_count,
        skipped_count=row.skipped_count,
        deferred_count=row.deferred_count,
        error_log=row.error_log or {},
        totals=Totals.of(sums),
        groups=tuple((action, why, count) for action, why, count in sums.get("groups", ())),
        quota=msgspec.convert(sums.get("quota"), Quota | None),
        for_a_person=None if reasons is None else tuple(reasons),
        days=msgspec.convert(sums.get("days", ()), tuple[Day, ...]),
        policy=sums.get("policy"),
        stock_from=sums.get("stock_from", ""),
        new_sections=tuple(sums.get("new_sections", ())),
        brakes=msgspec.convert(row.brakes, tuple[Brake, ...]),
        plan_digest=row.plan_digest,
        shop_fingerprint=row.shop_fingerprint,
        plan_run_id=row.plan_run_id,
        publish_run_id=row.publish_run_id,
        created_at=row.created_at,
        planned_at=row.planned_at,
        confirmed_at=row.confirmed_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        resume_at=row.resume_at,
        alive_at=row.alive_at,
        plan_attempts=row.plan_attempts,
        rollback_of=row.rollback_of,
        stock_changed_at=row.stock_changed_at,
        snapshot=row.snapshot,
        details_removed_at=datetime.fromisoformat(sums[DETAILS_REMOVED]) if DETAILS_REMOVED in sums else None,
    )
