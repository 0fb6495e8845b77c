"""What a sale moves in Medusa, and what the end of an order means for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.sales.booking import Ending, LineState, Move, Needed, Place, ending, moves, order_state

PLACES = st.lists(st.integers(-3, 9), max_size=4).map(
    lambda pieces: tuple(Place(f"sloc_{number}", count) for number, count in enumerate(pieces))
)
PARTS = st.lists(st.tuples(st.integers(1, 3), PLACES), max_size=3).map(
    lambda parts: [Needed(f"item_{number}", required, places) for number, (required, places) in enumerate(parts)]
)


def needed(*pieces: int, required: int = 1) -> list[Needed]:
    """One item, with so many pieces at each location."""
    return [Needed("item", required, tuple(Place(f"sloc_{number}", count) for number, count in enumerate(pieces)))]


def test_the_first_location_with_enough_is_taken() -> None:
    assert moves(3, needed(2, 5, 9)) == (Move("item", "sloc_1", 3),)


def test_a_kit_takes_each_item_as_often_as_one_piece_needs_it() -> None:
    kit = [*needed(10, required=2), Needed("lid", 1, (Place("sloc_0", 10),))]
    assert moves(3, kit) == (Move("item", "sloc_0", 6), Move("lid", "sloc_0", 3))


def test_where_only_all_locations_together_have_enough_they_share_it() -> None:
    assert moves(6, needed(2, 5)) == (Move("item", "sloc_1", 5), Move("item", "sloc_0", 1))


def test_where_there_is_not_enough_nothing_is_there() -> None:
    assert moves(6, needed(2, 3)) == (Move("item", "sloc_0", 6, is_there=False),)


@given(st.integers(1, 5), PARTS)
def test_all_of_a_sale_is_reserved_where_it_is_or_none(quantity: int, parts: list[Needed]) -> None:
    planned = moves(quantity, parts)
    for part in parts:
        mine = [move for move in planned if move.inventory_item_id == part.inventory_item_id]
        there = {place.location_id: place.available for place in part.places}
        assert all(move.quantity > 0 for move in mine)
        assert len({move.location_id for move in mine}) == len(mine)
        if part.places:
            assert sum(move.quantity for move in mine) == quantity * part.required
        if mine and all(move.is_there for move in mine):
            assert all(move.quantity <= there[move.location_id] for move in mine)
        elif mine:
            assert sum(max(0, count) for count in there.values()) < quantity * part.required


@pytest.mark.parametrize(
    ("canceled", "refunded", "shipped", "returns", "means"),
    [
        (False, False, False, True, "none"),
        (True, False, False, False, "give_back"),
        (True, True, True, True, "ask"),
        (False, True, False, False, "ask"),
        (False, True, False, True, "give_back"),
        (False, True, True, True, "none"),
    ],
)
def test_what_the_end_of_an_order_means(
    *, canceled: bool, refunded: bool, shipped: bool, returns: bool, means: Ending
) -> None:
    assert ending(is_canceled=canceled, is_refunded=refunded, is_shipped=shipped, returns_refunded=returns) == means


@pytest.mark.parametrize(
    ("states", "end", "canceled", "stands"),
    [
        (["booked"], "none", False, "done"),
        (["booked", "waiting"], "none", False, "open"),
        (["booked", "needs_link"], "none", False, "needs_person"),
        (["waiting", "oversold"], "none", False, "needs_person"),
        (["returned", "nothing_to_book"], "give_back", True, "canceled"),
        (["booked"], "ask", True, "needs_person"),
        (["booked", "returned"], "give_back", True, "open"),
        (["nothing_to_book"], "ask", True, "canceled"),
        (["observed"], "ask", True, "canceled"),
    ],
)
def test_how_an_order_stands(states: list[LineState], end: Ending, *, canceled: bool, stands: str) -> None:
    assert order_state(states, end, is_canceled=canceled, is_sound=True) == stands
    assert order_state(states, end, is_canceled=canceled, is_sound=False) == "needs_person"
