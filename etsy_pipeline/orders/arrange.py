"""Reservations of an order in Medusa, by location: none is left where there are fewer pieces, or where nobody sells.

Converting reserves each line at the first location that has enough for it, as if it were the only one (measured): two
lines of one thing get the same pieces. A reservation is moved by making it where it belongs, and giving the first one
back: to change its location lowers no figure of the location that it leaves (measured on 2.21.2).
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.catalogue.reservations import Reservation, Reservations
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.places import Held, arranged

MOVED = "etsy-moved"  # describes a reservation that we made elsewhere; no mark of a line's (`sales.booking`)


class Crowded(Exception):  # noqa: N818 - it says what it is
    """More is reserved at a location than there is, and there is no other place for it."""


def arrange(
    medusa: Reservations,
    turn: Turn,
    item_ids: Sequence[str],
    places: Collection[str],
    make: Callable[[Callable[[], Any]], Any],
) -> None:
    """Move reservations of an order's lines to where there are pieces for them. Repeating it changes nothing.

    Args:
        medusa: where they are.
        turn: the account's.
        item_ids: the order's lines in Medusa.
        places: the locations that they may be at; none: all.
        make: makes a reservation, after its intent is written down.

    Raises:
        Crowded: there is no place with enough.
        PipelineError: what a question, or a change, raises.
    """
    held = _held(medusa, turn, item_ids)
    by_id = {item.id: item for item in held}
    for reservation_id, place in _moves(medusa, held, places).items():
        old = by_id[reservation_id]

        def again(old: Reservation = old, place: str = place) -> str:
            line = old.line_item_id
            return medusa.reserve(old.inventory_item_id, place, old.quantity, description=MOVED, line_item_id=line)

        make(again)
        turn.require()
        medusa.release(old.id)


def _held(medusa: Reservations, turn: Turn, item_ids: Sequence[str]) -> list[Reservation]:
    """What is reserved for lines; one that was made elsewhere takes the place of the one before it."""
    by_line: dict[tuple[str, str], list[Reservation]] = {}
    for item in medusa.of_order_lines(item_ids):
        by_line.setdefault((item.line_item_id, item.inventory_item_id), []).append(item)
    kept = []
    for its in by_line.values():
        stay = [item for item in its if item.description == MOVED][-1:] or its
        kept += stay
        for item in its:
            if item not in stay:
                turn.require()
                medusa.release(item.id)
    return kept


def _moves(medusa: Reservations, held: Sequence[Reservation], places: Collection[str]) -> Mapping[str, str]:
    spots = Counter((item.inventory_item_id, item.location_id) for item in held)
    doubted = {item for (item, place), count in spots.items() if count > 1 or (places and place not in places)}
    if not doubted:
        return {}
    free = {
        (level.inventory_item_id, level.location_id): level.stocked - level.reserved
        for level in InventoryLevels(medusa.api).of_items(sorted(doubted))
        if not places or level.location_id in places
    }
    its = [
        Held(item.id, item.line_item_id, (item.inventory_item_id, item.location_id), item.quantity)
        for item in held
        if item.inventory_item_id in doubted
    ]
    moves = arranged(its, free)
    if moves is None:
        raise Crowded
    return moves
