"""Carrying out an approved plan: the loop over its items. One product's failure stops only that product."""

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from etsy_pipeline.errors import Conflict, NeedsPerson, PipelineError, Unavailable
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyUnavailable
from etsy_pipeline.etsy.pictures import PictureSource
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.publish_item import ItemPublisher
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsySyncJob, SyncItem
from etsy_pipeline.sync_jobs.draw_up import digest_of_stored_plan

logger = logging.getLogger(__name__)

UNAVAILABLE_IN_A_ROW = 5  # Etsy is down, not one product poisoned: stop instead of failing them all one by one
COUNT_EVERY = 10  # items between two updates of the job's counts

HINT_APPROVE = (
    "Look at the plan on sync_plan, then materialize publication_approval for this account (or run "
    "`etsy-pipeline sync approve TRANSACTION_ID --by NAME`); the sensor approved_syncs then publishes it."
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a publication has come."""

    done: int
    total: int
    product_title: str
    outcome: str


def approved_job(store: Store, account_id: str, transaction_id: str | None = None) -> EtsySyncJob:
    """The job of an account that may be published now.

    Raises:
        Conflict: `not_approved`.
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        if transaction_id is not None:
            job = jobs.get(session, transaction_id)
            ready = [job] if job.status in jobs.PUBLISHING and job.etsy_account_id == account_id else []
        else:
            ready = list(jobs.with_status(session, *jobs.PUBLISHING, account_id=account_id))
    if not ready:
        which = f"The sync {transaction_id}" if transaction_id else f"No sync of the account {account_id}"
        state = f" is {job.status}, not approved" if transaction_id else " is approved"
        raise Conflict(f"{which}{state}: nothing is published.", code="not_approved", hint=HINT_APPROVE)
    return ready[0]


def publish(
    store: Store,
    client: EtsyClient,
    pictures: PictureSource,
    transaction_id: str,
    *,
    amount_unit: str,
    run_id: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> EtsySyncJob:
    """Publish an approved plan and record what happened to every product.

    The job ends as `completed`, or `failed` when no product is in order or it could not go on, or `paused` when the
    day's calls are used up; updates of stock and price go on before that, with the calls that are reserved for them.

    Raises:
        Conflict: `not_approved`, `plan_stale`.
    """
    job, shop_id, excluded = _begin(store, transaction_id, amount_unit, run_id)
    journal = Journal(store, job)
    publishers = {
        is_stock: ItemPublisher(shop, shop_id, pictures, journal, sleep)
        for is_stock, shop in ((False, client), (True, client.for_stock()))
    }
    waiting = journal.waiting()
    unavailable = 0
    pause: Callable[[], EtsySyncJob] | None = None
    for done, product_id in enumerate(waiting, start=1):
        if journal.is_cancelled():
            return journal.finish("cancelled")
        item = journal.item(product_id)
        is_stock = _is_stock(item)
        if pause and not is_stock:
            continue
        try:
            outcome = _carry_out(publishers[is_stock], journal, item, is_excluded=product_id in excluded)
            unavailable = 0
        except EtsyQuotaExhausted as error:
            resume_at = now() + timedelta(seconds=error.retry_after_seconds)
            message = f"{error} It goes on at {resume_at:%Y-%m-%d %H:%M} UTC."
            pause = pause or functools.partial(journal.finish, "paused", message=message, resume_at=resume_at)
            if is_stock:
                break
            continue
        except NeedsPerson as error:
            return _stop(journal, error)
        except PipelineError as error:
            outcome = "failed"
            unavailable = _note_failure(journal, item, error, unavailable)
            if unavailable >= UNAVAILABLE_IN_A_ROW:
                return _stop(journal, error)
        on_progress(Progress(done, len(waiting), item.product_title, outcome))
        if done % COUNT_EVERY == 0:
            journal.count()
    return pause() if pause else _end(journal)


def _begin(store: Store, transaction_id: str, amount_unit: str, run_id: str) -> tuple[EtsySyncJob, int, frozenset[str]]:
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        if job.status not in jobs.PUBLISHING:
            raise Conflict(
                f"The sync {transaction_id} is {job.status}, not approved: nothing is published.",
                code="not_approved",
                hint=HINT_APPROVE,
            )
        account = accounts.get(session, job.etsy_account_id)
        excluded = _approved_exclusions(session, job)
        if digest_of_stored_plan(session, account, job, amount_unit) != job.plan_digest:
            raise Conflict(
                f"The plan of {transaction_id} is stale: the shop's settings or the plan changed after the approval.",
                code="plan_stale",
                hint="Ask for a new sync and review its plan.",
            )
        job.status, job.publish_run_id, job.resume_at = "processing", run_id, None
        job.started_at = job.started_at or datetime.now(UTC)
        return job, account.shop_id or 0, excluded


def _approved_exclusions(session: Session, job: EtsySyncJob) -> frozenset[str]:
    approval = jobs.approval(session, job.transaction_id)
    if approval is None or approval.decision != "approved" or approval.plan_digest != job.plan_digest:
        raise Conflict(
            f"The approval of {job.transaction_id} is not for the plan that it has now: nothing is published.",
            code="not_approved",
            hint=HINT_APPROVE,
        )
    return frozenset(approval.excluded_products)


def _carry_out(items: ItemPublisher, journal: Journal, item: SyncItem, *, is_excluded: bool) -> str:
    if is_excluded or item.action == "skip":
        journal.skipped(item)
        return "skipped"
    if item.action == "invalid":
        journal.failed(item, "invalid", item.reason)
        return "failed"
    items.publish(item)
    return "synced"


def _note_failure(journal: Journal, item: SyncItem, error: PipelineError, unavailable: int) -> int:
    journal.failed(item, error.code, str(error))
    return unavailable + 1 if isinstance(error, EtsyUnavailable) else 0


def _is_stock(item: SyncItem) -> bool:
    return item.action == "update" and {difference["part"] for difference in item.differences} == {"inventory"}


def _stop(journal: Journal, error: NeedsPerson | Unavailable | PipelineError) -> EtsySyncJob:
    logger.error("publication_stopped transaction_id=%s code=%s", journal.job.transaction_id, error.code)
    return journal.finish("failed", message=str(error))


def _end(journal: Journal) -> EtsySyncJob:
    journal.count()
    job = journal.finish("completed")
    nothing_worked = job.failed_count > 0 and job.synced_count == 0 and job.skipped_count == 0
    return journal.finish("failed") if nothing_worked else job
