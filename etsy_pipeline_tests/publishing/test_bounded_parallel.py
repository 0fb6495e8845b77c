"""Doing things side by side: never more than so many, errors come with their thing, what has begun is ended."""

import threading
from collections.abc import Iterator

import pytest

from etsy_pipeline.errors import Refused
from etsy_pipeline.publishing.bounded_parallel import bounded_parallel


def test_so_many_run_at_a_time_and_no_more() -> None:
    together, most = threading.Barrier(3), threading.Semaphore(3)

    def act(_number: int) -> None:
        assert most.acquire(blocking=False), "a fourth one runs"
        together.wait(60)  # passes only when three run at once
        most.release()

    assert sorted(thing for thing, error in bounded_parallel(act, range(9), 3) if error is None) == list(range(9))


def test_an_error_comes_with_its_thing_and_the_others_go_on() -> None:
    def act(number: int) -> None:
        if number == 2:
            raise Refused("Two is refused.", code="refused", hint="Take another one.")

    found = dict(bounded_parallel(act, range(5), 2))
    assert [number for number, error in found.items() if error is not None] == [2]
    assert len(found) == 5


def test_nothing_is_begun_after_the_things_were_stopped_and_what_was_begun_is_ended() -> None:
    begun, stopped = list[int](), False

    def things() -> Iterator[int]:
        for number in range(10):
            if stopped:
                return
            yield number

    ended = []
    for number, _ in bounded_parallel(begun.append, things(), 2):
        ended.append(number)
        stopped = True
    assert sorted(begun) == sorted(ended) == [0, 1]


def test_while_none_ends_there_is_time_for_something_else() -> None:
    had_time = threading.Event()

    def act(_number: int) -> None:
        assert had_time.wait(60)

    assert dict(bounded_parallel(act, range(2), 2, meanwhile=had_time.set)) == {0: None, 1: None}


def test_a_programming_error_is_not_taken_for_a_products_failure() -> None:
    def act(_number: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(bounded_parallel(act, range(3), 2))
