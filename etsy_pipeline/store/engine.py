"""Opening the database: SQLite by default, PostgreSQL by URL; sessions for reading and for writing.

On SQLite a writing session takes the write lock at its start (BEGIN IMMEDIATE), so that two writers wait for each other
instead of failing half way; on PostgreSQL rows are locked one by one where it matters (`with_for_update`).
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from etsy_pipeline.errors import NotConfigured, Unavailable
from etsy_pipeline.store import migrate
from etsy_pipeline.store.encryption import TokenCipher

__all__ = ["Session", "Store", "open_store"]  # other rooms name the session's type, but import no SQLAlchemy

SQLITE_BUSY_SECONDS = 30  # a publisher commits every few hundred milliseconds; a writer that waits longer is stuck

# JSON columns are written and read by msgspec: a plan has thousands of them
JSON = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


class Store:
    """The opened database, with the cipher for what must not lie in it in clear."""

    def __init__(self, engine: Engine, cipher: TokenCipher) -> None:
        self.engine = engine
        self.cipher = cipher
        self._writer = engine.execution_options(sqlite_begin="IMMEDIATE")
        self._turn: AbstractContextManager[object] = _Turn() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; nothing is written."""
        with _helpful_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if the block raises."""
        with (
            _helpful_errors(),
            self._turn,
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # take the lock now, not at the first statement
            yield session

    def upgrade(self) -> str:
        """Bring the tables up to this code's version, which is returned."""
        with _helpful_errors(), self._writer.begin() as connection:
            return migrate.upgrade(connection)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class _Turn:
    """Threads that write to a SQLite file take turns: SQLite itself lets them try again at growing intervals."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=SQLITE_BUSY_SECONDS):
            raise _locked()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def open_store(url: str, cipher: TokenCipher, *, upgrade: bool) -> Store:
    """Open the database at a SQLAlchemy URL.

    Args:
        url: as in `sqlite:///path` or `postgresql://user:password@host/name` (psycopg 3 is used).
        cipher: for tokens.
        upgrade: whether to bring the tables up to date (the embedded default does); otherwise they must be.

    Raises:
        NotConfigured: `database_url_malformed`, `database_not_migrated`, `database_newer_than_code`.
        Unavailable: `database_unreachable`, `database_locked`.
    """
    store = Store(_engine(url), cipher)
    with _helpful_errors(), store.engine.connect() as connection:
        state = migrate.state(connection)
    if state == "newer":
        raise NotConfigured(
            f"The database was made by a newer version of etsy_pipeline (at {migrate.code_version()} here).",
            code="database_newer_than_code",
            hint="Upgrade etsy_pipeline, or point ETSY_PIPELINE_DATABASE_URL at another database.",
        )
    if state == "behind":
        if not upgrade:
            raise NotConfigured(
                "The database's tables are missing or older than this code.",
                code="database_not_migrated",
                hint="Run `etsy-pipeline db upgrade` once.",
            )
        store.upgrade()
    return store


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, **JSON)
        if parsed.get_backend_name() != "sqlite":
            raise ArgumentError(parsed.get_backend_name())
    except ArgumentError:
        raise NotConfigured(
            "ETSY_PIPELINE_DATABASE_URL is not a URL of SQLite or PostgreSQL.",
            code="database_url_malformed",
            hint="Examples: sqlite:///etsy.db, postgresql://user:password@localhost/etsy.",
        ) from None
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_SECONDS}, **JSON)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, or tables would be made outside of the transaction
    _use_wal(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")  # the journal of what Etsy was told has to survive a power cut


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite refuses this at once, however long it may wait, while another process writes to a file that is new."""
    deadline = monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(f"BEGIN {options.get('sqlite_begin', 'DEFERRED')}")


@contextmanager
def _helpful_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise _locked() from error
        raise Unavailable(
            f"The database cannot be used: {_first_line(error)}.",
            code="database_unreachable",
            hint="Check ETSY_PIPELINE_DATABASE_URL, and that the server runs and the file can be written.",
        ) from error
    except ProgrammingError as error:
        raise NotConfigured(
            f"The database does not fit this code: {_first_line(error)}.",
            code="database_not_migrated",
            hint="Run `etsy-pipeline db upgrade` once.",
        ) from error


def _locked() -> Unavailable:
    return Unavailable(
        f"The database stayed locked for {SQLITE_BUSY_SECONDS} seconds.",
        code="database_locked",
        hint="Close other programs that hold the SQLite file open, or use PostgreSQL.",
    )


def _first_line(error: OperationalError | ProgrammingError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")
