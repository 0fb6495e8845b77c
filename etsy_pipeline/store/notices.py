"""Queries on notices: what was told to whom, and what is to be tried again."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables import EtsySyncJob, SentNotice

STATUSES = ("completed", "failed", "paused", "cancelled")


def locked(session: Session, transaction_id: str, event: str, receiver: str) -> SentNotice:
    """What is known of one notice to one receiver, locked; made on first use, by one process."""
    return locked_or_made(
        session, SentNotice(transaction_id=transaction_id, event=event, receiver=receiver, attempts=0)
    )


def jobs_with_news(session: Session, since: datetime) -> list[EtsySyncJob]:
    """Syncs that came to a state since then which somebody should hear of."""
    is_planned = (EtsySyncJob.status == "pending") & (EtsySyncJob.planned_at >= since)
    is_over = EtsySyncJob.status.in_(STATUSES) & (
        (EtsySyncJob.completed_at >= since) | (EtsySyncJob.resume_at >= since)
    )
    return list(session.scalars(select(EtsySyncJob).where(or_(is_planned, is_over)).order_by(EtsySyncJob.created_at)))
