"""How far a shop's orders were read (`receipt_feed`), and what Etsy lets the key do with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables.orders import ReceiptFeedRow


@dataclass(frozen=True, slots=True)
class ReceiptFeed:
    """How far a shop's orders were read. `cursor` is the newest change that was seen and kept.

    `polled_at` and `swept_at`: when the last whole look at what changed, and at what tells of no change, began.
    `problem` is why the last look did not. `tells_addresses` and `takes_tracking` are None until an answer told.
    """

    etsy_account_id: str
    cursor: datetime | None = None
    polled_at: datetime | None = None
    swept_at: datetime | None = None
    problem: str | None = None
    tells_addresses: bool | None = None
    takes_tracking: bool | None = None


def get(session: Session, account_id: str) -> ReceiptFeed:
    """How far it was read; nothing, where it never was."""
    row = session.get(ReceiptFeedRow, account_id, populate_existing=True)
    return ReceiptFeed(account_id) if row is None else _feed(row)


def change(session: Session, account_id: str, **values: Any) -> ReceiptFeed:
    """Write columns (a writing session); the feed as it is now."""
    row = locked_or_made(session, ReceiptFeedRow(etsy_account_id=account_id))
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return _feed(row)


def advance(session: Session, account_id: str, cursor: datetime) -> None:
    """Everything up to a change was seen and kept. The cursor never goes back."""
    row = locked_or_made(session, ReceiptFeedRow(etsy_account_id=account_id))
    if row.cursor is None or row.cursor < cursor:
        row.cursor = cursor


def _feed(row: ReceiptFeedRow) -> ReceiptFeed:
    return ReceiptFeed(
        row.etsy_account_id,
        row.cursor,
        row.polled_at,
        row.swept_at,
        row.problem,
        row.tells_addresses,
        row.takes_tracking,
    )
