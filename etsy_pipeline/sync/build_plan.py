"""Drawing up the plan of a sync: validated listings, links and live listings → items, totals, brakes and digest.

How products become items: `plan_builder.py`. The state changes last, together with the digest, so a plan that was not
finished can never be approved. A plan that sends nothing is over at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.content_check import Sha256IfChanged
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.digest import plan_digest
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sending_order import days_of
from etsy_pipeline.planning.undecided import to_be_decided
from etsy_pipeline.store import accounts, clock, items, jobs, links, pending_links, progress, webhooks
from etsy_pipeline.store.accounts import fingerprint, policy_fingerprint, settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SoldMark
from etsy_pipeline.store.sync_states import PENDING, SyncState
from etsy_pipeline.sync import books, early_confirm, holds, lifecycle, pending_products, stock_lane
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.matching import Identified, LookThrough
from etsy_pipeline.sync.open_sales import AskOrders
from etsy_pipeline.sync.plan_builder import LiveOf, PlanBuilder, builder_of, cannot_be_planned
from etsy_pipeline.sync.request import require_connected

GROUPS_KEPT = 100


def begin_plan(store: Store, *, account_id: str, transaction_id: str | None, trigger: str, run_id: str) -> EtsySyncJob:
    """Note that a run draws up the plan of a sync: of the requested one, or of a new one that nobody asked for.

    Within a run it may be called again: the sync is the same. Where another sync of the account is under way, the plan
    is of the stock lane (`stock_lane.py`).

    Args:
        store: the database.
        account_id: whose plan.
        transaction_id: of the requested sync; None for the run's own.
        trigger: who asked, for a new one.
        run_id: the Dagster run.

    Raises:
        NotFound: `account_not_found`, `sync_job_not_found`.
        Conflict: `account_not_connected`, `already_decided`.
    """
    with store.writing() as session:
        return _begun(session, account_id, transaction_id, trigger, run_id)[1]


def build_plan(
    store: Store,
    *,
    account_id: str,
    transaction_id: str | None,
    trigger: str,
    validated: Iterable[ValidatedListing],
    identified: Identified,
    covers_selection: bool,
    amount_unit: str,
    run_id: str,
    live_of: LiveOf,
    look_through: LookThrough,
    quota: Quota | None = None,
    sha256_if_changed: Sha256IfChanged | None = None,
    stock_from: str = "",
    ask_orders: AskOrders | None = None,
    stock_read_at: datetime | None = None,
    snapshot: str | None = None,
) -> EtsySyncJob:
    """Draw up the plan of a requested sync, or of the run's own, and supersede older plans of the account.

    Args:
        store: the database.
        account_id: whose plan.
        transaction_id: of the requested sync; None for the run's own (`begin_plan`).
        trigger: who asked, for a new one.
        validated: the listings, streamed.
        identified: the same products, as they are compared with what is in the shop.
        covers_selection: whether these are all the products that the shop sells, so that others are gone.
        amount_unit: the unit of Medusa's amounts (part of what makes a plan stale).
        run_id: the Dagster run that draws it up.
        live_of: reads listings as Etsy has them now, by id; not asked where `check_live` is off, orders aside.
        look_through: looks through the shop where that was not done lately; asked only where a product is new.
        quota: how many calls Etsy still allows.
        sha256_if_changed: asks for a picture, where the shop's `image_check` is by content.
        stock_from: which of Medusa's stock locations counted, in words.
        ask_orders: reads orders of a shop whose sales come to Medusa, after listings were; else no pieces are added.
        stock_read_at: when Medusa's stock began to be read, by the database's clock.
        snapshot: the key of what the listings were read from.

    Returns:
        The job: planned, over, or approved (`early_confirm.py`). `for_a_person` says why a person has to decide.

    Raises:
        NotFound: `account_not_found`, `sync_job_not_found`.
        Conflict: `account_not_connected`, `already_decided`, `plan_taken_over`, `prices_in_other_currency`, and holds'.
    """
    books.check(store, account_id)
    with store.writing() as session:
        holds.require_plannable(session, account_id)
        account, job = _begun(session, account_id, transaction_id, trigger, run_id)
        on_sale, marks = links.on_sale_count(session, account_id), webhooks.sold_marks(session, account.shop_id or 0)
        builder = builder_of(store, session, account, job, live_of, sha256_if_changed, len(marks))
        builder.know_stock(stock_from, stock_read_at, ask_orders, snapshot)
    if not job.rollback_of:
        builder.compare(identified, look_through, covers_selection=covers_selection)
    builder.add(validated)
    brakes = builder.brakes_of_all(on_sale, builder.add_removed() if covers_selection else 0)
    return _finish(store, builder, brakes, quota, marks if covers_selection and not builder.unread else [], amount_unit)


def digest_of_stored_plan(session: Session, account: EtsyAccount, job: EtsySyncJob, amount_unit: str) -> str:
    """The digest that the plan has now: it differs from the job's when items or shop settings changed since."""
    of_shop = fingerprint(account, amount_unit, like=job.shop_fingerprint)
    return _plan_digest(account, of_shop, items.digests(session, job.id))


def _begun(
    session: Session, account_id: str, transaction_id: str | None, trigger: str, run_id: str
) -> tuple[EtsyAccount, EtsySyncJob]:
    """The account, locked, and the sync in state planning, by this run."""
    account = accounts.get(session, account_id, lock=True)
    require_connected(account)
    if transaction_id is None:
        known = jobs.of_plan_run(session, run_id)
        if known is None:
            lane = stock_lane.next_lane(session, account_id, trigger)
            return account, lifecycle.new_job(session, account_id, trigger=trigger, plan_run_id=run_id, lane=lane)
        transaction_id = known.transaction_id
    job = jobs.get(session, transaction_id, lock=True)
    if job.state is SyncState.PLANNING and job.plan_run_id == run_id:
        return account, job
    if job.state not in PENDING:
        raise cannot_be_planned(job)
    lane = stock_lane.next_lane(session, account_id, job.trigger)
    began: dict[str, Any] = {"plan_run_id": run_id, "plan_digest": None, "planned_at": None, "lane": lane}
    return account, lifecycle.move(session, job, Event.BEGIN_PLAN, who="planner", **began)


def _finish(
    store: Store,
    builder: PlanBuilder,
    brakes: Sequence[Brake],
    quota: Quota | None,
    marks_read: Sequence[SoldMark],
    amount_unit: str,
) -> EtsySyncJob:
    """The end of planning, in one transaction: the plan as a whole, what it supersedes, and whether it is approved."""
    beside = builder.beside
    with store.writing() as session:
        now = clock.now(session)
        account = accounts.get(session, builder.account.id, lock=True)
        require_connected(account)
        job = jobs.get(session, builder.job.transaction_id, lock=True)
        builder.require_ours(job)
        if job.lane == "full" and (other := jobs.under_way(session, account.id)) is not None:
            builder.leave_to(session, other)
        builder.lower_first(session)
        sums = replace(builder.totals, held=beside.held, left_for_later=beside.left_for_later)
        sums = replace(sums, held_oversold=beside.oversold)
        sums = replace(sums, month_usd_cents=builder.month_usd_cents, looks=sums.looks + builder.looks_beside(session))
        shop_fingerprint = fingerprint(account, amount_unit)
        early = early_confirm.judged(session, job, settings_of(account), brakes, sums)
        plan = jobs.plan_columns(
            sums,
            groups=[(*group, count) for group, count in builder.groups.most_common(GROUPS_KEPT)],
            quota=quota,
            for_a_person=[
                *_takes_back(job),
                *builder.review.objections(brakes),
                *(early.for_a_person if early else ()),
                *(hold.message for hold in holds.of(session, account.id)),
            ],
            brakes=brakes,
            days=days_of(builder.sending, quota, now.date(), sums.looks),
            policy=policy_fingerprint(account),
            stock_from=builder.stock_from,
            new_sections=builder.new_sections,
        ) | {
            "shop_fingerprint": shop_fingerprint,
            "plan_digest": _plan_digest(account, shop_fingerprint, builder.digests),
            "planned_at": now,
            "snapshot": builder.snapshot,
        }
        webhooks.looked_at(session, marks_read, now)
        lifecycle.supersede_older(session, job)
        if sums.changes:
            job = lifecycle.move(session, job, Event.FINISH_PLAN, who="planner", **plan)
            pending_products.note_plan(session, job)
        else:
            job = _nothing_to_do(session, job, plan, now, undecided=len(builder.matches.candidates))
        if early is not None:
            job = early.carried_out(session, job)
    return job


def _takes_back(job: EtsySyncJob) -> list[str]:
    return [f"it takes {job.rollback_of} back"] if job.rollback_of else []


def _nothing_to_do(
    session: Session, job: EtsySyncJob, plan: Mapping[str, Any], now: datetime, *, undecided: int
) -> EtsySyncJob:
    """Nothing is sent, so nobody has to approve: products are as a publication would leave them.

    Where no product is right the sync failed; but those that may be on Etsy already only wait for a decision.
    """
    pending_links.fail_invalid(session, job, now)
    progress.finish_unsent(session, job.id, now)
    outcomes = items.outcomes(session, job.id)
    told = {"job": to_be_decided(undecided, job.etsy_account_id)} if undecided else {}
    values = {**plan, **jobs.counts_of(outcomes), "error_log": told | items.errors(session, job.id)}
    nothing_is_right = outcomes["failed"] > undecided and outcomes["skipped"] == 0
    event = Event.FAIL if nothing_is_right else Event.FIND_NOTHING
    return lifecycle.move(session, job, event, who="planner", at=now, **values)


def _plan_digest(account: EtsyAccount, shop_fingerprint: str, item_digests: Iterable[str]) -> str:
    return plan_digest(shop_id=account.shop_id or 0, shop_fingerprint=shop_fingerprint, item_digests=item_digests)
