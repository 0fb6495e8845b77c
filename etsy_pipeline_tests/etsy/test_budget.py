"""Keeping under Etsy's limits per second and per day, for all processes that share a key (FACTS §12)."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from etsy_pipeline.etsy.budget import BUCKET_SECONDS, DAY_SECONDS, Told, quota, told_by
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted
from etsy_pipeline.etsy.shared_budget import SharedBudget
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.providers.protocols import Purpose
from etsy_pipeline_tests.etsy.ledgers import START, FastClock, Ledgers, arrivals_of

WAY_SECONDS = 0.02  # to Etsy; as long back


def a_budget(ledgers: Ledgers, clock: FastClock, **options: Any) -> SharedBudget:
    return SharedBudget(ledgers, clock=clock, sleep=clock.sleep, **options)


def call(
    budget: SharedBudget, clock: FastClock, headers: Mapping[str, str] | None = None, purpose: Purpose = "publishing"
) -> None:
    budget.wait_for_turn(purpose)
    clock.sleep(2 * WAY_SECONDS)
    budget.learn(headers or {})


def spend(budget: SharedBudget, clock: FastClock, calls: int, purpose: Purpose = "publishing") -> EtsyQuotaExhausted:
    """Make exactly so many calls; what the next one is refused with."""
    for _ in range(calls):
        call(budget, clock, purpose=purpose)
    with pytest.raises(EtsyQuotaExhausted) as caught:
        budget.wait_for_turn(purpose)
    return caught.value


def most_in_a_second(arrivals: list[float]) -> int:
    return max(bisect_left(arrivals, at + 1.0) - index for index, at in enumerate(arrivals))


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("limit", [1, 5, 10, 40])
def test_no_second_at_etsy_sees_more_calls_than_allowed_and_hardly_one_sees_less(limit: int, processes: int) -> None:
    ledgers = Ledgers(limit_per_second=limit, limit_per_day=10**6)
    arrivals = arrivals_of(processes, ledgers, seconds=60, way=lambda dice: dice.uniform(0.003, 0.008))
    assert most_in_a_second(arrivals) == limit
    later = [at for at in arrivals if at > START + 2]
    assert (len(later) - 1) / (later[-1] - later[0]) >= 0.97 * limit


@pytest.mark.parametrize("seed", range(5))
def test_ways_of_very_different_length_cost_some_calls_but_no_refusal(seed: int) -> None:
    """Etsy counts arrivals, and these come in another rhythm than the departures."""
    ledgers = Ledgers(limit_per_second=5, limit_per_day=10**6)
    arrivals = arrivals_of(3, ledgers, seconds=60, way=lambda dice: dice.uniform(0.01, 0.1), seed=seed)
    assert most_in_a_second(arrivals) <= 5
    assert len(arrivals) >= 0.85 * 5 * 60


def test_where_very_many_calls_are_allowed_the_ledger_is_seldom_asked() -> None:
    ledgers = Ledgers(limit_per_second=1000, limit_per_day=10**6)
    arrivals = arrivals_of(1, ledgers, seconds=10, way=lambda _: 0.001)
    assert len(arrivals) == pytest.approx(5000, rel=0.01), "it was never made to wait"
    assert ledgers.opened < len(arrivals) / 40
    assert sum(ledgers.ledger.calls.values()) == pytest.approx(len(arrivals), abs=50), "turns not used are given back"


def test_a_new_process_goes_on_where_another_stopped() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_second=5)
    for _ in range(5):
        call(a_budget(ledgers, clock), clock)
    set_out_at = clock.now
    a_budget(ledgers, clock).wait_for_turn()
    assert clock.now - set_out_at > 0.8


def test_a_process_that_died_in_a_call_holds_its_turn_for_a_moment_only() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_second=1)
    a_budget(ledgers, clock).wait_for_turn()
    a_budget(ledgers, clock).wait_for_turn()
    assert clock.now - START == pytest.approx(1.25)


def test_a_machine_whose_clock_is_an_hour_ahead_holds_nobody_up() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_second=1)
    a_budget(ledgers, FastClock(START + 3600)).wait_for_turn()
    a_budget(ledgers, clock).wait_for_turn()
    assert clock.now - START < 2


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_the_headers_are_read_in_any_case(spell: Any) -> None:
    names = ("x-limit-per-second", "x-limit-per-day", "x-remaining-today")
    assert told_by({spell(name): str(value) for name, value in zip(names, (50, 99, 7), strict=True)}) == Told(50, 99, 7)


@pytest.mark.parametrize("value", ["", "many", "0", "-1", "5.5", "²"])
def test_missing_and_odd_headers_change_nothing(value: str) -> None:
    clock, ledgers = FastClock(), Ledgers()
    budget = a_budget(ledgers, clock)
    for headers in ({}, {"x-limit-per-second": value, "x-limit-per-day": value, "x-remaining-today": value + "x"}):
        call(budget, clock, headers)
    call(budget, clock)
    assert (ledgers.ledger.limit_per_second, ledgers.ledger.limit_per_day) == (None, None)
    assert quota(ledgers.ledger, 0, clock.now) == Quota(per_day=5000, left_today=4997)


def test_limits_are_learned_at_once_and_for_all() -> None:
    clock, ledgers = FastClock(), Ledgers()
    call(a_budget(ledgers, clock), clock, {"x-limit-per-second": "50", "x-limit-per-day": "100"})
    assert (ledgers.ledger.limit_per_second, ledgers.ledger.limit_per_day) == (50, 100)


def test_a_spent_day_is_refused_before_the_call_until_the_first_calls_are_a_day_old() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_day=20)
    refused = spend(a_budget(ledgers, clock), clock, 20)
    assert refused.code == "etsy_quota_exhausted"
    assert DAY_SECONDS - 30 < refused.retry_after_seconds <= DAY_SECONDS + BUCKET_SECONDS
    clock.sleep(refused.retry_after_seconds - 60)
    with pytest.raises(EtsyQuotaExhausted):
        a_budget(ledgers, clock).wait_for_turn()
    clock.sleep(60)
    spend(a_budget(ledgers, clock), clock, 20)


def test_calls_are_free_again_bit_by_bit() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_day=20)
    budget = a_budget(ledgers, clock)
    for _ in range(5):
        call(budget, clock)
    clock.sleep(6 * 3600)
    refused = spend(budget, clock, 15)
    assert refused.retry_after_seconds < DAY_SECONDS - 5 * 3600
    clock.sleep(refused.retry_after_seconds)
    refused = spend(budget, clock, 5)
    assert refused.retry_after_seconds == pytest.approx(6 * 3600, abs=BUCKET_SECONDS)


def test_it_is_told_when_how_many_calls_are_free_again() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_day=20)
    budget = a_budget(ledgers, clock)
    for _ in range(5):
        call(budget, clock)
    clock.sleep(6 * 3600)
    refused = spend(budget, clock, 15)
    (first, some), (last, every) = refused.free_again
    assert (some, every, refused.calls_a_day) == (5, 20, 20)
    assert first == refused.retry_after_seconds
    assert last - first == pytest.approx(6 * 3600, abs=BUCKET_SECONDS)
    assert [refused.seconds_until(calls) for calls in (1, 5)] == [first, first]
    assert refused.seconds_until(6) == refused.seconds_until(1000) == DAY_SECONDS, "a day at the latest"


def test_what_etsy_asks_to_wait_comes_before_calls_that_are_free_by_our_count() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_day=20)
    budget = a_budget(ledgers, clock)
    call(budget, clock)
    budget.hold(3600)
    with pytest.raises(EtsyQuotaExhausted) as caught:
        budget.wait_for_turn()
    assert caught.value.free_again[0] == (3600.0, 19)
    assert caught.value.seconds_until(19) == 3600.0


def test_a_part_of_the_day_is_kept_for_stock() -> None:
    clock, ledgers = FastClock(), Ledgers(limit_per_day=20)
    budget = a_budget(ledgers, clock, reserve_percent=25)
    assert "25 % are kept for stock" in spend(budget, clock, 15).message
    spend(budget, clock, 5, purpose="stock")


def test_what_etsy_frees_sooner_is_used() -> None:
    """Its own buckets were two hours long once."""
    clock, ledgers = FastClock(), Ledgers(limit_per_day=100)
    budget = a_budget(ledgers, clock)
    for _ in range(50):
        call(budget, clock)
    clock.sleep(22 * 3600)
    call(budget, clock, {"x-remaining-today": "99"})
    call(budget, clock)
    assert quota(ledgers.ledger, 0, clock.now).left_today == 98


def test_another_programs_calls_are_told_to_the_plan_but_block_nothing() -> None:
    """Only Etsy knows when those are a day old; its 429 says so."""
    clock, ledgers = FastClock(), Ledgers()
    budget = a_budget(ledgers, clock)
    call(budget, clock, {"x-remaining-today": "0"})
    call(budget, clock)
    assert quota(ledgers.ledger, 0, clock.now).left_today == 0
    clock.sleep(DAY_SECONDS + BUCKET_SECONDS + 1)
    assert quota(ledgers.ledger, 0, clock.now).left_today == 5000


@pytest.mark.parametrize(("asked", "kept"), [(3600.0, 3600.0), (10.0**9, float(DAY_SECONDS))])
def test_etsys_long_wait_holds_for_every_process_but_no_longer_than_a_day(asked: float, kept: float) -> None:
    clock, ledgers = FastClock(), Ledgers()
    a_budget(ledgers, clock).hold(asked)
    with pytest.raises(EtsyQuotaExhausted) as caught:
        a_budget(ledgers, clock).wait_for_turn("stock")
    assert caught.value.retry_after_seconds == kept
    assert ledgers.ledger.held_until == datetime.fromtimestamp(START + kept, UTC)
    assert quota(ledgers.ledger, 0, clock.now).left_today == 0


def test_etsys_short_wait_is_waited_by_every_process() -> None:
    clock, ledgers = FastClock(), Ledgers()
    a_budget(ledgers, clock).hold(2.0)
    a_budget(ledgers, clock).wait_for_turn()
    assert clock.now - START == 2.0
