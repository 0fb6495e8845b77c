"""Asking for a sync: one row, from which a sensor makes a Dagster run."""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Literal

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.store import accounts, jobs, requests
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount, EtsySyncJob

Trigger = Literal["ui", "cli", "api", "schedule", "backfill", "demo"]


def request_sync(
    store: Store,
    account_id: str,
    *,
    product_ids: tuple[str, ...] | None,
    trigger: Trigger,
    idempotency_key: str | None = None,
) -> EtsySyncJob:
    """Ask for a sync of some products, or (None) of the shop's whole selection.

    With an `idempotency_key`, the same request made again gives the same sync.

    Raises:
        NotFound: `account_not_found`.
        Conflict: `account_not_connected`, `idempotency_key_reused`.
        BadRequest: `no_products`.
    """
    if product_ids is not None and not product_ids:
        raise BadRequest(
            "No product was named.", code="no_products", hint="Name product ids, or ask for the whole selection."
        )
    selection = None if product_ids is None else Selection(product_ids=tuple(dict.fromkeys(product_ids)))
    with store.writing() as session:
        job = new_job(account_id, trigger)
        if idempotency_key is not None:
            known = requests.claim(session, idempotency_key, _hash(account_id, selection), job.transaction_id)
            if known != job.transaction_id:
                return jobs.get(session, known)
        require_connected(accounts.get(session, account_id))
        job.requested_selection = selection.model_dump(mode="json") if selection else None
        session.add(job)
    return job


def _hash(account_id: str, selection: Selection | None) -> str:
    asked = json.dumps([account_id, selection.product_ids if selection else None])
    return hashlib.sha256(asked.encode()).hexdigest()


def note_failed_plan(store: Store, account_id: str, *, trigger: str, run_id: str, message: str) -> None:
    """Put a sync into the books whose planning failed before there was one, so that somebody hears of it."""
    with store.writing() as session:
        if jobs.of_plan_run(session, run_id) is not None:
            return
        job = new_job(account_id, trigger)
        job.status, job.completed_at, job.plan_run_id = "failed", job.created_at, run_id
        job.error_log = {"job": message}
        session.add(job)


def new_job(account_id: str, trigger: str) -> EtsySyncJob:
    """A job that nothing is known of yet but who asked for it."""
    return EtsySyncJob(
        id=f"sync_job_{secrets.token_hex(8)}",
        transaction_id=f"wf_{secrets.token_hex(8)}",
        etsy_account_id=account_id,
        trigger=trigger,
        status="pending",
        error_log={},
        totals={},
        created_at=datetime.now(UTC),
    )


def require_connected(account: EtsyAccount) -> None:
    """Refuse an account that has no shop.

    Raises:
        Conflict: `account_not_connected`.
    """
    if not account.is_active or account.shop_id is None:
        raise Conflict(
            f"The account {account.id} ({account.name}) is not connected to an Etsy shop.",
            code="account_not_connected",
            hint=f"Run `etsy-pipeline accounts connect {account.id}`.",
        )
