"""The database: typed tables of docs/database.md, and nothing that acts on them. Known in `store/` only.

Every time is UTC, stored with its zone on PostgreSQL and as UTC text on SQLite (`UtcDateTime`). Tokens are encrypted
before they get here (`encryption.py`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState

LANES = ("full", "stock")


def listed(words: Iterable[str]) -> str:
    """Words as SQL."""
    return ", ".join(f"'{word}'" for word in words)


def one_of(column: str, words: Iterable[str]) -> str:
    """An SQL condition: the column holds one of these words."""
    return f"{column} IN ({listed(words)})"


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


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; refuses a datetime without a zone, and gives one with a zone on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse local times; SQLite keeps no zone, so it gets the UTC wall clock."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC) if dialect.name != "sqlite" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class Table(DeclarativeBase):
    """What all tables share: names of constraints that Alembic can find again, and how Python types are stored."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        int: BigInteger().with_variant(Integer(), "sqlite"),  # Etsy's ids pass 2^31
    }


class EtsyAccountRow(Table):
    """A shop that is, or is about to be, connected. `api_config` is a validated ShopSettings.

    `needs_consent_since` is set while Etsy refuses the refresh token, with its words in `token_problem`.
    `refused_attributes`: property id → when Etsy refused it, in ISO format; for a day it is not tried again.
    """

    __tablename__ = "etsy_account"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    shop_id: Mapped[int | None] = mapped_column(unique=True)
    shop_name: Mapped[str | None]
    shop_url: Mapped[str | None]
    user_id: Mapped[int | None]
    currency_code: Mapped[str | None]
    access_token_encrypted: Mapped[str | None]
    refresh_token_encrypted: Mapped[str | None]
    token_expires_at: Mapped[datetime | None]
    refresh_token_expires_at: Mapped[datetime | None]
    scopes: Mapped[str | None]
    needs_consent_since: Mapped[datetime | None]
    token_problem: Mapped[str | None]
    api_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_active: Mapped[bool] = mapped_column(default=False)
    books_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    refused_attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OauthSessionRow(Table):
    """One attempt to connect a shop: single use, short lived.

    `asked_by` is a fingerprint of the browser or API session that began it; an attempt without an account is its alone.
    """

    __tablename__ = "oauth_session"

    state: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("etsy_account.id"))
    asked_by: Mapped[str | None]
    verifier_encrypted: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


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


class ProductEtsyLinkRow(Table):
    """Which listing a product became in a shop, and how it stands. A failure never erases `etsy_listing_id`.

    `origin` is created or adopted; `keeps` are the fields that an adopted listing leaves to its seller; `variant_map`
    says which of its offerings is which variant. `variation_links` are the listing's links of variations to pictures as
    they were last seen ([property id, value, Etsy's picture id, its address where we put it]; null: not looked at).
    `handle` is the product's in Medusa, as a plan last saw it: a product that was imported anew has it, too.
    `stock_doubted`: it sold on Etsy before orders were booked, perhaps; until a person agrees, nothing is raised.
    """

    __tablename__ = "product_etsy_link"

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    product_title: Mapped[str] = mapped_column(default="")
    sync_status: Mapped[str] = mapped_column(index=True)
    etsy_listing_id: Mapped[int | None] = mapped_column(index=True)
    etsy_url: Mapped[str | None]
    listing_state: Mapped[str | None]
    wanted_state: Mapped[str | None]
    last_synced_at: Mapped[datetime | None]
    sync_error: Mapped[str | None]
    published: Mapped[str | None]
    create_reference: Mapped[str | None]
    origin: Mapped[str] = mapped_column(default="created", server_default="created")
    keeps: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    variant_map: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    handle: Mapped[str] = mapped_column(default="", server_default="")
    ending_at: Mapped[datetime | None]
    should_auto_renew: Mapped[bool | None]
    variation_links: Mapped[list[Any] | None]
    stock_doubted: Mapped[bool] = mapped_column(default=False, server_default=false())
    transaction_id: Mapped[str | None] = mapped_column(index=True)
    updated_at: Mapped[datetime]


class ListingImageRow(Table):
    """A picture that we put on a listing: where it came from, its content, and Etsy's id for it."""

    __tablename__ = "listing_image"

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    source_url: Mapped[str]
    content_hash: Mapped[str]
    etsy_image_id: Mapped[int]
    alt_text: Mapped[str] = mapped_column(default="")


class ListingMediaRow(Table):
    """A video or a file that we put on a listing. `source` is its address, of a file a fingerprint of it: it is secret.

    Etsy tells no content of a video, and keeps none of our names for it: what it is is known here only.
    """

    __tablename__ = "listing_media"
    __table_args__ = (CheckConstraint(one_of("kind", ("video", "file")), name="kind"),)

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    content_hash: Mapped[str]
    etsy_media_id: Mapped[int]
    name: Mapped[str] = mapped_column(default="", server_default="")
    size_bytes: Mapped[int] = mapped_column(default=0, server_default="0")


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


class SentNoticeRow(Table):
    """A notice to one receiver (by its fingerprint): whether it was sent, and when it is tried again."""

    __tablename__ = "sent_notice"

    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    receiver: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class ShopScanRow(Table):
    """A look through all of a shop's listings. One without `finished_at` did not come to its end and proves nothing.

    `counts` are listings by state; `changes` what is different since the scan before, the first ones.
    """

    __tablename__ = "shop_scan"
    __table_args__ = (Index("ix_shop_scan_account_finished", "etsy_account_id", "finished_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(default=0, server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    changes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    problem: Mapped[str | None]


class EtsyListingSeenRow(Table):
    """A listing as the last whole scan saw it. `seen` is a SeenListing as JSON text (`linking/seen.py`).

    `gone_at`: a later whole scan did not find it. `ignored_at`: a person said that it is none of Medusa's products.
    """

    __tablename__ = "etsy_listing_seen"
    __table_args__ = (Index("ix_etsy_listing_seen_account_state", "etsy_account_id", "state"),)

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    listing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scan_id: Mapped[int]
    state: Mapped[str]
    title: Mapped[str]
    seen: Mapped[str]
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    ignored_at: Mapped[datetime | None]


class LinkCandidateRow(Table):
    """A product and a listing that may be the same thing, as the last plan found it; a person decides.

    `kind` is certain, likely or ambiguous; `evidence` a list of Evidence (`linking/evidence.py`); `moved_from` the
    product that the listing is linked to, and that Medusa no longer has. `product` is the product's identity.
    """

    __tablename__ = "link_candidate"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_title: Mapped[str]
    kind: Mapped[str]
    evidence: Mapped[list[Any]]
    moved_from: Mapped[str | None]
    product: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]


class LinkDecisionRow(Table):
    """What somebody decided on a product and a listing; append-only.

    `decision` is attached, detached, ignored, unignored, create_anyway or moved; accepted or recovered where it is on
    the account as a whole: what held it, in `note`.
    """

    __tablename__ = "link_decision"
    __table_args__ = (Index("ix_link_decision_account_product", "etsy_account_id", "product_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"))
    product_id: Mapped[str | None]
    listing_id: Mapped[int | None]
    decision: Mapped[str]
    decided_by: Mapped[str]
    decided_through: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime]


class AccountHoldRow(Table):
    """Why nothing of an account is published until a person has decided (`sync/holds.py`); one row a reason."""

    __tablename__ = "account_hold"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    since: Mapped[datetime]


class SignOfLifeRow(Table):
    """When something that has to run all the time was last at work: Dagster's sensors."""

    __tablename__ = "sign_of_life"

    name: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class PersonRow(Table):
    """Somebody who may sign in with a token of their own, which is kept as a hash only. A name is never given twice."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint(one_of("role", ("look", "approve", "administer")), name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class ActivityRow(Table):
    """Something that somebody did, where no other log says it (`approval`, `link_decision`); append-only.

    Its account may be gone since. `about` is what it was done to, in words or as another sync's id.
    """

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    done_by: Mapped[str]
    done_through: Mapped[str]
    deed: Mapped[str]
    etsy_account_id: Mapped[str | None]
    transaction_id: Mapped[str | None] = mapped_column(index=True)
    about: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(index=True)


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


class VariantPartRow(Table):
    """An inventory item of which a variant's pieces are made: variants that share one are sold from the same shelf."""

    __tablename__ = "variant_part"
    __table_args__ = (Index("ix_variant_part_item", "inventory_item_id"),)

    product_id: Mapped[str] = mapped_column(primary_key=True)
    variant_id: Mapped[str] = mapped_column(primary_key=True)
    inventory_item_id: Mapped[str] = mapped_column(primary_key=True)


class ShopReferenceRow(Table):
    """Something that Etsy told of a shop, or of itself (shop 0), as JSON, and when it was asked."""

    __tablename__ = "shop_reference"

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(primary_key=True)
    told: Mapped[str]
    read_at: Mapped[datetime]


class MedusaStockRow(Table):
    """Medusa's stock of an item at a location, as it was last seen by the quick look at stock alone."""

    __tablename__ = "medusa_stock"

    inventory_item_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(primary_key=True)
    stocked: Mapped[int]
    reserved: Mapped[int]
    seen_at: Mapped[datetime]


class MedusaChangeRow(Table):
    """Something that Medusa said has changed, by one of its events: a hint, until a plan has looked."""

    __tablename__ = "medusa_change"

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]


class SnapshotRow(Table):
    """A table between two assets that was written whole: what it is called where it lies, and what it was made from.

    `taken_at` is when Medusa was read for it, whatever it was made from since; `sha256` is of its bytes.
    """

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_partition", "partition", "asset", "made_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str]
    partition: Mapped[str]
    run_id: Mapped[str]
    place: Mapped[str]
    rows: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    made_from: Mapped[str | None]
    taken_at: Mapped[datetime]
    made_at: Mapped[datetime]


class SnapshotChunkRow(Table):
    """A piece of a snapshot that lies in the database; without a row of the snapshot it is being written, or was."""

    __tablename__ = "snapshot_chunk"

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]
    written_at: Mapped[datetime]
