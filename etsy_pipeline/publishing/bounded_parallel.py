"""Doing things side by side, a few at a time: while Etsy thinks about one product, others are sent."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from etsy_pipeline.errors import PipelineError

Thing = TypeVar("Thing")

LONGEST_WAIT_SECONDS = 0.5


def bounded_parallel(
    act: Callable[[Thing], None], things: Iterable[Thing], at_once: int, *, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[tuple[Thing, PipelineError | None]]:
    """Do something with each thing in threads; each thing with its error, as they end.

    The next thing is asked for when one has ended, and after what was yielded before was dealt with: whoever hands out
    the things can stop there. What has begun is always ended. `meanwhile` is called where none ends for a while.
    """
    waiting = iter(things)
    with ThreadPoolExecutor(at_once, thread_name_prefix="publishing") as pool:
        running: dict[Future[None], Thing] = {}
        while True:
            for thing in islice(waiting, at_once - len(running)):
                running[pool.submit(copy_context().run, act, thing)] = thing
            if not running:
                return
            ended = wait(running, LONGEST_WAIT_SECONDS, FIRST_COMPLETED).done
            if not ended:
                meanwhile()
            for future in ended:
                yield running.pop(future), _error(future)


def _error(future: Future[None]) -> PipelineError | None:
    try:
        future.result()
    except PipelineError as error:
        return error
    return None
