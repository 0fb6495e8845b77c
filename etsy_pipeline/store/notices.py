"""Notices: what was told to whom, and what is to be tried again."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables.traffic import SentNoticeRow


def claim(
    session: Session, transaction_id: str, event: str, receiver: str, *, now: datetime, attempts: int, wait: timedelta
) -> bool:
    """Take a notice to one receiver for sending, once for all processes; whether it is due.

    Args:
        session: a writing one.
        transaction_id: of the sync.
        event: what happened to it.
        receiver: by its fingerprint.
        now: the moment.
        attempts: how many are made.
        wait: before the second one; doubled after each.
    """
    row = _locked(session, transaction_id, event, receiver)
    if row.sent_at is not None or row.attempts >= attempts or (row.next_try_at and row.next_try_at > now):
        return False
    row.attempts += 1
    row.next_try_at = now + wait * 2 ** (row.attempts - 1)
    return True


def note(session: Session, transaction_id: str, event: str, receiver: str, **values: Any) -> None:
    """Write what became of a notice: `sent_at` or `attempts`."""
    row = _locked(session, transaction_id, event, receiver)
    for name, value in values.items():
        setattr(row, name, value)


def _locked(session: Session, transaction_id: str, event: str, receiver: str) -> SentNoticeRow:
    row = SentNoticeRow(transaction_id=transaction_id, event=event, receiver=receiver, attempts=0)
    return locked_or_made(session, row)
