"""Searching for a draft whose create was not answered: how often, where, and when a person is asked."""

from collections.abc import Collection, Iterator, Sequence
from typing import cast

import pytest

from etsy_pipeline.errors import Refused
from etsy_pipeline.etsy.answers import EtsyListing
from etsy_pipeline.providers.errors import NotAllListed
from etsy_pipeline.providers.protocols import RemoteListing, ShopClient
from etsy_pipeline.publishing.adoption import LOOKS, find_ours

OURS = "ref:etsy_pipeline/0123456789abcdef0123"


class Drafts:
    """A shop's drafts as each look shows them, the newest first; the last look's stay."""

    def __init__(self, *looks: Sequence[RemoteListing], is_whole: bool = True) -> None:
        self.looks, self.is_whole = list(looks), is_whole
        self.asked: list[str] = []
        self.slept: list[float] = []

    def listings_in_state(self, _shop_id: int, state: str, known: Collection[int] = ()) -> Iterator[RemoteListing]:
        del known
        self.asked.append(state)
        yield from self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if not self.is_whole:
            raise NotAllListed("There are more.", code="shop_too_large", hint="")

    def find(self, *seen: RemoteListing) -> int | None:
        found = find_ours(cast("ShopClient", self), 1, OURS, sleep=self.slept.append, seen=seen)
        return found.listing_id if found else None


def draft(listing_id: int, reference: str = OURS, state: str = "draft") -> EtsyListing:
    return EtsyListing(listing_id=listing_id, state=state, description=f"A mug.\n\n{reference}")


def test_a_draft_that_shows_late_is_found() -> None:
    shop = Drafts([draft(1, "ref:other")], [draft(1, "ref:other")], [draft(2), draft(1, "ref:other")])
    assert shop.find() == 2
    assert shop.slept == list(LOOKS[:3])


def test_where_none_shows_only_drafts_were_asked_for_and_four_times() -> None:
    shop = Drafts([draft(1, "ref:other")])
    assert shop.find() is None
    assert (shop.asked, shop.slept) == (["draft"] * 4, list(LOOKS))


def test_what_the_look_through_the_shop_found_is_not_waited_for() -> None:
    shop = Drafts([])
    assert shop.find(draft(3, state="active")) == 3
    assert shop.slept == [0.0]
    assert Drafts([draft(3)]).find(draft(3)) == 3, "it is one and the same"


@pytest.mark.parametrize("seen", [(), (draft(5, state="inactive"),)])
def test_of_several_none_is_taken(seen: Sequence[EtsyListing]) -> None:
    drafts = [draft(7)] if seen else [draft(7), draft(5)]
    with pytest.raises(Refused, match="5, 7") as caught:
        Drafts(drafts).find(*seen)
    assert caught.value.code == "several_drafts"


def test_more_drafts_than_etsy_lists_are_searched_as_far_as_they_are_listed() -> None:
    assert Drafts([draft(2), draft(1, "ref:other")], is_whole=False).find() == 2
    shop = Drafts([draft(1, "ref:other")], is_whole=False)
    assert shop.find() is None, "the look through all of the shop accounts for the others"
