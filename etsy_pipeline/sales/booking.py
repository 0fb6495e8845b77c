"""What a sale on Etsy moves in Medusa, and how an order stands then. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LineState = Literal["observed", "needs_link", "waiting", "booked", "oversold", "returned", "nothing_to_book"]
OrderState = Literal["open", "done", "needs_person", "canceled"]
Ending = Literal["none", "give_back", "ask"]

FOR_A_PERSON = frozenset({"needs_link", "oversold"})
MARKS_BEGIN = "etsy:"


@dataclass(frozen=True, slots=True)
class Place:
    """A location that sells, and how many pieces can still be reserved there."""

    location_id: str
    available: int


@dataclass(frozen=True, slots=True)
class Needed:
    """An inventory item of which a variant takes so many for each piece sold, and where it is."""

    inventory_item_id: str
    required: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """So many pieces of an item are to be reserved at a location. Not `is_there`: there are not so many."""

    inventory_item_id: str
    location_id: str
    quantity: int
    is_there: bool = True


def moves(quantity: int, parts: Sequence[Needed]) -> tuple[Move, ...]:
    """What reserving so many pieces of a variant takes, for each of its inventory items.

    All at one location, the first one with enough; else spread over several, those with most first, where all of them
    together have enough. Where they have not, the first one is named, and nothing is there. An item that no location
    which sells has is left out.
    """
    return tuple(move for part in parts for move in _of_part(quantity * part.required, part))


def _of_part(wanted: int, part: Needed) -> Iterator[Move]:
    places = part.places
    if sum(max(0, place.available) for place in places) < wanted:
        for place in places[:1]:
            yield Move(part.inventory_item_id, place.location_id, wanted, is_there=False)
        return
    enough = [place for place in places if place.available >= wanted]
    for place in enough[:1] or sorted(places, key=lambda place: -place.available):
        taken = min(wanted, place.available)
        if taken > 0:
            yield Move(part.inventory_item_id, place.location_id, taken)
            wanted -= taken


def marker(account_id: str, transaction_id: int) -> str:
    """The description by which a reservation for a line is found again."""
    return f"{MARKS_BEGIN}{account_id}:{transaction_id}"


def mark_ends(transaction_id: int) -> str:
    """How the description of a line's reservation ends, whichever installation made it.

    A line has one number on all of Etsy (ORDERS §3). So what an account had reserved whose books were lost, or what
    another installation has, is found and not reserved once more.
    """
    return f":{transaction_id}"


def line_of(mark: str) -> int | None:
    """The line that a reservation is for, by its description."""
    number = mark.rpartition(":")[2]
    return int(number) if mark.startswith(MARKS_BEGIN) and number.isascii() and number.isdigit() else None


def ending(*, is_canceled: bool, is_refunded: bool, is_shipped: bool, returns_refunded: bool) -> Ending:
    """What the end of an order means for stock that is reserved for it.

    A cancellation before shipping gives it back. One after shipping does not: the goods are with the buyer, or on their
    way. A refund alone does not either, unless the shop says so (`returns_refunded`).
    """
    if not is_canceled and not is_refunded:
        return "none"
    if is_shipped:
        return "ask" if is_canceled else "none"
    return "give_back" if is_canceled or returns_refunded else "ask"


def order_state(states: Collection[LineState], end: Ending, *, is_canceled: bool, is_sound: bool) -> OrderState:
    """How an order stands.

    Args:
        states: of its lines.
        end: what its end means.
        is_canceled: whether it was called off.
        is_sound: whether everything about its lines is understood.
    """
    if FOR_A_PERSON.intersection(states) or not is_sound:
        return "needs_person"
    if end == "ask" and "booked" in states:
        return "needs_person"
    if "waiting" in states or (end == "give_back" and "booked" in states):
        return "open"
    return "canceled" if is_canceled else "done"
