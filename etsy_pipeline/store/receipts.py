"""Orders on Etsy as they are kept (`etsy_receipt`), and which of them have to be read once more."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.listings.order_settings import OrderMode
from etsy_pipeline.sales.receipt import Receipt
from etsy_pipeline.store.tables.orders import EtsyReceiptRow
from etsy_pipeline.store.upserts import add_or_change

ReceiptState = Literal["open", "done", "needs_person", "canceled"]

HINT = "hint:"  # begins a content hash that is none: the order has to be read, for Etsy told that it changed
NOT_READ = "not read yet"


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """An order as it is kept. `mode` is what the account did with orders when this one was first seen.

    `totals` are `Receipt.summary`; `details_encrypted` holds the buyer's data, where it is kept at all.
    """

    etsy_account_id: str
    receipt_id: int
    mode: OrderMode
    status: str
    is_paid: bool
    is_shipped: bool
    is_canceled: bool
    sold_at: datetime
    updated_at: datetime
    content_hash: str
    state: ReceiptState
    seen_at: datetime
    totals: Mapping[str, Any] = field(default_factory=dict)
    details_encrypted: str | None = field(default=None, repr=False)
    step: str = ""
    problem: str | None = None
    medusa_draft_id: str | None = None
    medusa_order_id: str | None = None
    settled_at: datetime | None = None

    @property
    def is_hinted(self) -> bool:
        """Whether it has to be read (again): Etsy told that something happened to it."""
        return self.content_hash.startswith(HINT)

    @property
    def was_read(self) -> bool:
        """Whether it was read at all."""
        return self.status != NOT_READ


def get(session: Session, account_id: str, receipt_id: int, *, lock: bool = False) -> KeptReceipt | None:
    """An order, if it is known; locked until the transaction ends where that is wanted (a writing session)."""
    row = session.get(EtsyReceiptRow, (account_id, receipt_id), with_for_update=lock, populate_existing=True)
    return None if row is None else _kept(row)


def put(
    session: Session, account_id: str, receipt: Receipt, *, mode: OrderMode, now: datetime, hint: str | None = None,
    details_encrypted: str | None = None,
) -> None:  # fmt: skip
    """Keep an order as Etsy has it now; the mode of one that is known stays, and so do its state and step.

    A hint stays, too, unless it is the one that made somebody read this (`hint`): what came since is not read yet.
    """
    told = {
        "status": receipt.status,
        "is_paid": receipt.is_paid,
        "is_shipped": receipt.is_shipped,
        "is_canceled": receipt.is_canceled,
        "sold_at": receipt.sold_at,
        "updated_at": receipt.updated_at,
        "totals": receipt.summary,
    }
    told |= {} if details_encrypted is None else {"details_encrypted": details_encrypted}
    found = get(session, account_id, receipt.receipt_id, lock=True)
    is_answered = found is None or not found.is_hinted or found.content_hash == hint
    content_hash = receipt.content_hash if is_answered or found is None else found.content_hash
    keys = {"etsy_account_id": account_id, "receipt_id": receipt.receipt_id}
    new = {"mode": mode, "state": "open", "seen_at": now, "step": ""}
    changed = told | {"content_hash": content_hash}
    add_or_change(session, EtsyReceiptRow, keys, added=changed | new, changed=changed)


def change(session: Session, account_id: str, receipt_id: int, **values: Any) -> None:
    """Write columns of an order (a writing session)."""
    session.execute(update(EtsyReceiptRow).where(*_key(account_id, receipt_id)).values(**values))


def settle(session: Session, kept: KeptReceipt, **values: Any) -> None:
    """Write how an order stands, unless Etsy told something new of it since it was read: then it stays to be looked at.

    Another process may read orders while this one books them (a writing session).
    """
    is_as_read = EtsyReceiptRow.content_hash == kept.content_hash
    its = _key(kept.etsy_account_id, kept.receipt_id)
    session.execute(update(EtsyReceiptRow).where(*its, is_as_read).values(**values))


def hint(session: Session, account_id: str, receipt_id: int, *, mode: OrderMode, now: datetime) -> None:
    """Etsy told that something happened to an order: it has to be read, whether it is known or not."""
    keys = {"etsy_account_id": account_id, "receipt_id": receipt_id}
    mark = {"content_hash": f"{HINT}{secrets.token_hex(8)}"}
    unread = {
        "mode": mode, "status": NOT_READ, "is_paid": False, "is_shipped": False, "is_canceled": False, "sold_at": now,
        "updated_at": now, "state": "open", "seen_at": now, "step": "", "totals": {},
    }  # fmt: skip
    add_or_change(session, EtsyReceiptRow, keys, added=unread | mark, changed=mark)


def forget_unread(session: Session, account_id: str, receipt_id: int) -> None:
    """Drop a hint of an order that is not ours to know: it was sold before, or Etsy does not have it."""
    never_read = EtsyReceiptRow.status == NOT_READ
    session.execute(delete(EtsyReceiptRow).where(*_key(account_id, receipt_id), never_read))


def hinted(session: Session, account_id: str, most: int) -> list[KeptReceipt]:
    """Orders that have to be read, the one that waits longest first."""
    query = _of(account_id).where(EtsyReceiptRow.content_hash.startswith(HINT, autoescape=True))
    rows = session.scalars(query.order_by(EtsyReceiptRow.seen_at, EtsyReceiptRow.receipt_id).limit(most))
    return [_kept(row) for row in rows]


def accounts_with_hints(session: Session) -> set[str]:
    """The accounts of which an order has to be read."""
    query = select(EtsyReceiptRow.etsy_account_id).distinct()
    return set(session.scalars(query.where(EtsyReceiptRow.content_hash.startswith(HINT, autoescape=True))))


def in_state(
    session: Session, account_id: str, *states: ReceiptState, mode: OrderMode | None = None
) -> list[KeptReceipt]:
    """Orders in these states that were read, the oldest first; those of one mode, or of all."""
    query = _of(account_id).where(EtsyReceiptRow.state.in_(states), EtsyReceiptRow.status != NOT_READ)
    query = query if mode is None else query.where(EtsyReceiptRow.mode == mode)
    return [_kept(row) for row in session.scalars(query.order_by(EtsyReceiptRow.sold_at, EtsyReceiptRow.receipt_id))]


def not_canceled(session: Session, account_id: str, *, sold_since: datetime) -> Sequence[int]:
    """Orders that were read and not called off, in the order in which they are looked for one by one.

    First those that never were; of these those that are not shipped, then the newest. Then those of the longest ago.
    """
    query = select(EtsyReceiptRow.receipt_id).where(EtsyReceiptRow.etsy_account_id == account_id)
    query = query.where(EtsyReceiptRow.is_canceled.is_(False), EtsyReceiptRow.status != NOT_READ)
    query = query.where(EtsyReceiptRow.sold_at >= sold_since)
    was, at = EtsyReceiptRow.looked_for_at.is_not(None), EtsyReceiptRow.looked_for_at
    order = EtsyReceiptRow.is_shipped, EtsyReceiptRow.sold_at.desc(), EtsyReceiptRow.receipt_id
    return session.scalars(query.order_by(was, at, *order)).all()


def in_medusa(session: Session, account_id: str, *, sold_since: datetime) -> list[KeptReceipt]:
    """Orders that have one in Medusa, and were not called off: those that are not shipped, or were sold since."""
    query = _of(account_id).where(EtsyReceiptRow.medusa_order_id.is_not(None), EtsyReceiptRow.is_canceled.is_(False))
    query = query.where(or_(EtsyReceiptRow.is_shipped.is_(False), EtsyReceiptRow.sold_at >= sold_since))
    return [_kept(row) for row in session.scalars(query.order_by(EtsyReceiptRow.sold_at, EtsyReceiptRow.receipt_id))]


def page(
    session: Session, account_id: str, *, states: Sequence[ReceiptState] = (), first: int = 0, most: int = 50
) -> tuple[list[KeptReceipt], int]:
    """Some orders, the newest first, and how many there are in all."""
    query = _of(account_id)
    query = query.where(EtsyReceiptRow.state.in_(states)) if states else query
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.order_by(EtsyReceiptRow.sold_at.desc(), EtsyReceiptRow.receipt_id.desc())
    return [_kept(row) for row in session.scalars(newest.offset(first).limit(most))], total


def counts(session: Session, account_id: str) -> dict[str, int]:
    """How many orders are in which state."""
    query = select(EtsyReceiptRow.state, func.count()).where(EtsyReceiptRow.etsy_account_id == account_id)
    return {str(state): int(number) for state, number in session.execute(query.group_by(EtsyReceiptRow.state))}


def forget_buyers(session: Session, account_id: str, *, settled_before: datetime, sold_before: datetime) -> int:
    """Drop the buyers' data of orders that were over, or, however they stand, were sold before; of how many."""
    is_over = EtsyReceiptRow.state.in_(("done", "canceled")), EtsyReceiptRow.settled_at < settled_before
    is_old = or_(and_(*is_over), EtsyReceiptRow.sold_at < sold_before)
    has_some = EtsyReceiptRow.details_encrypted.is_not(None)
    query = update(EtsyReceiptRow).where(EtsyReceiptRow.etsy_account_id == account_id, is_old, has_some)
    return len(session.execute(query.values(details_encrypted=None).returning(EtsyReceiptRow.receipt_id)).all())


def _of(account_id: str) -> Select[EtsyReceiptRow]:
    return select(EtsyReceiptRow).where(EtsyReceiptRow.etsy_account_id == account_id)


def _key(account_id: str, receipt_id: int) -> tuple[Any, ...]:
    return EtsyReceiptRow.etsy_account_id == account_id, EtsyReceiptRow.receipt_id == receipt_id


def _kept(row: EtsyReceiptRow) -> KeptReceipt:
    return KeptReceipt(**{item.name: getattr(row, item.name) for item in fields(KeptReceipt)})
