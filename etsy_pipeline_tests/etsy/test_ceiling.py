"""States that have more listings than Etsy lists: what the books know is read by its ids, and what is missing is said."""

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etsy_pipeline.etsy import shop_pages
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.etsy.seen import seen_listing
from etsy_pipeline.etsy.shop_pages import Pages, in_state
from etsy_pipeline.linking.seen import STATES, SeenListing
from etsy_pipeline.providers.errors import NotAllListed
from etsy_pipeline_tests.etsy.pages import Etsy, all_listings

CEILING, PAGE = 30, 10


@pytest.fixture(autouse=True)
def _low_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_pages, "CEILING", CEILING)
    monkeypatch.setattr(shop_pages, "PAGE", PAGE)


def of_state(etsy: Etsy, state: str, known: Collection[int] = ()) -> tuple[list[int], int]:
    """The ids in the order in which they come, and how many are said to be unknown."""
    found: list[int] = []
    try:
        for seen in in_state(Pages(etsy, etsy.by_id, seen_listing), state, known):
            found.append(seen.listing_id)  # noqa: PERF401 - what comes before it fails counts
    except NotAllListed as error:
        return found, unknown_of(error)
    return found, 0


def unknown_of(error: NotAllListed) -> int:
    assert error.code == "shop_too_large"
    return int(error.message.split(" are in no books")[0].split()[-1])


def shown(ids: list[int], *, has_order: bool) -> set[int]:
    """What Etsy's pages show of a state."""
    return {*ids[:CEILING], *(ids[-CEILING:] if has_order else ())}


@given(
    sizes=st.lists(st.integers(0, CEILING) | st.integers(0, 90), min_size=6, max_size=6),
    has_order=st.booleans(),
    unknown=st.frozensets(st.integers(1, 6 * 90), max_size=60),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_all_are_found_or_it_says_how_many_are_not(
    sizes: list[int], *, has_order: bool, unknown: frozenset[int]
) -> None:
    starts = [sum(sizes[:place]) + 1 for place in range(6)]
    listings = {state: range(start, start + size) for state, start, size in zip(STATES, starts, sizes, strict=True)}
    etsy = Etsy(has_order=has_order, **listings)
    known = {9_999, *range(1, sum(sizes) + 1)} - unknown
    missing = {state: len(set(ids) - shown(list(ids), has_order=has_order) - known) for state, ids in listings.items()}
    for state, ids in listings.items():
        found, said = of_state(etsy, state, known)
        assert said == missing[state]
        assert len(found) == len(set(found)) == len(ids) - said
        assert set(found) <= set(ids)
    etsy = Etsy(has_order=has_order, **listings)
    if any(missing.values()):
        with pytest.raises(NotAllListed) as caught:
            all_listings(etsy, known)
        assert unknown_of(caught.value) in missing.values()
    else:
        found_all = all_listings(etsy, known)
        assert {number: seen.state for number, seen in found_all.items()} == {
            number: state for state, ids in listings.items() for number in ids
        }
        if max(sizes) <= CEILING:
            assert len(etsy.asked) == sum(max(1, -(-size // PAGE)) for size in sizes) + 5


def test_a_state_that_is_as_large_as_etsy_lists_needs_no_books() -> None:
    etsy = Etsy(active=range(CEILING))
    assert len(all_listings(etsy, range(500, 600))) == CEILING
    assert (etsy.read, len(etsy.asked)) == ([], 3 + 5 + 5)


def test_the_last_page_ends_at_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_pages, "CEILING", 25)
    etsy = Etsy(active=range(40))
    assert len(all_listings(etsy, range(40))) == 40
    assert ("active", 20, 5) in etsy.asked


def test_what_the_books_know_is_read_by_its_ids_and_only_what_no_page_showed() -> None:
    etsy = Etsy(active=range(50), draft=[100])
    assert set(all_listings(etsy, [*range(50), 100, 9_999])) == {*range(50), 100}
    assert etsy.read == [*range(CEILING, 50), 9_999]
    pages, looks, one_from_the_other_end = 3 + 5, 6, 1
    assert len(etsy.asked) == pages + looks + one_from_the_other_end


def test_where_etsy_lists_the_oldest_first_no_books_are_needed() -> None:
    etsy = Etsy(has_order=True, active=range(50))
    assert set(all_listings(etsy)) == set(range(50))
    assert len(etsy.asked) == 3 + 2 + 5 + 6, "two pages from the other end bring the twenty that were missing"
    assert etsy.read == []


def test_how_many_are_unknown_is_said() -> None:
    etsy = Etsy(active=range(50), draft=[100])
    with pytest.raises(NotAllListed) as caught:
        all_listings(etsy, range(44))
    assert "50 active listings" in caught.value.message
    assert "6 are in no books" in caught.value.message


def test_a_listing_of_the_books_that_is_in_another_state_by_now_counts_there() -> None:
    etsy = Etsy(active=range(50), sold_out=range(60, 100))
    known = [*range(50), *range(60, 100)]
    etsy.states["sold_out"].append(etsy.states["active"].pop())
    found = all_listings(etsy, known)
    assert (found[49].state, len(found)) == ("sold_out", 90)


def test_a_deleted_listing_of_the_books_is_not_made_up_for_an_unknown_one() -> None:
    etsy = Etsy(active=range(50))
    etsy.states["active"][40] = 4_000
    with pytest.raises(NotAllListed, match="1 are in no books"):
        all_listings(etsy, range(50))


def test_a_large_state_that_moves_while_the_books_are_read_is_read_again() -> None:
    etsy = Etsy(active=range(50))
    new = iter([1_000])
    read = etsy.by_id

    def meanwhile(listing_ids: list[int]) -> list[SeenListing]:
        found = read(listing_ids)
        etsy.states["active"][:0] = new
        return found

    etsy.by_id = meanwhile  # type: ignore[assignment, method-assign] # something happens beside it
    assert set(all_listings(etsy, range(50))) == {*range(50), 1_000}
    etsy.states["active"], new = list(range(50)), iter([1_000])
    assert sorted(of_state(etsy, "active", range(50))[0]) == [*range(50), 1_000]


def test_a_large_state_that_never_stands_still_is_not_read_to_the_end() -> None:
    etsy, numbers = Etsy(draft=range(50)), iter(range(1_000, 2_000))
    etsy.after = {call: lambda: etsy.states["draft"].insert(0, next(numbers)) for call in range(1, 1_000)}
    with pytest.raises(EtsyUnavailable) as caught:
        of_state(etsy, "draft", range(50))
    assert caught.value.code == "shop_kept_changing"
