"""Queries on webhooks: deliveries, counts of their outcomes, and marks of what was sold."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.store.records import SoldMark
from etsy_pipeline.store.tables.orders import SoldMarkRow
from etsy_pipeline.store.tables.traffic import WebhookCountRow, WebhookDeliveryRow
from etsy_pipeline.store.upserts import add_once, add_or_change

KEPT = timedelta(days=7)  # FACTS §13: the last repetition comes some 28 hours after the first delivery


def add_delivery(
    session: Session, *, webhook_id: str, event_type: str, shop_id: int | None, resource_url: str, now: datetime
) -> bool:
    """Remember a delivery; False when it was received before."""
    session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.received_at < now - KEPT))
    values = {"webhook_id": webhook_id, "event_type": event_type, "shop_id": shop_id, "resource_url": resource_url}
    return add_once(session, WebhookDeliveryRow, **values, received_at=now)


def count(session: Session, outcome: str, now: datetime) -> None:
    """Count one delivery with this outcome."""
    add_or_change(
        session,
        WebhookCountRow,
        {"day": now.date().isoformat(), "outcome": outcome},
        added={"deliveries": 1},
        changed={"deliveries": WebhookCountRow.deliveries + 1},
    )


def counts(session: Session) -> dict[str, int]:
    """All deliveries ever, by outcome."""
    query = select(WebhookCountRow.outcome, func.sum(WebhookCountRow.deliveries)).group_by(WebhookCountRow.outcome)
    return {outcome: int(total) for outcome, total in session.execute(query)}


def mark_sold(session: Session, *, shop_id: int, receipt_id: int, event_type: str, now: datetime) -> None:
    """Ask the next plan of the shop to look at this order; a later event on it asks again."""
    values = {"event_type": event_type, "marked_at": now, "looked_at": None}
    keys = {"shop_id": shop_id, "receipt_id": receipt_id}
    add_or_change(session, SoldMarkRow, keys, added=values, changed=values)


def sold_marks(session: Session, shop_id: int) -> list[SoldMark]:
    """Orders of a shop that no plan has looked at yet, oldest first."""
    query = select(SoldMarkRow).where(SoldMarkRow.shop_id == shop_id, SoldMarkRow.looked_at.is_(None))
    rows = session.scalars(query.order_by(SoldMarkRow.marked_at, SoldMarkRow.receipt_id))
    return [SoldMark(row.shop_id, row.receipt_id, row.event_type, row.marked_at, row.looked_at) for row in rows]


def looked_at(session: Session, marks: Iterable[SoldMark], now: datetime) -> None:
    """Note that these orders were looked at, unless an event came in since they were read."""
    for mark in marks:
        session.execute(
            update(SoldMarkRow)
            .where(SoldMarkRow.shop_id == mark.shop_id, SoldMarkRow.receipt_id == mark.receipt_id)
            .where(SoldMarkRow.marked_at == mark.marked_at)
            .values(looked_at=now)
        )
