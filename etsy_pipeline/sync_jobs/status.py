"""How syncs and products stand, as plain values for the command line, the HTTP API and Dagster's metadata."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etsy_pipeline.planning.plan_view import Row, Totals, headline, row
from etsy_pipeline.store import jobs, links
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsySyncJob, ProductEtsyLink, SyncItem


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan without its rows."""

    transaction_id: str
    status: str
    digest: str | None
    totals: Totals
    headline: str


def job_view(job: EtsySyncJob) -> dict[str, Any]:
    """A sync job as JSON: the mission's keys, and what else is known."""
    return {
        "id": job.id,
        "transaction_id": job.transaction_id,
        "etsy_account_id": job.etsy_account_id,
        "trigger": job.trigger,
        "status": job.status,
        "total_products": job.total_products,
        "synced_count": job.synced_count,
        "failed_count": job.failed_count,
        "skipped_count": job.skipped_count,
        "deferred_count": job.deferred_count,
        "error_log": job.error_log,
        "plan_digest": job.plan_digest,
        "created_at": _iso(job.created_at),
        "planned_at": _iso(job.planned_at),
        "confirmed_at": _iso(job.confirmed_at),
        "started_at": _iso(job.started_at),
        "completed_at": _iso(job.completed_at),
        "resume_at": _iso(job.resume_at),
    }


def link_view(link: ProductEtsyLink) -> dict[str, Any]:
    """A link as JSON."""
    return {
        "product_id": link.product_id,
        "product_title": link.product_title,
        "etsy_account_id": link.etsy_account_id,
        "sync_status": link.sync_status,
        "etsy_listing_id": link.etsy_listing_id,
        "etsy_url": link.etsy_url,
        "listing_state": link.listing_state,
        "last_synced_at": _iso(link.last_synced_at),
        "sync_error": link.sync_error,
    }


def job(store: Store, transaction_id: str) -> EtsySyncJob:
    """One sync job.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        return jobs.get(session, transaction_id)


def latest_jobs(store: Store, *, account_id: str | None = None, most: int = 10) -> Sequence[EtsySyncJob]:
    """The newest sync jobs."""
    with store.reading() as session:
        return jobs.latest(session, account_id=account_id, most=most)


def find_links(
    store: Store, *, account_id: str | None = None, product_id: str | None = None, sync_status: str | None = None
) -> Sequence[ProductEtsyLink]:
    """Links that match all that is given."""
    with store.reading() as session:
        return links.search(session, account_id=account_id, product_id=product_id, sync_status=sync_status)


def plan_summary(job: EtsySyncJob) -> PlanSummary:
    """A job's plan without its rows; all zero while there is none."""
    sums = Totals(**job.totals)
    told = headline(sums) if job.plan_digest else "There is no plan yet."
    return PlanSummary(job.transaction_id, job.status, job.plan_digest, sums, told)


def plan_items(store: Store, transaction_id: str, *, actions: Sequence[str] = ()) -> Iterator[SyncItem]:
    """The items of a plan, streamed."""
    with store.reading() as session:
        yield from jobs.items(session, jobs.get(session, transaction_id).id, actions=actions)


def plan_rows(store: Store, transaction_id: str, *, actions: Sequence[str] = ()) -> Iterator[Row]:
    """The lines of a plan, streamed."""
    for item in plan_items(store, transaction_id, actions=actions):
        yield row(
            action=item.action,
            product_id=item.product_id,
            product_title=item.product_title,
            reason=item.reason,
            differences=item.differences,
            verdicts=item.verdicts,
            calls=item.estimated_calls,
            fee_usd_cents=item.fee_usd_cents,
        )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
