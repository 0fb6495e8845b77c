"""The plan of a sync as an answer: the one place in which the API asks for it."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from pydantic import BaseModel

from etsy_pipeline.planning.sending_order import Day
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries, views
from etsy_pipeline.sync.queries import PlanFilter


class Group(BaseModel):
    """Products for which the same is done for the same reason."""

    action: str
    why: str
    products: int


class Plan(BaseModel):
    """A plan, or part of it. Without a `plan_digest` there is none yet. In the state `nothing_to_do` it sends nothing.

    `for_a_person` says why no policy approves it, `quota` whether it fits into today's calls, `stock_from` which of
    Medusa's stock locations counted, `sections` which
    shop sections will be made. Since `details_removed_at` an old plan has only what became of its products.
    """

    transaction_id: str
    status: str
    state: SyncState
    plan_digest: str | None
    headline: str
    totals: dict[str, int]
    brakes: list[dict[str, Any]]
    groups: list[Group]
    for_a_person: list[str]
    quota: str
    days: list[Day]
    stock_from: str
    sections: str
    items: list[dict[str, Any]]
    offset: int
    limit: int
    has_more: bool
    details_removed_at: str | None


def plan_page(store: Store, transaction_id: str, wanted: PlanFilter, limit: int) -> Plan:
    """The items that a filter wants, from its first on, with the totals of the whole plan.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    job = queries.job(store, transaction_id)
    summary = queries.plan_summary(job)
    items = queries.plan_items(store, transaction_id, wanted) if job.has_plan else iter(())
    shown = [views.plan_item_view(item) for item in islice(items, limit + 1)]
    return Plan(
        transaction_id=summary.transaction_id,
        status=summary.status,
        state=job.state,
        plan_digest=summary.digest,
        headline=summary.headline,
        totals=asdict(summary.totals),
        brakes=[asdict(brake) for brake in summary.brakes],
        groups=[Group(action=action, why=why, products=count) for action, why, count in summary.groups],
        for_a_person=list(summary.for_a_person),
        quota=summary.quota,
        days=list(summary.days),
        stock_from=summary.stock_from,
        sections=summary.sections,
        items=shown[:limit],
        offset=wanted.first,
        limit=limit,
        has_more=len(shown) > limit,
        details_removed_at=job.details_removed_at.isoformat() if job.details_removed_at else None,
    )
