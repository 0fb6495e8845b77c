"""Keeping under Etsy's limit per second, and learning it from the headers (FACTS §12)."""

from collections.abc import Mapping

import pytest

from etsy_pipeline.etsy.budget import PacedBudget


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def a_budget(per_second: int = 5) -> tuple[PacedBudget, Clock]:
    clock = Clock()
    return PacedBudget(per_second, clock=clock, sleep=clock.sleep), clock


def times_of(calls: int, budget: PacedBudget, clock: Clock) -> list[float]:
    times = []
    for _ in range(calls):
        budget.wait_for_turn()
        times.append(clock.now)
    return times


def test_no_second_sees_more_calls_than_allowed() -> None:
    times = times_of(23, *a_budget(5))
    assert all(later - earlier > 1.0 for earlier, later in zip(times, times[5:], strict=False))


def test_calls_are_not_slower_than_needed() -> None:
    times = times_of(21, *a_budget(5))
    assert times[-1] - times[0] == pytest.approx(4 * 1.05)


@pytest.mark.parametrize("name", ["x-limit-per-second", "X-Limit-Per-Second"])
def test_the_limit_is_learned_from_the_headers(name: str) -> None:
    budget, clock = a_budget(5)
    budget.learn({name: "50", "x-remaining-today": "4321"})
    times = times_of(50, budget, clock)
    assert times[0] == times[-1]
    assert budget.remaining_today == 4321


@pytest.mark.parametrize(
    "headers", [{}, {"x-limit-per-second": ""}, {"x-limit-per-second": "many"}, {"x-limit-per-second": "0"}]
)
def test_missing_and_strange_headers_change_nothing(headers: Mapping[str, str]) -> None:
    budget, _ = a_budget(5)
    budget.learn(headers)
    assert budget.per_second == 5
