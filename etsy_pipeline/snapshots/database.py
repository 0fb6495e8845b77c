"""Snapshots in our own database, in pieces: for whoever has a database server and no object store."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.snapshots.place import Kept, gone
from etsy_pipeline.store import snapshots
from etsy_pipeline.store.engine import Store

PIECE = 1 << 20  # bytes
PIECES_AT_HAND = 4


class Database:
    """Pieces in `snapshot_chunk`, each in a transaction of its own: no lock is held while Medusa is asked.

    They are whole once the row of their snapshot is there, which is written last.
    """

    name = "db:"

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def writing(self, key: str) -> Iterator["_Writer"]:
        """Write piece by piece."""
        writer = _Writer(self._store, key)
        try:
            yield writer
            writer.finish()
        except BaseException:
            self.remove(key)
            raise

    @contextmanager
    def reading(self, key: str) -> Iterator[io.BufferedReader]:
        """Read any piece; some are at hand."""
        with self._store.reading() as session:
            size = snapshots.size_of_chunks(session, key)
        if size is None:
            raise gone(key, f"the database ({self.name})")
        yield io.BufferedReader(_Reader(self._store, key, size))  # whoever asks for bytes gets all of them

    def kept(self) -> Iterator[Kept]:
        """All that has pieces."""
        with self._store.reading() as session:
            found = snapshots.written(session)
        return (Kept(key, at) for key, at in found)

    def remove(self, key: str) -> None:
        """Delete its pieces."""
        with self._store.writing() as session:
            snapshots.drop_chunks(session, key)

    def trouble(self, error: OSError) -> PipelineError:
        """The store tells its own troubles; this would be another one."""
        return StoreUnavailable(
            f"Snapshots cannot be kept in the database: {error}.",
            code="database_unreachable",
            hint="Check ETSY_PIPELINE_DATABASE_URL, and that the server runs.",
        )


class _Writer(io.RawIOBase):
    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._rest, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | memoryview | bytearray") -> int:  # type: ignore[override] # any buffer
        self._rest += data
        while len(self._rest) >= PIECE:
            self._put(bytes(self._rest[:PIECE]))
            del self._rest[:PIECE]
        return len(data)

    def finish(self) -> None:
        """The last piece, which is shorter."""
        if self._rest or not self._number:
            self._put(bytes(self._rest))
        self._rest.clear()

    def _put(self, piece: bytes) -> None:
        with self._store.writing() as session:
            snapshots.add_chunk(session, self._key, self._number, piece)
        self._number += 1


class _Reader(io.RawIOBase):
    """All pieces but the last have the same size, so that each position has its piece."""

    def __init__(self, store: Store, key: str, size: int) -> None:
        self._store, self._key, self._size, self._at = store, key, size, 0
        self._piece = lru_cache(PIECES_AT_HAND)(self._fetched)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what RawIOBase hands in
        piece = self._piece(self._at // PIECE) if self._at < self._size else b""
        found = piece[self._at % PIECE :][: len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _fetched(self, number: int) -> bytes:
        with self._store.reading() as session:
            piece = snapshots.chunk(session, self._key, number)
        if piece is None:
            raise gone(self._key, "the database")
        return piece
