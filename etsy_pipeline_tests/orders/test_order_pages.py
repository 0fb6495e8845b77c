"""However Etsy sorts its orders, none is passed over: the cursor moves to what was read for certain, and no further."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.orders import order_pages
from etsy_pipeline.orders.order_pages import Read
from etsy_pipeline.providers.protocols import ReceiptPage, ReceiptQuery
from etsy_pipeline.sales.receipt import Receipt

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = ReceiptQuery("updated", BEGIN + timedelta(seconds=20))
Sorting = Callable[[list[Receipt]], list[Receipt]]


def orders(seconds: Sequence[int]) -> list[Receipt]:
    """Orders that changed so many seconds after the beginning."""
    moments = [BEGIN + timedelta(seconds=each) for each in seconds]
    return [Receipt(number, "paid", moment, moment) for number, moment in enumerate(moments, 1)]


class Etsy:
    """Gives pages of some size, sorted in its own way; between two of them an order may change."""

    def __init__(
        self, found: list[Receipt], size: int, sorting: Sorting, *, heeds_since: bool = True, says_last: bool = False
    ) -> None:
        """`says_last`: each page is shorter than what was asked for, as if it were the last one."""
        self.found, self._size, self._sorting, self._heeds_since = found, size, sorting, heeds_since
        self._says_last = says_last
        self.touched: set[int] = set()
        self.calls = 0

    def touch(self, number: int) -> None:
        """An order changes, later than all others."""
        self.touched.add(self.found[number].receipt_id)
        newest = max(item.updated_at for item in self.found) + timedelta(seconds=1)
        self.found[number] = replace(self.found[number], updated_at=newest)

    def hide(self, number: int) -> None:
        """An order is called off: it is in no list any more."""
        self.touched.add(self.found.pop(number).receipt_id)

    def ask(self, query: ReceiptQuery, offset: int) -> ReceiptPage:
        """A page."""
        self.calls += 1
        within = [item for item in self.found if item.updated_at >= query.since or not self._heeds_since]
        rows = self._sorting(within)[offset : offset + self._size]
        is_last = self._says_last or len(rows) < self._size
        return ReceiptPage(tuple(rows), len(rows), is_last=is_last, count=len(within))


def oldest_first(found: list[Receipt]) -> list[Receipt]:
    return sorted(found, key=lambda item: (item.updated_at, -item.receipt_id))


def newest_first(found: list[Receipt]) -> list[Receipt]:
    return sorted(found, key=lambda item: (item.updated_at, item.receipt_id), reverse=True)


def by_number(found: list[Receipt]) -> list[Receipt]:
    return sorted(found, key=lambda item: item.receipt_id)


def shuffled(found: list[Receipt]) -> list[Receipt]:
    """In an order that has to do with nothing, and stays."""
    return sorted(found, key=lambda item: random.Random(item.receipt_id).random())  # noqa: S311 - no secret


SORTINGS = st.sampled_from((oldest_first, newest_first, by_number, shuffled))
BY_TIME = st.sampled_from((oldest_first, newest_first))
MOMENTS = st.lists(st.integers(0, 60), max_size=40)


@given(seconds=MOMENTS, size=st.integers(2, 7), sorting=SORTINGS, heeds_since=st.booleans())
def test_everything_is_read_and_nothing_counts_as_passed_before(
    seconds: list[int], size: int, sorting: Sorting, *, heeds_since: bool
) -> None:
    etsy = Etsy(orders(seconds), size, sorting, heeds_since=heeds_since)
    wanted = {item.receipt_id for item in etsy.found if item.updated_at >= SINCE.since}
    seen: set[int] = set()
    for page in order_pages.read(etsy.ask, SINCE):
        seen |= {item.receipt_id for item in page.receipts}
        if page.until is not None and heeds_since:
            passed = {it.receipt_id for it in etsy.found if SINCE.since <= it.updated_at < page.until}
            assert passed <= seen, "the cursor went beyond an order that was not read"
    assert wanted <= seen


@given(seconds=MOMENTS.filter(bool), size=st.integers(4, 7), sorting=BY_TIME, data=st.data())
def test_orders_that_change_while_they_are_read_hide_no_others(
    seconds: list[int], size: int, sorting: Sorting, data: st.DataObject
) -> None:
    etsy, seen = Etsy(orders(seconds), size, sorting), set[int]()
    wanted = {item.receipt_id for item in etsy.found if item.updated_at >= SINCE.since}
    for page in order_pages.read(etsy.ask, SINCE):
        seen |= {item.receipt_id for item in page.receipts}
        if etsy.calls < 20 and data.draw(st.booleans()):
            etsy.touch(data.draw(st.integers(0, len(etsy.found) - 1)))
    assert wanted - etsy.touched <= seen, "what changed meanwhile is seen by the next look"


def last(etsy: Etsy) -> Read:
    """The last page of what changed."""
    return list(order_pages.read(etsy.ask, SINCE))[-1]


def test_pages_that_come_as_asked_are_read_once_each() -> None:
    etsy = Etsy(orders(range(20, 60)), 10, oldest_first)
    found = list(order_pages.read(etsy.ask, SINCE))
    assert all(page.is_sorted for page in found)
    assert etsy.calls <= 6


def test_an_order_that_is_called_off_meanwhile_is_no_sign_of_another_sorting() -> None:
    etsy = Etsy(orders(range(20, 60)), 10, oldest_first)
    for page in order_pages.read(etsy.ask, SINCE):
        assert page.is_sorted
        if page.until is None:
            etsy.hide(-1)


def test_orders_that_hide_behind_a_page_that_looks_sorted_are_found() -> None:
    """The first page goes on in time; what it left out is older."""
    found = orders([30, 31, 32, 33, 20, 21, 34, 35])
    seen = {
        item.receipt_id for page in order_pages.read(Etsy(found, 4, by_number).ask, SINCE) for item in page.receipts
    }
    assert seen == {item.receipt_id for item in found}


def test_a_page_that_goes_back_in_time_is_told() -> None:
    assert not last(Etsy(orders(range(20, 60)), 10, newest_first)).is_sorted


def test_a_page_of_older_orders_than_asked_for_is_told() -> None:
    assert not last(Etsy(orders(range(60)), 10, oldest_first, heeds_since=False)).is_sorted


def test_one_page_is_all_however_it_is_sorted() -> None:
    assert last(Etsy(orders(range(20, 25)), 10, newest_first)) == replace(
        last(Etsy(orders(range(20, 25)), 10, oldest_first)), receipts=tuple(newest_first(orders(range(20, 25))))
    )


@pytest.mark.parametrize("sorting", [oldest_first, newest_first])
def test_of_short_pages_that_are_not_the_last_nothing_is_passed_over(sorting: Sorting) -> None:
    etsy = Etsy(orders(range(20, 60)), 10, sorting, says_last=True)
    found = list(order_pages.read(etsy.ask, SINCE))
    until = max(page.until for page in found if page.until)
    seen = {item.receipt_id for page in found for item in page.receipts}
    assert {item.receipt_id for item in etsy.found if item.updated_at <= until} == seen


def test_a_count_that_is_never_right_costs_a_few_calls_and_ends() -> None:
    etsy = Etsy(orders(range(20, 24)), 10, newest_first)
    found = list(order_pages.read(lambda query, offset: replace(etsy.ask(query, offset), count=5000), SINCE))
    assert (found[-1].until, etsy.calls <= 5) == (etsy.found[-1].updated_at, True)


def test_a_window_that_has_no_end_is_left_and_nothing_of_it_counts_as_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_pages, "MOST_PAGES", 3)
    found = list(order_pages.read(Etsy(orders(range(20, 60)), 10, newest_first).ask, SINCE))
    assert {page.until for page in found} == {None}
    assert [page.is_whole for page in found] == [True, True, True, False]
