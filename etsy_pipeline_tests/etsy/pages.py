"""A shop that answers pages as Etsy does, without HTTP: for tests of reading all of it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from etsy_pipeline.etsy import shop_pages
from etsy_pipeline.etsy.seen import seen_listing
from etsy_pipeline.etsy.shop_pages import Pages
from etsy_pipeline.linking.seen import STATES, SeenListing


class Etsy:
    """A shop that answers pages, and in which something may happen after any of them; it has an order if it is told."""

    def __init__(self, *, has_order: bool = False, **listings: Iterable[int]) -> None:
        self.states = {state: list(listings.get(state, ())) for state in STATES}
        self.has_order = has_order
        self.asked: list[tuple[str, int, int]] = []
        self.read: list[int] = []
        self.after: dict[int, Callable[[], None]] = {}

    def __call__(self, state: str, offset: int, limit: int, *, oldest_first: bool = False) -> dict[str, Any]:
        assert offset + limit <= shop_pages.CEILING, "Etsy would refuse it"
        self.asked.append((state, offset, limit))
        ids = self.states[state]
        part = (ids[::-1] if oldest_first and self.has_order else ids)[offset : offset + limit]
        page = {"count": len(ids), "results": [self.answer(number, state) for number in part]}
        self.after.get(len(self.asked), lambda: None)()
        return page

    def by_id(self, listing_ids: Sequence[int]) -> list[SeenListing]:
        self.read.extend(listing_ids)
        there = {number: state for state, ids in self.states.items() for number in ids}
        return [seen_listing(self.answer(number, there[number])) for number in listing_ids if number in there]

    def answer(self, number: int, state: str) -> dict[str, Any]:
        return {"listing_id": number, "state": state, "title": "Mug"}

    def move(self, number: int, before: str, after: str) -> None:
        self.states[before].remove(number)
        self.states[after].insert(0, number)


def all_listings(etsy: Etsy, known: Collection[int] = ()) -> dict[int, SeenListing]:
    """What reading all of such a shop finds."""
    return shop_pages.all_listings(Pages(etsy, etsy.by_id, seen_listing), known)
