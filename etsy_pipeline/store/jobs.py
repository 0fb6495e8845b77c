"""Queries on sync jobs, their items and the approvals of their plans."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, bindparam, cast, delete, func, insert, select
from sqlalchemy.orm import Session

from etsy_pipeline.errors import NotFound
from etsy_pipeline.planning.plan import NOTHING_TO_TELL
from etsy_pipeline.store.tables import Approval, EtsySyncJob, SyncItem

PUBLISHING = ("confirmed", "processing", "paused")  # approved, and not finished
ITEMS_AT_ONCE = 500

_JOB: Table = EtsySyncJob.metadata.tables[EtsySyncJob.__tablename__]
_STATUS = select(_JOB.c.status).where(_JOB.c.transaction_id == bindparam("transaction_id"))


def get(session: Session, transaction_id: str, *, lock: bool = False) -> EtsySyncJob:
    """One sync job by its transaction id.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    query = select(EtsySyncJob).where(EtsySyncJob.transaction_id == transaction_id)
    job = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if job is None:
        raise NotFound(
            f"There is no sync job {transaction_id!r}.",
            code="sync_job_not_found",
            hint="`etsy-pipeline sync status` lists the latest ones.",
        )
    return job


def status(session: Session, transaction_id: str) -> str | None:
    """The status of a sync job, and nothing else of it."""
    return session.scalar(_STATUS, {"transaction_id": transaction_id})


def of_plan_run(session: Session, run_id: str) -> EtsySyncJob | None:
    """The sync job whose plan a Dagster run draws up, if it came so far."""
    return session.scalars(select(EtsySyncJob).where(EtsySyncJob.plan_run_id == run_id).limit(1)).first()


def latest(session: Session, *, account_id: str | None = None, most: int = 10) -> Sequence[EtsySyncJob]:
    """The newest sync jobs first."""
    query = select(EtsySyncJob).order_by(EtsySyncJob.created_at.desc(), EtsySyncJob.id.desc()).limit(most)
    return session.scalars(query.where(EtsySyncJob.etsy_account_id == account_id) if account_id else query).all()


def page(
    session: Session, *, account_id: str | None, status: str | None, first: int, most: int
) -> tuple[Sequence[EtsySyncJob], int]:
    """Some sync jobs, the newest first, and how many match in all."""
    query = select(EtsySyncJob)
    if account_id:
        query = query.where(EtsySyncJob.etsy_account_id == account_id)
    if status:
        query = query.where(EtsySyncJob.status == status)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.order_by(EtsySyncJob.created_at.desc(), EtsySyncJob.id.desc())
    return session.scalars(newest.offset(first).limit(most)).all(), total


def cancel_all(session: Session, account_id: str, now: datetime) -> None:
    """Call off whatever an account has asked for and not finished."""
    for job in with_status(session, "pending", *PUBLISHING, account_id=account_id):
        job.status, job.completed_at = "cancelled", now


def with_status(session: Session, *statuses: str, account_id: str | None = None) -> Sequence[EtsySyncJob]:
    """Sync jobs in one of these states, oldest first."""
    query = select(EtsySyncJob).where(EtsySyncJob.status.in_(statuses)).order_by(EtsySyncJob.created_at)
    return session.scalars(query.where(EtsySyncJob.etsy_account_id == account_id) if account_id else query).all()


def awaiting_approval(session: Session, account_id: str) -> EtsySyncJob | None:
    """The account's newest job whose plan waits for a decision."""
    planned = [job for job in with_status(session, "pending", account_id=account_id) if job.plan_digest]
    return planned[-1] if planned else None


def items(
    session: Session,
    job_id: str,
    *,
    outcome: str | None = None,
    actions: Sequence[str] = (),
    product_id: str | None = None,
    brake: str | None = None,
    with_conflicts: bool = False,
    noteworthy: bool = False,
    dangerous_first: bool = False,
    first: int = 0,
    most: int | None = None,
) -> Iterator[SyncItem]:
    """A job's items, a few hundred in memory at a time.

    Args:
        session: of the store.
        job_id: whose.
        outcome: only those with it.
        actions: only these.
        product_id: only this product.
        brake: only items with this brake; "any" for all that have one.
        with_conflicts: only items that somebody changed on Etsy.
        noteworthy: without what is skipped, unless somebody changed it on Etsy.
        dangerous_first: brakes and conflicts first, instead of the plan's own order.
        first: how many to leave out.
        most: how many at most.
    """
    order = (SyncItem.care, SyncItem.position) if dangerous_first else (SyncItem.position,)
    query = select(SyncItem).where(SyncItem.sync_job_id == job_id).order_by(*order)
    if outcome:
        query = query.where(SyncItem.outcome == outcome)
    if actions:
        query = query.where(SyncItem.action.in_(actions))
    if product_id:
        query = query.where(SyncItem.product_id == product_id)
    if brake:
        query = query.where(SyncItem.care == 0)
    if brake not in {None, "any"}:
        query = query.where(cast(SyncItem.brakes, Text).contains(f'"{brake}"', autoescape=True))
    if with_conflicts:
        query = query.where(cast(SyncItem.conflicts, Text) != "[]")
    if noteworthy:
        query = query.where(SyncItem.care < NOTHING_TO_TELL)
    if first or most is not None:
        query = query.offset(first).limit(most)
    yield from session.scalars(query.execution_options(yield_per=ITEMS_AT_ONCE))


def items_at(session: Session, job_id: str, positions: Sequence[int]) -> Iterator[SyncItem]:
    """The items at these positions of a plan, in the plan's order."""
    ordered = sorted(set(positions))
    for start in range(0, len(ordered), ITEMS_AT_ONCE):
        part = ordered[start : start + ITEMS_AT_ONCE]
        query = select(SyncItem).where(SyncItem.sync_job_id == job_id, SyncItem.position.in_(part))
        yield from session.scalars(query.order_by(SyncItem.position))


def add_items(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write items of a plan."""
    if rows:
        session.execute(insert(SyncItem.metadata.tables[SyncItem.__tablename__]), rows)


def items_of(session: Session, job_id: str, product_ids: Sequence[str]) -> Sequence[SyncItem]:
    """The items of some products, in the plan's order."""
    query = select(SyncItem).where(SyncItem.sync_job_id == job_id, SyncItem.product_id.in_(product_ids))
    return session.scalars(query.order_by(SyncItem.position)).all()


def waiting_product_ids(session: Session, job_id: str) -> Sequence[str]:
    """Products of the job that are not finished, in the plan's order."""
    query = select(SyncItem.product_id).where(SyncItem.sync_job_id == job_id, SyncItem.outcome == "waiting")
    return session.scalars(query.order_by(SyncItem.position)).all()


def outcomes(session: Session, job_id: str) -> Counter[str]:
    """How many items have which outcome."""
    query = select(SyncItem.outcome, func.count()).where(SyncItem.sync_job_id == job_id).group_by(SyncItem.outcome)
    return Counter({row[0]: row[1] for row in session.execute(query)})


def sent_count(session: Session, job_id: str) -> int:
    """How many items are sent and not read back yet."""
    is_sent = (SyncItem.outcome == "waiting") & (SyncItem.step == "written")
    return session.scalars(select(func.count()).where(SyncItem.sync_job_id == job_id, is_sent)).one()


def clear_items(session: Session, job_id: str) -> None:
    """Forget a job's plan, before it is drawn up again."""
    session.execute(delete(SyncItem).where(SyncItem.sync_job_id == job_id))


def approval(session: Session, transaction_id: str) -> Approval | None:
    """The latest decision on a job's plan."""
    query = select(Approval).where(Approval.transaction_id == transaction_id).order_by(Approval.id.desc()).limit(1)
    return session.scalars(query).one_or_none()
