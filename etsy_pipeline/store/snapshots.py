"""Which snapshots there are (`snapshot`), and the pieces of those that lie in the database (`snapshot_chunk`).

A piece is seen by nobody before the row of its snapshot is there: that one is written last.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.records import Snapshot
from etsy_pipeline.store.sync_states import OVER
from etsy_pipeline.store.tables.snapshots import SnapshotChunkRow, SnapshotRow
from etsy_pipeline.store.tables.syncs import EtsySyncJobRow


def add(session: Session, snapshot: Snapshot) -> None:
    """A snapshot that was written whole (a writing session)."""
    session.execute(insert(SnapshotRow).values(**asdict(snapshot)))


def find(session: Session, key: str) -> Snapshot | None:
    """A snapshot by its key, if there is one."""
    row = session.get(SnapshotRow, key)
    return None if row is None else _snapshot(row)


def of_run(session: Session, run_id: str, asset: str, partition: str) -> Snapshot | None:
    """The newest that a run made of an asset and a partition, if it made one."""
    ours = SnapshotRow.run_id == run_id, SnapshotRow.asset == asset, SnapshotRow.partition == partition
    newest = select(SnapshotRow).where(*ours).order_by(SnapshotRow.made_at.desc(), SnapshotRow.key).limit(1)
    row = session.scalar(newest)
    return None if row is None else _snapshot(row)


def not_needed(session: Session, *, replaced_before: datetime, before: datetime | None) -> list[str]:
    """Keys of snapshots that nobody needs any more, of all partitions.

    Needed is what a plan that is not over names, and what that was made from.

    Args:
        session: of the database.
        replaced_before: those that a newer one of their asset and partition has replaced go if they are older.
        before: the newest ones go if they are older; None: they stay.
    """
    newest: set[tuple[str, str]] = set()
    needed, found = _named(session), []
    for row in session.execute(select(SnapshotRow).order_by(SnapshotRow.made_at.desc(), SnapshotRow.key)).scalars():
        is_newest = (row.partition, row.asset) not in newest
        newest.add((row.partition, row.asset))
        limit = before if is_newest else replaced_before
        if row.key not in needed and limit is not None and row.made_at < limit:
            found.append(row.key)
    return found


def drop(session: Session, key: str) -> None:
    """Forget a snapshot, and its pieces where they lie here (a writing session)."""
    session.execute(delete(SnapshotRow).where(SnapshotRow.key == key))
    drop_chunks(session, key)


def add_chunk(session: Session, key: str, number: int, data: bytes) -> None:
    """The next piece of a snapshot that is being written (a writing session)."""
    values = {"key": key, "number": number, "data": data, "written_at": clock.now(session)}
    session.execute(insert(SnapshotChunkRow).values(**values))


def chunk(session: Session, key: str, number: int) -> bytes | None:
    """A piece of a snapshot; None where it has none of this number."""
    numbered = SnapshotChunkRow.key == key, SnapshotChunkRow.number == number
    return session.scalar(select(SnapshotChunkRow.data).where(*numbered))


def size_of_chunks(session: Session, key: str) -> int | None:
    """How many bytes all pieces of a snapshot have; None where there are none."""
    size = session.scalar(select(func.sum(func.length(SnapshotChunkRow.data))).where(SnapshotChunkRow.key == key))
    return None if size is None else int(size)


def drop_chunks(session: Session, key: str) -> None:
    """Remove the pieces of a snapshot (a writing session)."""
    session.execute(delete(SnapshotChunkRow).where(SnapshotChunkRow.key == key))


def written(session: Session) -> Sequence[tuple[str, datetime]]:
    """Keys of all that has pieces, and when the last one was written."""
    query = select(SnapshotChunkRow.key, func.max(SnapshotChunkRow.written_at)).group_by(SnapshotChunkRow.key)
    return [(key, at) for key, at in session.execute(query)]


def _named(session: Session) -> set[str]:
    waiting = EtsySyncJobRow.snapshot.is_not(None), EtsySyncJobRow.state.not_in([state.value for state in OVER])
    named = set(session.scalars(select(EtsySyncJobRow.snapshot).where(*waiting)))
    of_named = select(SnapshotRow.made_from).where(SnapshotRow.key.in_(named))
    return {key for key in (*named, *session.scalars(of_named)) if key}


def _snapshot(row: SnapshotRow) -> Snapshot:
    return Snapshot(
        key=row.key,
        asset=row.asset,
        partition=row.partition,
        run_id=row.run_id,
        place=row.place,
        rows=row.rows,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        made_from=row.made_from,
        taken_at=row.taken_at,
        made_at=row.made_at,
    )
