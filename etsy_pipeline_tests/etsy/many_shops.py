"""Shops that share an API key, on a clock that nobody waits for: jobs with so many calls, each one call after the other."""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from etsy_pipeline.etsy.errors import EtsyQuotaExhausted
from etsy_pipeline.etsy.shared_budget import SharedBudget
from etsy_pipeline.providers.protocols import Purpose
from etsy_pipeline_tests.etsy.ledgers import START, Ledgers

HEADERS: dict[str, str] = {}


class _NapError(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


@dataclass
class Job:
    """A publication of a shop: how many calls it has to make, in so many threads, and when they reached Etsy."""

    shop: str
    calls: int
    begins: float = 0.0
    weight: float = 1.0
    purpose: Purpose = "publishing"
    threads: int = 1
    arrivals: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def is_done(self) -> bool:
        return len(self.arrivals) >= self.calls

    @property
    def ended(self) -> float:
        """Seconds from its beginning to its last call."""
        return max(self.arrivals) - START - self.begins


class _Worker:
    """A thread with its own process's budget; time goes on only where the simulation says so."""

    def __init__(self, job: Job, ledgers: Ledgers, *, fair: bool, reserve_percent: int) -> None:
        self.job, self.now, self.ahead, self.asked_at = job, 0.0, 0.0, 0.0
        self.budget = SharedBudget(
            ledgers, reserve_percent=reserve_percent, shop=job.shop if fair else "", weight=job.weight if fair else 1.0,
            clock=lambda: self.now + self.ahead, sleep=self._sleep,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        if not any(block.taken_at > self.now for block in self.budget._blocks):
            raise _NapError(seconds)
        self.ahead = seconds


def simulate(
    jobs: Sequence[Job], ledgers: Ledgers, *, seconds: float, fair: bool = True, reserve_percent: int = 0, seed: int = 1
) -> list[float]:
    """When all calls reached Etsy. A call takes 30–40 ms; a job that is refused is back within a minute after its time.

    Args:
        jobs: they tell afterwards how they fared.
        ledgers: the API key's.
        seconds: how long is watched.
        fair: whether shops are told apart; without, all are one.
        reserve_percent: of the day, for stock.
        seed: of the dice.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret
    workers = [
        _Worker(job, ledgers, fair=fair, reserve_percent=reserve_percent) for job in jobs for _ in range(job.threads)
    ]
    events = [(START + worker.job.begins + dice.random(), number, "asks") for number, worker in enumerate(workers)]
    heapq.heapify(events)
    away = dict.fromkeys(map(id, jobs), 0)
    while events and events[0][0] <= START + seconds:
        now, number, event = heapq.heappop(events)
        worker, job = workers[number], workers[number].job
        worker.now, worker.ahead = now, 0.0
        if event == "returns":
            worker.budget.learn(HEADERS)
            away[id(job)] -= 1
        if event != "again":
            worker.asked_at = now
        if len(job.arrivals) >= job.calls:
            continue
        try:
            worker.budget.wait_for_turn(job.purpose)
        except _NapError as nap:
            heapq.heappush(events, (now + nap.seconds, number, "again"))
            continue
        except EtsyQuotaExhausted as refused:
            job.refused += 1
            wait = refused.seconds_until(min(job.calls - len(job.arrivals), max(1, refused.calls_a_day // 20)))
            heapq.heappush(events, (now + wait + dice.uniform(0, 60), number, "asks"))
            continue
        sets_out = now + worker.ahead
        job.waits.append(sets_out - worker.asked_at)
        job.arrivals.append(sets_out + dice.uniform(0.015, 0.02))
        away[id(job)] += 1
        heapq.heappush(events, (job.arrivals[-1] + dice.uniform(0.015, 0.02), number, "returns"))
    return sorted(at for job in jobs for at in job.arrivals)
