"""Asking for a sync: one row, from which a sensor makes a Dagster run."""

import hashlib
import json
from datetime import datetime
from typing import Literal

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.store import accounts, activity, jobs, requests
from etsy_pipeline.store.activity import Deed, Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.sync import lifecycle, pending_products

Trigger = Literal["ui", "cli", "api", "schedule", "backfill", "demo", "stock"]


def request_sync(
    store: Store,
    account_id: str,
    *,
    product_ids: tuple[str, ...] | None,
    trigger: Trigger,
    idempotency_key: str | None = None,
    by: Doer | None = None,
    retry_of: str = "",
    stock_changed_at: datetime | None = None,
) -> EtsySyncJob:
    """Ask for a sync of some products, or (None) of the shop's whole selection. Links of named products are pending.

    With an `idempotency_key`, the same request made again gives the same sync. `by` is the person who asks, where it is
    one; `retry_of` the sync of which it tries again what failed. `stock_changed_at`: when what it answers happened.

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
        transaction_id = lifecycle.new_transaction_id()
        if idempotency_key is not None:
            known = requests.claim(session, idempotency_key, _hash(account_id, selection), transaction_id)
            if known != transaction_id:
                return jobs.get(session, known)
        require_connected(accounts.get(session, account_id))
        job = lifecycle.new_job(
            session,
            account_id,
            trigger=trigger,
            transaction_id=transaction_id,
            selection=selection,
            stock_changed_at=stock_changed_at,
        )
        pending_products.hold(session, job)
        deed: Deed = "asked_again" if retry_of else "asked"
        activity.note(session, by, deed, account_id=account_id, transaction_id=transaction_id, about=retry_of)
        return job


def _hash(account_id: str, selection: Selection | None) -> str:
    asked = json.dumps([account_id, selection.product_ids if selection else None])
    return hashlib.sha256(asked.encode()).hexdigest()


def note_failed_plan(store: Store, account_id: str, *, trigger: str, run_id: str, message: str) -> None:
    """Put a sync into the books whose planning failed before there was one, so that somebody hears of it."""
    with store.writing() as session:
        if jobs.of_plan_run(session, run_id) is None:
            lifecycle.new_failed_job(session, account_id, trigger=trigger, plan_run_id=run_id, message=message)


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
