"""Sales on Etsy reserved in Medusa, each exactly once: intent, look for it, reserve, note its id, done (ORDERS §8).

What is true is what Medusa has with our mark (`sales.booking.marker`). It is looked for before anything is reserved, so
that it does not matter where an earlier process was killed, or which answer was lost. An intent whose answer may still
be on its way is left alone for a while. Only who has the account's turn (`turn.py`) comes here.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from etsy_pipeline.catalogue.admin_api import WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.reservations import (
    OutOfStock,
    Reservation,
    Reservations,
    StockedProduct,
    StockedVariant,
)
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.booking import MARKS_BEGIN, Move, Needed, Place, mark_ends, marker, moves
from etsy_pipeline.store import clock, sales, stock_movements
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sales import KeptSale, SaleState
from etsy_pipeline.store.stock_movements import MovementKind, StockMovement

logger = logging.getLogger(__name__)

SETTLES = timedelta(seconds=90)  # after which an answer that did not come is on its way no more
MOST_UNANSWERED = 3  # in a row, before the rest waits for the next time
SHORT = "Sold on Etsy, and Medusa has fewer pieces left than that."
BACKORDER = "Medusa has fewer pieces left, and sells it all the same (backorder)."
NO_VARIANT = "Medusa no longer has the variant."

Outcome = Literal["reserved", "short", "refused"]


@dataclass
class Booked:
    """What became of lines that were to be booked: transaction ids, by what happened to them."""

    booked: list[int] = field(default_factory=list)
    oversold: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    nothing_to_book: list[int] = field(default_factory=list)


def book_lines(store: Store, medusa: Reservations, account_id: str, turn: Turn) -> Booked:
    """Reserve every line of a paid order that waits for it, the oldest first; those that were oversold are tried again.

    Raises:
        TakenOver: `orders_active`, where another process has the turn.
        PipelineError: where Medusa cannot be asked, or answers nothing several times in a row; the rest waits.
    """
    with store.reading() as session:
        found = sales.in_state(session, account_id, "waiting", "oversold", mode="stock", is_good=True)
    lines = [line for line in found if line.variant_id is not None]
    products = medusa.products([line.product_id for line in lines if line.product_id])
    done, unanswered = Booked(), 0
    for line in lines:
        try:
            outcome = Line(store, medusa, turn, line).book(products)
        except WriteUnanswered:
            unanswered += 1
            if unanswered >= MOST_UNANSWERED:
                raise
            outcome = "waiting"
        else:
            unanswered = 0
        getattr(done, outcome).append(line.transaction_id)
    return done


class Line:
    """One line of an order, and what is reserved for it."""

    def __init__(self, store: Store, medusa: Reservations, turn: Turn, sale: KeptSale) -> None:
        self._store, self._medusa, self._turn, self._sale = store, medusa, turn, sale
        self._mark = marker(sale.etsy_account_id, sale.transaction_id)
        self._held: tuple[Reservation, ...] = ()
        self._has_reserved = False

    def book(self, products: Mapping[str, StockedProduct]) -> SaleState:
        """Reserve what is still missing for it; how it stands then. Where not all of it is there, nothing is kept."""
        variant = _variant(self._sale, products)
        if variant is None:
            return self._becomes("waiting", NO_VARIANT)
        if not variant.is_managed:
            return self._becomes("nothing_to_book", None)
        if self.may_still_come():
            return "waiting"
        outcome = self._try(variant)
        if outcome == "short":  # somebody was quicker, or put some there: look again, once
            newer = self._medusa.products([self._sale.product_id or ""])
            outcome = self._try(_variant(self._sale, newer) or variant)
        return self._came_to(outcome, variant)

    def _came_to(self, outcome: Outcome, variant: StockedVariant) -> SaleState:
        if outcome == "reserved":
            return self._booked()
        if outcome == "refused":
            return "waiting"
        if self._held or self._has_reserved:
            self.let_go()
        if variant.allows_backorder:
            return self._becomes("nothing_to_book", BACKORDER)
        return self._becomes("oversold", SHORT)

    def _booked(self) -> SaleState:
        if self._becomes("booked", None) == "booked":
            return "booked"
        self.let_go()
        return "waiting"

    def _try(self, variant: StockedVariant) -> Outcome:
        missing = _missing(self._sale.quantity, variant, self._held)
        planned = moves(1, missing)
        is_whole = {move.inventory_item_id for move in planned} == {part.inventory_item_id for part in missing}
        if not variant.parts or not is_whole or not all(move.is_there for move in planned):
            return "short"
        return self._reserve(planned)

    def let_go(self) -> None:
        """Give back what there is of a line that is not there as a whole, as if it had never been reserved."""
        for item in self.held():
            self._turn.require()
            self._medusa.release(item.id)
        with self._store.writing() as session:
            for movement in stock_movements.of_sale(session, self._sale.etsy_account_id, self._sale.transaction_id):
                stock_movements.drop(session, movement)

    def held(self) -> tuple[Reservation, ...]:
        """What Medusa holds for this line, noted as done; one that is there twice is given back once."""
        kept: dict[tuple[str, str], Reservation] = {}
        for found in self._medusa.find(MARKS_BEGIN, mark_ends(self._sale.transaction_id)):
            place = found.inventory_item_id, found.location_id
            if place in kept:
                logger.warning("reserved_twice mark=%s", self._mark)
                self._turn.require()
                self._medusa.release(found.id)
            else:
                kept[place] = found
        self._held = tuple(kept.values())
        if not kept:
            return ()
        with self._store.writing() as session:
            now = clock.now(session)
            for item in kept.values():
                movement = self._movement("sale", item.inventory_item_id, item.location_id, item.quantity)
                stock_movements.intend(session, [movement])
                stock_movements.change(session, movement, reservation_id=item.id, quantity=item.quantity, done_at=now)
        return self._held

    def give_back(self) -> None:
        """Release all that Medusa holds for this line; what is given back already stays so.

        Raises:
            WriteUnanswered: it is looked for, and tried, again.
        """
        held = self.held()
        returns = [self._movement("return", item.inventory_item_id, item.location_id, item.quantity) for item in held]
        with self._store.writing() as session:
            stock_movements.intend(session, returns)
        for item, movement in zip(held, returns, strict=True):
            self._turn.require()
            self._medusa.release(item.id)
            self._done(movement, item.id)
        self._note_gone()

    def _note_gone(self) -> None:
        """Returns that were intended, and of which nothing is left in Medusa, happened: only the answer was lost."""
        with self._store.writing() as session:
            now, sale = clock.now(session), self._sale
            for movement in stock_movements.of_sale(session, sale.etsy_account_id, sale.transaction_id):
                if movement.kind == "return" and movement.done_at is None:
                    stock_movements.change(session, movement, done_at=now)
                elif movement.done_at is None:
                    stock_movements.drop(session, movement)

    def may_still_come(self) -> bool:
        """Whether an intent is so young that Medusa may still be at work on it. Older ones that came to nothing go."""
        there = {(item.inventory_item_id, item.location_id) for item in self.held()}
        with self._store.writing() as session:
            now, sale = clock.now(session), self._sale
            intents = stock_movements.of_sale(session, sale.etsy_account_id, sale.transaction_id, "sale")
            open_ones = [item for item in intents if item.done_at is None]
            lost = [item for item in open_ones if (item.inventory_item_id, item.location_id) not in there]
            if any(now - item.intent_at < SETTLES for item in lost):
                return True
            for item in lost:
                stock_movements.drop(session, item)
        return False

    def _reserve(self, planned: Sequence[Move]) -> Outcome:
        intended = [self._movement("sale", move.inventory_item_id, move.location_id, move.quantity) for move in planned]
        with self._store.writing() as session:
            stock_movements.intend(session, intended)
        for place, movement in enumerate(intended):
            self._turn.require()
            try:
                reservation_id = self._medusa.reserve(
                    movement.inventory_item_id, movement.location_id, movement.quantity, description=self._mark
                )
            except OutOfStock:
                self._drop(intended[place:])
                return "short"
            except WriteRefused as refused:
                self._drop(intended[place:])
                self._becomes("waiting", refused.message)
                return "refused"
            except WriteUnanswered as lost:
                self._drop(intended[place + 1 :] if lost.may_have_happened else intended[place:])
                raise
            self._has_reserved = True
            self._done(movement, reservation_id)
        return "reserved"

    def _done(self, movement: StockMovement, reservation_id: str) -> None:
        with self._store.writing() as session:
            stock_movements.change(session, movement, reservation_id=reservation_id, done_at=clock.now(session))

    def _drop(self, movements: Iterable[StockMovement]) -> None:
        with self._store.writing() as session:
            for movement in movements:
                stock_movements.drop(session, movement)

    def _becomes(self, state: SaleState, problem: str | None) -> SaleState:
        """Note how it stands, unless a person has decided on it since it was read: then it is looked at again."""
        if (state, problem) != (self._sale.state, self._sale.problem):
            with self._store.writing() as session:
                booked_at = {"booked_at": clock.now(session)} if state == "booked" else {}
                if not sales.become(session, self._sale, state=state, problem=problem, **booked_at):
                    return "waiting"
        return state

    def _movement(self, kind: MovementKind, item_id: str, location_id: str, quantity: int) -> StockMovement:
        sale = self._sale
        return StockMovement(
            sale.etsy_account_id, sale.transaction_id, item_id, location_id, kind, quantity, self._store.now()
        )


def _variant(sale: KeptSale, products: Mapping[str, StockedProduct]) -> StockedVariant | None:
    product = products.get(sale.product_id or "")
    return next((item for item in product.variants if item.id == sale.variant_id), None) if product else None


def _missing(quantity: int, variant: StockedVariant, held: Iterable[Reservation]) -> list[Needed]:
    """What is not reserved yet of each inventory item; `required` is the whole of it."""
    there: dict[str, int] = {}
    for item in held:
        there[item.inventory_item_id] = there.get(item.inventory_item_id, 0) + item.quantity
    taken = {(item.inventory_item_id, item.location_id) for item in held}  # one reservation of a line at each place
    return [
        Needed(part.inventory_item_id, wanted, tuple(
            Place(level.location_id, level.available)
            for level in part.levels
            if (part.inventory_item_id, level.location_id) not in taken
        ))
        for part in variant.parts
        if (wanted := quantity * part.required - there.get(part.inventory_item_id, 0)) > 0
    ]  # fmt: skip
