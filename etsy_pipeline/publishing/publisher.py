"""Carrying out an approved plan: what has to be true before it begins, and how a publication ends.

The loop over the products is in `rounds.py`.
"""

import functools
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime

from etsy_pipeline import telemetry
from etsy_pipeline.errors import Conflict, PipelineError, StoreUnavailable
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.plan import of_stock_lane
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.guard import Guard
from etsy_pipeline.publishing.item import ItemPublisher
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.lease import SECONDS, Lease, cut_short
from etsy_pipeline.publishing.outcomes import PAUSE_BEFORE_RETRY, OutcomeRecorder, Progress
from etsy_pipeline.publishing.rounds import Rounds
from etsy_pipeline.publishing.sections import ShopSections
from etsy_pipeline.publishing.source import Source
from etsy_pipeline.store import accounts, clock, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync import books, holds, lifecycle
from etsy_pipeline.sync.build_plan import digest_of_stored_plan
from etsy_pipeline.sync.expiry import require_fresh
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.open_sales import AskOrders, OpenSalesOfShop

logger = logging.getLogger(__name__)

MAX_STARTS = 5  # publishers of one sync that may die one after the other without getting anything done
PRODUCTS_AT_ONCE = 4  # while Etsy thinks about one product, others are sent
PATIENCE_SECONDS = 300.0  # with a database that another program keeps locked; others wait a tenth of that

HINT_APPROVE = (
    "Look at the plan on sync_plan, then materialize publication_approval for this account (or run "
    "`etsy-pipeline sync approve TRANSACTION_ID --by NAME`); the sensor approved_syncs then publishes it."
)


def approved_job(store: Store, account_id: str, transaction_id: str | None = None) -> EtsySyncJob:
    """The job of an account that may be published now.

    Raises:
        Conflict: `not_approved`.
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        if transaction_id is None:
            ready = jobs.in_state(session, *UNDER_WAY, account_id=account_id)
            why = f"No sync of the account {account_id} is approved"
        else:
            job = jobs.get(session, transaction_id)
            ready = [job] if job.state in UNDER_WAY and job.etsy_account_id == account_id else []
            why = f"The sync {transaction_id} is {job.state.words}, not approved"
    if not ready:
        raise Conflict(f"{why}: nothing is published.", code="not_approved", hint=HINT_APPROVE)
    return ready[0]


def publish(
    store: Store,
    client: ShopClient,
    pictures: PictureSource,
    transaction_id: str,
    *,
    amount_unit: str,
    run_id: str,
    source: Source,
    ask_orders: AskOrders | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] | None = None,
    lease_seconds: float = SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
    most_starts: int = MAX_STARTS,
    at_once: int = PRODUCTS_AT_ONCE,
) -> EtsySyncJob:
    """Publish an approved plan and record what happened to every product.

    It ends as completed (with errors), as failed, or it pauses. Right before a product is sent, Etsy and Medusa are
    looked at; nothing is published without these looks and the lease.

    Args:
        store: the database.
        client: the shop's Etsy.
        pictures: where the products' pictures come from.
        transaction_id: of the approved sync.
        amount_unit: the unit of Medusa's amounts (part of what makes a plan stale).
        run_id: who publishes.
        source: tells what products are now.
        ask_orders: reads orders of a shop whose sales come to Medusa; where it cannot, no pieces are added.
        on_progress: told of each product.
        sleep: waits so many seconds.
        now: the clock by which it pauses; the database's, unless a test has its own.
        lease_seconds: how long another publisher is kept out when this one has died.
        patience_seconds: how long a locked database is waited for.
        most_starts: publishers that may die in a row without getting anything done.
        at_once: products that are carried out side by side.

    Raises:
        Conflict: `not_approved`, `approval_expired`, `plan_stale`, `account_held`; NotConfigured: `fence_unreadable`.
        TakenOver: `publisher_active`, `lease_lost`: another publisher is at work, and the job is its business.
        StoreUnavailable: the database stays away; the job stays as it is, for the next publisher.
    """
    now = now or store.now
    with store.patient(patience_seconds):
        begun = _begun(store, transaction_id, amount_unit, run_id, now(), lease_seconds)
    journal = Journal(store, begun.job, begun.lease)
    published = functools.partial(_published, store, client, pictures, source, ask_orders, on_progress, sleep, now)
    try:
        with store.patient(patience_seconds), begun.lease.kept(), telemetry.of_run(run_id), _observed(begun.job):
            if begun.starts > most_starts:
                return journal.finish(Event.FAIL, message=_keeps_dying(begun.starts - 1))
            return published(at_once, begun, journal)
    except StoreUnavailable as error:
        logger.warning("publication_interrupted transaction_id=%s code=%s", transaction_id, error.code)
        return journal.finish(Event.PAUSE, message=str(error), resume_at=now() + PAUSE_BEFORE_RETRY)
    finally:
        begun.lease.give_up()


def _observed(job: EtsySyncJob) -> AbstractContextManager[telemetry.Span]:
    about = {"transaction_id": job.transaction_id, "account": job.etsy_account_id, "lane": job.lane}
    return telemetry.span("publication", **about)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A publication that has begun: its lease is taken. `starts` counts publishers without progress, with this one."""

    job: EtsySyncJob
    lease: Lease
    shop_id: int
    excluded: frozenset[str]
    settings: ShopSettings
    starts: int


def _published(
    store: Store,
    client: ShopClient,
    pictures: PictureSource,
    source: Source,
    ask_orders: AskOrders | None,
    on_progress: Callable[[Progress], None],
    sleep: Callable[[float], None],
    now: Callable[[], datetime],
    at_once: int,
    begun: _Begun,
    journal: Journal,
) -> EtsySyncJob:
    """All rounds over the products, while somebody looks after the shop; the job after them.

    What was sent completely is kept, whatever interrupts them.
    """
    publishing, stock = _publishers(begun, client, pictures, journal, sleep)
    settings = begun.settings if begun.job.lane == "full" else of_stock_lane(begun.settings)
    outcomes = OutcomeRecorder(journal, on_progress, now, settings.same_refusal_limit)
    guard = Guard(store, client, begun.job, begun.shop_id, outcomes=outcomes, now=now)
    sales = OpenSalesOfShop(store, begun.job.etsy_account_id, settings, ask_orders)
    rounds = Rounds(journal, publishing, stock, settings, begun.excluded, outcomes, guard, at_once, source, sales)
    try:
        job = rounds.publish()
    finally:
        with suppress(PipelineError):
            journal.keep_sent()
    guard.end()
    return job


def _publishers(
    begun: _Begun, client: ShopClient, pictures: PictureSource, journal: Journal, sleep: Callable[[float], None]
) -> tuple[ItemPublisher, ItemPublisher]:
    """Who publishes products, and who their stock and prices, with the calls that are reserved for these."""
    guarded = client.guarded(begun.lease.require)
    reserved = guarded.for_stock()
    shops = guarded if begun.job.lane == "full" else reserved, reserved
    settings = begun.settings
    updates_texts = settings.update_alt_texts or bool(begun.job.rollback_of)
    of_shop = settings.broken_images, updates_texts, settings.on_conflict == "keep"
    sections = ShopSections(guarded, begun.shop_id, journal)
    one, other = (ItemPublisher(shop, begun.shop_id, pictures, journal, sleep, sections, *of_shop) for shop in shops)
    return one, other


def _begun(
    store: Store, transaction_id: str, amount_unit: str, run_id: str, now: datetime, lease_seconds: float
) -> _Begun:
    require_fresh(store, transaction_id, now)
    cut_short(store)
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
    books.check(store, job.etsy_account_id)
    lease = Lease(store, job.etsy_account_id, job.lane, seconds=lease_seconds)
    try:
        return _begin(store, lease, transaction_id, amount_unit, run_id)
    except Conflict as error:
        if error.code == "plan_stale":
            _leave_to_a_person(store, transaction_id, str(error))
        raise


def _begin(store: Store, lease: Lease, transaction_id: str, amount_unit: str, run_id: str) -> _Begun:
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        if job.state not in UNDER_WAY:
            holds.require_free(session, job.etsy_account_id)
            raise Conflict(
                f"The sync {transaction_id} is {job.state.words}, not approved: nothing is published.",
                code="not_approved",
                hint=HINT_APPROVE,
            )
        account = accounts.get(session, job.etsy_account_id)
        excluded = _approved_exclusions(session, job)
        if digest_of_stored_plan(session, account, job, amount_unit) != job.plan_digest:
            raise Conflict(
                f"The plan of {transaction_id} is stale: the shop's settings or the plan changed after the approval.",
                code="plan_stale",
                hint="Ask for a new sync and review its plan; cancel this one if it is under way.",
            )
        starts = lease.take(session, job, run_id)
        started_at = job.started_at or clock.now(session)
        job = lifecycle.move(
            session, job, Event.BEGIN_PUBLICATION, who="publisher",
            publish_run_id=run_id, resume_at=None, started_at=started_at,
        )  # fmt: skip
        return _Begun(job, lease, account.shop_id or 0, excluded, settings_of(account), starts)


def _leave_to_a_person(store: Store, transaction_id: str, message: str) -> None:
    """A paused sync that cannot go on is not tried again and again: a person calls it off, and plans the rest anew."""
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        if job.state is SyncState.PAUSED:
            jobs.change(session, transaction_id, resume_at=None, error_log={**job.error_log, "job": message})


def _approved_exclusions(session: Session, job: EtsySyncJob) -> frozenset[str]:
    approval = jobs.approval(session, job.transaction_id)
    if approval is None or approval.decision != "approved" or approval.plan_digest != job.plan_digest:
        raise Conflict(
            f"The approval of {job.transaction_id} is not for the plan that it has now: nothing is published.",
            code="not_approved",
            hint=HINT_APPROVE,
        )
    return frozenset(approval.excluded_products)


def _keeps_dying(times: int) -> str:
    return (
        f"The publisher died {times} times in a row without getting anything done on Etsy. Look at the logs of its "
        "runs (out of memory?), then sync again. [publisher_keeps_dying]"
    )
