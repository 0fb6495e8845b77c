"""The page of one sync: its plan to be reviewed; once it is decided, how it goes, and what became of every product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import TransactionPath
from etsy_pipeline.api.review import products_csv
from etsy_pipeline.api.review.exclusions import mark_of, pack
from etsy_pipeline.api.review.item_card import ItemCard, item_card_of
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import A_PAGE, AFTERWARDS, SHOWN, WHAT_CHANGES, PlanQuery
from etsy_pipeline.api.review.remedies import Cause, Group, causes, groups
from etsy_pipeline.api.review.words import asked_for, not_by_itself, reason, told_of
from etsy_pipeline.planning.brakes import BRAKES
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.planning.sections import CHANGING, SECTIONS
from etsy_pipeline.shop import scan_views
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PENDING, PUBLISHED, UNDER_WAY, SyncState
from etsy_pipeline.sync import activity, queries
from etsy_pipeline.sync.queries import PlanFilter, SyncReview
from etsy_pipeline.sync.signs_of_life import lost_runs_of, troubles
from etsy_pipeline.sync.turns import waiting_words

router = APIRouter()

FOLLOW_SECONDS = 5
LOOKED_THROUGH = 200  # products that cannot be published, for examples of each reason

Asked = Annotated[PlanQuery, Query()]


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the plan, with how many products are in it."""

    show: str
    words: str
    count: int


@router.get("/{transaction_id}")
def show(request: Request, context: Context, transaction_id: TransactionPath, query: Asked) -> Response:
    """What the whole shop lacks, totals and brakes first, then the products, the dangerous first, a page at a time."""
    review = queries.review_of(context.store, transaction_id)
    job = review.job
    if query.is_on_the_way:
        return to(query.onward(job))
    exclusions = query.exclusions(job)
    item_cards, has_more = _item_cards(context, review, query, exclusions)
    return page(
        request,
        "plan.html",
        review=review,
        job=job,
        shop=review.account.label,
        **_told(context, review, query),
        **_parts(context, review, query),
        item_cards=item_cards,
        query=query,
        first=query.offset + 1,
        next_offset=query.offset + A_PAGE if has_more else None,
        previous_offset=max(0, query.offset - A_PAGE) if query.offset else None,
        csv=f"/review/{transaction_id}/products.csv?{query.encoded(job, offset=0)}",
        mark=mark_of(job),
        out=pack(exclusions),
        seen=pack(item_card.item.position for item_card in item_cards),
        excluded_count=len(exclusions),
        is_other_plan=not query.is_of(job),
        follow_seconds=FOLLOW_SECONDS,
    )


@router.get("/{transaction_id}/products.csv")
def as_csv(context: Context, transaction_id: TransactionPath, query: Asked) -> Response:
    """What is shown, without pages, for a spreadsheet."""
    job = queries.job(context.store, transaction_id)
    items = queries.plan_items(context.store, transaction_id, query.filter(), query.outcome)
    name = products_csv.file_name(job, query.why or query.show)
    return Response(
        "".join(products_csv.lines(items)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _told(context: AppContext, review: SyncReview, query: PlanQuery) -> dict[str, Any]:
    """What is said of the sync as a whole."""
    job = review.job
    summary = queries.plan_summary(job)
    return {
        "summary": summary,
        "told": told_of(summary.totals) if job.has_plan else "There is no plan yet.",
        "fees": dollars(summary.totals.fees_usd_cents),
        "is_open": job.state is SyncState.PLANNED,
        "is_being_planned": job.state in BEING_PLANNED,
        "is_paused": job.state is SyncState.PAUSED,
        "stuck": troubles(context.store, context.settings.lost_after, transaction_id=job.transaction_id),
        "lost_runs": lost_runs_of(job),
        "waits": waiting_words(context.store, job),
        "done": [(done, activity.words(done)) for done in activity.of_sync(context.store, job.transaction_id)],
        "is_under_way": job.state in (*BEING_PLANNED, *UNDER_WAY),
        "has_nothing_to_do": job.state is SyncState.NOTHING_TO_DO,
        "is_finished": job.state in (*PUBLISHED, SyncState.FAILED),
        "shown": _shown(context, job, query),
        "by_itself": not_by_itself(summary.for_a_person),
        "asked_for": asked_for(job.trigger),
        "why": reason(query.why) if query.why else "",
    }


def _shown(context: AppContext, job: EtsySyncJob, query: PlanQuery) -> Mapping[str, str]:
    """What can be chosen to be shown: of the brakes those that the plan has."""
    there = {*queries.brakes_in(context.store, job), query.show}
    shown = {show: words for show, words in SHOWN.items() if show not in BRAKES or show in there}
    return shown if job.state in PENDING else {**shown, **AFTERWARDS}


def _parts(context: AppContext, review: SyncReview, query: PlanQuery) -> dict[str, Any]:
    """The parts of the plan, and why products are not ready; the reasons stand where nothing was chosen yet."""
    job = review.job
    tabs = _tabs(job, queries.section_counts(context.store, job)) if job.has_plan else []
    found: Sequence[Group] = ()
    told: Sequence[Cause] = ()
    if job.has_plan:
        told = causes(job, review.account, scan_views.last_looks(context.store, job.etsy_account_id))
    if any(tab.show == "invalid" and tab.count for tab in tabs) and query.show in {"", "invalid"} and not query.q:
        some = PlanFilter(sections=("invalid",), most=LOOKED_THROUGH)
        found = groups(job, review.account, queries.some_items(context.store, job, some))
    return {"tabs": tabs, "causes": told, "groups": found}


def _tabs(job: EtsySyncJob, counts: Mapping[str, int]) -> Sequence[Tab]:
    changes = Tab("", WHAT_CHANGES, sum(counts.get(section, 0) for section in CHANGING))
    parts = [Tab(section, words, counts.get(section, 0)) for section, words in SECTIONS.items()]
    of_conflicts = Tab("conflicts", SHOWN["conflicts"], job.totals.conflicting)
    beside = [Tab("brakes", SHOWN["brakes"], job.totals.braked), of_conflicts]
    return [changes, *(tab for tab in (*parts, *beside) if tab.count)]


def _item_cards(
    context: AppContext, review: SyncReview, query: PlanQuery, exclusions: frozenset[int]
) -> tuple[Sequence[ItemCard], bool]:
    job = review.job
    if not job.has_plan:
        return [], False
    wanted, outcome = query.wanted()
    items = queries.some_items(context.store, job, wanted, outcome)
    links = queries.links_of(context.store, review.account.id, (item.product_id for item in items))
    return [
        item_card_of(
            context,
            item,
            account_id=review.account.id,
            link=links.get(item.product_id),
            is_excluded=item.position in exclusions,
            is_open=job.state is SyncState.PLANNED,
            preview=_preview(job, query, item.position, number),
        )
        for number, item in enumerate(items[:A_PAGE])
    ], len(items) > A_PAGE


def _preview(job: EtsySyncJob, query: PlanQuery, position: int, number: int) -> str:
    at = query.offset + number
    return f"/review/{job.transaction_id}/products/{position}?{query.encoded(job, at=at)}"
