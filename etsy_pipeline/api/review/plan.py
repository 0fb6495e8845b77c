"""The page of one sync: its plan to be reviewed; once it is decided, how it goes, and what became of every product."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import TransactionPath
from etsy_pipeline.api.review.exclusions import mark_of, pack
from etsy_pipeline.api.review.item_card import ItemCard, item_card_of
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import A_PAGE, AFTERWARDS, SHOWN, PlanQuery
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.store.sync_states import BEING_PLANNED, PENDING, PUBLISHED, UNDER_WAY, SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import SyncReview
from etsy_pipeline.sync.signs_of_life import lost_runs_of, troubles
from etsy_pipeline.sync.turns import waiting_words

router = APIRouter()

FOLLOW_SECONDS = 5


@router.get("/{transaction_id}")
def show(
    request: Request, context: Context, transaction_id: TransactionPath, query: Annotated[PlanQuery, Query()]
) -> Response:
    """Totals and brakes first, then the products, the dangerous first, a page at a time."""
    review = queries.review_of(context.store, transaction_id)
    job = review.job
    if query.is_on_the_way:
        return to(query.onward(job))
    summary = queries.plan_summary(job)
    exclusions = query.exclusions(job)
    item_cards, has_more = _item_cards(context, review, query, exclusions)
    return page(
        request,
        "plan.html",
        review=review,
        job=job,
        shop=review.account.label,
        summary=summary,
        fees=dollars(summary.totals.fees_usd_cents),
        item_cards=item_cards,
        query=query,
        shown=SHOWN if job.state in PENDING else {**SHOWN, **AFTERWARDS},
        first=query.offset + 1,
        next_offset=query.offset + A_PAGE if has_more else None,
        previous_offset=max(0, query.offset - A_PAGE) if query.offset else None,
        mark=mark_of(job),
        out=pack(exclusions),
        seen=pack(item_card.item.position for item_card in item_cards),
        excluded_count=len(exclusions),
        is_other_plan=not query.is_of(job),
        is_open=job.state is SyncState.PLANNED,
        is_being_planned=job.state in BEING_PLANNED,
        is_paused=job.state is SyncState.PAUSED,
        stuck=troubles(context.store, context.settings.lost_after, transaction_id=transaction_id),
        lost_runs=lost_runs_of(job),
        waits=waiting_words(context.store, job),
        is_under_way=job.state in (*BEING_PLANNED, *UNDER_WAY),
        has_nothing_to_do=job.state is SyncState.NOTHING_TO_DO,
        is_finished=job.state in (*PUBLISHED, SyncState.FAILED),
        follow_seconds=FOLLOW_SECONDS,
    )


def _item_cards(
    context: AppContext, review: SyncReview, query: PlanQuery, exclusions: frozenset[int]
) -> tuple[Sequence[ItemCard], bool]:
    if not review.job.has_plan:
        return [], False
    wanted, outcome = query.wanted()
    items = queries.some_items(context.store, review.job, wanted, outcome)
    addresses = queries.addresses(context.store, review.account.id, (item.product_id for item in items))
    item_cards = [
        item_card_of(
            context,
            item,
            account_id=review.account.id,
            address=addresses.get(item.product_id, ""),
            is_excluded=item.position in exclusions,
            is_open=review.job.state is SyncState.PLANNED,
        )
        for item in items[:A_PAGE]
    ]
    return item_cards, len(items) > A_PAGE
