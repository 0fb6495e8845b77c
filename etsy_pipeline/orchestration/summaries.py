"""A run on one page: whose shop, what will be or was done, what it costs, what is wrong, and where to go on.

It stands as `summary` on `sync_plan` and `published_listings`; the tables beside it have every product.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from etsy_pipeline.orchestration.metadata import Markdown, literal
from etsy_pipeline.planning.plan_view import PlanRow, dollars
from etsy_pipeline.planning.sections import WORDS
from etsy_pipeline.store import items
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob, ItemError
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.queries import PlanFilter, plan_rows, plan_summary

SHOWN = 5  # errors, and reasons of a kind
LONGEST = 300  # characters of an error


def on_plan(store: Store, job: EtsySyncJob, *, shop: str, pages: str) -> dict[str, Any]:
    """What stands first on `sync_plan`."""
    invalid = plan_rows(store, job.transaction_id, PlanFilter(actions=("invalid",), most=SHOWN))
    return {"shop": shop, "summary": of_plan(job, invalid, shop=shop, pages=pages)}


def on_publication(store: Store, job: EtsySyncJob, *, shop: str, pages: str, calls: int) -> dict[str, Any]:
    """What stands first on `published_listings`; `calls` to Etsy were made in this run."""
    with store.reading() as session:
        errors = items.some_errors(session, job.id, most=SHOWN)
        fees = items.fees_of(session, job.id)
    page = of_publication(job, errors, shop=shop, pages=pages, calls=calls, fees_usd_cents=fees)
    return {"shop": shop, "summary": page, "fees_usd": fees / 100}


def of_plan(job: EtsySyncJob, invalid: Iterable[PlanRow], *, shop: str, pages: str) -> dg.MarkdownMetadataValue:
    """A plan on one page.

    Args:
        job: as it is, with its plan.
        invalid: the first products that cannot be published.
        shop: what it is called.
        pages: the address of the pages; blank where it is not known.
    """
    summary = plan_summary(job)
    whole = [f"- **{brake.code}**: {literal(brake.message)}" for brake in summary.brakes]
    wrong = [_error(row.product, row.product_id, row.detail) for row in invalid]
    return _page(
        f"### {literal(shop)}: {_what_will_be(job)}",
        literal(f"{summary.headline} {summary.quota}".strip()),
        _part("Look twice at the whole plan", whole),
        _part("Why", list(_reasons(summary.groups))),
        _part(f"Cannot be published: {job.totals.invalid:,}", wrong, of=job.totals.invalid),
        f"**Next:** {_next_of_plan(job)}",
        _where(job, pages),
    )


def of_publication(
    job: EtsySyncJob, errors: Sequence[ItemError], *, shop: str, pages: str, calls: int, fees_usd_cents: int
) -> dg.MarkdownMetadataValue:
    """What was published, on one page.

    Args:
        job: as it is now.
        errors: the first products that failed.
        shop: what it is called.
        pages: the address of the pages; blank where it is not known.
        calls: to Etsy that this run made.
        fees_usd_cents: what Etsy charged for this sync so far, in US cents.
    """
    wrong = [_error(error.product_title, error.product_id, error.message) for error in errors]
    left = f", {job.deferred_count:,} still to do" if job.deferred_count else ""
    return _page(
        f"### {literal(shop)}: {job.state.words}",
        f"**{job.synced_count:,} synced, {job.failed_count:,} failed, {job.skipped_count:,} skipped{left}**, "
        f"of {job.total_products:,} products.",
        f"**What it cost:** {dollars(fees_usd_cents)} of {dollars(job.totals.fees_usd_cents)} planned, "
        f"{calls:,} calls to Etsy in this run.",
        literal(job.message),
        _part(f"Failed: {job.failed_count:,}", wrong, of=job.failed_count),
        f"**Next:** {_next_of_publication(job)}",
        _where(job, pages),
    )


def _what_will_be(job: EtsySyncJob) -> str:
    if job.state is SyncState.NOTHING_TO_DO:
        return "nothing to do"
    changes = job.totals.changes
    return f"{changes:,} product{'' if changes == 1 else 's'} would change on Etsy"


def _next_of_plan(job: EtsySyncJob) -> str:
    if job.state is SyncState.NOTHING_TO_DO:
        return "nothing; this sync is over."
    if job.state is SyncState.CONFIRMED:
        return "it is approved, and published within seconds."
    return "somebody looks at it, and approves or rejects it. Nothing is sent to Etsy before."


def _next_of_publication(job: EtsySyncJob) -> str:
    if job.state is SyncState.PAUSED and job.resume_at is None:
        return f"mend the cause, then `etsy-pipeline sync resume {job.transaction_id}`, or *Go on now* on its page."
    if job.state is SyncState.PAUSED:
        return f"nothing: it goes on by itself at {job.resume_at:%Y-%m-%d %H:%M} UTC."
    if job.failed_count:
        return (
            f"mend these products in Medusa, or the shop's settings, then `etsy-pipeline sync retry "
            f"{job.transaction_id}`, or *Try the failed ones again* on its page."
        )
    return "nothing."


def _reasons(groups: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    """The most frequent reasons of each action but of what stays as it is."""
    shown: dict[str, int] = {}
    for action, why, count in groups:
        shown[action] = shown.get(action, 0) + 1
        if action != "skip" and shown[action] <= SHOWN:
            yield f"- {WORDS[action]}: {literal(why)} ({count:,})"


def _error(title: str, product_id: str, message: str) -> str:
    told = " ".join(message.split())
    told = told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"
    return f"- **{literal(title or '(no title)')}** ({literal(product_id)}): {literal(told)}"


def _part(title: str, lines: Sequence[str], *, of: int = 0) -> str:
    if not lines:
        return ""
    more = [f"- … and {of - len(lines):,} more"] if of > len(lines) else []
    return "\n".join([f"**{title}**", "", *lines, *more])


def _where(job: EtsySyncJob, pages: str) -> str:
    """The sync's page as a link, or where to find it."""
    if not pages:
        return f"Its page is `/review/{job.transaction_id}` of `etsy-pipeline api`."
    return Markdown.link("Open its page", f"{pages.rstrip('/')}/review/{job.transaction_id}")


def _page(*parts: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n\n".join(part for part in parts if part))
