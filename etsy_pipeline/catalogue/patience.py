"""Waiting while Medusa cannot answer: a restart of a minute, maintenance, a server that asks to be let alone.

Not here: which answers pass by themselves (`admin_api.py`).
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from etsy_pipeline.errors import PipelineError

DEFAULT_SECONDS = 180.0
LONGEST_WAIT = 15.0  # seconds between two tries, unless the server names more

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class Passing(Exception):  # noqa: N818 - it reads as what it is
    """What may be over in a while.

    Args:
        error: what it is called if it is not.
        wait: seconds for which the server asks to be let alone.
    """

    def __init__(self, error: PipelineError, wait: float = 0.0) -> None:
        super().__init__(error.message)
        self.error, self.wait = error, wait


class Patience:
    """Tries again, ever more slowly, for some time. Where that was in vain, nothing is waited for until an answer came.

    Args:
        seconds: for how long one answer is waited for; 0: not at all.
        first_wait: seconds before the second try.
        clock: seconds that only ever grow.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        seconds: float = DEFAULT_SECONDS,
        *,
        first_wait: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds, self._first_wait = seconds, first_wait
        self._clock, self._sleep = clock, sleep
        self._is_spent = False

    def outlast(self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` gives, which raises `Passing` where it may give it later.

        Raises:
            PipelineError: that of the last `Passing`, with the time that was waited.
        """
        began, pause = self._clock(), self._first_wait
        while True:
            try:
                answer = ask()
            except Passing as trouble:
                waited = self._clock() - began
                left = self._seconds - waited
                if self._is_spent or left <= 0 or trouble.wait > left:
                    self._is_spent = True
                    raise _told(trouble, waited, self._seconds) from None
                wait = max(trouble.wait, min(pause, left))
                logger.warning("medusa_waited_for seconds=%.1f: %s", wait, trouble.error.message)
                self._sleep(wait)
                pause = min(pause * 2, LONGEST_WAIT)
            else:
                self._is_spent = False
                return answer


def _told(trouble: Passing, waited: float, most: float) -> PipelineError:
    error = trouble.error
    if trouble.wait > most > 0:
        more = f" It asks to wait {trouble.wait:.0f} seconds; the setting MEDUSA_PATIENCE_SECONDS has {most:.0f}."
    else:
        more = f" It was tried again for {waited:.0f} seconds." if waited >= 1 else ""
    return type(error)(f"{error.message}{more}", code=error.code, hint=error.hint)
