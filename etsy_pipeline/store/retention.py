"""What grows old in the database, and giving room back to the disk. How long things are kept is said elsewhere.

Of a plan that is over, what people answer for stays: the sync with its counts, digest and decisions, and each product
with what became of it, its brakes, and its error. What was to be sent, and products with which nothing happened, go.
"""

import sqlite3
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables.accounts import OauthSessionRow
from etsy_pipeline.store.tables.listings import ShopScanRow
from etsy_pipeline.store.tables.orders import SoldMarkRow
from etsy_pipeline.store.tables.people import ActivityRow
from etsy_pipeline.store.tables.syncs import SyncItemRow
from etsy_pipeline.store.tables.traffic import SentNoticeRow

ANSWERED_FOR = ("synced", "failed")
WORTH_COMPACTING = 0.25  # share of the file that is free: less is soon used again
LEAST_COMPACTED = 1_000_000  # bytes

_ITEM: Table = SyncItemRow.metadata.tables[SyncItemRow.__tablename__]


class Emptied(NamedTuple):
    """What was taken out of a plan: products that are gone whole, and products of which the outcome is left."""

    gone: int
    emptied: int


def empty_plan(session: Session, job_id: str, now: datetime) -> Emptied:
    """Take the details out of a plan that is over; its `error_log` is cut to what one holds today."""
    of_job = _ITEM.c.sync_job_id == job_id
    is_answered_for = or_(_ITEM.c.outcome.in_(ANSWERED_FOR), _ITEM.c.note.is_not(None))
    gone = session.execute(delete(_ITEM).where(of_job, ~is_answered_for))
    nothing: dict[str, object] = {"desired": None, "before": None, "differences": [], "verdicts": [], "conflicts": []}
    emptied = session.execute(update(_ITEM).where(of_job).values(**nothing))
    jobs.note_details_removed(session, job_id, now)
    return Emptied(_count(gone), _count(emptied))


def drop_notes(session: Session, before: datetime) -> int:
    """Remove notices that were sent or given up, orders that a plan looked at, attempts to connect, scans, old deeds.

    Of each account the last whole scan stays. Says how many were removed.
    """
    whole = select(func.max(ShopScanRow.id)).where(ShopScanRow.finished_at.is_not(None))
    told_at = func.coalesce(SentNoticeRow.sent_at, SentNoticeRow.next_try_at)
    old = (
        delete(ActivityRow).where(ActivityRow.created_at < before),
        delete(SentNoticeRow).where(told_at < before),
        delete(SoldMarkRow).where(SoldMarkRow.looked_at < before),
        delete(OauthSessionRow).where(OauthSessionRow.expires_at < before),
        delete(ShopScanRow).where(
            ShopScanRow.started_at < before, ShopScanRow.id.not_in(whole.group_by(ShopScanRow.etsy_account_id))
        ),
    )
    return sum(_count(session.execute(statement)) for statement in old)


def compact(store: Store) -> int | None:
    """Give what is free in a SQLite file back to the disk, where that is a good part of it.

    VACUUM writes the file anew: it needs as much room on the disk for that moment, and other writers wait meanwhile
    (about a second for 100 MB). PostgreSQL reuses its room by itself.

    Returns:
        By how many bytes the file became smaller; None where another program holds it, or the disk is full.
    """
    if store.engine.dialect.name != "sqlite":
        return 0
    pooled = store.engine.raw_connection()
    connection = cast(sqlite3.Connection, pooled.driver_connection)
    try:
        before, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
        if free * size < LEAST_COMPACTED or free < WORTH_COMPACTING * before:
            return 0
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return (before - _pragma(connection, "page_count")) * size
    except sqlite3.OperationalError:
        return None
    finally:
        pooled.close()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _count(result: object) -> int:
    return cast("CursorResult[object]", result).rowcount
