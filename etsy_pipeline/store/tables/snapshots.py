"""Tables between two of Dagster's assets."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table


class SnapshotRow(Table):
    """A table between two assets that was written whole: what it is called where it lies, and what it was made from.

    `taken_at` is when Medusa was read for it, whatever it was made from since; `sha256` is of its bytes.
    """

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_partition", "partition", "asset", "made_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str]
    partition: Mapped[str]
    run_id: Mapped[str]
    place: Mapped[str]
    rows: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    made_from: Mapped[str | None]
    taken_at: Mapped[datetime]
    made_at: Mapped[datetime]


class SnapshotChunkRow(Table):
    """A piece of a snapshot that lies in the database; without a row of the snapshot it is being written, or was."""

    __tablename__ = "snapshot_chunk"

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]
    written_at: Mapped[datetime]
