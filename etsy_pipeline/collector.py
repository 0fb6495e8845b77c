"""Python's collector of garbage while a stream of products goes by, or modules are imported: it would look in vain.

What a stream leaves behind is freed at once, for nothing of it refers to itself in a circle. Yet the collector looks
through the youngest objects whenever 700 came to be, and often through all there are: a third of the time of a plan.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 100_000  # that came to be and are still there; a batch of 500 listings has some 20,000


def collect_seldom() -> None:
    """In a process that does nothing else."""
    gc.set_threshold(OBJECTS)


@contextmanager
def collected_seldom() -> Iterator[None]:
    """While the block runs, or the function that is decorated with it."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
