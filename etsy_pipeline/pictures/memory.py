"""A bound on the pixels that are decoded at one time, over all threads: a picture takes memory by its pixels."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PixelRoom:
    """Room for so many decoded pixels. Whoever needs more than is free waits; the first who came is the first served.

    Args:
        most: pixels. A larger picture gets in when it is alone.
    """

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._first = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Room for a picture, while the block runs."""
        with self._first, self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._most)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify()
