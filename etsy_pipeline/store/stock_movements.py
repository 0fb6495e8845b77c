"""Reservations in Medusa for sales on Etsy (`stock_movement`): the intent first, then Medusa's id, then done."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.store.tables.orders import StockMovementRow
from etsy_pipeline.store.upserts import add_once

MovementKind = Literal["sale", "return"]


@dataclass(frozen=True, slots=True)
class StockMovement:
    """So many pieces of an inventory item at a location are reserved for a line of an order, or given back.

    `reservation_id` is None until Medusa's answer is noted, `done_at` until it came to its end.
    """

    etsy_account_id: str
    transaction_id: int
    inventory_item_id: str
    location_id: str
    kind: MovementKind
    quantity: int
    intent_at: datetime
    reservation_id: str | None = None
    done_at: datetime | None = None

    @property
    def place(self) -> tuple[int, str, str]:
        """Line, inventory item and location: there is one reservation of each."""
        return self.transaction_id, self.inventory_item_id, self.location_id


def of_sale(
    session: Session, account_id: str, transaction_id: int, kind: MovementKind | None = None
) -> list[StockMovement]:
    """What was, or is to be, moved for a line."""
    its = StockMovementRow.etsy_account_id == account_id, StockMovementRow.transaction_id == transaction_id
    query = select(StockMovementRow).where(*its)
    query = query if kind is None else query.where(StockMovementRow.kind == kind)
    order = StockMovementRow.kind, StockMovementRow.inventory_item_id, StockMovementRow.location_id
    return [_movement(row) for row in session.scalars(query.order_by(*order))]


def of_sales(session: Session, account_id: str, transaction_ids: Sequence[int]) -> list[StockMovement]:
    """The movements of some lines, a few hundred at most."""
    its = StockMovementRow.etsy_account_id == account_id, StockMovementRow.transaction_id.in_(transaction_ids)
    return [_movement(row) for row in session.scalars(select(StockMovementRow).where(*its))]


def intend(session: Session, movements: Sequence[StockMovement]) -> None:
    """Write down what is about to be done; what is written down already stays as it is."""
    for movement in movements:
        add_once(session, StockMovementRow, **{item.name: getattr(movement, item.name) for item in fields(movement)})


def change(session: Session, movement: StockMovement, **values: Any) -> None:
    """Write columns of a movement (a writing session)."""
    session.execute(update(StockMovementRow).where(*_key(movement)).values(**values))


def drop(session: Session, movement: StockMovement) -> None:
    """It was not done, or is undone as if it had never been."""
    session.execute(delete(StockMovementRow).where(*_key(movement)))


def standing_count(session: Session) -> int:
    """How many reservations there should be in Medusa, for all accounts together."""
    kinds = select(StockMovementRow.kind, func.count()).where(StockMovementRow.done_at.is_not(None))
    count = {str(kind): int(number) for kind, number in session.execute(kinds.group_by(StockMovementRow.kind))}
    return count.get("sale", 0) - count.get("return", 0)


def standing(session: Session, account_id: str) -> list[StockMovement]:
    """What was reserved for an account's lines, and of which giving it back was not begun."""
    query = select(StockMovementRow).where(StockMovementRow.etsy_account_id == account_id)
    found = [_movement(row) for row in session.scalars(query)]
    back = {item.place for item in found if item.kind == "return"}
    return [item for item in found if item.kind == "sale" and item.done_at is not None and item.place not in back]


def _key(movement: StockMovement) -> tuple[Any, ...]:
    return (
        StockMovementRow.etsy_account_id == movement.etsy_account_id,
        StockMovementRow.transaction_id == movement.transaction_id,
        StockMovementRow.inventory_item_id == movement.inventory_item_id,
        StockMovementRow.location_id == movement.location_id,
        StockMovementRow.kind == movement.kind,
    )


def _movement(row: StockMovementRow) -> StockMovement:
    return StockMovement(**{item.name: getattr(row, item.name) for item in fields(StockMovement)})
