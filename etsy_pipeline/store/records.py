"""What the store gives out: frozen values, one type a table. No row of the database leaves this room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.plan_view import Totals
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sending_order import Day
from etsy_pipeline.store.sync_states import OVER, SyncState

Lane = Literal["full", "stock"]
ItemOutcome = Literal["waiting", "synced", "failed", "skipped"]
Decision = Literal["approved", "rejected", "conditional", "withheld", "resumed"]
"""`conditional` was given before there was a plan; `withheld`: it was not applied to the plan, as the note says.
`resumed` is no decision on the plan: somebody let a sync go on that was paused."""

LinkDecisionKind = Literal[
    "attached", "detached", "ignored", "unignored", "create_anyway", "moved", "taken_back", "accepted", "recovered"
]  # fmt: skip
"""`accepted` and `recovered` are of the account as a whole: what held it (`shop/holds.py`, `shop/recover.py`)."""

Role = Literal["look", "approve", "administer"]
"""What a person may do; each holds what is before it."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ERRORS_IN_LOG = 50  # products in a job's `error_log`; the errors of all of them are on its items


@dataclass(frozen=True, slots=True)
class EtsyAccount:
    """A shop that is, or is about to be, connected. Tokens are encrypted, and in no `repr`.

    `api_config` is a validated ShopSettings as JSON. `books_epoch` counts publications (`sync/books.py`).
    `needs_consent_since` is set while Etsy refuses the refresh token, with its words in `token_problem`.
    `refused_attributes`: property id → when Etsy refused it (ISO).
    """

    id: str
    name: str
    shop_id: int | None = None
    shop_name: str | None = None
    shop_url: str | None = None
    user_id: int | None = None
    currency_code: str | None = None
    access_token_encrypted: str | None = field(default=None, repr=False)
    refresh_token_encrypted: str | None = field(default=None, repr=False)
    token_expires_at: datetime | None = None
    refresh_token_expires_at: datetime | None = None
    scopes: str | None = None
    needs_consent_since: datetime | None = None
    token_problem: str | None = None
    api_config: Mapping[str, Any] = field(default_factory=dict)
    is_active: bool = False
    books_epoch: int = 0
    refused_attributes: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime = LONG_AGO
    updated_at: datetime = LONG_AGO

    @property
    def label(self) -> str:
        """What the shop is called: Etsy's name for it, else ours."""
        return self.shop_name or self.name


@dataclass(frozen=True, slots=True)
class OauthSession:
    """One attempt to connect a shop: single use, short lived."""

    state: str
    account_id: str | None
    verifier_encrypted: str = field(repr=False)
    expires_at: datetime
    used_at: datetime | None = None
    asked_by: str | None = None


@dataclass(frozen=True, slots=True)
class EtsySyncJob:
    """One requested sync: its plan, approval, progress and outcome.

    `requested_selection` is what was asked for; None means the shop's own. `error_log` maps product ids (or "job") to
    messages: those of the first `ERRORS_IN_LOG` products that failed. `groups` are (action, why, how many products);
    `for_a_person` says why no policy approves the plan, and is None while there is none; `policy` is the fingerprint of
    the one that was asked (None: of an earlier version). `details_removed_at` is when the details of its plan grew too
    old to be kept (`retention.py`). `stock_from` says in words which of Medusa's stock locations counted,
    `new_sections` are the shop sections that have to be made. `rollback_of` is the sync that it takes back. `snapshot`
    is the key of the one that the plan was made from. `stock_changed_at` is when the first of the changes of stock that
    it answers happened, by Medusa's clock.
    """

    id: str
    transaction_id: str
    etsy_account_id: str
    trigger: str = "cli"
    state: SyncState = SyncState.REQUESTED
    lane: Lane = "full"
    requested_selection: Selection | None = None
    total_products: int = 0
    synced_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    deferred_count: int = 0
    error_log: Mapping[str, str] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    groups: tuple[tuple[str, str, int], ...] = ()
    quota: Quota | None = None
    for_a_person: tuple[str, ...] | None = None
    days: tuple[Day, ...] = ()
    policy: str | None = None
    stock_from: str = ""
    new_sections: tuple[str, ...] = ()
    brakes: tuple[Brake, ...] = ()
    plan_digest: str | None = None
    shop_fingerprint: str | None = None
    plan_run_id: str | None = None
    publish_run_id: str | None = None
    created_at: datetime = LONG_AGO
    planned_at: datetime | None = None
    confirmed_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    resume_at: datetime | None = None
    alive_at: datetime | None = None
    plan_attempts: int = 0
    rollback_of: str | None = None
    stock_changed_at: datetime | None = None
    snapshot: str | None = None
    details_removed_at: datetime | None = None

    @property
    def status(self) -> str:
        """The mission's word for its state."""
        return self.state.status

    @property
    def has_plan(self) -> bool:
        """Whether its plan is complete: the digest comes last."""
        return self.plan_digest is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in OVER

    @property
    def message(self) -> str:
        """What is told of the sync as a whole; blank where there is nothing."""
        return self.error_log.get("job", "")


@dataclass(frozen=True, slots=True)
class SyncItem:
    """One product of a plan, and how far the publisher has come with it.

    `plan` is what is to be done, as approved; `desired_json` its listing, exactly as it is hashed. `failures` counts
    the times that Etsy gave no usable answer on it. `before` is what was there before it was sent, as JSON.
    """

    sync_job_id: str
    position: int
    plan: PlanItem
    desired_json: str | None = None
    step: str = ""
    attempts: int = 0
    failures: int = 0
    outcome: ItemOutcome = "waiting"
    error_code: str | None = None
    error_message: str | None = None
    finished_at: datetime | None = None
    turn: int = 0
    note: str | None = None
    before: str | None = None

    @property
    def product_id(self) -> str:
        """Medusa's id of the product."""
        return self.plan.product_id


@dataclass(frozen=True, slots=True)
class ItemError:
    """What is told of a product that failed. `code` is stable; blank where only another version knows it."""

    product_id: str
    product_title: str
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision on one plan."""

    transaction_id: str
    plan_digest: str
    decision: Decision
    decided_by: str
    decided_through: str
    note: str = ""
    excluded_products: tuple[str, ...] = ()
    created_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class PublisherLease:
    """Who publishes for an account: one process at a time, until `expires_at` unless it renews.

    `starts` counts publishers of the same sync that began since one got something done on Etsy.
    """

    etsy_account_id: str
    holder: str
    transaction_id: str
    run_id: str
    expires_at: datetime
    starts: int = 0
    lane: Lane = "full"


@dataclass(frozen=True, slots=True)
class SoldMark:
    """An order that was paid or canceled: the shop's quantities on Etsy moved."""

    shop_id: int
    receipt_id: int
    event_type: str
    marked_at: datetime
    looked_at: datetime | None = None


ASKED_FOR = "It was asked for, and has not begun yet."
"""The problem of a scan that waits for Dagster."""


@dataclass(frozen=True, slots=True)
class ShopScan:
    """A look through all of a shop's listings; it is whole where it has `finished_at`, and proves nothing otherwise."""

    id: int
    etsy_account_id: str
    started_at: datetime
    finished_at: datetime | None = None
    calls: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody asked for it, and nothing has begun it yet; `started_at` is when they did."""
        return self.problem == ASKED_FOR

    @property
    def is_under_way(self) -> bool:
        """Whether it was begun, and neither ended nor failed; one whose process died looks the same."""
        return self.finished_at is None and self.problem is None


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """What somebody decided on a product and a listing."""

    etsy_account_id: str
    decision: LinkDecisionKind
    decided_by: str
    decided_through: str
    product_id: str | None = None
    listing_id: int | None = None
    note: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    created_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class AccountHold:
    """Why nothing of an account is published until a person has decided."""

    etsy_account_id: str
    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    since: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in with a token of their own; the token itself is kept nowhere.

    `token_mark` is the beginning of the token's hash: another one when they get another token.
    """

    id: str
    name: str
    role: Role
    created_at: datetime
    last_seen_at: datetime | None = None
    token_mark: str = ""


@dataclass(slots=True)
class ApiBudget:
    """What all processes know of one Etsy API key. Whoever has it locked changes it; it is written back then.

    `calls` are those of the last day: quarter of an hour since the epoch → how many. `shares`: whose they were, and who
    waits for a turn.
    """

    limit_per_second: int | None = None
    limit_per_day: int | None = None
    turns: list[Any] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)
    unknown_calls: int = 0
    told_at: datetime | None = None
    held_until: datetime | None = None
    shares: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table between two assets, written whole: where it lies, and what it was made from.

    `key` names it in its place, and holds the run's id; `partition` is Dagster's, an account's id. `taken_at` is when
    Medusa was read for it, whatever it was made from since. `sha256` is of its bytes.
    """

    key: str
    asset: str
    partition: str
    run_id: str
    place: str
    rows: int
    size_bytes: int
    sha256: str
    made_from: str | None
    taken_at: datetime
    made_at: datetime
