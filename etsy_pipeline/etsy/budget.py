"""Calls allowed: keeps under Etsy's limit per second, and learns it from Etsy's headers (FACTS §12).

One process at a time: the day's quota shared by all processes is the `api_budget` table's business.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

START_PER_SECOND = 5  # FACTS §12: what a personal key gets; raised or lowered by what the headers say
WINDOW_SECONDS = 1.05  # a little over the second, since Etsy counts arrivals and we count departures


class CallBudget(Protocol):
    """What the client needs to know before and after a call."""

    def wait_for_turn(self) -> None:
        """Return when one more call may be made."""

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of the limits in an answer's headers; missing ones change nothing."""


class PacedBudget:
    """At most so many calls in any second, over all threads that share this object."""

    def __init__(
        self,
        per_second: int = START_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_second = per_second
        self.remaining_today: int | None = None
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()

    def wait_for_turn(self) -> None:
        """Return when one more call may be made."""
        while True:
            with self._lock:
                now = self._clock()
                while self._recent and self._recent[0] <= now - WINDOW_SECONDS:
                    self._recent.popleft()
                if len(self._recent) < self.per_second:
                    self._recent.append(now)
                    return
                wait = self._recent[0] + WINDOW_SECONDS - now
            self._sleep(wait)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of the limits in an answer's headers; missing ones change nothing."""
        lower = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            self.per_second = _positive(lower.get("x-limit-per-second")) or self.per_second
            remaining = lower.get("x-remaining-today", "")
            self.remaining_today = int(remaining) if remaining.isdecimal() else self.remaining_today


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and int(text) > 0 else None
