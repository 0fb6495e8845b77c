"""How often somebody may guess the token: a few times a minute from one address. Kept in memory, per process."""

import time
from collections import deque
from collections.abc import Callable

from etsy_pipeline.errors import Conflict

MAX_A_MINUTE = 10
MAX_ADDRESSES = 1000
MINUTE = 60.0


class LoginThrottle:
    """Wrong guesses of the last minute, by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._wrong = clock, dict[str, deque[float]]()

    def require_few(self, address: str) -> None:
        """Look before the token is compared, so that a right guess among too many says nothing.

        Raises:
            Conflict: `sign_in_too_often`.
        """
        if len(self._recent(address)) >= MAX_A_MINUTE:
            raise Conflict(
                f"From this address {MAX_A_MINUTE} wrong tokens came within a minute.",
                code="sign_in_too_often",
                hint="Wait a minute.",
            )

    def note_wrong(self, address: str) -> None:
        """One more."""
        recent = self._recent(address)
        recent.append(self._clock())
        self._wrong[address] = recent
        while len(self._wrong) > MAX_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]

    def _recent(self, address: str) -> deque[float]:
        since = self._clock() - MINUTE
        return deque((moment for moment in self._wrong.get(address, ()) if moment > since), maxlen=MAX_A_MINUTE)
