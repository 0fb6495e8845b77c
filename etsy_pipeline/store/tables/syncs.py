"""Syncs: each with its plan, the decisions on it, and who publishes it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.store.tables.base import Table, one_of

LANES = ("full", "stock")
STATE_CHECK = one_of("state", SyncState)
LANE_CHECK = one_of("lane", LANES)
UNDER_WAY_SQL = one_of("state", UNDER_WAY)
STATUS_SQL = (
    "CASE "
    + " ".join(
        f"WHEN {one_of('state', [state for state in SyncState if state.status == status])} THEN '{status}'"
        for status in ("pending", "completed", "cancelled")
    )
    + " ELSE state END"
)
"""The mission's word for a state, in SQL: `status` is computed by the database, so the two never differ."""


class EtsySyncJobRow(Table):
    """One requested sync: its plan, approval, progress and outcome.

    `state` is changed by `sync/lifecycle.py` alone; `status` is the mission's word for it. `requested_selection` is the
    Selection that was asked for; None means the shop's own. `error_log` maps product ids (or "job") to messages.
    `totals` are the plan's counts, calls and fees. `snapshot` is the key of the one that the plan was made from.
    """

    __tablename__ = "etsy_sync_job"
    __table_args__ = (
        Index("ix_etsy_sync_job_account_state", "etsy_account_id", "state"),
        Index(
            "uq_etsy_sync_job_under_way",
            "etsy_account_id",
            "lane",
            unique=True,
            sqlite_where=text(UNDER_WAY_SQL),
            postgresql_where=text(UNDER_WAY_SQL),
        ),
        CheckConstraint(STATE_CHECK, name="state"),
        CheckConstraint(LANE_CHECK, name="lane"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[str] = mapped_column(unique=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"))
    trigger: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=SyncState.REQUESTED.value)
    lane: Mapped[str] = mapped_column(server_default="full")
    status: Mapped[str] = mapped_column(Computed(STATUS_SQL))
    requested_selection: Mapped[dict[str, Any] | None]
    total_products: Mapped[int] = mapped_column(default=0)
    synced_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    deferred_count: Mapped[int] = mapped_column(default=0)
    error_log: Mapped[dict[str, Any]] = mapped_column(default=dict)
    totals: Mapped[dict[str, Any]] = mapped_column(default=dict)
    brakes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    plan_digest: Mapped[str | None]
    shop_fingerprint: Mapped[str | None]
    plan_run_id: Mapped[str | None]
    publish_run_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    planned_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    resume_at: Mapped[datetime | None]
    alive_at: Mapped[datetime | None]
    plan_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    rollback_of: Mapped[str | None]
    stock_changed_at: Mapped[datetime | None]
    snapshot: Mapped[str | None]


class SyncItemRow(Table):
    """One product of a plan, and the publisher's journal on it. `desired` is the listing as canonical JSON text.

    `failures` counts the times that Etsy gave no usable answer on it: after some it is left alone as failed. `before`
    is what its publication found: listing, state and pictures as JSON, so that it can be taken back.
    """

    __tablename__ = "sync_item"
    __table_args__ = (
        Index("ix_sync_item_job_outcome", "sync_job_id", "outcome"),
        Index("ix_sync_item_job_care", "sync_job_id", "care", "position"),
        Index("ix_sync_item_job_section", "sync_job_id", "section", "care", "position"),
    )

    sync_job_id: Mapped[str] = mapped_column(ForeignKey("etsy_sync_job.id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    product_title: Mapped[str]
    action: Mapped[str]
    reason: Mapped[str]
    desired: Mapped[str | None]
    differences: Mapped[list[Any]] = mapped_column(default=list)
    verdicts: Mapped[list[Any]] = mapped_column(default=list)
    brakes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    conflicts: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    care: Mapped[int] = mapped_column(default=9, server_default="9")
    etsy_listing_id: Mapped[int | None]
    estimated_calls: Mapped[int] = mapped_column(default=0)
    fee_usd_cents: Mapped[int] = mapped_column(default=0)
    step: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    outcome: Mapped[str] = mapped_column(default="waiting")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    note: Mapped[str | None]
    before: Mapped[str | None]
    section: Mapped[str] = mapped_column(default="", server_default="")
    image_url: Mapped[str] = mapped_column(default="", server_default="")
    skus: Mapped[str] = mapped_column(default="", server_default="")


class PublisherLeaseRow(Table):
    """Who publishes for an account: one process at a time, until `expires_at` unless it renews (`publishing/lease.py`).

    `starts` counts publishers of the same sync that began since a product was last finished.
    """

    __tablename__ = "publisher_lease"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    lane: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    transaction_id: Mapped[str]
    run_id: Mapped[str]
    expires_at: Mapped[datetime]
    starts: Mapped[int] = mapped_column(default=0)


class ApprovalRow(Table):
    """A decision on one plan; append-only."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("etsy_sync_job.transaction_id"), index=True)
    plan_digest: Mapped[str]
    decision: Mapped[str]
    decided_by: Mapped[str]
    decided_through: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    excluded_products: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
