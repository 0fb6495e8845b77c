"""Shops that share an API key: stock first, then by weight, and one of 20,000 products starves nobody (simulated)."""

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.etsy.fair_shares import RETURN_SECONDS, Asker, Shares, Way
from etsy_pipeline_tests.etsy.ledgers import START, Ledgers
from etsy_pipeline_tests.etsy.many_shops import Job, simulate

DAY = 24 * 3600
PER_SECOND = 20
SMALL = 5  # calls of a small shop
PLENTY = 10**6


def a_big_shop(threads: int = 8) -> Job:
    """20,000 products with three calls each."""
    return Job("big", 60_000, threads=threads)


def small_shops(begins: float, calls: int = SMALL) -> list[Job]:
    return [Job(f"small {number}", calls, begins=begins) for number in range(99)]


def most_in_a_second(arrivals: list[float]) -> int:
    return max(bisect_left(arrivals, at + 1.0) - index for index, at in enumerate(arrivals))


def an_asker(shop: str, key: str = "") -> Asker:
    return Asker(key or shop, shop, 1.0, is_stock=False)


def test_99_small_shops_beside_one_of_20000_products_are_done_when_their_share_says_so() -> None:
    big, small = a_big_shop(), small_shops(begins=5)
    together = simulate([big, *small], Ledgers(limit_per_second=PER_SECOND, limit_per_day=PLENTY), seconds=40)
    told_apart_by_nobody = simulate(
        [a_big_shop(), *small_shops(begins=5)],
        Ledgers(limit_per_second=PER_SECOND, limit_per_day=PLENTY),
        seconds=40, fair=False,
    )  # fmt: skip
    a_round = 100 / PER_SECOND
    assert all(job.is_done for job in small)
    assert max(job.ended for job in small) <= 1.15 * SMALL * a_round
    assert max(wait for job in small for wait in job.waits) <= 1.5 * a_round, "the longest wait for one call"
    assert len(together) >= 0.99 * len(told_apart_by_nobody), "no call is lost by it"
    assert most_in_a_second(together) <= PER_SECOND


def test_a_crowd_keeps_the_pace_of_a_single_one() -> None:
    """Processes learn the way to Etsy from each other."""
    crowd = [Job(f"shop {number}", 1000) for number in range(40)]
    arrivals = simulate(crowd, Ledgers(limit_per_second=PER_SECOND, limit_per_day=PLENTY), seconds=100)
    alone = Job("alone", 10_000, threads=8)
    best = simulate([alone], Ledgers(limit_per_second=PER_SECOND, limit_per_day=PLENTY), seconds=100)
    pace, best_pace = (600 / (found[1700] - found[1100]) for found in (arrivals, best))
    assert pace >= 0.99 * best_pace >= 0.97 * PER_SECOND
    assert most_in_a_second(arrivals) <= PER_SECOND
    calls = [len(job.arrivals) for job in crowd]
    assert max(calls) <= 1.1 * min(calls)


@pytest.mark.parametrize(("fair", "are_done"), [(True, True), (False, False)])
def test_who_found_the_day_spent_is_served_first_when_calls_are_free_again(*, fair: bool, are_done: bool) -> None:
    """The big shop was alone in the night and spent all of the day's calls; the small ones come in the morning."""
    big, small = a_big_shop(), small_shops(begins=6 * 3600)
    ledgers = Ledgers(limit_per_second=PER_SECOND, limit_per_day=600)
    arrivals = simulate([big, *small], ledgers, seconds=DAY + 2 * 3600, fair=fair)
    assert all(job.is_done for job in small) is are_done
    assert len(arrivals) == 1200, "no call of either day is lost"


def test_the_way_to_etsy_is_known_to_all_processes_of_a_machine_for_an_hour() -> None:
    shares = Shares(ways={"here": Way(0.2, START)})
    assert [shares.way_of(machine, START + 60) for machine in ("here", "elsewhere")] == [0.2, 0.0]
    assert shares.way_of("here", START + 3601) == 0.0


def test_stock_does_not_stand_in_line_behind_publications() -> None:
    jobs = [Job(f"shop {number}", 1000) for number in range(30)]
    stock = Job("shop 0", 20, begins=10, purpose="stock")
    simulate([*jobs, stock], Ledgers(limit_per_second=5, limit_per_day=PLENTY), seconds=25)
    assert max(stock.waits) <= 1.05, "turns are free again a second after they were taken"
    assert max(wait for job in jobs for wait in job.waits[1:]) > 5, "a round of 30 at 5 calls a second"


def test_a_shop_of_weight_3_has_three_times_the_calls_of_one_of_weight_1() -> None:
    heavy, light = Job("heavy", 1000, weight=3, threads=6), Job("light", 1000, threads=6)
    simulate([heavy, light], Ledgers(limit_per_second=10, limit_per_day=PLENTY), seconds=30)
    assert len(heavy.arrivals) / len(light.arrivals) == pytest.approx(3, rel=0.1)


def test_a_shop_that_is_alone_has_every_second_and_every_call_of_the_day() -> None:
    for fair in (True, False):
        alone = Job("alone", 900, threads=4)
        simulate([alone], Ledgers(limit_per_second=10, limit_per_day=500), seconds=DAY - 1, fair=fair)
        assert len(alone.arrivals) == 500
        assert alone.ended <= 500 / 10 * 1.06


def test_who_idles_saves_up_no_turns() -> None:
    early, late = Job("early", 1000, threads=4), Job("late", 1000, begins=30, threads=4)
    simulate([early, late], Ledgers(limit_per_second=5, limit_per_day=PLENTY), seconds=60)
    beside = sum(at > START + 30 for at in early.arrivals)
    assert beside == pytest.approx(len(late.arrivals), rel=0.1)


def test_who_dies_in_line_holds_up_nobody_for_long() -> None:
    shares = Shares()
    shares.serve(an_asker("alive"), 5, START)
    assert shares.wait(an_asker("dead"), 0.2, START) < 0.2
    assert shares.ahead_of(an_asker("alive"), START) == 1
    later = Shares.of(shares.plain(), START + 0.5)
    assert later.ahead_of(an_asker("alive"), START + 0.5) == 0


def test_a_clock_that_is_set_back_by_an_hour_leaves_nobody_in_line() -> None:
    shares = Shares()
    shares.wait(an_asker("early"), 0.2, START + 3600)
    assert not Shares.of(shares.plain(), START).line


def test_calls_are_kept_for_a_refused_shop_until_it_had_an_hour_to_come_back() -> None:
    shares, big, small = Shares(), an_asker("big"), an_asker("small")
    shares.serve(big, 100, START)
    shares.refuse(small, 100, [(600.0, 100)], START)
    assert shares.kept_from(big, 100, START + 1) == (50, 600 + RETURN_SECONDS - 1)
    assert shares.kept_from(small, 100, START + 1) == (0, 0.0), "it has not had its share"
    shares.serve(small, 20, START + 700)
    assert shares.kept_from(big, 100, START + 701)[0] == 30
    assert shares.kept_from(big, 100, START + 601 + RETURN_SECONDS) == (0, 0.0)


def test_nothing_is_kept_from_stock() -> None:
    shares = Shares()
    shares.serve(an_asker("big"), 100, START)
    shares.refuse(an_asker("small"), 100, [(600.0, 100)], START)
    assert shares.kept_from(Asker("b", "big", 1.0, is_stock=True), 100, START) == (0, 0.0)


def test_shops_without_a_call_for_a_day_are_forgotten() -> None:
    shares = Shares()
    for number in range(50):
        shares.serve(an_asker(f"shop {number}"), 1, START)
    assert len(Shares.of(shares.plain(), START + DAY - 1).shops) == 50
    assert not Shares.of(shares.plain(), START + DAY + 6 * 3600).shops


@st.composite
def crowds(draw: st.DrawFn) -> list[Job]:
    return [
        Job(
            draw(st.sampled_from("abcdef")),
            draw(st.integers(1, 30)),
            begins=draw(st.floats(0, 10)),
            weight=draw(st.integers(1, 5)),
            purpose=draw(st.sampled_from(["publishing", "publishing", "stock"])),
            threads=draw(st.integers(1, 4)),
        )
        for _ in range(draw(st.integers(1, 8)))
    ]


@settings(max_examples=15, deadline=None)
@given(jobs=crowds(), limit=st.sampled_from([1, 3, 10]))
def test_whoever_shares_never_above_the_pace_and_never_idle_while_somebody_waits(jobs: list[Job], limit: int) -> None:
    arrivals = simulate(jobs, Ledgers(limit_per_second=limit, limit_per_day=PLENTY), seconds=3600)
    calls = sum(job.calls for job in jobs)
    assert len(arrivals) == pytest.approx(calls, abs=sum(job.threads for job in jobs))
    assert all(job.is_done for job in jobs)
    assert most_in_a_second(arrivals) <= limit
    latest = max(job.begins for job in jobs)
    most_seconds = latest + 1.1 * len(arrivals) / limit + 2 + max(job.calls / job.threads for job in jobs) * 0.05
    assert arrivals[-1] - START <= most_seconds


@settings(max_examples=15, deadline=None)
@given(jobs=crowds(), per_day=st.integers(5, 60))
def test_whoever_shares_no_day_sees_more_calls_than_allowed(jobs: list[Job], per_day: int) -> None:
    arrivals = simulate(jobs, Ledgers(limit_per_second=10, limit_per_day=per_day), seconds=2 * DAY)
    assert max(bisect_left(arrivals, at + DAY) - index for index, at in enumerate(arrivals)) <= per_day
    first_day = bisect_left(arrivals, START + DAY)
    assert first_day == min(per_day, len(arrivals)), "while somebody waits, the day is spent"
