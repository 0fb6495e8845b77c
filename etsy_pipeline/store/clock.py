"""The database's clock: what several machines compare with one another is measured by it, not by a clock of theirs."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from etsy_pipeline.errors import StoreUnavailable

ASKED_EVERY = 60.0  # seconds
TIMES = 3  # the quickest answer counts

_POSTGRESQL_NOW = select(func.clock_timestamp())
_GOES_ON_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
OF_TESTS = "clock"  # in a session's info: tells the moment instead of the database


def now(session: Session) -> datetime:
    """The moment, as the database has it; on PostgreSQL also within a transaction that began a while ago."""
    of_tests = session.info.get(OF_TESTS)
    if of_tests is not None:
        return cast(datetime, of_tests())
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # what SQLite itself would ask: a file is one machine's
    return cast(datetime, session.scalar(_POSTGRESQL_NOW)).astimezone(UTC)


def uptime() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(_GOES_ON_IN_SLEEP)


class Follower:
    """The database's clock for whoever looks at it many times a second: asked now and then, and counted on in between.

    An answer says when the database was asked, give or take half of the time that it took. What is known stays where an
    answer agrees with it and is no surer, so that a slow one moves nothing. While the database is away, it goes on.

    Args:
        ask: tells the database's moment.
        elapsed: seconds on a clock that nobody sets.
    """

    def __init__(self, ask: Callable[[], datetime], elapsed: Callable[[], float] = uptime) -> None:
        self._ask, self._elapsed = ask, elapsed
        self._known: tuple[float, float] | None = None  # how far it is ahead of `elapsed`, and how unsure that is
        self._asked_at = 0.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        if self._known is None or self._elapsed() - self._asked_at > ASKED_EVERY:
            self._known = self._asked()
        return self._known[0] + self._elapsed()

    def _asked(self) -> tuple[float, float]:
        try:
            found = min((self._once() for _ in range(TIMES)), key=lambda answer: answer[1])
        except StoreUnavailable:
            if self._known is None:
                raise
            found = self._known
        self._asked_at = self._elapsed()
        if self._known is None or found[1] <= self._known[1]:
            return found
        has_moved = abs(found[0] - self._known[0]) > found[1] + self._known[1]
        return found if has_moved else self._known

    def _once(self) -> tuple[float, float]:
        began = self._elapsed()
        moment = self._ask().timestamp()
        half = (self._elapsed() - began) / 2
        return moment - began - half, half
