"""Orders on Etsy, and what they moved in Medusa."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table, one_of


class ReceiptFeedRow(Table):
    """How far a shop's receipts were read. `cursor` is the newest change that was seen, and never passes a failed page.

    What Etsy lets this key do is learnt from its answers: null, where it was not seen yet.
    """

    __tablename__ = "receipt_feed"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    cursor: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    tells_addresses: Mapped[bool | None]
    takes_tracking: Mapped[bool | None]


class EtsyReceiptRow(Table):
    """An order on Etsy. `mode` is what the account did with orders when it was first seen, and stays.

    `details_encrypted` holds the buyer's data, in mode `orders` only, and not for ever. `step` is the last thing that
    was begun for it in Medusa, `state` how it stands. `looked_for_at`: when it was last read by itself, since no list
    had it.
    """

    __tablename__ = "etsy_receipt"
    __table_args__ = (Index("ix_etsy_receipt_account_state", "etsy_account_id", "state"),)

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    receipt_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mode: Mapped[str]
    status: Mapped[str]
    is_paid: Mapped[bool]
    is_shipped: Mapped[bool]
    is_canceled: Mapped[bool]
    sold_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    content_hash: Mapped[str]
    totals: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    details_encrypted: Mapped[str | None]
    step: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[str]
    problem: Mapped[str | None]
    medusa_draft_id: Mapped[str | None]
    medusa_order_id: Mapped[str | None]
    seen_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    looked_for_at: Mapped[datetime | None]


class EtsySaleRow(Table):
    """A line of an order on Etsy (a transaction), the variant that it was matched to, and whether it is booked."""

    __tablename__ = "etsy_sale"
    __table_args__ = (
        Index("ix_etsy_sale_account_state", "etsy_account_id", "state"),
        Index("ix_etsy_sale_receipt", "etsy_account_id", "receipt_id"),
    )

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    receipt_id: Mapped[int]
    listing_id: Mapped[int | None]
    sku: Mapped[str] = mapped_column(default="", server_default="")
    title: Mapped[str] = mapped_column(default="", server_default="")
    options: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    quantity: Mapped[int]
    price: Mapped[str] = mapped_column(default="", server_default="")
    product_id: Mapped[str | None]
    variant_id: Mapped[str | None]
    matched_by: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[str]
    problem: Mapped[str | None]
    seen_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]


class StockMovementRow(Table):
    """A reservation in Medusa for a sale on Etsy, or its end: the intent first, then Medusa's id of it."""

    __tablename__ = "stock_movement"
    __table_args__ = (CheckConstraint(one_of("kind", ("sale", "return")), name="kind"),)

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    inventory_item_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    intent_at: Mapped[datetime]
    reservation_id: Mapped[str | None]
    done_at: Mapped[datetime | None]


class SoldMarkRow(Table):
    """An order that was paid or canceled: the shop's quantities on Etsy moved.

    As long as `looked_at` is empty, the next plan has to read the live quantities before it sends any.
    """

    __tablename__ = "sold_mark"

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    receipt_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_type: Mapped[str]
    marked_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
