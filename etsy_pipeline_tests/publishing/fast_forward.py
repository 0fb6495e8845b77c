"""Days in seconds: our clock and the local Etsy's, moved together."""

import math
import time

from etsy_pipeline import wiring
from etsy_pipeline_tests.world import World

ETSYS_BUCKET = 2 * 3600  # seconds: by these the local Etsy counts a day's calls


class FastForward:
    """Whoever waits puts both clocks forward, and nothing else moves ours: how fast the machine is makes no difference.

    The local Etsy's goes on beside that, so it frees calls a little sooner than we know, and never later. One thread at
    a time can wait.
    """

    def __init__(self, world: World) -> None:
        self._world, self._now = world, time.time()
        self.time = wiring.Time(clock=lambda: self._now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self._now += seconds
        self._world.etsy("POST", "clock", {"advance_seconds": seconds})

    def sleep_until_even(self, days: float) -> None:
        """Let so much time pass, and some more until a moment at which Etsy and we begin to count a new part of a day."""
        until = math.ceil((self._now + days * 24 * 3600) / ETSYS_BUCKET) * ETSYS_BUCKET
        self.sleep(until - self._now)
