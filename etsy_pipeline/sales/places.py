"""Pieces of an order at several stock locations: how its lines are cut, and from where each is taken. Pure.

A line of an order in Medusa is reserved at one location for each of its inventory items, and packed from there. So one
that no location has enough for becomes several lines, each of which one location can send (ORDERS §9).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

MOST_TRIES = 10_000  # to find a place for each reservation of an order
MOST_LINES = 200  # of one thing

Spot = tuple[str, str]
"""An inventory item at a location."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line: so many pieces of a variant, each of which takes so many of some inventory items (`takes`)."""

    line: int
    quantity: int
    takes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """What is reserved of an inventory item for a line of an order in Medusa."""

    id: str
    line_item_id: str
    spot: Spot
    quantity: int


def cuts(lines: Sequence[Wanted], free: Mapping[Spot, int]) -> dict[int, tuple[int, ...]] | None:
    """How many pieces of each line go together, so that one location has enough for each of these parts.

    None where there is no such way: there are too few, or what one piece takes lies at several locations.
    """
    left, found = dict(free), {}
    for line in sorted(lines, key=lambda line: (-max(line.takes.values(), default=0), line.line)):
        ends = {line.quantity}
        for item, required in line.takes.items():
            shares = _shares(item, required, line.quantity, left)
            if sum(shares) != line.quantity:
                return None
            ends.update(accumulate(shares))
        found[line.line] = tuple(end - begin for begin, end in pairwise([0, *sorted(ends)]))
    return found


def arranged(held: Sequence[Held], free: Mapping[Spot, int]) -> dict[str, str] | None:
    """Which reservations of an order have to go to which location, so that none has fewer pieces than are reserved.

    Medusa judges each line of an order by itself, and gives two of them the same pieces. None: there is no way.

    Args:
        held: all reservations of the order.
        free: what can still be reserved; below zero where more is reserved than there is. Nothing may stay elsewhere.
    """
    crowded = {item.spot[0] for item in held if free.get(item.spot, -1) < 0}
    moves: dict[str, str] = {}
    for inventory_item_id in sorted(crowded):
        its = [item for item in held if item.spot[0] == inventory_item_id]
        room = Counter({place: count for (item_id, place), count in free.items() if item_id == inventory_item_id})
        for item in its:
            if item.spot in free:
                room[item.spot[1]] += item.quantity
        biggest_first = sorted(its, key=lambda item: (-item.quantity, item.id))
        placed = _placed(biggest_first, room, iter(range(MOST_TRIES))) if len(its) <= MOST_LINES else None
        if placed is None:
            return None
        moves |= {item.id: placed[item.id] for item in its if placed[item.id] != item.spot[1]}
    return moves


def _placed(held: Sequence[Held], room: Counter[str], tries: Iterator[int]) -> dict[str, str] | None:
    """A location for each, the one where it is if that can be; None where there is no way, or it takes too long."""
    if not held:
        return {}
    item = held[0]
    fitting = sorted((place != item.spot[1], count, place) for place, count in room.items() if count >= item.quantity)
    for _, _, place in fitting:
        if next(tries, None) is None:
            return None
        room[place] -= item.quantity
        if (rest := _placed(held[1:], room, tries)) is not None:
            return {item.id: place} | rest
        room[place] += item.quantity
    return None


def _shares(item: str, required: int, quantity: int, left: dict[Spot, int]) -> list[int]:
    """All of it where the fewest are that are enough; else spread, the location with most first. It is taken off."""
    here = {place: count // required for (item_id, place), count in left.items() if item_id == item and count > 0}
    enough = sorted((count, place) for place, count in here.items() if count >= quantity)
    by_size = sorted(((count, place) for place, count in here.items()), key=lambda pair: (-pair[0], pair[1]))
    shares: list[int] = []
    for count, place in enough[:1] or by_size:
        share = min(count, quantity - sum(shares))
        if share > 0:
            left[item, place] -= share * required
            shares.append(share)
    return shares
