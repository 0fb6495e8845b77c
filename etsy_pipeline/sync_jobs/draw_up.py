"""Drawing up the plan of a sync: validated listings and links → items, totals and digest, in one transaction."""

import itertools
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from etsy_pipeline.errors import Conflict
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.digest import item_digest, plan_digest
from etsy_pipeline.planning.plan import PlanItem, plan_product, plan_removed
from etsy_pipeline.planning.plan_view import Totals, totals
from etsy_pipeline.store import accounts, jobs, links
from etsy_pipeline.store.accounts import fingerprint
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.sync_jobs.request import new_job, require_connected

PRODUCTS_AT_ONCE = 500


def draw_up_plan(
    store: Store,
    *,
    account_id: str,
    transaction_id: str | None,
    trigger: str,
    validated: Iterable[ValidatedListing],
    covers_selection: bool,
    amount_unit: str,
    snapshot_ref: str,
    run_id: str,
) -> EtsySyncJob:
    """Draw up the plan of a requested sync, or of a new one, and supersede older plans of the account.

    Args:
        store: the database.
        account_id: whose plan.
        transaction_id: of the requested sync; None makes a new one.
        trigger: who asked, for a new one.
        validated: the listings, streamed.
        covers_selection: whether these are all the products that the shop sells, so that others are gone.
        amount_unit: the unit of Medusa's amounts (part of what makes a plan stale).
        snapshot_ref: which snapshot it was.
        run_id: the Dagster run that draws it up.

    Raises:
        Conflict: `publication_in_progress`, `account_not_connected`, `already_decided`.
    """
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        require_connected(account)
        _require_nothing_in_progress(session, account_id)
        job = _job(session, account_id, transaction_id, trigger)
        jobs.clear_items(session, job.id)
        digests = _write_items(session, account, job, validated, covers_selection=covers_selection)
        job.shop_fingerprint = fingerprint(account, amount_unit)
        job.plan_digest = plan_digest(
            shop_id=account.shop_id or 0, shop_fingerprint=job.shop_fingerprint, item_digests=digests
        )
        job.planned_at, job.plan_run_id, job.snapshot_ref = datetime.now(UTC), run_id, snapshot_ref
        _supersede_older(session, job)
    return job


def digest_of_stored_plan(session: Session, account: EtsyAccount, job: EtsySyncJob, amount_unit: str) -> str:
    """The digest that the plan has now: it differs from the job's when items or shop settings changed since."""
    digests = [
        item_digest(item.product_id, item.action, item.etsy_listing_id, item.desired)
        for item in jobs.items(session, job.id)
    ]
    return plan_digest(
        shop_id=account.shop_id or 0, shop_fingerprint=fingerprint(account, amount_unit), item_digests=digests
    )


def _require_nothing_in_progress(session: Session, account_id: str) -> None:
    for job in jobs.with_status(session, *jobs.PUBLISHING, account_id=account_id):
        raise Conflict(
            f"The sync {job.transaction_id} of this account is approved and not yet finished (status {job.status}).",
            code="publication_in_progress",
            hint=f"Wait for it (`etsy-pipeline sync status {job.transaction_id}`) or cancel it, then plan again.",
        )


def _job(session: Session, account_id: str, transaction_id: str | None, trigger: str) -> EtsySyncJob:
    if transaction_id is None:
        job = new_job(account_id, trigger)
        session.add(job)
        session.flush()
        return job
    job = jobs.get(session, transaction_id, lock=True)
    if job.status != "pending":
        raise Conflict(
            f"The sync {transaction_id} cannot be planned any more: it is {job.status}.",
            code="already_decided",
            hint="Ask for a new sync.",
        )
    return job


def _write_items(
    session: Session,
    account: EtsyAccount,
    job: EtsySyncJob,
    validated: Iterable[ValidatedListing],
    *,
    covers_selection: bool,
) -> list[str]:
    digests: list[str] = []
    sums = Totals()
    stream = iter(validated)
    while batch := list(itertools.islice(stream, PRODUCTS_AT_ONCE)):
        known = links.of_products(session, account.id, [listing.product_id for listing in batch])
        planned = [plan_product(listing, known.get(listing.product_id)) for listing in batch]
        sums += _add_rows(session, job, planned, digests)
    if covers_selection:
        removed = [plan_removed(link) for link in links.not_in_plan(session, account.id, job.id)]
        sums += _add_rows(session, job, removed, digests)
    job.totals, job.total_products = sums.as_dict(), sums.products
    return digests


def _add_rows(session: Session, job: EtsySyncJob, planned: list[PlanItem], digests: list[str]) -> Totals:
    for item in planned:
        row = _row(job.id, len(digests), item)
        digests.append(item_digest(row.product_id, row.action, row.etsy_listing_id, row.desired))
        session.add(row)
    session.flush()
    for written in list(session):
        if isinstance(written, SyncItem):
            session.expunge(written)  # a large plan must not pile up in memory
    return totals(planned)


def _row(job_id: str, position: int, item: PlanItem) -> SyncItem:
    return SyncItem(
        sync_job_id=job_id,
        product_id=item.product_id,
        position=position,
        product_title=item.product_title,
        action=item.action,
        reason=item.reason,
        desired=listing_to_json(item.desired) if item.desired else None,
        differences=[asdict(difference) for difference in item.differences],
        verdicts=[asdict(verdict) for verdict in item.verdicts],
        etsy_listing_id=item.etsy_listing_id,
        estimated_calls=item.cost.calls,
        fee_usd_cents=item.cost.fee_usd_cents,
        outcome="waiting",
    )


def _supersede_older(session: Session, job: EtsySyncJob) -> None:
    for older in jobs.with_status(session, "pending", account_id=job.etsy_account_id):
        if older.id != job.id and older.plan_digest is not None:
            older.status, older.completed_at = "superseded", datetime.now(UTC)
