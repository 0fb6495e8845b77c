"""All listings of a shop, though it changes while it is read: six states, page by page, each listing once.

Etsy gives one state at a time, by offset: a listing that is sold meanwhile moves all others up by one place, and one of
them falls between two pages. So a state is read again where its count moved; and where a listing was seen in two
states, the later one holds.

Of a state that has more listings than Etsy lists, the rest is read from the other end, where Etsy lets itself be asked
for that, and what the books know by its ids. Where that is not as many as Etsy counts, the reading fails: what Etsy
does not show at all is never taken for nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from etsy_pipeline.etsy.answers import malformed
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.providers.errors import NotAllListed

PAGE = 100  # the most that a page or a batch may hold (FACTS §10)
CEILING = 12_000  # listings of a state that Etsy's pages show (FACTS §10, unsure): no page reaches beyond
READS = 4  # of one state, before the shop is said to change too fast
ORDER = ("draft", "inactive", "expired", "sold_out", "removed", "active")
"""Last the state that most listings come to: one that is published meanwhile is seen twice, and not missed."""

Answer = Mapping[str, Any]


class Listed(Protocol):
    """What is made of an answer about a listing."""

    @property
    def listing_id(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102


Item = TypeVar("Item", bound=Listed)


class Ask(Protocol):
    """Asks for a page of a state: the newest first, as Etsy does unless told otherwise, or the oldest.

    The order is that of `sort_on=created` by Etsy's document, whose note says that it counts only in a search: so it
    is tried, and relied on for nothing (FACTS §10).
    """

    def __call__(self, state: str, offset: int, limit: int, *, oldest_first: bool = False) -> Answer:  # noqa: D102
        ...


@dataclass(frozen=True, slots=True)
class Pages(Generic[Item]):
    """How a shop is read.

    Args:
        ask: for a page.
        by_id: reads listings by their ids; what is not there is left out.
        parse: what is made of an answer about a listing.
    """

    ask: Ask
    by_id: Callable[[Sequence[int]], Iterable[Item]]
    parse: Callable[[Any], Item]

    def count(self, state: str) -> int:
        """How many listings Etsy says are in a state."""
        return _count(self.ask(state, 0, 1), state)

    def of_state(self, state: str) -> Iterator[tuple[int, list[Item]]]:
        """All that Etsy lists of a state, by pages: the count that the page told, and its listings."""
        shown: set[int] = set()
        for oldest_first in (False, True):
            offset = count = 0
            while offset < CEILING:
                answer = self.ask(state, offset, min(PAGE, CEILING - offset), oldest_first=oldest_first)
                count, page = _count(answer, state), [self.parse(item) for item in answer["results"]]
                yield count, page
                brought = {item.listing_id for item in page} - shown
                shown |= brought
                offset += len(page)
                is_known_from_here = oldest_first and (not brought or len(shown) >= count)
                if not page or offset >= count or is_known_from_here:
                    break
            if count <= CEILING:
                return


def all_listings(pages: Pages[SeenListing], known: Collection[int] = ()) -> dict[int, SeenListing]:
    """Every listing of the shop, by its id.

    Args:
        pages: how the shop is read.
        known: ids of listings that are in the books.

    Raises:
        EtsyUnavailable: `shop_kept_changing`, `etsy_answer_malformed`, and what asking raises.
        NotAllListed: `shop_too_large`.
    """
    found: dict[int, SeenListing] = {}
    read = {state: _read(pages, state, found) for state in ORDER}
    for _ in range(READS):
        large = [state for state in ORDER if read[state].count > CEILING]
        if large:
            _read_known(pages, known, {state: read[state] for state in large}, read.values(), found)
        looked_at = [state for state in ORDER if state != ORDER[-1] or state in large]
        moved = [state for state in looked_at if pages.count(state) != read[state].count]
        if not moved:
            for state in large:
                _require_all(state, read[state])
            return found
        read |= {state: _read(pages, state, found) for state in dict.fromkeys((*moved, ORDER[-1]))}
    raise _kept_changing("its states")


def in_state(pages: Pages[Item], state: str, known: Collection[int]) -> Iterator[Item]:
    """Every listing of one state, each once; all that can be had are given before it fails.

    Args:
        pages: how the shop is read.
        state: one of Etsy's.
        known: ids of listings that are in the books, and may be in this state; a few calls for each thousand of them
            are made only where Etsy does not list all of the state.

    Raises:
        EtsyUnavailable: `shop_kept_changing`, `etsy_answer_malformed`, and what asking raises.
        NotAllListed: `shop_too_large`.
    """
    given: set[int] = set()
    for _ in range(READS):
        read = _State()
        for count, page in pages.of_state(state):
            read.note(count, page)
            yield from (item for item in page if item.listing_id not in given)
            given |= read.ids
        if read.count <= CEILING:
            return
        others = [item for item in pages.by_id(sorted(set(known) - read.ids)) if item.state == state]
        read.note(pages.count(state), others)
        yield from (item for item in others if item.listing_id not in given)
        given |= read.ids
        if read.stood_still:
            _require_all(state, read)
            return
    raise _kept_changing(f"the {state} ones")


@dataclass(slots=True)
class _State:
    """What one reading of a state showed: the ids, and the counts that Etsy told, each once, the last one last."""

    ids: set[int] = field(default_factory=set)
    counts: dict[int, None] = field(default_factory=dict)

    def note(self, count: int, items: Iterable[Listed]) -> None:
        self.ids.update(item.listing_id for item in items)
        self.counts.pop(count, None)
        self.counts[count] = None

    @property
    def count(self) -> int:
        return next(reversed(self.counts))

    @property
    def stood_still(self) -> bool:
        return len(self.counts) == 1


def _read(pages: Pages[SeenListing], state: str, found: dict[int, SeenListing]) -> _State:
    """Read a state until it stood still, or was the same twice."""
    before: set[int] | None = None
    for _ in range(READS):
        read = _State()
        for count, page in pages.of_state(state):
            read.note(count, page)
            for seen in page:
                found[seen.listing_id] = later(found.get(seen.listing_id), seen)
        is_all = len(read.ids) == read.count or read.count > CEILING
        if read.ids == before or (read.stood_still and is_all):
            return read
        before = read.ids
    raise _kept_changing(f"the {state} ones")


def _read_known(
    pages: Pages[SeenListing],
    known: Collection[int],
    large: Mapping[str, _State],
    read: Collection[_State],
    found: dict[int, SeenListing],
) -> None:
    """Read by their ids what the books know and no page showed, where that may be in a state that is too large."""
    if all(len(state.ids) >= state.count for state in large.values()):
        return
    for seen in pages.by_id(sorted(set(known).difference(*(state.ids for state in read)))):
        found[seen.listing_id] = later(found.get(seen.listing_id), seen)
        if seen.state in large:
            large[seen.state].ids.add(seen.listing_id)


def _require_all(state: str, read: _State) -> None:
    unknown = read.count - len(read.ids)
    if unknown > 0:
        raise NotAllListed(
            f"The shop has {read.count} {state} listings; Etsy shows the first {CEILING} of a state, and of the others "
            f"{unknown} are in no books.",
            code="shop_too_large",
            hint="Nothing new is created: it may be there already. Move some to another state until a scan is whole.",
        )


def later(before: SeenListing | None, now: SeenListing) -> SeenListing:
    """A listing that was seen twice, as it was last: by Etsy's own times, and by our order where these are the same."""
    return now if before is None or _age(now) >= _age(before) else before


def _age(seen: SeenListing) -> tuple[float, float]:
    times = (seen.state_at, seen.modified_at)
    state_at, modified_at = (0.0 if moment is None else moment.timestamp() for moment in times)
    return state_at, modified_at


def _count(answer: Any, state: str) -> int:
    """How many listings Etsy says are in a state."""
    count, results = (answer.get("count"), answer.get("results")) if isinstance(answer, Mapping) else (None, None)
    if not isinstance(count, int) or not isinstance(results, list):
        raise malformed(f"the shop's {state} listings", "no count or no results")
    return count


def _kept_changing(what: str) -> EtsyUnavailable:
    return EtsyUnavailable(
        f"The shop's listings changed all the time while they were read ({what}).",
        code="shop_kept_changing",
        hint="Scan again when other tools have finished their work on the shop.",
        may_have_happened=False,
    )
