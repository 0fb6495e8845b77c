"""Routes of one sync: start, plan, confirm, reject, cancel, drop, first, resume, retry, rollback."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from etsy_pipeline.api.answers import Done
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import (
    PRINTABLE,
    IdempotencyKey,
    IdFilter,
    Name,
    Note,
    Page,
    ProductIds,
    TransactionPath,
)
from etsy_pipeline.api.plan import Plan, plan_page
from etsy_pipeline.api.who import NOBODY_NAMED, THROUGH, ByProgram, Sender, Who
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import approvals, unsent
from etsy_pipeline.sync.queries import PlanFilter
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.resume import resume as resume_sync
from etsy_pipeline.sync.retry import retry_failed
from etsy_pipeline.sync.rollback import request_rollback

router = APIRouter(prefix="/admin/products/etsy-sync", tags=["syncs"])


class NewSync(BaseModel):
    """What to sync: products by id, or everything that the shop sells."""

    product_ids: ProductIds | None = Field(default=None, description="Medusa product ids; repeated ones count once.")
    etsy_account_id: str = Field(max_length=200, pattern=PRINTABLE, description="The account's id, etsy_acc_….")
    everything: bool = Field(default=False, description="Instead of product_ids: the shop's whole selection.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.product_ids is None) != self.everything:
            raise ValueError("give product_ids, or everything: true, and not both")
        return self


class Summary(BaseModel):
    """How many products were asked for; null when it is the shop's whole selection."""

    total: int | None


class Started(BaseModel):
    """The sync that was asked for; its plan follows."""

    transaction_id: str
    summary: Summary


class Rejection(BaseModel):
    """Who says no, and why. A name that is not known is refused: a misspelt one would leave nothing out."""

    model_config = ConfigDict(extra="forbid")

    decided_by: Name | None = Field(
        default=None, description="The person who decides; whoever sends a token of their own decides as themselves."
    )
    note: Note = Field(default="", description="Why.")


class Confirmation(Rejection):
    """Who says yes to what."""

    excluded_products: ProductIds = Field(default_factory=list, description="Products to leave out.")
    plan_digest: str | None = Field(
        default=None, max_length=64, pattern=r"^[0-9a-f]*$", description="Refuse if the plan's digest is another one."
    )


class Resumption(Rejection):
    """Who lets it go on, and why."""


class Wanted(BaseModel):
    """Products of a sync."""

    product_ids: ProductIds = Field(description="Medusa product ids.")


class Dropping(Rejection, Wanted):
    """Who takes which products out, and why."""


class Wish(BaseModel):
    """What became of it: the products that it holds for, and those that are not among what is still to send."""

    changed: list[str]
    too_late: list[str]


@router.post("", status_code=202, summary="Ask for a sync")
def start(context: Context, by: ByProgram, body: NewSync, idempotency_key: IdempotencyKey = None) -> Started:
    """A plan follows within seconds; nothing reaches Etsy before it is confirmed."""
    product_ids = None if body.product_ids is None else tuple(body.product_ids)
    job = request_sync(
        context.store,
        body.etsy_account_id,
        product_ids=product_ids,
        trigger="api",
        idempotency_key=idempotency_key,
        by=by,
    )
    return _started(job)


@router.get("/{transaction_id}/plan", summary="What a sync would do, the dangerous first")
def show_plan(
    context: Context,
    transaction_id: TransactionPath,
    page: Page,
    action: Annotated[list[str] | None, Query(description="create, update, deactivate, skip, invalid.")] = None,
    brake: Annotated[str | None, Query(description="Only with this brake; `any` for all of them.")] = None,
    conflicts: bool = False,  # noqa: FBT001, FBT002 - query parameters
    noteworthy: bool = False,  # noqa: FBT001, FBT002
    product_id: IdFilter = None,
) -> Plan:
    """Filters narrow the items; the totals are always those of the whole plan."""
    wanted = PlanFilter(
        actions=tuple(action or ()),
        product_id=product_id,
        brake=brake,
        with_conflicts=conflicts,
        noteworthy=noteworthy,
        first=page.offset,
        most=page.limit + 1,
    )
    return plan_page(context.store, transaction_id, wanted, page.limit)


@router.post("/{transaction_id}/confirm", summary="Approve a plan; it is published then")
def confirm(
    context: Context, sender: Sender, transaction_id: TransactionPath, body: Confirmation | None = None
) -> Done:
    """Bound to the plan as it is: one that changed, is stale, superseded or decided answers 409.

    Before there is a plan it is noted, and applied by itself to a plan without brakes, conflicts and high fees; the
    job's `early_confirm` says what became of it.
    """
    decision = body or Confirmation()
    approvals.approve(
        context.store,
        transaction_id,
        decided_by=_name(sender, decision),
        through=THROUGH,
        amount_unit=context.amount_unit(),
        note=decision.note,
        excluded_products=decision.excluded_products,
        reviewed_digest=decision.plan_digest,
    )
    return Done()


@router.post("/{transaction_id}/reject", summary="Reject a plan: nothing of it is published")
def reject(context: Context, sender: Sender, transaction_id: TransactionPath, body: Rejection | None = None) -> Done:
    """Answers 409 while there is no plan, and once it is decided."""
    decision = body or Rejection()
    name = _name(sender, decision)
    approvals.reject(context.store, transaction_id, decided_by=name, through=THROUGH, note=decision.note)
    return Done()


@router.post("/{transaction_id}/cancel", summary="Call a sync off")
def cancel(context: Context, by: ByProgram, transaction_id: TransactionPath) -> Done:
    """What is under way is finished, the rest is left as it is."""
    approvals.cancel(context.store, transaction_id, by=by)
    return Done()


@router.post("/{transaction_id}/drop", summary="Take products out of an approved sync that were not sent yet")
def drop(context: Context, sender: Sender, transaction_id: TransactionPath, body: Dropping) -> Wish:
    """Nothing is done for them. Answers 409 where none of them is still to send."""
    name = _name(sender, body)
    told = unsent.drop(
        context.store, transaction_id, body.product_ids, decided_by=name, through=THROUGH, note=body.note
    )
    return Wish(changed=list(told.changed), too_late=list(told.too_late))


@router.post("/{transaction_id}/first", summary="Send products of an approved sync before all others")
def first(context: Context, by: ByProgram, transaction_id: TransactionPath, body: Wanted) -> Wish:
    """As far as they were not sent yet. Answers 409 where none of them is still to send."""
    told = unsent.first(context.store, transaction_id, body.product_ids, by=by)
    return Wish(changed=list(told.changed), too_late=list(told.too_late))


@router.post("/{transaction_id}/resume", summary="Let a paused sync go on")
def resume(context: Context, sender: Sender, transaction_id: TransactionPath, body: Resumption | None = None) -> Done:
    """After what it waits for was mended; what failed stays failed. Answers 409 where it is not paused."""
    said = body or Resumption()
    resume_sync(context.store, transaction_id, decided_by=_name(sender, said), through=THROUGH, note=said.note)
    return Done()


@router.post("/{transaction_id}/retry", status_code=202, summary="Ask for a new sync of what failed")
def retry(
    context: Context, by: ByProgram, transaction_id: TransactionPath, idempotency_key: IdempotencyKey = None
) -> Started:
    """It gets a plan of its own, and needs a confirmation of its own."""
    job = retry_failed(context.store, transaction_id, trigger="api", idempotency_key=idempotency_key, by=by)
    return _started(job)


@router.post("/{transaction_id}/rollback", status_code=202, summary="Ask for a sync that takes another one back")
def rollback(context: Context, by: ByProgram, transaction_id: TransactionPath) -> Started:
    """Its plan restores what that sync changed, says what cannot be restored, and needs a confirmation of its own."""
    return _started(request_rollback(context.store, transaction_id, trigger="api", by=by))


def _name(sender: Who, said: Rejection) -> str:
    return sender.decides_as(said.decided_by or "", NOBODY_NAMED)


def _started(job: EtsySyncJob) -> Started:
    selection = job.requested_selection
    total = None if selection is None else len(selection.product_ids)
    return Started(transaction_id=job.transaction_id, summary=Summary(total=total))
