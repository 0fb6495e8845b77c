"""Opening the database: SQLite by default, PostgreSQL by URL; sessions for reading and for writing.

On SQLite a writing session takes the write lock at its start (BEGIN IMMEDIATE), so that two writers wait for each other
instead of failing half way; on PostgreSQL rows are locked one by one where it matters (`with_for_update`).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from etsy_pipeline.errors import NotConfigured, StoreUnavailable
from etsy_pipeline.state_folder import private_database
from etsy_pipeline.store import clock, migrate
from etsy_pipeline.store.clock import Follower
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.fence import Fence

__all__ = ["Session", "Store", "open_store"]  # other rooms name the session's type, but import no SQLAlchemy

SQLITE_BUSY_SECONDS = 30  # a publisher commits every few hundred milliseconds; a writer that waits longer is stuck

# https://www.postgresql.org/docs/current/errcodes-appendix.html
DEADLOCK, NO_RIGHT, READ_ONLY = "40P01", "42501", "25006"

# A server whose machine is gone says nothing; after half a minute it counts as away. What the URL says is preferred.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS (seconds; the last one milliseconds)
POSTGRESQL_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

NO_FENCE = Fence()

Begun = TypeVar("Begun")

# JSON columns are written and read by msgspec: a plan has thousands of them
JSON = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


class Store:
    """The opened database, with the cipher for what must not lie in it in clear.

    Args:
        engine: of the database.
        cipher: for tokens.
        clock: tells the moment instead of the database (`clock.py`), in tests that move it.
        fence: keeps outside the database how far the books have come (`fence.py`).
    """

    def __init__(
        self,
        engine: Engine,
        cipher: TokenCipher,
        *,
        clock: Callable[[], datetime] | None = None,
        fence: Fence = NO_FENCE,
    ) -> None:
        self.engine = engine
        self.cipher = cipher
        self.clock = clock
        self.fence = fence
        self._writer = engine.execution_options(sqlite_begin="IMMEDIATE")
        self._turns = _Turns() if engine.dialect.name == "sqlite" else None
        self._follower = Follower(self.now)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; nothing is written."""
        with _helpful_errors(), self._session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if the block raises."""
        with _helpful_errors():
            if self._turns is None:
                with self._session_within(self._begun()) as session:
                    yield session
            else:
                with self._turns.taken(self._begun) as transaction, self._session_within(transaction) as session:
                    yield session

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Within the block, writers wait so long in all for a SQLite file that another program keeps locked."""
        if self._turns is None:
            yield
            return
        self._turns.patience = seconds
        try:
            yield
        finally:
            self._turns.patience = 0.0

    def now(self) -> datetime:
        """The moment, by the database's clock."""
        with self.reading() as session:
            return clock.now(session)

    def seconds(self) -> float:
        """The same in seconds since the epoch, to the millisecond, for whoever looks many times a second."""
        return self._follower() if self.clock is None else self.clock().timestamp()

    def elapsed(self) -> float:
        """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
        return clock.uptime() if self.clock is None else self.clock().timestamp()

    def _session(self, engine: Engine) -> Session:
        return Session(engine, expire_on_commit=False, info=self._info())

    def _info(self) -> dict[str, Any]:
        return {} if self.clock is None else {clock.OF_TESTS: self.clock}

    def _begun(self) -> RootTransaction:
        """A transaction; on SQLite it has the lock by now, and not at its first statement."""
        connection = self._writer.connect()
        try:
            return connection.begin()
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def _session_within(self, transaction: RootTransaction) -> Iterator[Session]:
        connection = transaction.connection
        with connection, transaction, _Within(connection, expire_on_commit=False, info=self._info()) as session:
            yield session
            if session.in_transaction():
                session.commit()  # what the ORM has not written yet; the transaction ends after it

    def state(self) -> Literal["current", "behind", "newer"]:
        """Whether the tables fit this code; "newer" are those of a later one."""
        with _helpful_errors(), self.engine.connect() as connection:
            return migrate.state(connection)

    def upgrade(self) -> str:
        """Bring the tables up to this code's version, which is returned."""
        with _helpful_errors(), self._writer.begin() as connection:
            return migrate.upgrade(connection)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class _Within(Session):
    """A session within a transaction; the statements that are given to its connection cost no more than those there.

    Only the ORM makes the session begin anything of its own, and that ends with the transaction.
    """

    def connection(self, *_: Any, **__: Any) -> Connection:
        """The one with the transaction; within a nested one, its savepoint is there first."""
        return super().connection() if self.in_nested_transaction() else cast(Connection, self.bind)


class _Turns:
    """Threads that write to a SQLite file take turns: SQLite itself lets them try again at growing intervals.

    While another program keeps the file locked, they try for as long as `patience` says, all of them together: once it
    is at its end, each one tries once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locked_since: float | None = None
        self.patience = 0.0

    @contextmanager
    def taken(self, begin: Callable[[], Begun]) -> Iterator[Begun]:
        """A turn, begun as soon as the file is free."""
        waits = self.patience + SQLITE_BUSY_SECONDS
        if not self._lock.acquire(timeout=waits):
            raise _locked(waits)
        try:
            yield self._begun(begin)
        finally:
            self._lock.release()

    def _begun(self, begin: Callable[[], Begun]) -> Begun:
        while True:
            tried_at = monotonic()
            try:
                begun = begin()
            except OperationalError as error:
                if not _is_locked(error):
                    raise
                self._locked_since = tried_at if self._locked_since is None else self._locked_since
                waited = monotonic() - self._locked_since
                if waited >= self.patience:
                    raise _locked(waited) from error
            else:
                self._locked_since = None
                return begun


def open_store(
    url: str,
    cipher: TokenCipher,
    *,
    upgrade: bool,
    clock: Callable[[], datetime] | None = None,
    fence: Fence = NO_FENCE,
) -> Store:
    """Open the database at a SQLAlchemy URL.

    Args:
        url: as in `sqlite:///path` or `postgresql://user:password@host/name` (psycopg 3 is used).
        cipher: for tokens.
        upgrade: whether to bring the tables up to date (the embedded default does); otherwise they must be.
        clock: as for `Store`.
        fence: as for `Store`.

    Raises:
        NotConfigured: `database_url_malformed`, `database_not_migrated`, `database_newer_than_code`,
            `database_right_missing`.
        StoreUnavailable: `database_unreachable`, `database_locked`, `database_read_only`.
    """
    store = Store(_engine(url), cipher, clock=clock, fence=fence)
    state = store.state()
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
            patience = {name: value for name, value in POSTGRESQL_PATIENCE.items() if name not in parsed.query}
            server = parsed.set(drivername="postgresql+psycopg")
            return create_engine(server, pool_pre_ping=True, connect_args=patience, **JSON)
        if parsed.get_backend_name() != "sqlite":
            raise ArgumentError(parsed.get_backend_name())
    except (ArgumentError, ValueError):  # a port that is no number, too; Python's words would tell a part of the URL
        raise NotConfigured(
            "ETSY_PIPELINE_DATABASE_URL is not a URL of SQLite or PostgreSQL.",
            code="database_url_malformed",
            hint="Examples: sqlite:///etsy.db, postgresql://user:password@localhost/etsy.",
        ) from None
    if parsed.database and parsed.database != ":memory:":
        with suppress(OSError):  # SQLite will say in its own words why it cannot be opened
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        private_database(Path(parsed.database))
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
        if _is_locked(error):
            raise _locked(SQLITE_BUSY_SECONDS) from error
        if _state(error) == DEADLOCK:
            raise StoreUnavailable(
                "Two programs waited for each other in the database, which ended what this one was about to write.",
                code="database_deadlock",
                hint="Nothing: it is done with the next run.",
            ) from error
        raise StoreUnavailable(
            f"The database cannot be used: {_first_line(error)}.",
            code="database_unreachable",
            hint="Check ETSY_PIPELINE_DATABASE_URL, and that the server runs and the file can be written.",
        ) from error
    except InternalError as error:
        if _state(error) != READ_ONLY:
            raise
        raise StoreUnavailable(
            f"The database takes no changes: {_first_line(error)}.",
            code="database_read_only",
            hint="Point ETSY_PIPELINE_DATABASE_URL at the primary server, or wait until this one is it.",
        ) from error
    except ProgrammingError as error:
        if _state(error) == NO_RIGHT:
            raise NotConfigured(
                f"The database's user may not do this: {_first_line(error)}.",
                code="database_right_missing",
                hint='Grant it (docs/database.md, "Rights"); `db upgrade` needs the owner of the tables.',
            ) from error
        raise NotConfigured(
            f"The database does not fit this code: {_first_line(error)}.",
            code="database_not_migrated",
            hint="Run `etsy-pipeline db upgrade` once.",
        ) from error


def _is_locked(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


def _locked(seconds: float) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database stayed locked for {seconds:.0f} seconds.",
        code="database_locked",
        hint="Close other programs that hold the SQLite file open, or use PostgreSQL.",
    )


def _state(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error."""
    return getattr(error.orig, "sqlstate", None)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")
