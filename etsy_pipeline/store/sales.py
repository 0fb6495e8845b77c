"""Lines of orders on Etsy (`etsy_sale`): which variant each one is of, and whether Medusa knows of it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.listings.order_settings import OrderMode
from etsy_pipeline.sales.receipt import Choice, SaleLine
from etsy_pipeline.store.tables.orders import EtsyReceiptRow, EtsySaleRow
from etsy_pipeline.store.upserts import add_once

SaleState = Literal["observed", "needs_link", "waiting", "booked", "oversold", "returned", "nothing_to_book"]

UNBOOKED: tuple[SaleState, ...] = ("needs_link", "waiting", "oversold")
"""Sold on Etsy, and not yet taken off Medusa's stock."""


@dataclass(frozen=True, slots=True)
class KeptSale:
    """A line of an order, the variant that it was matched to and how, and how it stands.

    `options` are the buyer's choices. `problem` says in words why it is not booked, or what is odd about it.
    """

    etsy_account_id: str
    transaction_id: int
    receipt_id: int
    listing_id: int | None
    sku: str
    title: str
    options: tuple[Choice, ...]
    quantity: int
    price: str
    product_id: str | None
    variant_id: str | None
    matched_by: str
    state: SaleState
    problem: str | None
    seen_at: datetime
    booked_at: datetime | None


def add(session: Session, account_id: str, receipt_id: int, line: SaleLine, *, state: SaleState, now: datetime) -> bool:
    """Keep a line, once; whether it is new. One that is known stays as it is."""
    return add_once(
        session,
        EtsySaleRow,
        etsy_account_id=account_id,
        transaction_id=line.transaction_id,
        receipt_id=receipt_id,
        listing_id=line.listing_id,
        sku=line.sku,
        title=line.title,
        options=[list(astuple(choice)) for choice in line.choices],
        quantity=line.quantity,
        price="" if line.price is None else str(line.price),
        matched_by="",
        state=state,
        problem=line.problem or None,
        seen_at=now,
    )


def get(session: Session, account_id: str, transaction_id: int, *, lock: bool = False) -> KeptSale | None:
    """A line, if it is known; locked until the transaction ends where that is wanted (a writing session)."""
    row = session.get(EtsySaleRow, (account_id, transaction_id), with_for_update=lock, populate_existing=True)
    return None if row is None else _kept(row)


def of_receipt(session: Session, account_id: str, receipt_id: int) -> list[KeptSale]:
    """The lines of an order."""
    query = _of(account_id).where(EtsySaleRow.receipt_id == receipt_id).order_by(EtsySaleRow.transaction_id)
    return [_kept(row) for row in session.scalars(query)]


def of_receipts(session: Session, account_id: str, receipt_ids: Sequence[int]) -> dict[int, list[KeptSale]]:
    """The lines of some orders, a few hundred at most."""
    query = _of(account_id).where(EtsySaleRow.receipt_id.in_(receipt_ids)).order_by(EtsySaleRow.transaction_id)
    found: dict[int, list[KeptSale]] = {}
    for row in session.scalars(query):
        found.setdefault(row.receipt_id, []).append(_kept(row))
    return found


def in_state(
    session: Session, account_id: str, *states: SaleState, mode: OrderMode | None = None, is_good: bool = False
) -> list[KeptSale]:
    """Lines in these states, the oldest first; those of orders of one mode, or of all.

    `is_good`: only those of orders that are paid, and not called off before they were shipped.
    """
    query = _of(account_id).join(EtsyReceiptRow, _ITS_RECEIPT).where(EtsySaleRow.state.in_(states))
    query = query if mode is None else query.where(EtsyReceiptRow.mode == mode)
    if is_good:
        is_valid = or_(EtsyReceiptRow.is_canceled.is_(False), EtsyReceiptRow.is_shipped.is_(True))
        query = query.where(EtsyReceiptRow.is_paid.is_(True), is_valid)
    rows = session.scalars(query.order_by(EtsyReceiptRow.sold_at, EtsySaleRow.transaction_id))
    return [_kept(row) for row in rows]


def returned_of(session: Session, account_id: str, transaction_ids: Sequence[int]) -> set[int]:
    """Those of some lines, a few hundred at most, that were given back."""
    query = select(EtsySaleRow.transaction_id).where(EtsySaleRow.etsy_account_id == account_id)
    query = query.where(EtsySaleRow.transaction_id.in_(transaction_ids), EtsySaleRow.state == "returned")
    return set(session.scalars(query))


def change(session: Session, account_id: str, transaction_id: int, **values: Any) -> None:
    """Write columns of a line (a writing session)."""
    its = EtsySaleRow.etsy_account_id == account_id, EtsySaleRow.transaction_id == transaction_id
    session.execute(update(EtsySaleRow).where(*its).values(**values))


def become(session: Session, sale: KeptSale, **values: Any) -> bool:
    """Write columns of a line, unless it stands otherwise by now, or is of another variant (a writing session).

    Returns:
        Whether it was written.
    """
    its = EtsySaleRow.etsy_account_id == sale.etsy_account_id, EtsySaleRow.transaction_id == sale.transaction_id
    is_as_read = EtsySaleRow.state == sale.state, EtsySaleRow.variant_id.is_not_distinct_from(sale.variant_id)
    change_it = update(EtsySaleRow).where(*its, *is_as_read).values(**values).returning(EtsySaleRow.transaction_id)
    return session.scalar(change_it) is not None


def counts(session: Session, account_id: str) -> dict[str, int]:
    """How many lines are in which state."""
    query = select(EtsySaleRow.state, func.count()).where(EtsySaleRow.etsy_account_id == account_id)
    return {str(state): int(number) for state, number in session.execute(query.group_by(EtsySaleRow.state))}


def lags(session: Session, account_id: str, *, since: datetime) -> list[float]:
    """Seconds from sale to booking of lines that were booked since a moment."""
    query = (
        select(EtsyReceiptRow.sold_at, EtsySaleRow.booked_at)
        .join(EtsyReceiptRow, _ITS_RECEIPT)
        .where(EtsySaleRow.etsy_account_id == account_id, EtsySaleRow.booked_at >= since)
    )
    return [(booked - sold).total_seconds() for sold, booked in session.execute(query) if booked is not None]


_ITS_RECEIPT = and_(
    EtsyReceiptRow.etsy_account_id == EtsySaleRow.etsy_account_id, EtsyReceiptRow.receipt_id == EtsySaleRow.receipt_id
)


def _of(account_id: str) -> Select[EtsySaleRow]:
    return select(EtsySaleRow).where(EtsySaleRow.etsy_account_id == account_id)


def _kept(row: EtsySaleRow) -> KeptSale:
    values = {item.name: getattr(row, item.name) for item in fields(KeptSale)}
    return KeptSale(**values | {"options": tuple(Choice(*item) for item in row.options)})
