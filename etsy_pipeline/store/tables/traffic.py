"""What goes to others and comes from them: calls, requests, webhooks, notices; and who is at work."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table


class ApiBudgetRow(Table):
    """What all processes know of one Etsy API key: its limits and the calls made with it (`etsy/budget.py`, Ledger).

    `calls` are those of the last day: quarter of an hour since the epoch → how many; `shares` is `etsy/fair_shares.py`.
    """

    __tablename__ = "api_budget"

    api_key_fingerprint: Mapped[str] = mapped_column(primary_key=True)
    limit_per_second: Mapped[int | None]
    limit_per_day: Mapped[int | None]
    turns: Mapped[list[Any]] = mapped_column(default=list)
    calls: Mapped[dict[str, Any]] = mapped_column(default=dict)
    unknown_calls: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    shares: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ApiRequestRow(Table):
    """A request that is carried out once however often it is sent: its Idempotency-Key, and the sync it became."""

    __tablename__ = "api_request"

    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    transaction_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class WebhookDeliveryRow(Table):
    """An event that Etsy signed, known by its webhook-id, which repetitions share."""

    __tablename__ = "webhook_delivery"

    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str]
    shop_id: Mapped[int | None]
    resource_url: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(index=True)


class WebhookCountRow(Table):
    """How many deliveries a day (UTC, as in 2026-11-23) had which outcome: stored, ignored, repeated, old, forged."""

    __tablename__ = "webhook_count"

    day: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    deliveries: Mapped[int] = mapped_column(default=0)


class SentNoticeRow(Table):
    """A notice to one receiver (by its fingerprint): whether it was sent, and when it is tried again."""

    __tablename__ = "sent_notice"

    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    receiver: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class SignOfLifeRow(Table):
    """When something that has to run all the time was last at work: Dagster's sensors."""

    __tablename__ = "sign_of_life"

    name: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
