"""Days in seconds: our clock and the local Etsy's, moved together."""

import time

from etsy_pipeline import wiring
from etsy_pipeline_tests.world import World


class FastForward:
    """Whoever waits puts both clocks forward. One thread at a time can wait."""

    def __init__(self, world: World) -> None:
        self._world, self._ahead = world, 0.0
        self.time = wiring.Time(clock=lambda: time.time() + self._ahead, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self._ahead += seconds
        self._world.etsy("POST", "clock", {"advance_seconds": seconds})
