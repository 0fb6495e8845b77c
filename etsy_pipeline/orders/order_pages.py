"""All orders of a question to Etsy, page after page, however Etsy sorts them.

Asked for are the oldest first, and then a page can begin where the one before ended, in time and not by counting:
orders move while they are read, and by counting one of them would fall between two pages. That Etsy does sort them so
is looked at, and not relied on: each page has to go on in time, and what lies before the next one has to be as many as
were seen, by the counts that Etsy tells. Otherwise the whole window is read by counting, and nothing counts as passed
before its end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from etsy_pipeline.providers.protocols import ReceiptPage, ReceiptQuery
from etsy_pipeline.sales.receipt import Receipt

STEP_BACK = timedelta(seconds=1)  # whether Etsy's bound is one of those that it gives, nobody says
MOST_PAGES = 200  # of a window that is not sorted: ten thousand orders

Ask = Callable[[ReceiptQuery, int], ReceiptPage]


@dataclass(frozen=True, slots=True)
class Read:
    """A page. Everything up to `until` was read with it; None: that is not known yet.

    `is_sorted` is False in a window in which Etsy does not give the oldest first; `is_whole` is, where such a window
    is so long that its rest was left.
    """

    receipts: tuple[Receipt, ...]
    malformed: int
    until: datetime | None
    is_sorted: bool = True
    is_whole: bool = True


def read(ask: Ask, query: ReceiptQuery) -> Iterator[Read]:
    """The pages. Only where a whole one has one and the same time is it left by counting, and by half of it.

    Raises:
        PipelineError: what a question raises.
    """
    whole, offset, window, passed = query, 0, _Window(), None
    while True:
        page = ask(query, offset)
        times = _times(page, query)
        goes_on = passed is None or passed.ends_at(page) or passed.counted_again(ask).ends_at(page)
        if not goes_on or not (_are_as_asked(times, query) or (page.is_last and not _has_more(page, offset))):
            yield from _by_counting(ask, whole)
            return
        until = max(times, default=None) if page.is_last else query.since if passed else None
        yield Read(page.receipts, page.malformed, until)
        if page.is_last:
            return
        window.add(page, times, query)
        beyond = max(times, default=query.since) - STEP_BACK
        if beyond > query.since:
            query, offset, passed, window = replace(query, since=beyond), 0, window.before(beyond), _Window()
        else:
            offset, passed = offset + max(1, page.rows // 2), None


@dataclass(slots=True)
class _Window:
    """What was seen of a question: when each order happened, and of how many in all."""

    query: ReceiptQuery | None = None
    seen: dict[int, datetime] = field(default_factory=dict)
    malformed: int = 0
    count: int | None = None

    def add(self, page: ReceiptPage, times: Sequence[datetime], query: ReceiptQuery) -> None:
        """Another page of it."""
        self.query = query
        self.seen |= {item.receipt_id: moment for item, moment in zip(page.receipts, times, strict=True)}
        self.malformed, self.count = self.malformed + page.malformed, page.count

    def before(self, moment: datetime) -> "_Window":
        """The part before a moment, with the count of all."""
        seen = {number: at for number, at in self.seen.items() if at < moment}
        return _Window(self.query, seen, self.malformed, self.count)

    def counted_again(self, ask: Ask) -> "_Window":
        """The same as it is now: an order that was called off meanwhile is in no count any more."""
        return self if self.query is None else replace(self, count=ask(self.query, 0).count)

    def ends_at(self, page: ReceiptPage) -> bool:
        """Whether no more than what was seen lies before a page. Orders that change meanwhile make it fewer."""
        if self.count is None or page.count is None:
            return True
        return self.count - page.count <= len(self.seen) + self.malformed


def _by_counting(ask: Ask, query: ReceiptQuery) -> Iterator[Read]:
    """Half a page further each time, for rows move meanwhile. What was newest is known at the end."""
    offset, newest = 0, list[datetime]()
    for _ in range(MOST_PAGES):
        page = ask(query, offset)
        newest = [max([*newest, *times])] if (times := _times(page, query)) else newest
        is_last = page.is_last and not _has_more(page, offset)
        until = max(newest, default=None) if is_last else None
        yield Read(page.receipts, page.malformed, until, is_sorted=False)
        if is_last:
            return
        offset += max(1, page.rows // 2)
    yield Read((), 0, None, is_sorted=False, is_whole=False)


def _has_more(page: ReceiptPage, offset: int) -> bool:
    """Whether there are more by the count that Etsy tells, though the page is a short one. An empty one is the end."""
    return page.rows > 0 and page.count is not None and page.count > offset + page.rows


def _times(page: ReceiptPage, query: ReceiptQuery) -> list[datetime]:
    return [item.updated_at if query.by == "updated" else item.sold_at for item in page.receipts]


def _are_as_asked(times: list[datetime], query: ReceiptQuery) -> bool:
    """Whether each one is no older than the one before, and the first one no older than what was asked for."""
    return times == sorted(times) and (not times or times[0] >= query.since.replace(microsecond=0))
