"""The database's clock: what several machines compare with one another is measured by it, not by a clock of theirs."""

import time
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

_SQLITE_NOW = select(func.strftime("%Y-%m-%d %H:%M:%f", "now"))
_POSTGRESQL_NOW = select(func.clock_timestamp())
_GOES_ON_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
OF_TESTS = "clock"  # in a session's info: tells the moment instead of the database


def now(session: Session) -> datetime:
    """The moment, as the database has it; on PostgreSQL also within a transaction that began a while ago."""
    of_tests = session.info.get(OF_TESTS)
    if of_tests is not None:
        return cast(datetime, of_tests())
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    found = session.scalar(_SQLITE_NOW if is_sqlite else _POSTGRESQL_NOW)
    moment = found if isinstance(found, datetime) else datetime.fromisoformat(str(found)).replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def uptime() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(_GOES_ON_IN_SLEEP)
