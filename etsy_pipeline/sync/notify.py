"""Telling people: each change of state of a sync once to each receiver, tried again while a receiver is down."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from etsy_pipeline.errors import PipelineError, Refused
from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.redaction import redacted
from etsy_pipeline.safe_text import visible, visible_lines
from etsy_pipeline.store import accounts, holds, jobs, notices, seen_listings
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import AccountHold, EtsyAccount, EtsySyncJob, ShopScan
from etsy_pipeline.store.sync_states import PUBLISHED, SyncState
from etsy_pipeline.sync.early_confirm import of_syncs
from etsy_pipeline.sync.holds import words
from etsy_pipeline.sync.order_notices import OF_ORDERS, order_notices
from etsy_pipeline.sync.overdue import WORDS, Overdue, of_all
from etsy_pipeline.sync.queries import plan_summary
from etsy_pipeline.sync.stock_lane import OF_STOCK
from etsy_pipeline.sync.weekly import digests

logger = logging.getLogger(__name__)

NEWS = timedelta(days=1)  # what is older is no news, also where notices are switched on later
MAX_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=1)  # doubled after each attempt

MAX_THREADS = 8

Send = Callable[[Receiver, Notice], None]
Now = Callable[[], datetime]


def send_what_is_due(
    store: Store,
    receivers: Sequence[Receiver],
    send: Send,
    *,
    now: Now | None = None,
    pages: str = "",
    weekly: bool = False,
) -> list[str]:
    """Send every notice that is due; what happened to each, in words without addresses.

    Each leads to its page, below the address `pages`. On Mondays the week before is told, where that is wanted.

    Receivers are told side by side, and one that gives no answer is left alone until the next time: however much is
    due, and however many receivers are dead, this takes about as long as one of them is waited for. `now` is the
    database's clock, unless a test has its own.
    """
    now = now or store.now
    with store.reading() as session:
        due = [_hold_notice(session, hold) for hold in holds.every(session)]
        due += [
            notice for scan in seen_listings.whole_since(session, now() - NEWS) for notice in _alarms(session, scan)
        ]
        due += [notice for job in jobs.with_news(session, now() - NEWS) for notice in _notices(session, job)]
        due += order_notices(session, now())
        due += [_overdue_notice(account, item) for account, item in of_all(session, now())]
        due += digests(session, now()) if weekly else []
    due = [replace(notice, page=f"{pages.rstrip('/')}{_page(notice)}") for notice in due] if pages else due
    if not due or not receivers:
        return []
    with ThreadPoolExecutor(min(len(receivers), MAX_THREADS)) as threads:
        told = threads.map(lambda receiver: list(_tell(store, receiver, due, send, now)), receivers)
        return [words for each in told for words in each]


def _page(notice: Notice) -> str:
    """The page that matters, below the address of all pages."""
    if notice.transaction_id.startswith("wf_"):
        return f"/review/{notice.transaction_id}"
    is_of_orders = notice.event.partition(":")[0] in OF_ORDERS
    return f"/review/accounts/{notice.transaction_id}{'/orders' if is_of_orders else ''}"


def _tell(store: Store, receiver: Receiver, due: Sequence[Notice], send: Send, now: Now) -> Iterator[str]:
    for notice in due:
        if not _claim(store, notice, receiver, now()):
            continue
        is_answered, words = _send(store, notice, receiver, send, now())
        yield words
        if not is_answered:
            return


def _hold_notice(session: Session, hold: AccountHold) -> Notice:
    """What is told of an account at once when something holds it, once for each time."""
    name = visible(accounts.get(session, hold.etsy_account_id).label)
    event, told = f"held:{hold.code}:{hold.since:%Y-%m-%dT%H:%M:%S}", visible_lines(f"{words(hold)}")
    return Notice(event, hold.etsy_account_id, name, "is held: nothing is published", told)


def _overdue_notice(account: EtsyAccount, item: Overdue) -> Notice:
    """What is told once of each night, or half a night, after which nothing was done for a shop by itself."""
    event, told = f"{item.kind}:{item.since:%Y-%m-%dT%H:%M}", visible_lines(redacted(item.told))
    return Notice(event, account.id, visible(account.label), WORDS[item.kind], told)


def _alarms(session: Session, scan: ShopScan) -> Iterator[Notice]:
    """What is told of a look through a shop: one notice, where it found what cannot wait."""
    told = [str(change["told"]) for change in scan.changes if change["kind"] == "alarm"]
    if told:
        more = f"All of it: etsy-pipeline shop listings {scan.etsy_account_id} --changes"
        name = visible(accounts.get(session, scan.etsy_account_id).label)
        text = visible_lines("\n".join([*told, more]))
        yield Notice(f"scan:{scan.id}", scan.etsy_account_id, name, "changed on Etsy, and not by us", text)


def _notices(session: Session, job: EtsySyncJob) -> Iterator[Notice]:
    """What is told of a sync in its present state: nothing of one that a person ended.

    Nor of one that found nothing to do, unless Etsy sells what is gone of products that another sync holds.
    """
    name, told = visible(accounts.get(session, job.etsy_account_id).label), visible_lines(redacted(job.message))
    counts = f"{job.synced_count} synced, {job.failed_count} failed, {job.skipped_count} skipped"
    if job.state is SyncState.PLANNED and job.plan_digest and job.totals.changes:
        approve = f"Approve it: etsy-pipeline sync approve {job.transaction_id}"
        early = of_syncs(session, [job]).get(job.transaction_id)
        said = [visible_lines(redacted(early.told(job.state)))] if early else []
        event, plan = f"planned:{job.plan_digest[:12]}", "\n".join([plan_summary(job).headline, *said, approve])
        yield Notice(event, job.transaction_id, name, "awaits approval", plan)
    elif job.state is SyncState.NOTHING_TO_DO and job.totals.held_oversold:
        yield Notice("oversold", job.transaction_id, name, "cannot lower what is sold out", plan_summary(job).headline)
    elif job.state is SyncState.PAUSED:
        until = f"{job.resume_at:%Y-%m-%dT%H:%M}" if job.resume_at else f"a person:{job.failed_count}"
        status = "paused" if job.resume_at else "waits for a person"
        rest = f"{counts}, {job.deferred_count} to do. {told}"
        yield Notice(f"paused:{until}", job.transaction_id, name, status, rest, job.synced_count, job.failed_count)
    elif job.state is SyncState.EXPIRED:
        yield Notice("expired", job.transaction_id, name, "was called off: its approval has expired", told)
    elif job.state in (*PUBLISHED, SyncState.FAILED) and not _is_everyday(job):
        end = f"{counts}. {told}".strip()
        yield Notice(job.status, job.transaction_id, name, job.status, end, job.synced_count, job.failed_count)


def _is_everyday(job: EtsySyncJob) -> bool:
    """Stock that followed Medusa, as it does many times a day, and nothing of it failed."""
    return job.trigger == OF_STOCK and job.state is SyncState.COMPLETED


def _claim(store: Store, notice: Notice, receiver: Receiver, now: datetime) -> bool:
    """Take a notice for sending, once for all processes; a process that dies with it leaves it for the next try."""
    whom = notice.transaction_id, notice.event, receiver.fingerprint
    with store.writing() as session:
        return notices.claim(session, *whom, now=now, attempts=MAX_ATTEMPTS, wait=FIRST_WAIT)


def _send(store: Store, notice: Notice, receiver: Receiver, send: Send, now: datetime) -> tuple[bool, str]:
    """Whether the receiver answered, and what happened in words."""
    name = f"{notice.transaction_id} {notice.status} to {receiver.kind}"
    try:
        send(receiver, notice)
    except PipelineError as error:
        logger.warning("notice_not_sent transaction_id=%s code=%s", notice.transaction_id, error.code)
        if isinstance(error, Refused):
            _note(store, notice, receiver, attempts=MAX_ATTEMPTS)
        return isinstance(error, Refused), f"{name}: {error.message}"
    _note(store, notice, receiver, sent_at=now)
    return True, f"{name}: sent"


def _note(store: Store, notice: Notice, receiver: Receiver, **values: object) -> None:
    with store.writing() as session:
        notices.note(session, notice.transaction_id, notice.event, receiver.fingerprint, **values)
