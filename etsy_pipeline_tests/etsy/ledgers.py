"""A ledger in memory, a clock that only tests move, and processes that share both: for what is decided, not where it is kept."""

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from etsy_pipeline.etsy.budget import Ledger
from etsy_pipeline.etsy.shared_budget import SharedBudget
from etsy_pipeline.store.records import ApiBudget

START = 1_800_000_000.0  # seconds since the epoch


class Ledgers:
    """One ledger for all who open it."""

    def __init__(self, **known: Any) -> None:
        self.ledger = ApiBudget(**known)
        self.opened = 0

    @contextmanager
    def __call__(self) -> Iterator[Ledger]:
        self.opened += 1
        yield self.ledger


class FastClock:
    """A clock that only sleeping moves."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _WaitsError(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def arrivals_of(
    processes: int, ledgers: Ledgers, *, seconds: float, way: Callable[[random.Random], float], seed: int = 1
) -> list[float]:
    """When calls reach Etsy, if so many processes call one after the other as fast as they may.

    `way` is how long a call takes to Etsy, and its answer back.
    """
    clock, dice = FastClock(), random.Random(seed)  # noqa: S311 - no secret

    ahead = [0.0] * processes

    def a_process(number: int) -> SharedBudget:
        def wait(seconds: float) -> None:
            if not any(block.taken_at > clock.now for block in budgets[number]._blocks):
                raise _WaitsError(seconds)  # it has no turn yet: others act meanwhile, then it asks again
            ahead[number] = seconds

        return SharedBudget(ledgers, clock=lambda: clock.now + ahead[number], sleep=wait)

    budgets = [a_process(number) for number in range(processes)]
    events = [(START + number / 1000, number, "asks") for number in range(processes)]
    arrivals: list[float] = []
    while events:
        clock.now, number, event = heapq.heappop(events)
        if clock.now > START + seconds:
            break
        if event == "returns":
            budgets[number].learn({})
        try:
            budgets[number].wait_for_turn()
        except _WaitsError as waits:
            heapq.heappush(events, (clock.now + waits.seconds, number, "asks"))
            continue
        arrivals.append(clock.now + ahead[number] + way(dice))
        ahead[number] = 0.0
        heapq.heappush(events, (arrivals[-1] + way(dice), number, "returns"))
    return sorted(arrivals)
