"""Syncs, links and items of plans as JSON; the HTTP API and the command line's `--json` give the same.

But for one thing: the id of a link's listing is text over HTTP (`api/links.py`).
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_view import row
from etsy_pipeline.store.records import ERRORS_IN_LOG, EtsySyncJob, ItemError, SyncItem
from etsy_pipeline.sync.early_confirm import EarlyConfirm


def job_view(job: EtsySyncJob, early: Mapping[str, EarlyConfirm]) -> dict[str, Any]:
    """A sync job: the mission's keys, and what else is known. `state` says more than `status`, the mission's word.

    `early` are the confirmations that came before the plan (`queries.early_confirms`).
    """
    return {
        "id": job.id,
        "transaction_id": job.transaction_id,
        "etsy_account_id": job.etsy_account_id,
        "trigger": job.trigger,
        "status": job.status,
        "state": job.state.value,
        "total_products": job.total_products,
        "synced_count": job.synced_count,
        "failed_count": job.failed_count,
        "skipped_count": job.skipped_count,
        "deferred_count": job.deferred_count,
        **error_log(job),
        "plan_digest": job.plan_digest,
        "snapshot": job.snapshot,
        "created_at": _iso(job.created_at),
        "planned_at": _iso(job.planned_at),
        "confirmed_at": _iso(job.confirmed_at),
        "started_at": _iso(job.started_at),
        "completed_at": _iso(job.completed_at),
        "resume_at": _iso(job.resume_at),
        "early_confirm": _early_confirm(early.get(job.transaction_id)),
    }


def error_log(job: EtsySyncJob) -> dict[str, Any]:
    """What is told of the first products that failed and of the sync as a whole (`job`), and whether that is all."""
    of_products = [(product_id, message) for product_id, message in job.error_log.items() if product_id != "job"]
    count = max(job.failed_count, len(of_products)) + bool(job.message)
    log = dict(of_products[:ERRORS_IN_LOG]) | ({"job": job.message} if job.message else {})
    return {"error_log": log, "error_count": count, "error_log_truncated": len(log) < count}


def error_view(error: ItemError) -> dict[str, Any]:
    """What is told of a product that failed."""
    return asdict(error)


def link_view(link: Link) -> dict[str, Any]:
    """Which listing a product became, and how it stands."""
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
        "transaction_id": link.transaction_id,
    }


def plan_item_view(item: SyncItem) -> dict[str, Any]:
    """An item: the line that people read, and what it was made of."""
    plan = item.plan
    return asdict(row(plan)) | {
        "reason": plan.reason,
        "life": plan.life,
        "differences": to_builtins(plan.differences),
        "conflicts": [to_builtins(conflict) | {"message": conflict.message} for conflict in plan.conflicts],
        "brakes": to_builtins(plan.brakes),
        "verdicts": to_builtins(plan.verdicts),
        "etsy_listing_id": plan.etsy_listing_id,
        "fee_usd_cents": plan.cost.fee_usd_cents,
        "outcome": item.outcome,
        "note": item.note,
    }


def _early_confirm(early: EarlyConfirm | None) -> dict[str, Any] | None:
    if early is None:
        return None
    return asdict(early) | {"decided_at": _iso(early.decided_at), "reasons": list(early.reasons)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
