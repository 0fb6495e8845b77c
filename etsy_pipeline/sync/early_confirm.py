"""A confirmation that comes before the plan: noted with its name, and applied by itself to a plan without surprises.

It never covers a brake, a conflict or fees above the shop's limit (`early_confirm_fees_usd`): such a plan waits for a
second look, and the sync says why.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from etsy_pipeline.errors import Conflict, NotFound
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.plan_view import Totals, dollars
from etsy_pipeline.store import accounts, clock, items, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import Approval, EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, SyncState
from etsy_pipeline.sync import decisions, holds
from etsy_pipeline.sync.decisions import Statement

HINT_WAIT = "Wait until its plan_sync run is done; `dagster dev` has to be running."
REASONS_TOLD = 5  # of one kind
TAKES_EFFECT = (
    "That takes effect by itself if the plan has no brake, no conflict and no high fees; else the sync waits for a "
    "second confirmation."
)


@dataclass(frozen=True, slots=True)
class EarlyConfirm:
    """What became of an approval that was given before there was a plan.

    `applied` is None while there is no plan to apply it to, and where the plan sends nothing; `reasons` say why it was
    not applied.
    """

    decided_by: str
    decided_at: datetime
    applied: bool | None = None
    reasons: tuple[str, ...] = ()

    def told(self, state: SyncState) -> str:
        """It as people read it, while the sync is in this state."""
        said = f"{self.decided_by} confirmed it before the plan"
        if self.applied is False:
            return f"{said}; that was not applied: {' '.join(self.reasons)}"
        return f"{said}. {TAKES_EFFECT}" if state in BEING_PLANNED else f"{said}."


def note(session: Session, job: EtsySyncJob, said: Statement) -> EtsySyncJob:
    """Note that somebody confirms a sync that has no plan yet; the sync stays as it is.

    Raises:
        Conflict: `plan_not_ready` where the shop's settings refuse it, `already_decided` the second time.
        NotFound: `product_not_in_plan`.
    """
    if settings_of(accounts.get(session, job.etsy_account_id)).early_confirm == "refuse":
        raise plan_not_ready(job)
    earlier = jobs.approval(session, job.transaction_id)
    if earlier is not None and earlier.decision == "conditional":
        raise Conflict(
            f"{earlier.decided_by} confirmed the sync {job.transaction_id} already; it has no plan yet.",
            code="already_decided",
            hint="Wait for its plan; `dagster dev` has to be running. To take it back, cancel the sync.",
        )
    asked = job.requested_selection
    if asked is not None and (unknown := sorted(set(said.excluded_products) - set(asked.product_ids))):
        raise NotFound(
            f"Not in the sync {job.transaction_id}: {', '.join(unknown)}.",
            code="product_not_in_plan",
            hint="Exclude products by the ids that were asked for.",
        )
    decisions.record(session, job, "conditional", said)
    return job


def plan_not_ready(job: EtsySyncJob, hint: str = HINT_WAIT) -> Conflict:
    """What whoever decides on a plan that there is not is told, and what to do instead."""
    return Conflict(
        f"The sync {job.transaction_id} has no plan yet.",
        code="plan_not_ready",
        hint=hint,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """A confirmation that waits for the plan, and what in the plan stands against it."""

    given: Approval
    reasons: Sequence[str]

    @property
    def for_a_person(self) -> Sequence[str]:
        """Why no policy is asked."""
        became = "; that was not applied" if self.reasons else ""
        return [f"{self.given.decided_by} confirmed it before the plan{became}"]

    def carried_out(self, session: Session, job: EtsySyncJob) -> EtsySyncJob:
        """Approve the plan in the same name, or note why not."""
        given = self.given
        if self.reasons:
            told = Statement(given.decided_by, given.decided_through, "\n".join(self.reasons), given.excluded_products)
            decisions.record(session, job, "withheld", told)
            return job
        when = f"Given before the plan, at {given.created_at:%Y-%m-%d %H:%M} UTC."
        said = f"{given.note} {when}".strip()
        approved = Statement(given.decided_by, given.decided_through, said, given.excluded_products)
        return decisions.confirm(session, job, approved, who="person")


def judged(
    session: Session, job: EtsySyncJob, settings: ShopSettings, brakes: Iterable[Brake], sums: Totals
) -> Judged | None:
    """What a plan that is about to be finished means for a confirmation that came before it; None without one.

    Args:
        session: a writing one, in which the account and the sync are locked.
        job: whose items are all there.
        settings: the shop's.
        brakes: of the plan as a whole.
        sums: of the whole plan.
    """
    given = jobs.approval(session, job.transaction_id)
    if given is None or given.decision != "conditional":
        return None
    if not sums.changes:
        return Judged(given, ["There is nothing to do on Etsy."])
    reasons = [holds.words(hold) for hold in holds.of(session, job.etsy_account_id)]
    reasons += [brake.message for brake in brakes]
    if settings.early_confirm == "refuse":
        reasons.append("The shop takes no confirmations before the plan any more (early_confirm).")
    reasons += itertools.islice(_brakes_of_items(session, job), REASONS_TOLD)
    reasons += itertools.islice(_conflicts(session, job), REASONS_TOLD)
    if Decimal(sums.fees_usd_cents) / 100 > settings.early_confirm_fees_usd:
        limit = f"early_confirm_fees_usd is ${settings.early_confirm_fees_usd:.2f}"
        reasons.append(f"Etsy's fees would be {dollars(sums.fees_usd_cents)}; {limit}.")
    if (other := jobs.under_way(session, job.etsy_account_id, job.lane)) is not None:
        reasons.append(f"The sync {other.transaction_id} of this account is approved and not yet finished.")
    if unknown := sorted(set(given.excluded_products) - set(items.product_ids(session, job.id))):
        reasons.append(f"To be left out, but not in the plan: {', '.join(unknown[:REASONS_TOLD])}.")
    hours = settings.approval_expires_hours
    if hours is not None and clock.now(session) - given.created_at >= timedelta(hours=float(hours)):
        reasons.append(f"It was given more than {hours} hours before (approval_expires_hours).")
    return Judged(given, reasons)


def what_became_of(approvals: Iterable[Approval]) -> EarlyConfirm | None:
    """The last confirmation of a sync that came before its plan, among all decisions on it, the oldest first."""
    early = None
    for approval in approvals:
        if approval.decision == "conditional":
            early = EarlyConfirm(approval.decided_by, approval.created_at)
        elif early is not None and early.applied is None:
            is_applied = approval.decision == "approved"
            early = replace(early, applied=is_applied, reasons=() if is_applied else tuple(approval.note.splitlines()))
    return early


def of_syncs(session: Session, found: Iterable[EtsySyncJob]) -> dict[str, EarlyConfirm]:
    """What became of early confirmations, by transaction id; syncs without one are not there."""
    approvals = jobs.approvals_of(session, [job.transaction_id for job in found])
    became = {transaction_id: what_became_of(given) for transaction_id, given in approvals.items()}
    return {transaction_id: early for transaction_id, early in became.items() if early is not None}


def _brakes_of_items(session: Session, job: EtsySyncJob) -> Iterator[str]:
    for item in items.matching(session, job.id, brake="any"):
        yield from (f"{item.product_id}: {brake.message}" for brake in item.plan.brakes)


def _conflicts(session: Session, job: EtsySyncJob) -> Iterator[str]:
    for item in items.matching(session, job.id, with_conflicts=True):
        told = (conflict for conflict in item.plan.conflicts if conflict.outcome != "sold")
        yield from (f"{item.product_id}: {conflict.message}" for conflict in told)
