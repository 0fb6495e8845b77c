"""A publication's progress in the run's log: a line every few seconds, and one at the end of a round."""

import time
from collections.abc import Callable

from etsy_pipeline.publishing.outcomes import Progress

EVERY_SECONDS = 5.0


class ProgressLog:
    """Told of each product, it writes a line now and then.

    Args:
        write: takes a line.
        clock: seconds.
    """

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._last, self._is_told = clock(), False

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        now = self._clock()
        ends = progress.done == progress.total and not self._is_told  # it stays there while products are tried again
        if ends or now - self._last >= EVERY_SECONDS:
            self._last, self._is_told = now, self._is_told or ends
            self._write(
                f"publishing done={progress.done} of={progress.total} outcome={progress.outcome} "
                f"last={progress.product_title!r}"
            )
