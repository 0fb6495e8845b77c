"""The items of plans: a PlanItem becomes a row and is read back as one, with the publisher's progress beside it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import to_builtins
from sqlalchemy import ColumnElement, Table, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.listings.codec import listing_from_json, listing_to_json
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.costs import Cost
from etsy_pipeline.planning.digest import item_digest
from etsy_pipeline.planning.plan_item import CHANGING, NOTHING_TO_TELL, Action, PlanItem
from etsy_pipeline.planning.sections import Section, section_of
from etsy_pipeline.store.item_search import conditions, has_brake
from etsy_pipeline.store.records import ERRORS_IN_LOG, ItemError, ItemOutcome, SyncItem
from etsy_pipeline.store.tables.syncs import EtsySyncJobRow, SyncItemRow

AT_ONCE = 500
PERHAPS_PAID = ("not_applied", "renewal_failed")  # errors of products of which the fee may have been taken

_ITEM: Table = SyncItemRow.metadata.tables[SyncItemRow.__tablename__]
_JOB: Table = SyncItemRow.metadata.tables[EtsySyncJobRow.__tablename__]
_UNSENT = _ITEM.c.outcome == "waiting", _ITEM.c.step == ""  # and no publisher has begun it
_IS_UNSENT = (_ITEM.c.outcome == "waiting") & (_ITEM.c.step != "written") & _ITEM.c.action.in_(CHANGING)


def add(
    session: Session, job_id: str, first_position: int, planned: Sequence[PlanItem], turns: Sequence[int] = ()
) -> list[str]:
    """Write items of a plan, from a position on; the digest of each.

    Args:
        session: a writing one.
        job_id: whose.
        first_position: the first one's place in the plan.
        planned: the items.
        turns: when each of them is sent (`planning/sending_order.py`); none: in the plan's order.
    """
    rows = [
        _row(job_id, first_position + number, item) | {"turn": turns[number] if turns else 0}
        for number, item in enumerate(planned)
    ]
    if rows:
        session.execute(insert(_ITEM), rows)
    return [
        _digest(row, [change.field for change in item.differences]) for row, item in zip(rows, planned, strict=True)
    ]


def found_by_failed(session: Session, account_id: str, product_ids: Sequence[str], job_id: str) -> dict[str, str]:
    """What the last failed attempt at these products found on Etsy, in other syncs than this one: `before`, by id."""
    theirs = _JOB.c.etsy_account_id == account_id, _ITEM.c.product_id.in_(product_ids), _ITEM.c.sync_job_id != job_id
    query = select(_ITEM.c.product_id, _ITEM.c.before).join(_JOB, _JOB.c.id == _ITEM.c.sync_job_id).where(*theirs)
    query = query.where(_ITEM.c.outcome == "failed", _ITEM.c.before.is_not(None)).order_by(_ITEM.c.finished_at)
    return {str(row.product_id): row.before for row in session.execute(query)}


def digests(session: Session, job_id: str) -> list[str]:
    """The digest of each item of a stored plan, as it is now."""
    columns = _ITEM.c.product_id, _ITEM.c.action, _ITEM.c.etsy_listing_id, _ITEM.c.desired, _ITEM.c.differences
    found = session.execute(select(*columns).where(_ITEM.c.sync_job_id == job_id).execution_options(yield_per=AT_ONCE))
    return [_digest(dict(row._mapping), [change["field"] for change in row.differences]) for row in found]  # noqa: SLF001


def matching(
    session: Session,
    job_id: str,
    *,
    outcome: str | None = None,
    actions: Sequence[str] = (),
    sections: Sequence[Section] = (),
    why: str | None = None,
    text: str | None = None,
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
        sections: only what is shown there.
        why: only what breaks the rule with this code.
        text: only products of which the title, an SKU, the id or the listing's id has this in it.
        product_id: only this product.
        brake: only items with this brake; "any" for all that have one.
        with_conflicts: only items that somebody changed on Etsy.
        noteworthy: without what is skipped, unless somebody changed it on Etsy.
        dangerous_first: brakes and conflicts first, instead of the plan's own order.
        first: how many to leave out.
        most: how many at most.
    """
    order = (SyncItemRow.care, SyncItemRow.position) if dangerous_first else (SyncItemRow.position,)
    wanted = conditions(
        outcome=outcome,
        actions=actions,
        sections=sections,
        why=why,
        text=text,
        product_id=product_id,
        brake=brake,
        with_conflicts=with_conflicts,
        noteworthy=noteworthy,
    )
    query = select(SyncItemRow).where(SyncItemRow.sync_job_id == job_id, *wanted).order_by(*order)
    if first or most is not None:
        query = query.offset(first).limit(most)
    yield from map(_item, session.scalars(query.execution_options(yield_per=AT_ONCE)))


def section_counts(session: Session, job_id: str) -> dict[str, int]:
    """How many products of a plan are shown in which part of it."""
    query = select(_ITEM.c.section, func.count()).where(_ITEM.c.sync_job_id == job_id).group_by(_ITEM.c.section)
    return {str(row[0]): int(row[1]) for row in session.execute(query)}


def brakes_in(session: Session, job_id: str, codes: Sequence[str]) -> list[str]:
    """Which of these brakes products of a plan have."""
    with_each = [func.sum(case((has_brake(code), 1), else_=0)) for code in codes]
    counts = session.execute(select(*with_each).where(_ITEM.c.sync_job_id == job_id, _ITEM.c.care == 0)).one()
    return [code for code, count in zip(codes, counts, strict=True) if count]


def image_urls(session: Session, transaction_ids: Sequence[str], product_ids: Sequence[str]) -> dict[str, str]:
    """The first pictures of products, as plans of these syncs found them in Medusa, by product."""
    query = select(_ITEM.c.product_id, _ITEM.c.image_url).join(_JOB, _JOB.c.id == _ITEM.c.sync_job_id)
    wanted = _JOB.c.transaction_id.in_(transaction_ids), _ITEM.c.product_id.in_(product_ids), _ITEM.c.image_url != ""
    return {str(row[0]): str(row[1]) for row in session.execute(query.where(*wanted))}


def at_positions(session: Session, job_id: str, positions: Sequence[int]) -> list[SyncItem]:
    """The items at these positions of a plan, in the plan's order."""
    found: list[SyncItem] = []
    ordered = sorted(set(positions))
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered[start : start + AT_ONCE]
        query = select(SyncItemRow).where(SyncItemRow.sync_job_id == job_id, SyncItemRow.position.in_(part))
        found += map(_item, session.scalars(query.order_by(SyncItemRow.position)))
    return found


def of_products(session: Session, job_id: str, product_ids: Sequence[str]) -> list[SyncItem]:
    """The items of some products, in the order of sending."""
    query = select(SyncItemRow).where(SyncItemRow.sync_job_id == job_id, SyncItemRow.product_id.in_(product_ids))
    return [_item(row) for row in session.scalars(query.order_by(SyncItemRow.turn, SyncItemRow.position))]


def untouched(session: Session, job_id: str) -> Sequence[str]:
    """A job's products that wait, and that no publisher has begun."""
    return session.scalars(select(_ITEM.c.product_id).where(_ITEM.c.sync_job_id == job_id, *_UNSENT)).all()


def product_ids(
    session: Session, job_id: str, *, outcome: str | None = None, actions: Sequence[Action] = ()
) -> Sequence[str]:
    """A job's products, in the order of sending; only those with an outcome, or with these actions, where given."""
    query = select(_ITEM.c.product_id).where(_ITEM.c.sync_job_id == job_id).order_by(_ITEM.c.turn, _ITEM.c.position)
    query = query.where(_ITEM.c.action.in_(actions)) if actions else query
    return session.scalars(query.where(_ITEM.c.outcome == outcome) if outcome else query).all()


def change_unsent(session: Session, job_id: str, product_ids: Sequence[str], **values: Any) -> list[str]:
    """Write the same values on those of these items that wait and that no publisher has begun; which those are."""
    return _change(session, job_id, product_ids, _UNSENT, values)


def change_waiting(session: Session, job_id: str, product_ids: Sequence[str], **values: Any) -> list[str]:
    """Write the same values on those of these items that wait, begun or not; which those are."""
    return _change(session, job_id, product_ids, _UNSENT[:1], values)


def _change(
    session: Session,
    job_id: str,
    product_ids: Sequence[str],
    which: Sequence[ColumnElement[bool]],
    values: Mapping[str, Any],
) -> list[str]:
    changed: list[str] = []
    for start in range(0, len(product_ids), AT_ONCE):
        theirs = _ITEM.c.sync_job_id == job_id, _ITEM.c.product_id.in_(product_ids[start : start + AT_ONCE])
        query = update(_ITEM).where(*theirs, *which).values(**values).returning(_ITEM.c.product_id)
        changed += session.scalars(query).all()
    return changed


def replace_plan(session: Session, job_id: str, planned: PlanItem, note: str) -> bool:
    """An item that waits is carried out as it is planned now; its place in the plan and its turn stay.

    False where it does not wait any more.
    """
    values = _row(job_id, 0, planned)
    for kept in ("sync_job_id", "product_id", "position", "outcome"):
        del values[kept]
    theirs = _ITEM.c.sync_job_id == job_id, _ITEM.c.product_id == planned.product_id
    replaced = update(_ITEM).where(*theirs, _UNSENT[0]).values(**values, note=note).returning(_ITEM.c.product_id)
    return session.scalar(replaced) is not None


def leave(session: Session, job_id: str, product_ids: Sequence[str], reason: str) -> list[SyncItem]:
    """Plan nothing for these products, of which something would be sent, after all; the items as they were."""
    were: list[SyncItem] = []
    nothing: dict[str, Any] = {"desired": None, "differences": [], "conflicts": [], "brakes": []}
    nothing |= {"care": NOTHING_TO_TELL, "estimated_calls": 0, "fee_usd_cents": 0}
    for start in range(0, len(product_ids), AT_ONCE):
        some = product_ids[start : start + AT_ONCE]
        were += [item for item in of_products(session, job_id, some) if item.plan.action in CHANGING]
        theirs = _ITEM.c.sync_job_id == job_id, _ITEM.c.product_id.in_(some), _ITEM.c.action.in_(CHANGING)
        session.execute(update(_ITEM).where(*theirs).values(action="skip", section="same", reason=reason, **nothing))
    return were


def dealt_with_since(session: Session, job_id: str, since: datetime) -> Sequence[str]:
    """A job's products that have yet to be sent, or that were sent since then, in the order of sending."""
    is_recent = (_ITEM.c.outcome == "waiting") | (
        _ITEM.c.outcome.in_(("synced", "failed")) & (_ITEM.c.finished_at >= since)
    )
    query = select(_ITEM.c.product_id).where(_ITEM.c.sync_job_id == job_id, _ITEM.c.action.in_(CHANGING), is_recent)
    return session.scalars(query.order_by(_ITEM.c.turn, _ITEM.c.position)).all()


def finished_elsewhere(
    session: Session, account_id: str, job_id: str, product_ids: Sequence[str], since: datetime
) -> Sequence[str]:
    """Those of these products that other syncs of the account have sent since then, or failed to."""
    found: list[str] = []
    for start in range(0, len(product_ids), AT_ONCE):
        theirs = _JOB.c.etsy_account_id == account_id, _ITEM.c.sync_job_id != job_id
        is_recent = _ITEM.c.outcome.in_(("synced", "failed")), _ITEM.c.finished_at >= since
        query = select(_ITEM.c.product_id).distinct().join(_JOB, _JOB.c.id == _ITEM.c.sync_job_id)
        query = query.where(_ITEM.c.product_id.in_(product_ids[start : start + AT_ONCE]), *theirs, *is_recent)
        found += session.scalars(query).all()
    return found


def left_ones(session: Session, job_id: str, code: str | None = None) -> Sequence[str]:
    """Products that left a sync and are not done, in the plan's order; those for one reason, or for any."""
    query = select(_ITEM.c.product_id).where(_ITEM.c.sync_job_id == job_id, _ITEM.c.outcome == "skipped")
    query = query.where(_ITEM.c.error_code == code if code else _ITEM.c.error_code.is_not(None))
    return session.scalars(query.order_by(_ITEM.c.position)).all()


def errors(session: Session, job_id: str) -> dict[str, str]:
    """What is told of the first products that failed, by product id: all that a job's `error_log` has room for."""
    return {error.product_id: error.message for error in some_errors(session, job_id, most=ERRORS_IN_LOG)}


def some_errors(session: Session, job_id: str, *, first: int = 0, most: int | None = None) -> list[ItemError]:
    """What is told of the products that failed, in the plan's order: so many (None: all), from the first-th on."""
    columns = _ITEM.c.product_id, _ITEM.c.product_title, _ITEM.c.error_code, _ITEM.c.error_message
    query = select(*columns).where(_ITEM.c.sync_job_id == job_id, _ITEM.c.outcome == "failed")
    found = session.execute(query.order_by(_ITEM.c.position).offset(first).limit(most))
    return [ItemError(product_id, title, code, message or "") for product_id, title, code, message in found]


def fees_usd_cents(session: Session, account_id: str, since: datetime) -> int:
    """The listing fees of what was sent for an account since a moment, in US cents.

    Of a product that failed after it was sent it is not known whether Etsy took the fee: it counts.
    """
    is_paid = _ITEM.c.outcome == "synced", _ITEM.c.step == "written", _ITEM.c.error_code.in_(PERHAPS_PAID)
    query = select(func.coalesce(func.sum(_ITEM.c.fee_usd_cents), 0)).join(_JOB, _JOB.c.id == _ITEM.c.sync_job_id)
    query = query.where(_JOB.c.etsy_account_id == account_id, or_(*is_paid))
    return int(session.scalar(query.where(or_(_ITEM.c.finished_at.is_(None), _ITEM.c.finished_at >= since))) or 0)


def fees_of(session: Session, job_id: str) -> int:
    """The listing fees of what a sync has synced, in US cents."""
    query = select(func.coalesce(func.sum(_ITEM.c.fee_usd_cents), 0))
    return int(session.scalar(query.where(_ITEM.c.sync_job_id == job_id, _ITEM.c.outcome == "synced")) or 0)


def outcomes(session: Session, job_id: str, *, actions: Sequence[Action] = ()) -> Counter[ItemOutcome]:
    """How many items have which outcome; only those with these actions, where some are given."""
    query = select(_ITEM.c.outcome, func.count()).where(_ITEM.c.sync_job_id == job_id).group_by(_ITEM.c.outcome)
    query = query.where(_ITEM.c.action.in_(actions)) if actions else query
    return Counter({row[0]: row[1] for row in session.execute(query)})


def unsent_count(session: Session, job_id: str) -> int:
    """How many items have yet to be sent, or the rest of them has; not those that wait only to be read back."""
    return session.scalars(select(func.count()).where(_ITEM.c.sync_job_id == job_id, _IS_UNSENT)).one()


def calls_left(session: Session, job_id: str) -> int:
    """How many calls to Etsy the plan takes for the items that have yet to be sent, as estimated."""
    calls = select(func.coalesce(func.sum(_ITEM.c.estimated_calls), 0))
    return int(session.scalars(calls.where(_ITEM.c.sync_job_id == job_id, _IS_UNSENT)).one())


def last_finished_at(session: Session, job_id: str) -> datetime | None:
    """When the last item was done, so far."""
    last = select(SyncItemRow.finished_at).where(SyncItemRow.sync_job_id == job_id, SyncItemRow.outcome != "waiting")
    return session.scalar(last.order_by(SyncItemRow.finished_at.desc()).limit(1))


def sent_count(session: Session, job_id: str) -> int:
    """How many items are sent and not read back yet."""
    is_sent = (_ITEM.c.outcome == "waiting") & (_ITEM.c.step == "written")
    return session.scalars(select(func.count()).where(_ITEM.c.sync_job_id == job_id, is_sent)).one()


def clear(session: Session, job_id: str) -> None:
    """Forget a job's plan, before it is drawn up again."""
    session.execute(delete(_ITEM).where(_ITEM.c.sync_job_id == job_id))


def _row(job_id: str, position: int, item: PlanItem) -> dict[str, Any]:
    return {
        "sync_job_id": job_id,
        "product_id": item.product_id,
        "position": position,
        "product_title": item.product_title,
        "action": item.action,
        "reason": item.reason,
        "desired": listing_to_json(item.desired) if item.desired else None,
        "differences": to_builtins(item.differences),
        "verdicts": to_builtins(item.verdicts),
        "conflicts": to_builtins(item.conflicts),
        "brakes": to_builtins(item.brakes),
        "care": item.care,
        "etsy_listing_id": item.etsy_listing_id,
        "estimated_calls": item.cost.calls,
        "fee_usd_cents": item.cost.fee_usd_cents,
        "outcome": "waiting",
        "section": section_of(item.action, item.care, item.verdicts),
        "image_url": item.image_url,
        "skus": "\n".join(item.skus),
    }


def _item(row: SyncItemRow) -> SyncItem:
    planned = PlanItem(
        product_id=row.product_id,
        product_title=row.product_title,
        action=cast(Action, row.action),
        reason=row.reason,
        desired=listing_from_json(row.desired) if row.desired else None,
        differences=msgspec.convert(row.differences, tuple[Difference, ...]),
        conflicts=msgspec.convert(row.conflicts, tuple[FieldConflict, ...]),
        brakes=msgspec.convert(row.brakes, tuple[Brake, ...]),
        verdicts=msgspec.convert(row.verdicts, tuple[Verdict, ...]),
        etsy_listing_id=row.etsy_listing_id,
        cost=Cost(row.estimated_calls, row.fee_usd_cents),
        image_url=row.image_url,
        skus=tuple(row.skus.splitlines()),
    )
    return SyncItem(
        sync_job_id=row.sync_job_id,
        position=row.position,
        plan=planned,
        desired_json=row.desired,
        step=row.step,
        attempts=row.attempts,
        failures=row.failures,
        outcome=cast(ItemOutcome, row.outcome),
        error_code=row.error_code,
        error_message=row.error_message,
        finished_at=row.finished_at,
        turn=row.turn,
        note=row.note,
        before=row.before,
    )


def _digest(row: Mapping[str, Any], fields: list[str]) -> str:
    return item_digest(row["product_id"], row["action"], row["etsy_listing_id"], row["desired"], fields)
