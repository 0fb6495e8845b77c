"""Etsy's two limits per API key: per second first, then per sliding 24 hours in buckets of two hours (FACTS §12)."""

from collections import deque

from etsy_pipeline.sandbox.etsy.answers import EtsyError
from etsy_pipeline.sandbox.state import State

BUCKET_SECONDS = 2 * 3600
BUCKETS = 12


class Limits:
    """Counts calls, with those that fail and those for tokens (whether Etsy counts them is unknown: the strict case).

    Not counted are calls with a bad key, as they belong to nobody, and those that a limit itself refused.
    """

    def __init__(self, per_second: int, per_day: int) -> None:
        self.per_second, self.per_day = per_second, per_day
        self._recent: deque[float] = deque()

    def forget(self) -> None:
        """Forget the last second; the day's calls are in the state."""
        self._recent.clear()

    def take(self, state: State) -> dict[str, str]:
        """Count one call; the headers of its answer.

        Raises:
            EtsyError: 429 with retry-after, when a limit is reached. The body's text is our invention (FACTS §12).
        """
        now = state.now()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.per_second:
            raise _too_many("1", "Exceeded the limit of calls per second")
        bucket = int(now // BUCKET_SECONDS)
        state.run("DELETE FROM calls WHERE bucket <= ?", bucket - BUCKETS)
        row = state.row("SELECT COALESCE(SUM(count), 0) AS used, MIN(bucket) AS oldest FROM calls")
        used, oldest = (int(row["used"]), int(row["oldest"] or bucket)) if row else (0, bucket)
        if used >= self.per_day:
            wait = (oldest + BUCKETS) * BUCKET_SECONDS - now
            raise _too_many(str(max(1, int(wait) + 1)), "Exceeded the limit of calls per day")
        self._recent.append(now)
        state.run("INSERT INTO calls VALUES (?, 1) ON CONFLICT (bucket) DO UPDATE SET count = count + 1", bucket)
        return {
            "x-limit-per-second": str(self.per_second),
            "x-remaining-this-second": str(self.per_second - len(self._recent)),
            "x-limit-per-day": str(self.per_day),
            "x-remaining-today": str(self.per_day - used - 1),
        }


def _too_many(retry_after: str, text: str) -> EtsyError:
    return EtsyError(429, {"error": text}, {"retry-after": retry_after})
