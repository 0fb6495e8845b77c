"""Whether anything was written to the database since one last looked: a look costs next to nothing.

SQLite: https://www.sqlite.org/pragma.html#pragma_data_version
PostgreSQL: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
"""

from types import TracebackType
from typing import Self

from sqlalchemy import text

from etsy_pipeline.store.engine import Store

VERSION = {
    "sqlite": text("PRAGMA data_version"),
    "postgresql": text("SELECT txid_snapshot_xmax(txid_current_snapshot())"),
}


class Changes:
    """Changes by others than this connection, which it holds; a context manager.

    On PostgreSQL these are all that are written on the server, to other databases, too: it may be nothing of ours.

    Raises:
        StoreUnavailable: as the store itself does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version: object = None

    def __enter__(self) -> Self:
        self._session = self._store.engine.connect()
        self._version = self._now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def are_there(self) -> bool:
        """Whether somebody wrote since the last time this was asked."""
        before, self._version = self._version, self._now()
        return self._version != before

    def _now(self) -> object:
        with self._session.begin():  # each look in a transaction of its own: within one, nothing ever changes
            return self._session.scalar(VERSION[self._store.engine.dialect.name])
