"""Who did what: an append-only log, read together with the logs that there are of decisions on plans and links."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, insert, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.tables.listings import LinkDecisionRow
from etsy_pipeline.store.tables.people import ActivityRow
from etsy_pipeline.store.tables.syncs import ApprovalRow, EtsySyncJobRow

Deed = Literal[
    "asked", "asked_again", "asked_to_take_back", "cancelled", "brought_forward", "dropped",
    "account_added", "account_renamed", "account_removed", "connecting", "disconnected", "settings_changed",
    "variant_chosen", "nothing_booked", "goods_back", "goods_gone", "order_closed", "parcels_told", "scan_asked",
    "person_added", "person_removed", "role_changed", "token_renewed",
]  # fmt: skip

LONGEST_ABOUT = 500  # characters


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something, and through which door: cli, api, review page."""

    name: str
    through: str


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that somebody did. `deed` is a Deed, or a decision on a plan or on links, of which `count` were one."""

    done_by: str
    done_through: str
    deed: str
    account_id: str | None
    transaction_id: str | None
    about: str
    note: str
    count: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClosedOrder:
    """Who closed an order by hand, and why."""

    done_by: str
    reason: str


def note(
    session: Session,
    by: Doer | None,
    deed: Deed,
    *,
    account_id: str | None = None,
    transaction_id: str | None = None,
    about: str = "",
) -> None:
    """Append what somebody does, in the transaction in which it is done. None: nobody does it, but a schedule."""
    if by is None:
        return
    values = {
        "done_by": by.name.strip(),
        "done_through": by.through,
        "deed": deed,
        "etsy_account_id": account_id,
        "transaction_id": transaction_id,
        "about": about[:LONGEST_ABOUT],
        "created_at": clock.now(session),
    }
    session.execute(insert(ActivityRow).values(values))


def note_closed(session: Session, by: Doer | None, account_id: str, receipt_id: int, reason: str) -> None:
    """Append that an order is closed by hand, and why."""
    note(session, by, "order_closed", account_id=account_id, about=f"order {receipt_id}: {reason}")


def closed_orders(session: Session, account_id: str) -> dict[int, ClosedOrder]:
    """Who closed which of an account's orders by hand, and why, by Etsy's number; the last word of several."""
    query = select(ActivityRow.about, ActivityRow.done_by).order_by(ActivityRow.id)
    query = query.where(ActivityRow.etsy_account_id == account_id, ActivityRow.deed == "order_closed")
    found: dict[int, ClosedOrder] = {}
    for about, done_by in session.execute(query):
        number, _, reason = about.removeprefix("order ").partition(": ")
        found[int(number)] = ClosedOrder(done_by, reason)
    return found


def last(session: Session, account_id: str, *deeds: Deed) -> datetime | None:
    """When somebody did one of these to an account last."""
    wanted = ActivityRow.etsy_account_id == account_id, ActivityRow.deed.in_(deeds)
    found: datetime | None = session.scalar(select(func.max(ActivityRow.created_at)).where(*wanted))
    return found


def newest(
    session: Session, *, account_id: str | None = None, transaction_id: str | None = None, first: int = 0, most: int
) -> tuple[list[Activity], int]:
    """Some of what was done, the last first, and how much there is; of an account, or on a sync, where one is named."""
    deeds, approvals, links = _deeds(), _approvals(), _links()
    if account_id is not None:
        deeds = deeds.where(ActivityRow.etsy_account_id == account_id)
        approvals = approvals.where(EtsySyncJobRow.etsy_account_id == account_id)
        links = links.where(LinkDecisionRow.etsy_account_id == account_id)
    if transaction_id is not None:
        deeds = deeds.where(or_(ActivityRow.transaction_id == transaction_id, ActivityRow.about == transaction_id))
        approvals = approvals.where(ApprovalRow.transaction_id == transaction_id)
    found = union_all(deeds, approvals, *([links] if transaction_id is None else [])).subquery()
    count = session.scalar(select(func.count()).select_from(found)) or 0
    query = select(found).order_by(found.c.at.desc(), found.c.id.desc()).offset(first).limit(most)
    return [_activity(row) for row in session.execute(query).mappings()], count


def _deeds() -> Select[*tuple[Any, ...]]:
    return select(
        ActivityRow.created_at.label("at"),
        ActivityRow.id.label("id"),
        ActivityRow.done_by.label("done_by"),
        ActivityRow.done_through.label("through"),
        ActivityRow.deed.label("deed"),
        ActivityRow.etsy_account_id.label("account_id"),
        ActivityRow.transaction_id.label("transaction_id"),
        ActivityRow.about.label("about"),
        literal("").label("note"),
        literal(1).label("count"),
    )


def _approvals() -> Select[*tuple[Any, ...]]:
    of_sync = EtsySyncJobRow.transaction_id == ApprovalRow.transaction_id
    return select(
        ApprovalRow.created_at,
        ApprovalRow.id,
        ApprovalRow.decided_by,
        ApprovalRow.decided_through,
        ApprovalRow.decision,
        EtsySyncJobRow.etsy_account_id,
        ApprovalRow.transaction_id,
        literal(""),
        ApprovalRow.note,
        literal(1),
    ).join(EtsySyncJobRow, of_sync)


def _links() -> Select[*tuple[Any, ...]]:
    """What was decided on many pairs at once is one."""
    at_once = (
        LinkDecisionRow.created_at,
        LinkDecisionRow.decided_by,
        LinkDecisionRow.decided_through,
        LinkDecisionRow.decision,
        LinkDecisionRow.etsy_account_id,
        LinkDecisionRow.note,
    )
    return select(
        LinkDecisionRow.created_at,
        func.max(LinkDecisionRow.id),
        LinkDecisionRow.decided_by,
        LinkDecisionRow.decided_through,
        LinkDecisionRow.decision,
        LinkDecisionRow.etsy_account_id,
        null(),
        func.coalesce(func.min(LinkDecisionRow.product_id), ""),
        LinkDecisionRow.note,
        func.count(),
    ).group_by(*at_once)


def _activity(row: Any) -> Activity:
    return Activity(
        done_by=row["done_by"],
        done_through=row["through"],
        deed=row["deed"],
        account_id=row["account_id"],
        transaction_id=row["transaction_id"],
        about=row["about"] if row["count"] == 1 else "",
        note=row["note"],
        count=row["count"],
        created_at=row["at"],
    )
