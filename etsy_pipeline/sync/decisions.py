"""Writing down what was decided on a plan. Whether it may be decided so is the business of those who call this."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from etsy_pipeline.errors import Conflict
from etsy_pipeline.planning.brakes import FIRST_RAISE
from etsy_pipeline.store import clock, items, jobs, links
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import Approval, Decision, EtsySyncJob
from etsy_pipeline.sync import lifecycle, stock_lane, unsent
from etsy_pipeline.sync.lifecycle import Event, Who


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says to a plan: who, through which door, why, and which products to leave out."""

    decided_by: str
    through: str
    note: str = ""
    excluded_products: Sequence[str] = field(default=())


def confirm(session: Session, job: EtsySyncJob, said: Statement, *, who: Who) -> EtsySyncJob:
    """A plan is approved, to be published: without the products that another sync, under way by now, holds.

    The account has to be locked.

    Raises:
        Conflict: `already_decided`, `publication_in_progress`.
    """
    if (other := jobs.under_way(session, job.etsy_account_id, job.lane)) is not None and other.id != job.id:
        raise _in_progress(other)
    confirmed = lifecycle.move(session, job, Event.APPROVE, who=who, confirmed_at=clock.now(session))
    record(session, job, "approved", said)
    unsent.take_over(session, confirmed)
    stock_lane.leave_out_held(session, confirmed)
    if who == "person":
        _agree_with_stock(session, confirmed, said)
    return confirmed


def _in_progress(other: EtsySyncJob) -> Conflict:
    name = other.transaction_id
    return Conflict(
        f"The sync {name} of this account is approved and not yet finished: it is {other.state.words}.",
        code="publication_in_progress",
        hint=f"Wait for it (`etsy-pipeline sync status {name}`), or cancel it (`etsy-pipeline sync cancel {name}`).",
    )


def _agree_with_stock(session: Session, job: EtsySyncJob, said: Statement) -> None:
    """Who approves first raises says that Medusa's stock is right, for the whole plan but what is left out."""
    excluded = set(said.excluded_products)
    raised = {item.product_id for item in items.matching(session, job.id, brake=FIRST_RAISE)}
    if raised - excluded:
        agreed = [product_id for product_id in items.product_ids(session, job.id) if product_id not in excluded]
        links.trust_stock(session, job.etsy_account_id, agreed)


def record(session: Session, job: EtsySyncJob, decision: Decision, said: Statement) -> None:
    """Append a decision, bound to the plan that the sync has now, if it has one."""
    jobs.add_approval(
        session,
        Approval(
            transaction_id=job.transaction_id,
            plan_digest=job.plan_digest or "",
            decision=decision,
            decided_by=said.decided_by.strip(),
            decided_through=said.through,
            note=said.note,
            excluded_products=tuple(sorted(set(said.excluded_products))),
            created_at=clock.now(session),
        ),
    )
