"""All listings of a shop, though it changes while it is read: six states, page by page, each listing once.

Etsy gives one state at a time, by offset: a listing that is sold meanwhile moves all others up by one place, and one of
them falls between two pages. So a state is read again where its count moved; and where a listing was seen in two
states, the later one holds. What Etsy does not show at all is never taken for nothing: the reading fails.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.etsy.seen import malformed, seen_listing
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.providers.errors import RemoteRefused

PAGE = 100  # the most that a page or a batch may hold (FACTS §10)
CEILING = 12_000  # Etsy gives no page beyond this offset (FACTS §10, unsure)
READS = 4  # of one state, before the shop is said to change too fast
ORDER = ("draft", "inactive", "expired", "sold_out", "removed", "active")
"""Last the state that most listings come to: one that is published meanwhile is seen twice, and not missed."""

Answer = Mapping[str, Any]
Ask = Callable[[str, int, int], Answer]
"""Asks for a page: state, offset, how many."""


def all_listings(ask: Ask) -> dict[int, SeenListing]:
    """Every listing of the shop, by its id.

    Raises:
        EtsyUnavailable: `shop_kept_changing`, `etsy_answer_malformed`, and what asking raises.
        RemoteRefused: `shop_too_large`.
    """
    found: dict[int, SeenListing] = {}
    counts = {state: _read(ask, state, found) for state in ORDER}
    for _ in range(READS):
        moved = [state for state in ORDER[:-1] if _count(ask(state, 0, 1), state) != counts[state]]
        if not moved:
            return found
        counts |= {state: _read(ask, state, found) for state in (*moved, ORDER[-1])}
    raise _kept_changing("its states")


def _read(ask: Ask, state: str, found: dict[int, SeenListing]) -> int:
    """Read a state until it stood still, or was the same twice; how many Etsy says there are."""
    before: set[int] | None = None
    for _ in range(READS):
        ids, counts = _pass(ask, state, found)
        if ids == before or (len(counts) == 1 and len(ids) == counts[0]):
            return counts[-1]
        before = ids
    raise _kept_changing(f"the {state} ones")


def _pass(ask: Ask, state: str, found: dict[int, SeenListing]) -> tuple[set[int], Sequence[int]]:
    """Page through a state once: the ids, and the counts that the pages told, each once."""
    ids: set[int] = set()
    counts: dict[int, None] = {}
    offset = 0
    while True:
        answer = ask(state, offset, PAGE)
        count, results = _count(answer, state), answer["results"]
        counts.pop(count, None)
        counts[count] = None
        for item in results:
            seen = seen_listing(item)
            ids.add(seen.listing_id)
            found[seen.listing_id] = later(found.get(seen.listing_id), seen)
        offset += len(results)
        if not results or offset >= count:
            return ids, list(counts)


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
        raise malformed("the shop's listings", "no count or no results")
    if count > CEILING:
        raise RemoteRefused(
            f"The shop has {count} {state} listings; Etsy shows the first {CEILING} of a state.",
            code="shop_too_large",
            hint="Nothing is known of the others, so nothing new is created. Move listings to another state or shop.",
        )
    return count


def _kept_changing(what: str) -> EtsyUnavailable:
    return EtsyUnavailable(
        f"The shop's listings changed all the time while they were read ({what}).",
        code="shop_kept_changing",
        hint="Scan again when other tools have finished their work on the shop.",
        may_have_happened=False,
    )
