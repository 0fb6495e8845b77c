"""Drawing up the plan of a sync: validated listings, links and live listings → items, totals, brakes and digest.

Items are written some hundred at a time, with no lock held while Etsy is asked. The digest comes last: a job without
one has no plan, so a plan that was not finished can never be approved.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec import to_builtins

from etsy_pipeline.errors import Conflict
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.content_check import Sha256IfChanged, with_changed_images
from etsy_pipeline.planning.approval_policy import PolicyReview
from etsy_pipeline.planning.brakes import of_plan
from etsy_pipeline.planning.digest import item_digest, plan_digest
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan import PlanItem, plan_product, plan_removed
from etsy_pipeline.planning.plan_view import Totals, groups_of, totals
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sold import held_back, is_stock_read
from etsy_pipeline.store import accounts, jobs, links, webhooks
from etsy_pipeline.store.accounts import fingerprint, settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsyAccount, EtsySyncJob
from etsy_pipeline.sync.request import new_job, require_connected

PRODUCTS_AT_ONCE = 500
GROUPS_KEPT = 100

LiveOf = Callable[[Sequence[int]], Mapping[int, LiveListing]]


def nothing_live(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
    """Where the live listings are not to be read, or cannot be."""
    del listing_ids
    return {}


def build_plan(
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
    live_of: LiveOf = nothing_live,
    quota: Quota | None = None,
    sha256_if_changed: Sha256IfChanged | None = None,
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
        quota: how many calls Etsy still allows.
        live_of: reads listings as Etsy has them now, by id; what it leaves out is planned from what was published.
            Not asked where `check_live` is off, unless orders came in since a plan last read the whole shop.
        sha256_if_changed: asks for a picture, where the shop's `image_check` is by content.

    Returns:
        The job. Its totals say why a person has to decide (`for_a_person`); nothing where the shop's policy approves.

    Raises:
        Conflict: `publication_in_progress`, `account_not_connected`, `already_decided`, `plan_taken_over`.
    """
    with store.writing() as session:
        account, job = _open(session, account_id, transaction_id, trigger)
        job.plan_run_id, job.snapshot_ref, job.plan_digest = run_id, snapshot_ref, None
        settings = settings_of(account)
        jobs.clear_items(session, job.id)
        linked, on_sale = links.with_listing(session, account_id)
        marks = webhooks.sold_marks(session, account.shop_id or 0)
    live_of = live_of if settings.check_live or marks else nothing_live
    check = sha256_if_changed if settings.image_check == "content" else None
    review = PolicyReview(settings.approval)
    builder = _PlanBuilder(store, account, job, run_id, settings, live_of, check, len(marks), review)
    stream = iter(validated)
    while batch := list(itertools.islice(stream, PRODUCTS_AT_ONCE)):
        builder.add(batch)
    missing = builder.add_removed() if covers_selection else 0
    plan_brakes = of_plan(
        linked=linked,
        missing=missing,
        deactivations=builder.totals.deactivate,
        on_sale=on_sale,
        fees_usd_cents=builder.totals.fees_usd_cents,
        limits=settings.brakes,
    )
    with store.writing() as session:
        account, job = _open(session, account_id, job.transaction_id, trigger)
        _require_ours(job, run_id)
        job.shop_fingerprint = fingerprint(account, amount_unit)
        job.plan_digest = plan_digest(
            shop_id=account.shop_id or 0, shop_fingerprint=job.shop_fingerprint, item_digests=builder.digests
        )
        job.totals = builder.totals.as_dict() | {
            "groups": [[*group, count] for group, count in builder.groups.most_common(GROUPS_KEPT)],
            "quota": to_builtins(quota),
            "for_a_person": builder.review.objections(plan_brakes),
        }
        job.total_products = builder.totals.products
        job.brakes, job.planned_at = to_builtins(plan_brakes), datetime.now(UTC)
        if covers_selection and not builder.unread:
            webhooks.looked_at(session, marks, job.planned_at)
        _supersede_older(session, job)
    return job


def digest_of_stored_plan(session: Session, account: EtsyAccount, job: EtsySyncJob, amount_unit: str) -> str:
    """The digest that the plan has now: it differs from the job's when items or shop settings changed since."""
    digests = [
        _digest(item.product_id, item.action, item.etsy_listing_id, item.desired, item.differences)
        for item in jobs.items(session, job.id)
    ]
    return plan_digest(
        shop_id=account.shop_id or 0, shop_fingerprint=fingerprint(account, amount_unit), item_digests=digests
    )


@dataclass(slots=True)
class _PlanBuilder:
    """A plan that is being drawn up, batch by batch. `orders` came in since; `unread` listings may have sold pieces."""

    store: Store
    account: EtsyAccount
    job: EtsySyncJob
    run_id: str
    settings: ShopSettings
    live_of: LiveOf
    sha256_if_changed: Sha256IfChanged | None
    orders: int
    review: PolicyReview
    digests: list[str] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    groups: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    unread: int = 0

    def add(self, batch: Sequence[ValidatedListing]) -> None:
        """Plan some products; of one that the snapshot holds twice, the first counts."""
        fresh = []
        for item in batch:
            if item.product_id not in self.seen:
                self.seen.add(item.product_id)
                fresh.append(item)
        product_ids = [item.product_id for item in fresh]
        with self.store.reading() as session:
            rows = links.rows_of(session, self.account.id, product_ids)
            images = links.images_of(session, self.account.id, product_ids) if self.sha256_if_changed else {}
        if self.sha256_if_changed:
            fresh = with_changed_images(fresh, rows, images, self.sha256_if_changed)
        known = {product_id: links.as_link(row) for product_id, row in rows.items()}
        live = self._live(known.values())
        self._write([self._planned(item, known.get(item.product_id), live) for item in fresh])

    def add_removed(self) -> int:
        """Plan the linked products that no batch had; how many there were."""
        count = 0
        while True:
            with self.store.reading() as session:
                gone = links.not_in_plan(session, self.account.id, self.job.id)
            if not gone:
                return count
            live = self._live(gone)
            self._write([plan_removed(link, live.get(link.etsy_listing_id or 0), self.settings) for link in gone])
            count += len(gone)

    def _planned(self, item: ValidatedListing, link: Link | None, live: Mapping[int, LiveListing]) -> PlanItem:
        found = live.get(link.etsy_listing_id) if link and link.etsy_listing_id else None
        return held_back(plan_product(item, link, found, self.settings), found, self.orders)

    def _live(self, known: Iterable[Link]) -> Mapping[int, LiveListing]:
        ids = [link.etsy_listing_id for link in known if link.etsy_listing_id is not None]
        found = self.live_of(ids) if ids else {}
        self.unread += sum(not is_stock_read(found.get(listing_id)) for listing_id in ids)
        return found

    def _write(self, planned: Sequence[PlanItem]) -> None:
        rows = [_row(self.job.id, len(self.digests) + number, item) for number, item in enumerate(planned)]
        with self.store.writing() as session:
            _require_ours(jobs.get(session, self.job.transaction_id), self.run_id)
            jobs.add_items(session, rows)
        for row, item in zip(rows, planned, strict=True):
            listing = row["product_id"], row["action"], row["etsy_listing_id"], row["desired"]
            self.digests.append(_digest(*listing, row["differences"]))
            self.review.look_at(item)
            self.groups.update(groups_of(item))
        self.totals += totals(planned)


def _open(
    session: Session, account_id: str, transaction_id: str | None, trigger: str
) -> tuple[EtsyAccount, EtsySyncJob]:
    account = accounts.get(session, account_id, lock=True)
    require_connected(account)
    _require_nothing_in_progress(session, account_id)
    return account, _job(session, account_id, transaction_id, trigger)


def _require_nothing_in_progress(session: Session, account_id: str) -> None:
    for job in jobs.with_status(session, *jobs.PUBLISHING, account_id=account_id):
        raise Conflict(
            f"The sync {job.transaction_id} of this account is approved and not yet finished (status {job.status}).",
            code="publication_in_progress",
            hint=f"Wait for it (`etsy-pipeline sync status {job.transaction_id}`) or cancel it, then plan again.",
        )


def _require_ours(job: EtsySyncJob, run_id: str) -> None:
    if job.plan_run_id != run_id:
        raise Conflict(
            f"Another run ({job.plan_run_id}) draws up the plan of {job.transaction_id} meanwhile.",
            code="plan_taken_over",
            hint="Look at that run; this one ends here.",
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


def _row(job_id: str, position: int, item: PlanItem) -> dict[str, Any]:
    return {
        "sync_job_id": job_id,
        "product_id": item.product_id,
        "position": position,
        "product_title": item.product_title,
        "action": item.action,
        "reason": item.reason,
        "desired": listing_to_json(item.desired) if item.desired else None,
        "differences": to_builtins(item.differences),
        "verdicts": to_builtins(item.verdicts),
        "conflicts": [to_builtins(conflict) | {"message": conflict.message} for conflict in item.conflicts],
        "brakes": to_builtins(item.brakes),
        "care": item.care,
        "etsy_listing_id": item.etsy_listing_id,
        "estimated_calls": item.cost.calls,
        "fee_usd_cents": item.cost.fee_usd_cents,
        "outcome": "waiting",
    }


def _digest(
    product_id: str,
    action: str,
    etsy_listing_id: int | None,
    desired: str | None,
    differences: Iterable[Mapping[str, Any]],
) -> str:
    return item_digest(product_id, action, etsy_listing_id, desired, (change["field"] for change in differences))


def _supersede_older(session: Session, job: EtsySyncJob) -> None:
    for older in jobs.with_status(session, "pending", account_id=job.etsy_account_id):
        if older.id != job.id and older.plan_digest is not None:
            older.status, older.completed_at = "superseded", datetime.now(UTC)
