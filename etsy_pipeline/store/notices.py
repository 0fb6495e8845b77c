"""Queries on notices: what was told to whom, and what is to be tried again."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from etsy_pipeline.store.tables import EtsySyncJob, SentNotice

STATUSES = ("completed", "failed", "paused")


def get(session: Session, transaction_id: str, event: str, receiver: str) -> SentNotice | None:
    """What is known of one notice to one receiver."""
    return session.get(SentNotice, (transaction_id, event, receiver), with_for_update=True)


def jobs_with_news(session: Session, since: datetime) -> list[EtsySyncJob]:
    """Syncs that came to a state since then which somebody should hear of."""
    is_planned = (EtsySyncJob.status == "pending") & (EtsySyncJob.planned_at >= since)
    is_over = EtsySyncJob.status.in_(STATUSES) & (
        (EtsySyncJob.completed_at >= since) | (EtsySyncJob.resume_at >= since)
    )
    return list(session.scalars(select(EtsySyncJob).where(or_(is_planned, is_over)).order_by(EtsySyncJob.created_at)))
