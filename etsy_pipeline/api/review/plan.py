"""The page of one sync: its plan to be reviewed; once it is decided, how it goes, and what became of every product."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import TransactionPath
from etsy_pipeline.api.review.exclusions import mark_of, pack
from etsy_pipeline.api.review.item_card import Card, card_of
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import A_PAGE, AFTERWARDS, SHOWN, PlanQuery
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.sync import queries, review
from etsy_pipeline.sync.review import Standing

router = APIRouter()

UNDER_WAY = frozenset({"confirmed", "processing", "paused"})
FOLLOW_SECONDS = 5


@router.get("/{transaction_id}")
def show(
    request: Request, here: Context, transaction_id: TransactionPath, looking: Annotated[PlanQuery, Query()]
) -> Response:
    """Totals and brakes first, then the products, the dangerous first, a page at a time."""
    standing = review.standing(here.store, transaction_id)
    job = standing.job
    if looking.is_on_the_way:
        return to(looking.onward(job))
    summary = queries.plan_summary(job)
    left_out = looking.left_out(job)
    cards, has_more = _cards(here, standing, looking, left_out)
    return page(
        request,
        "plan.html",
        standing=standing,
        job=job,
        shop=review.name_of(standing.account),
        summary=summary,
        fees=dollars(summary.totals.fees_usd_cents),
        cards=cards,
        looking=looking,
        shown=SHOWN if job.status == "pending" else {**SHOWN, **AFTERWARDS},
        first=looking.offset + 1,
        next_offset=looking.offset + A_PAGE if has_more else None,
        previous_offset=max(0, looking.offset - A_PAGE) if looking.offset else None,
        mark=mark_of(job),
        out=pack(left_out),
        seen=pack(card.item.position for card in cards),
        left_out=len(left_out),
        is_other_plan=not looking.is_of(job),
        is_open=job.status == "pending" and job.plan_digest is not None,
        is_under_way=job.status in UNDER_WAY or (job.status == "pending" and job.plan_digest is None),
        can_retry=job.status in {"completed", "failed"} and bool(standing.outcomes["failed"]),
        follow_seconds=FOLLOW_SECONDS,
    )


def _cards(
    here: AppContext, standing: Standing, looking: PlanQuery, left_out: frozenset[int]
) -> tuple[Sequence[Card], bool]:
    if standing.job.plan_digest is None:
        return [], False
    wanted, outcome = looking.wanted()
    items = review.some_items(here.store, standing.job, wanted, outcome)
    addresses = review.addresses(here.store, standing.account.id, (item.product_id for item in items))
    cards = [
        card_of(
            here,
            item,
            address=addresses.get(item.product_id, ""),
            is_left_out=item.position in left_out,
            is_open=standing.job.status == "pending",
        )
        for item in items[:A_PAGE]
    ]
    return cards, len(items) > A_PAGE
