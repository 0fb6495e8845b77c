"""What a person reads in Dagster's UI: tables in Markdown, bounded in length, with the same words as everywhere."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import dagster as dg

from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_view import PlanRow, dollars
from etsy_pipeline.safe_text import visible
from etsy_pipeline.store.records import AccountHold, Approval, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.holds import what_to_do
from etsy_pipeline.sync.queries import plan_summary

ROWS_SHOWN = 200
PREVIEW_ROWS = 10
CELL_LENGTH = 300  # characters
_MARKS = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")  # what means something in a cell; _ at the edge of a word
_ADDRESS = re.compile(r"https?://[\w.~:/?#@!$&'*+,;=%-]+", re.ASCII)  # no space, quote, bracket or pipe
DIGEST_SHOWN = 16  # characters: enough to tell plans apart, and accepted as `plan_digest`


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    total: int | None = None,
    command: str = "etsy-pipeline sync plan",
) -> dg.MarkdownMetadataValue:
    """A Markdown table of at most `ROWS_SHOWN` rows; says how many more there are, and which command has them all."""
    stream = iter(rows)
    shown = list(islice(stream, ROWS_SHOWN))
    if not shown:
        return dg.MetadataValue.md("None.")
    lines = [_line(columns), _line([RULE] * len(columns)), *(_line(row) for row in shown)]
    hidden = (total or len(shown)) - len(shown)
    if hidden > 0:
        lines.append(f"\n… and {hidden} more: `{command}` shows all.")
    return dg.MetadataValue.md("\n".join(lines))


def invalid_table(listings: Sequence[ValidatedListing], total: int) -> dg.MarkdownMetadataValue:
    """Products that cannot become listings, with every reason and what to do."""
    rows = (
        (listing.product_title or "(no title)", listing.product_id, verdict.code, verdict.message, verdict.hint)
        for listing in listings
        for verdict in listing.errors
    )
    return table(("product", "product id", "rule", "what is wrong", "what to do"), rows, total=total)


def references_from(kept_since: object) -> str:
    """From when is what products were mapped by: categories and their properties, profiles, policies, sections."""
    return f"kept, the oldest of {kept_since}" if kept_since else "asked for this plan"


def held_metadata(found: Sequence[AccountHold]) -> dict[str, Any]:
    """Why nothing of the account is approved or published, and what to do; nothing where it is not held."""
    rows = ((hold.code, hold.message, what_to_do(hold)) for hold in found)
    return {"account_held": table(("reason", "why", "what to do"), rows)} if found else {}


def plan_metadata(job: EtsySyncJob, plan_rows: Iterable[PlanRow]) -> dict[str, Any]:
    """The plan on `sync_plan`: what is dangerous first."""
    summary = plan_summary(job)
    totals = summary.totals
    cells = (
        (row.symbol, row.words, row.product, row.product_id, row.care, row.detail, row.calls, row.fee)
        for row in plan_rows
    )
    columns = ("", "action", "product", "product id", "look twice", "details", "calls", "fee")
    told = f"**{summary.headline}** {summary.quota}\n\n{_what_happens_next(job)}"
    brakes = ((brake.code, brake.message) for brake in summary.brakes)
    return {
        "what_happens_next": dg.MetadataValue.md(told),
        "brakes": table(("brake of the whole plan", "why"), brakes),
        "groups": table(("action", "why", "products"), summary.groups),
        **(
            {"days": table(("what is due on which day",), ([day.words] for day in summary.days))}
            if summary.days
            else {}
        ),
        **({"sections": dg.MetadataValue.md(literal(summary.sections))} if summary.sections else {}),
        **({"stock_from": dg.MetadataValue.md(literal(summary.stock_from))} if summary.stock_from else {}),
        "plan": table(columns, cells, total=totals.changes + totals.invalid),
        "transaction_id": summary.transaction_id,
        "plan_digest": (summary.digest or "")[:DIGEST_SHOWN],
        **({"snapshot": job.snapshot} if job.snapshot else {}),
        **{f"{name}_count": getattr(totals, name) for name in ("create", "update", "deactivate", "skip", "invalid")},
        "brake_count": totals.braked + len(summary.brakes),
        "conflict_count": totals.conflicting,
        "api_calls": totals.api_calls,
        "looks": totals.looks,
        "fees": dollars(totals.fees_usd_cents),
        "fees_usd_cents": totals.fees_usd_cents,
    }


def _what_happens_next(job: EtsySyncJob) -> str:
    if job.state is SyncState.NOTHING_TO_DO:
        return "There is nothing to approve: this sync is over."
    if job.state is SyncState.CONFIRMED:
        by = "The shop's policy approved it" if job.for_a_person == () else "It was confirmed before there was a plan"
        return f"{by}; the sensor `approved_syncs` starts publish_sync within seconds."
    return (
        "To publish it, materialize `publication_approval` for this account, by itself, "
        f"or run `etsy-pipeline sync approve {job.transaction_id} --by NAME`."
    )


def approval_metadata(shop: str, approval: Approval) -> dict[str, Any]:
    """Who approved a plan, when, and through what: on `publication_approval`, also where it came from elsewhere."""
    return {
        "shop": shop,
        "approved_by": visible(approval.decided_by),
        "approved_at": str(approval.created_at),
        "approved_through": approval.decided_through,
        "note": visible(approval.note),
        "transaction_id": approval.transaction_id,
        "plan_digest": approval.plan_digest[:DIGEST_SHOWN],
    }


def publication_metadata(job: EtsySyncJob, links: Sequence[Link], *, calls: int) -> dict[str, Any]:
    """The outcome on `published_listings`: counts as numbers, so that Dagster plots them.

    Args:
        job: as it is now.
        links: of the account.
        calls: to Etsy that this run made.
    """
    errors = job.error_log.items()
    listings = (
        (
            link.product_title,
            link.listing_state or "",
            Markdown.link(str(link.etsy_listing_id), link.etsy_url or ""),
        )
        for link in links
        if link.etsy_listing_id
    )
    return {
        "synced_count": job.synced_count,
        "failed_count": job.failed_count,
        "skipped_count": job.skipped_count,
        "deferred_count": job.deferred_count,
        "total_products": job.total_products,
        "status": job.state.words,
        "api_calls": calls,
        "planned_fees_usd": job.totals.fees_usd_cents / 100,
        **_lag(job),
        "transaction_id": job.transaction_id,
        "plan_digest": (job.plan_digest or "")[:DIGEST_SHOWN],
        "errors": table(
            ("product id", "what happened"),
            errors,
            total=job.failed_count + bool(job.message),
            command=f"etsy-pipeline sync status {job.transaction_id} --errors",
        ),
        "listings": table(("product", "state", "listing"), listings, total=sum(bool(x.etsy_listing_id) for x in links)),
    }


def _lag(job: EtsySyncJob) -> dict[str, float]:
    """How long a sync that is over took, from when it was asked for, and from when it was approved.

    Of one that answers changes of stock also in seconds, from the first of them by Medusa's clock.
    """
    if job.completed_at is None:
        return {}
    found = {"minutes_since_asked": _minutes(job.created_at, job.completed_at)}
    if job.confirmed_at:
        found["minutes_since_approved"] = _minutes(job.confirmed_at, job.completed_at)
    if job.stock_changed_at and job.synced_count:
        seconds = (job.completed_at - job.stock_changed_at).total_seconds()
        found["seconds_since_changed_in_medusa"] = max(0.0, round(seconds, 1))
    return found


def _minutes(since: datetime, until: datetime) -> float:
    return round((until - since).total_seconds() / 60, 1)


class Markdown(str):
    """Markdown of our own in a cell; all other text is escaped."""

    __slots__ = ()

    @classmethod
    def link(cls, text: str, address: str) -> "Markdown":
        """A link to a page of the web; nothing but the text where the address is none."""
        is_page = _ADDRESS.fullmatch(address) is not None
        return cls(f"[{literal(text)}]({address})" if is_page else literal(text) if address else "")


def literal(text: str) -> str:
    """Text of others, to be shown as it is: it neither leads anywhere nor hides anything."""
    return _MARKS.sub(r"\\\g<0>", visible(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


RULE = Markdown("---")


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(cell if isinstance(cell, Markdown) else _cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return literal(text if len(text) <= CELL_LENGTH else text[: CELL_LENGTH - 1] + "…")
