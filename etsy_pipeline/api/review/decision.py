"""Deciding on a plan: one page that says what is decided, then approve or reject; later call off, go on, try again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import NOTE, PRINTABLE, TransactionPath
from etsy_pipeline.api.review.item_card import CHANGING
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import PlanQuery
from etsy_pipeline.api.review.session import NOBODY_NAMED, OWN_FORM, THROUGH, ByBrowser, decides_as, name_for, remember
from etsy_pipeline.api.review.words import told_of
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.planning.sections import WORDS
from etsy_pipeline.store.records import SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import activity, approvals, queries, retry
from etsy_pipeline.sync.resume import resume
from etsy_pipeline.sync.rollback import request_rollback

router = APIRouter()

LONGEST_LIST = 4_000_000  # characters: 100,000 product ids of Medusa's length


class Decision(BaseModel):
    """What stands in the form."""

    plan_digest: str = Field(max_length=64, pattern=r"^[0-9a-f]+$")
    decided_by: str = Field(default="", max_length=200, pattern=PRINTABLE)
    note: str = Field(default="", max_length=2000, pattern=NOTE)
    left_out: str = Field(default="", max_length=LONGEST_LIST, pattern=NOTE)

    @property
    def excluded_products(self) -> Sequence[str]:
        """The products to leave out, wherever there is space between them."""
        return self.left_out.split()


Decided = Annotated[Decision, Form()]


@router.get("/{transaction_id}/decide")
def ask(
    request: Request, context: Context, transaction_id: TransactionPath, query: Annotated[PlanQuery, Query()]
) -> Response:
    """What is about to be decided: the plan, and what is left out of it."""
    job = queries.job(context.store, transaction_id)
    if not query.is_of(job) or job.state is not SyncState.PLANNED:
        return to(query.address(job, plan=query.plan))
    items = queries.items_at(context.store, job, sorted(query.exclusions(job)))
    items = [item for item in items if item.plan.action in CHANGING]
    excluded = "\n".join(item.product_id for item in items)
    name = name_for(request)
    decision = Decision(plan_digest=job.plan_digest or "", decided_by=name, left_out=excluded)
    return _form(request, context, transaction_id, decision, items=items, back=query.address(job))


@router.post("/{transaction_id}/approve", dependencies=[OWN_FORM])
def approve(request: Request, context: Context, transaction_id: TransactionPath, decision: Decided) -> Response:
    """The plan that was on the screen, without what was left out; no other one."""
    name = decides_as(request, decision.decided_by)
    try:
        approvals.approve(
            context.store,
            transaction_id,
            decided_by=name,
            through=THROUGH,
            amount_unit=context.amount_unit(),
            note=decision.note,
            excluded_products=decision.excluded_products,
            reviewed_digest=decision.plan_digest,
        )
    except PipelineError as problem:
        return _form(request, context, transaction_id, decision, problem=problem)
    remember(request, decision.decided_by)
    return to(f"/review/{transaction_id}?follow=yes")


@router.post("/{transaction_id}/reject", dependencies=[OWN_FORM])
def reject(request: Request, context: Context, transaction_id: TransactionPath, decision: Decided) -> Response:
    """Nothing of the plan is published."""
    name = decides_as(request, decision.decided_by, NOBODY_NAMED)
    try:
        approvals.reject(context.store, transaction_id, decided_by=name, through=THROUGH, note=decision.note)
    except PipelineError as problem:
        return _form(request, context, transaction_id, decision, problem=problem)
    remember(request, decision.decided_by)
    return to(f"/review/{transaction_id}")


@router.post("/{transaction_id}/cancel", dependencies=[OWN_FORM])
def cancel(context: Context, by: ByBrowser, transaction_id: TransactionPath) -> RedirectResponse:
    """Call it off; what is under way is finished."""
    approvals.cancel(context.store, transaction_id, by=by)
    return to(f"/review/{transaction_id}")


@router.post("/{transaction_id}/resume", dependencies=[OWN_FORM])
def go_on(context: Context, by: ByBrowser, transaction_id: TransactionPath) -> RedirectResponse:
    """A paused sync goes on, in the name of who has signed in, or decided last in this browser."""
    resume(context.store, transaction_id, decided_by=by.name, through=by.through)
    return to(f"/review/{transaction_id}?follow=yes")


@router.post("/{transaction_id}/retry", dependencies=[OWN_FORM])
def again(context: Context, by: ByBrowser, transaction_id: TransactionPath) -> RedirectResponse:
    """A new sync of what failed, with a plan of its own."""
    job = retry.retry_failed(context.store, transaction_id, trigger="ui", by=by)
    return to(f"/review/{job.transaction_id}?follow=yes")


@router.post("/{transaction_id}/rollback", dependencies=[OWN_FORM])
def take_back(context: Context, by: ByBrowser, transaction_id: TransactionPath) -> RedirectResponse:
    """A new sync that takes this one back, with a plan of its own."""
    job = request_rollback(context.store, transaction_id, trigger="ui", by=by)
    return to(f"/review/{job.transaction_id}?follow=yes")


def _form(
    request: Request,
    context: AppContext,
    transaction_id: str,
    decision: Decision,
    *,
    items: Sequence[SyncItem] = (),
    back: str = "",
    problem: PipelineError | None = None,
) -> Response:
    review = queries.review_of(context.store, transaction_id)
    summary = queries.plan_summary(review.job)
    return page(
        request,
        "decide.html",
        200 if problem is None else status_of(problem)[0],
        job=review.job,
        done=[(one, activity.words(one)) for one in activity.of_sync(context.store, transaction_id)],
        is_open=review.job.state is SyncState.PLANNED,
        shop=review.account.label,
        summary=summary,
        told=told_of(summary.totals),
        actions=WORDS,
        decision=decision,
        items=items,
        saved_calls=sum(item.plan.cost.calls for item in items),
        saved_fees=dollars(sum(item.plan.cost.fee_usd_cents for item in items)),
        back=back or f"/review/{transaction_id}",
        problem=problem,
    )
