"""How syncs and products stand, as plain values for the command line, the HTTP API and Dagster's metadata."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.planning.brakes import BRAKES, Brake
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_item import ACTIONS
from etsy_pipeline.planning.plan_view import (
    PlanRow,
    Totals,
    groups_in_order,
    headline,
    row,
    told_of_quota,
    told_of_sections,
)
from etsy_pipeline.planning.sections import Section
from etsy_pipeline.planning.sending_order import Day
from etsy_pipeline.store import accounts, items, jobs, links
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import Approval, EtsyAccount, EtsySyncJob, ItemError, ItemOutcome, SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.early_confirm import EarlyConfirm, of_syncs, what_became_of


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan without its rows. `groups` are (action, why, how many products).

    `for_a_person` says why no policy approves it, `quota` whether it fits into today's calls, and `days`, where it does
    not, what of it is due on which day. `stock_from` says which stock locations counted, `sections` which
    shop sections will be made.
    """

    transaction_id: str
    status: str
    digest: str | None
    totals: Totals
    headline: str
    brakes: Sequence[Brake] = ()
    groups: Sequence[tuple[str, str, int]] = ()
    for_a_person: Sequence[str] = ()
    quota: str = ""
    days: Sequence[Day] = ()
    stock_from: str = ""
    sections: str = ""
    details_removed_at: datetime | None = None

    @property
    def removed(self) -> str:
        """What is told where the plan is not kept any more."""
        if self.details_removed_at is None:
            return ""
        return (
            f"This plan was old: its details were removed at {self.details_removed_at:%Y-%m-%d %H:%M} UTC "
            "(ETSY_PIPELINE_KEEP_PLANS_DAYS). What became of its products is kept."
        )


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which items of a plan to show; nothing given shows all of them, the dangerous ones first.

    `why` is the code of a rule that is broken; `text` stands in the title, an SKU or an id. `brake` is a brake's code,
    or "any"; `noteworthy` leaves out what stays as it is.
    """

    actions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    why: str | None = None
    text: str | None = None
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


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a sync has come. `done` are the products that are settled, or `sent` and not read back yet."""

    job: EtsySyncJob
    done: int
    failed: int
    total: int
    sent: int = 0


@dataclass(frozen=True, slots=True)
class SyncReview:
    """A sync as a reviewer sees it: with its shop, the decision on its plan, and its products by outcome.

    `decision` is what counts of the decisions on the plan, `early` what was said before there was one, `resumed` who
    let it go on after pauses. `newer` is the sync whose plan waits instead, where this one was superseded.
    """

    job: EtsySyncJob
    account: EtsyAccount
    decision: Approval | None
    outcomes: Counter[ItemOutcome]
    newer: str | None
    early: EarlyConfirm | None
    resumed: Sequence[Approval] = ()


EVERYTHING = PlanFilter()
NOTEWORTHY = PlanFilter(noteworthy=True)


def job(store: Store, transaction_id: str) -> EtsySyncJob:
    """One sync job.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        return jobs.get(session, transaction_id)


def progress_of(store: Store, transaction_id: str) -> SyncProgress:
    """How a sync stands, counted from its products: the counts of a job follow a little later.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        found = jobs.get(session, transaction_id)
        outcomes, sent = items.outcomes(session, found.id), items.sent_count(session, found.id)
    done = outcomes.total() - outcomes["waiting"] + sent
    return SyncProgress(found, done, outcomes["failed"], outcomes.total(), sent)


def errors_page(
    store: Store, transaction_id: str, *, first: int = 0, most: int | None = None
) -> tuple[EtsySyncJob, Sequence[ItemError], int]:
    """A sync, some of the products that failed in it, in the plan's order, and how many did in all.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        found = jobs.get(session, transaction_id)
        errors = items.some_errors(session, found.id, first=first, most=most)
        return found, errors, items.outcomes(session, found.id)["failed"]


def review_of(store: Store, transaction_id: str) -> SyncReview:
    """A sync with all that its reviewer looks at besides the plan.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        found = jobs.get(session, transaction_id)
        is_superseded = found.state is SyncState.SUPERSEDED
        newer = jobs.awaiting_approval(session, found.etsy_account_id) if is_superseded else None
        said = jobs.approvals_of(session, [transaction_id]).get(transaction_id, [])
        decided = [approval for approval in said if approval.decision in {"approved", "rejected"}]
        return SyncReview(
            found,
            accounts.get(session, found.etsy_account_id),
            decided[-1] if decided else None,
            _outcomes(session, found),
            newer.transaction_id if newer else None,
            what_became_of(said),
            [approval for approval in said if approval.decision == "resumed"],
        )


def early_confirms(store: Store, found: Iterable[EtsySyncJob]) -> Mapping[str, EarlyConfirm]:
    """What became of confirmations that came before the plan, by transaction id; syncs without one are not there."""
    with store.reading() as session:
        return of_syncs(session, found)


def _outcomes(session: Session, found: EtsySyncJob) -> Counter[ItemOutcome]:
    """How many products have which outcome; of a plan that is not kept any more, as they were counted at its end."""
    if found.details_removed_at is None:
        return items.outcomes(session, found.id)
    counted: Mapping[ItemOutcome, int] = {
        "synced": found.synced_count,
        "failed": found.failed_count,
        "skipped": found.skipped_count,
        "waiting": found.deferred_count,
    }
    return Counter(counted)


def latest_jobs(store: Store, *, account_id: str | None = None, most: int = 10) -> Sequence[EtsySyncJob]:
    """The newest sync jobs."""
    with store.reading() as session:
        return jobs.latest(session, account_id=account_id, most=most)


def jobs_page(
    store: Store,
    *,
    account_id: str | None,
    status: str | None,
    first: int,
    most: int,
    states: Sequence[SyncState] = (),
) -> tuple[Sequence[EtsySyncJob], int]:
    """Some sync jobs, the newest first, and how many match in all; `status` is the mission's word, or a state."""
    with store.reading() as session:
        return jobs.page(session, account_id=account_id, status=status, states=states, first=first, most=most)


def find_links(
    store: Store, *, account_id: str | None = None, product_id: str | None = None, sync_status: str | None = None
) -> Sequence[Link]:
    """Links that match all that is given."""
    with store.reading() as session:
        return links.search(session, account_id=account_id, product_id=product_id, sync_status=sync_status)


def links_page(
    store: Store,
    *,
    account_id: str | None,
    sync_status: str | None,
    first: int,
    most: int,
    product_id: str | None = None,
    text: str | None = None,
) -> tuple[Sequence[Link], int]:
    """Some links, and how many match in all; `text` stands in the title or an id, or begins an SKU."""
    wanted = {"account_id": account_id, "product_id": product_id, "sync_status": sync_status, "text": text}
    with store.reading() as session:
        return links.page(session, **wanted, first=first, most=most)


def links_of(store: Store, account_id: str, product_ids: Iterable[str]) -> Mapping[str, Link]:
    """Which listings these products became, by product."""
    with store.reading() as session:
        return links.of_products(session, account_id, list(product_ids))


def link_counts(store: Store, account_id: str | None = None) -> Mapping[str, int]:
    """How many products have which status."""
    with store.reading() as session:
        return links.counts(session, account_id)


def image_urls(store: Store, found: Iterable[Link]) -> Mapping[str, str]:
    """The first pictures in Medusa of products that a sync has planned, and nothing was published of; by product."""
    wanted = [link for link in found if link.published is None and link.transaction_id]
    with store.reading() as session:
        return items.image_urls(
            session, [link.transaction_id or "" for link in wanted], [link.product_id for link in wanted]
        )


def section_counts(store: Store, job: EtsySyncJob) -> Mapping[str, int]:
    """How many products of a plan are shown in which part of it (`planning/sections.py`)."""
    with store.reading() as session:
        return items.section_counts(session, job.id)


def brakes_in(store: Store, job: EtsySyncJob) -> Sequence[str]:
    """Which brakes products of a plan have; those of the plan as a whole are its own."""
    with store.reading() as session:
        return items.brakes_in(session, job.id, [code for code, rule in BRAKES.items() if not rule.is_of_plan])


def shops(store: Store) -> Sequence[EtsyAccount]:
    """All of them, oldest first."""
    with store.reading() as session:
        return accounts.every(session)


def plan_summary(job: EtsySyncJob) -> PlanSummary:
    """A job's plan without its rows; all zero while there is none."""
    return PlanSummary(
        transaction_id=job.transaction_id,
        status=job.status,
        digest=job.plan_digest,
        totals=job.totals,
        headline=headline(job.totals, len(job.brakes)) if job.has_plan else "There is no plan yet.",
        brakes=job.brakes,
        groups=groups_in_order(job.groups),
        for_a_person=job.for_a_person or (),
        quota=told_of_quota(job.totals.calls, job.quota),
        days=job.days if len(job.days) > 1 else (),
        stock_from=job.stock_from,
        sections=told_of_sections(job.new_sections),
        details_removed_at=job.details_removed_at,
    )


def plan_items(
    store: Store, transaction_id: str, wanted: PlanFilter = EVERYTHING, outcome: str | None = None
) -> Iterator[SyncItem]:
    """The items of a plan, streamed."""
    with store.reading() as session:
        job_id = jobs.get(session, transaction_id).id
        yield from items.matching(session, job_id, dangerous_first=True, outcome=outcome, **asdict(wanted))


def some_items(store: Store, job: EtsySyncJob, wanted: PlanFilter, outcome: str | None = None) -> Sequence[SyncItem]:
    """The items of one page of a plan."""
    with store.reading() as session:
        return list(items.matching(session, job.id, dangerous_first=True, outcome=outcome, **asdict(wanted)))


def items_at(store: Store, job: EtsySyncJob, positions: Sequence[int]) -> Sequence[SyncItem]:
    """The items at these positions of a plan."""
    with store.reading() as session:
        return items.at_positions(session, job.id, positions)


def plan_rows(store: Store, transaction_id: str, wanted: PlanFilter = EVERYTHING) -> Iterator[PlanRow]:
    """The lines of a plan, streamed."""
    return map(plan_row, plan_items(store, transaction_id, wanted))


def plan_row(item: SyncItem) -> PlanRow:
    """An item as a line."""
    return row(item.plan)
