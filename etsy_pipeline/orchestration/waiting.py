"""Sensors that wait for something to do: few ticks, and quick answers.

Dagster's daemon asks a sensor at most every five seconds, and keeps a row of each time. In our own code server
(`code_server.py`) a sensor that has nothing to do looks on by itself, and answers as soon as there is something.
Elsewhere it answers at once.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import dagster as dg

from etsy_pipeline.store.changes import Changes
from etsy_pipeline.store.engine import Store

SECONDS = 50.0  # Dagster gives a sensor 60
LOOK_SECONDS = 1.0  # between two looks whether anything was written
AGAIN_SECONDS = 10.0  # time alone makes some things due
SHARE = 10  # of the time, a sensor works for one part at most, however much there is to look at
RUN_KEY_TAG = "dagster/run_key"
BELIEVED_SECONDS = 60.0  # that a request has a run; Dagster's database may be lost meanwhile


class Patience:
    """How long the sensors of this process wait: not at all, unless it is a code server that is not about to end."""

    def __init__(self) -> None:
        self._has_ended = threading.Event()
        self._has_ended.set()
        self._taken: dict[str, float] = {}

    def begin(self) -> None:
        """From now on they wait."""
        self._has_ended.clear()

    def end(self) -> None:
        """Whoever waits returns, and nobody waits any more."""
        self._has_ended.set()

    def is_over_after(self, seconds: float) -> bool:
        """Wait so long, or until the end; whether that has come."""
        return self._has_ended.wait(seconds)

    def not_taken_yet(self, requests: Iterable[dg.RunRequest], has_run: Callable[[str], bool]) -> list[dg.RunRequest]:
        """The requests that have no run: Dagster starts each one once, but counts all of them.

        One whose answer was lost, or that came to nothing, is made again at once. `has_run` says of a run key whether
        Dagster has begun with it.
        """
        asked = list(requests)
        if self._has_ended.is_set():
            return asked
        now, keys = time.monotonic(), {request.run_key for request in asked if request.run_key}
        believed = {key: at for key, at in self._taken.items() if key in keys and now - at < BELIEVED_SECONDS}
        self._taken = believed | {key: now for key in keys - believed.keys() if has_run(key)}
        return [request for request in asked if request.run_key not in self._taken]


patience = Patience()


def has_run(instance: dg.DagsterInstance, run_key: str) -> bool:
    """Whether there is a run for a request; one that Dagster made and could not put into its queue is none."""
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1)
    return any(run.status is not dg.DagsterRunStatus.NOT_STARTED for run in runs)


def first_answer(
    store: Store,
    look: Callable[[], dg.SensorResult | Sequence[str]],
    nothing: str,
    *,
    seconds: float = SECONDS,
    again: float = AGAIN_SECONDS,
    at_changes: bool = True,
    of: Patience = patience,
) -> dg.SensorResult | dg.SkipReason:
    """The first result that a look gives; where none does, what the looks told.

    Args:
        store: the database.
        look: gives what is to be done, or tells what it saw; what it tells again and again is told once.
        nothing: is told where nothing else is.
        seconds: in which the last look begins.
        again: seconds after which it looks again in any case.
        at_changes: whether it looks again when the database was written to.
        of: whose patience it is.
    """
    until = time.monotonic() + seconds
    told: dict[str, None] = {}
    with ExitStack() as stack:
        changes = stack.enter_context(Changes(store)) if at_changes else None
        while True:
            begun = time.monotonic()
            found = look()
            if isinstance(found, dg.SensorResult):
                return found
            told |= dict.fromkeys(found)
            pause = SHARE * (time.monotonic() - begun)
            is_cut_short = not _wait(of, min(begun + again, until), max(pause, LOOK_SECONDS), changes)
            if is_cut_short or time.monotonic() >= until:
                return dg.SkipReason(" ".join(told) or nothing)


def _wait(of: Patience, until: float, pause: float, changes: Changes | None) -> bool:
    """Wait for a change, or until a moment; whether that was not cut short by the end of the process."""
    while not of.is_over_after(pause):
        if time.monotonic() >= until or (changes is not None and changes.are_there()):
            return True
        pause = LOOK_SECONDS
    return False
