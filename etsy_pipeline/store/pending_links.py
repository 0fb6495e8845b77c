"""Links of products that wait for a sync: `pending` from the request on, and settled when the sync is over.

One or two statements, however many products there are. On PostgreSQL one transaction at a time does this for an
account, as what it does depends on all the account's syncs; and whoever locks several links, a publisher too, does so
in the order of their products, so that no two wait for each other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, and_, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.store import jobs
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.store.tables.listings import ProductEtsyLinkRow
from etsy_pipeline.store.tables.syncs import SyncItemRow
from etsy_pipeline.store.upserts import insert_into

_ITEM: Table = SyncItemRow.metadata.tables[SyncItemRow.__tablename__]
_LINK: Table = SyncItemRow.metadata.tables[ProductEtsyLinkRow.__tablename__]

AT_ONCE = 500

_KEY = ("product_id", "etsy_account_id")
_SENT = ("create", "update", "deactivate")
_NOT_BEGUN = ("", "done")  # steps


def hold_products(session: Session, job: EtsySyncJob, product_ids: Iterable[str], now: datetime) -> None:
    """These products wait for a sync, except those that wait for another one of the account already."""
    _take_turn(session, job)
    adding = insert_into(session, ProductEtsyLinkRow)
    told = {"etsy_account_id": job.etsy_account_id, "product_title": "", "sync_status": "pending", "updated_at": now}
    told |= {"transaction_id": job.transaction_id}
    changed = {name: adding.excluded[name] for name in ("sync_status", "transaction_id", "updated_at")}
    held = adding.on_conflict_do_update(index_elements=_KEY, set_=changed, where=_is_free(job))
    if rows := [{"product_id": product_id, **told} for product_id in sorted(product_ids)]:
        session.connection().execute(held, rows)


def hold_items(session: Session, job: EtsySyncJob, now: datetime) -> None:
    """The products for which a plan sends something wait for its sync, except those that wait for another one."""
    wanted = _ITEM.c.action.in_(_SENT) & (_ITEM.c.outcome == "waiting")
    _put(session, job, wanted, "pending", now, where=_is_free(job))


def fail_invalid(session: Session, job: EtsySyncJob, now: datetime) -> None:
    """The links of a plan's invalid products have failed, with the reason."""
    _put(session, job, _ITEM.c.action == "invalid", "failed", now, sync_error=_ITEM.c.reason)


def settle_skipped(session: Session, job: EtsySyncJob, now: datetime) -> None:
    """The products that a plan leaves as they are do not wait for its sync any more."""
    is_skipped = exists().where(_of_item(job), _ITEM.c.action == "skip")
    _settle(session, job, now, is_skipped)


def settle_products(session: Session, job: EtsySyncJob, product_ids: Sequence[str], now: datetime) -> None:
    """These products do not wait for a sync any more, though it goes on: they were taken out of it."""
    for start in range(0, len(product_ids), AT_ONCE):
        _settle(session, job, now, _LINK.c.product_id.in_(product_ids[start : start + AT_ONCE]))


def settle(session: Session, job: EtsySyncJob, now: datetime) -> bool:
    """The products that still wait for a sync that is over are as they were before; whether there were any.

    One that nothing is known of but the request has failed where the sync has, and has no link any more where it ended
    otherwise. One that was begun and not finished has failed: what is on Etsy may be neither the old nor the new.
    """
    return _settle(session, job, now)


def _settle(session: Session, job: EtsySyncJob, now: datetime, *only: ColumnElement[bool]) -> bool:
    _take_turn(session, job)
    theirs = (
        _LINK.c.etsy_account_id == job.etsy_account_id,
        _LINK.c.transaction_id == job.transaction_id,
        _LINK.c.sync_status == "pending",
        *only,
    )
    locked = select(literal(1)).select_from(_LINK).where(*theirs).order_by(_order(session, _LINK)).with_for_update()
    if not session.scalar(select(func.count()).select_from(locked.subquery())):
        return False
    is_begun = exists().where(_of_item(job), _ITEM.c.outcome == "waiting", _ITEM.c.step.not_in(_NOT_BEGUN))
    if job.state is not SyncState.FAILED:
        is_new = (
            column.is_(None) for column in (_LINK.c.etsy_listing_id, _LINK.c.create_reference, _LINK.c.sync_error)
        )
        session.execute(delete(_LINK).where(*theirs, *is_new, _LINK.c.last_synced_at.is_(None), ~is_begun))
    over = f"Its publication was not finished: the sync {job.transaction_id} is {job.state.words}."
    message = job.message or (over if job.is_over else "An earlier attempt did not come to its end.")
    was_fine = or_(_LINK.c.last_synced_at.is_not(None), _LINK.c.origin == "adopted")
    is_as_before = and_(was_fine, _LINK.c.sync_error.is_(None), ~is_begun)
    values = {
        "sync_status": case((is_as_before, "synced"), else_="failed"),
        "sync_error": case((is_as_before, None), (is_begun, message), else_=func.coalesce(_LINK.c.sync_error, message)),
        "updated_at": now,
    }
    session.execute(update(_LINK).where(*theirs).values(**values))
    return True


def _put(
    session: Session,
    job: EtsySyncJob,
    which: ColumnElement[bool],
    status: Literal["pending", "failed"],
    now: datetime,
    *,
    where: ColumnElement[bool] | None = None,
    **more: Any,
) -> None:
    """A status on the links of some items, which are made where there are none."""
    _take_turn(session, job)
    values: dict[str, Any] = {
        "product_title": _ITEM.c.product_title,
        "sync_status": literal(status),
        "transaction_id": literal(job.transaction_id),
        "updated_at": literal(now, _LINK.c.updated_at.type),
        **more,
    }
    told = select(_ITEM.c.product_id, literal(job.etsy_account_id), *values.values())
    told = told.where(_ITEM.c.sync_job_id == job.id, which).order_by(_order(session, _ITEM))
    adding = insert_into(session, ProductEtsyLinkRow).from_select([*_KEY, *values], told)
    changed = {name: adding.excluded[name] for name in values}
    session.execute(adding.on_conflict_do_update(index_elements=_KEY, set_=changed, where=where))


def _take_turn(session: Session, job: EtsySyncJob) -> None:
    """Wait until no other transaction touches what the account's syncs hold. On SQLite there is one writer anyway."""
    if _is_postgresql(session):
        key = func.hashtextextended(f"pending links of {job.etsy_account_id}", 0)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def _order(session: Session, table: Table) -> ColumnElement[str]:
    """The order of Python and of SQLite; PostgreSQL's own depends on its locale."""
    product_id: ColumnElement[str] = table.c.product_id
    return product_id.collate("C") if _is_postgresql(session) else product_id


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _of_item(job: EtsySyncJob) -> ColumnElement[bool]:
    return and_(_ITEM.c.sync_job_id == job.id, _ITEM.c.product_id == _LINK.c.product_id)


def _is_free(job: EtsySyncJob) -> ColumnElement[bool]:
    """Whether a link waits for no other sync that is not over."""
    waits = _LINK.c.sync_status == "pending"
    return or_(~waits, _LINK.c.transaction_id.is_(None), _LINK.c.transaction_id.not_in(jobs.others_not_over(job)))
