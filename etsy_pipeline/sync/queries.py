"""How syncs and products stand, as plain values for the command line, the HTTP API and Dagster's metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.planning.brakes import BRAKES
from etsy_pipeline.planning.plan import ACTIONS
from etsy_pipeline.planning.plan_view import Row, Totals, groups_in_order, headline, row, told_of_quota
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.store import jobs, links
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsySyncJob, ProductEtsyLink, SyncItem


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan without its rows. `groups` are (action, why, how many products).

    `for_a_person` says why no policy approves it, `quota` whether it fits into today's calls.
    """

    transaction_id: str
    status: str
    digest: str | None
    totals: Totals
    headline: str
    brakes: Sequence[Mapping[str, Any]] = ()
    groups: Sequence[tuple[str, str, int]] = ()
    for_a_person: Sequence[str] = ()
    quota: str = ""


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which items of a plan to show; nothing given shows all of them, the dangerous ones first.

    `brake` is a brake's code, or "any"; `noteworthy` leaves out what stays as it is.
    """

    actions: tuple[str, ...] = ()
    product_id: str | None = None
    brake: str | None = None
    with_conflicts: bool = False
    noteworthy: bool = False
    first: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no item can have.

        Raises:
            BadRequest: `plan_filter_unknown`.
        """
        for given, known in ((self.actions, ACTIONS), ((self.brake,) if self.brake else (), (*BRAKES, "any"))):
            unknown = [item for item in given if item not in known]
            if unknown:
                raise BadRequest(
                    f"No item of a plan can be {unknown[0]!r}.",
                    code="plan_filter_unknown",
                    hint=f"Choose from {', '.join(known)}.",
                )


OVER = frozenset({"completed", "failed", "rejected", "superseded", "cancelled"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a sync stands now. `done` are the products that are settled, or sent and not read back yet."""

    job: EtsySyncJob
    done: int
    failed: int
    total: int

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.job.status in OVER

    @property
    def state(self) -> str:
        """Its status in words."""
        if self.job.status != "pending":
            return self.job.status
        return "awaiting approval" if self.job.plan_digest else "being planned"


EVERYTHING = PlanFilter()
NOTEWORTHY = PlanFilter(noteworthy=True)


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


def standing(store: Store, transaction_id: str) -> Standing:
    """How a sync stands, counted from its products: the counts of a job follow a little later.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        found = jobs.get(session, transaction_id)
        outcomes, sent = jobs.outcomes(session, found.id), jobs.sent_count(session, found.id)
    done = outcomes.total() - outcomes["waiting"] + sent
    return Standing(found, done, outcomes["failed"], outcomes.total())


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


def jobs_page(
    store: Store, *, account_id: str | None, status: str | None, first: int, most: int
) -> tuple[Sequence[EtsySyncJob], int]:
    """Some sync jobs, the newest first, and how many match in all."""
    with store.reading() as session:
        return jobs.page(session, account_id=account_id, status=status, first=first, most=most)


def links_page(
    store: Store, *, account_id: str | None, product_id: str | None, sync_status: str | None, first: int, most: int
) -> tuple[Sequence[ProductEtsyLink], int]:
    """Some links, and how many match in all."""
    wanted = {"account_id": account_id, "product_id": product_id, "sync_status": sync_status}
    with store.reading() as session:
        return links.page(session, **wanted, first=first, most=most)


def plan_summary(job: EtsySyncJob) -> PlanSummary:
    """A job's plan without its rows; all zero while there is none."""
    sums = Totals.of(job.totals)
    told = headline(sums, len(job.brakes)) if job.plan_digest else "There is no plan yet."
    groups = groups_in_order(job.totals.get("groups", ()))
    reasons = job.totals.get("for_a_person", ())
    known = job.totals.get("quota")
    quota = told_of_quota(sums.api_calls, Quota(**known) if known else None)
    return PlanSummary(job.transaction_id, job.status, job.plan_digest, sums, told, job.brakes, groups, reasons, quota)


def plan_items(store: Store, transaction_id: str, wanted: PlanFilter = EVERYTHING) -> Iterator[SyncItem]:
    """The items of a plan, streamed."""
    with store.reading() as session:
        job_id = jobs.get(session, transaction_id).id
        yield from jobs.items(session, job_id, dangerous_first=True, **asdict(wanted))


def plan_rows(store: Store, transaction_id: str, wanted: PlanFilter = EVERYTHING) -> Iterator[Row]:
    """The lines of a plan, streamed."""
    return map(plan_row, plan_items(store, transaction_id, wanted))


def plan_row(item: SyncItem) -> Row:
    """An item as a line."""
    return row(
        action=item.action,
        product_id=item.product_id,
        product_title=item.product_title,
        reason=item.reason,
        differences=item.differences,
        verdicts=item.verdicts,
        brakes=item.brakes,
        conflicts=item.conflicts,
        calls=item.estimated_calls,
        fee_usd_cents=item.fee_usd_cents,
    )


def plan_item_view(item: SyncItem) -> dict[str, Any]:
    """An item as JSON: the line that people read, and what it was made of."""
    return asdict(plan_row(item)) | {
        "reason": item.reason,
        "differences": item.differences,
        "conflicts": item.conflicts,
        "brakes": item.brakes,
        "verdicts": item.verdicts,
        "etsy_listing_id": item.etsy_listing_id,
        "fee_usd_cents": item.fee_usd_cents,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
