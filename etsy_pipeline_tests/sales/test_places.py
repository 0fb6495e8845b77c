"""Lines of an order are cut, and reserved, so that no location has to send more than it has."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.sales.order_draft import cut, pieces
from etsy_pipeline.sales.places import Held, Spot, Wanted, arranged, cuts

SHELVES = ("a", "b", "c", "d")


def free(**pieces: int) -> dict[Spot, int]:
    """So many of one thing at each location."""
    return {("mug", place): count for place, count in pieces.items()}


def of(*quantities: int, required: int = 1) -> list[Wanted]:
    """Lines of one thing."""
    return [Wanted(number, quantity, {"mug": required}) for number, quantity in enumerate(quantities)]


@pytest.mark.parametrize(
    ("quantities", "there", "parts"),
    [
        ((2,), {"a": 5, "b": 1}, {0: (2,)}),
        ((2,), {"a": 1, "b": 1}, {0: (1, 1)}),
        ((5,), {"a": 1, "b": 3, "c": 2}, {0: (3, 2)}),
        ((1, 1), {"a": 1, "b": 1}, {0: (1,), 1: (1,)}),
        ((2, 2), {"a": 3, "b": 1}, {0: (2,), 1: (1, 1)}),
        ((3,), {"a": 1, "b": 1}, None),
        ((1,), {}, None),
    ],
)
def test_a_line_is_cut_only_where_no_location_has_enough(
    quantities: tuple[int, ...], there: dict[str, int], parts: dict[int, tuple[int, ...]] | None
) -> None:
    assert cuts(of(*quantities), free(**there)) == parts


def test_what_one_piece_takes_has_to_be_at_one_location() -> None:
    assert cuts(of(1, required=2), free(a=1, b=1)) is None
    assert cuts(of(2, required=2), free(a=3, b=2)) == {0: (1, 1)}


def test_a_kit_is_cut_where_any_of_its_parts_is() -> None:
    kit = Wanted(7, 5, {"box": 1, "soap": 2})
    there = {("box", "a"): 3, ("box", "b"): 2, ("soap", "a"): 8, ("soap", "b"): 2}
    assert cuts([kit], there) == {7: (3, 1, 1)}


def test_what_takes_no_stock_stays_whole() -> None:
    assert cuts([Wanted(1, 9, {})], {}) == {1: (9,)}


@given(
    quantities=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    there=st.lists(st.integers(0, 9), min_size=1, max_size=4),
)
def test_as_medusa_reserves_and_we_move_nothing_is_taken_that_is_not_there(
    quantities: list[int], there: list[int]
) -> None:
    """Medusa puts each line where there is enough for it alone, at the first such location (ORDERS §9)."""
    shelves = dict(zip(SHELVES, there, strict=False))
    parts = cuts(of(*quantities), free(**shelves))
    assert (parts is not None) == (sum(quantities) <= sum(there))
    if parts is None:
        return
    assert [sum(parts[number]) for number in range(len(quantities))] == quantities
    items = [count for number in sorted(parts) for count in parts[number]]
    held = [
        Held(
            str(number), str(number), ("mug", next(place for place in SHELVES if shelves.get(place, 0) >= count)), count
        )
        for number, count in enumerate(items)
    ]
    taken = Counter[str]()
    for item in held:
        taken[item.spot[1]] += item.quantity
    moves = arranged(held, free(**{place: count - taken[place] for place, count in shelves.items()}))
    assert moves is not None
    left = Counter(shelves)
    for item in held:
        left[moves.get(item.id, item.spot[1])] -= item.quantity
    assert min(left.values()) >= 0
    if min(shelves[place] - taken[place] for place in shelves) >= 0:
        assert moves == {}


def test_where_there_is_no_other_place_nothing_is_moved() -> None:
    held = [Held("1", "x", ("mug", "a"), 2), Held("2", "y", ("mug", "a"), 2)]
    assert arranged(held, free(a=-2, b=1)) is None
    assert arranged(held, free(a=-2, b=2)) == {"2": "b"}


def test_a_line_that_stays_does_not_go_round_in_circles() -> None:
    held = [Held("1", "x", ("mug", "a"), 1), Held("2", "y", ("mug", "b"), 1)]
    assert arranged(held, free(a=0, b=0)) == {}


@given(total=st.integers(0, 9999), parts=st.lists(st.integers(1, 9), max_size=5))
def test_parts_keep_their_prices_to_the_cent(total: int, parts: list[int]) -> None:
    priced = pieces(total, sum(parts) or 3)
    found = cut(priced, parts)
    assert sum(count * price for count, price in found) == total
    assert sum(count for count, _ in found) == (sum(parts) or 3)
    ends = {sum(parts[: number + 1]) for number in range(len(parts))}
    assert ends <= {sum(count for count, _ in found[: number + 1]) for number in range(len(found))}
