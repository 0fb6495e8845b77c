"""Telling people: each change of state of a sync once to each receiver, tried again while a receiver is down."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from etsy_pipeline.errors import PipelineError, Refused
from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.redaction import redacted
from etsy_pipeline.store import accounts, notices
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsySyncJob
from etsy_pipeline.sync.queries import plan_summary

logger = logging.getLogger(__name__)

NEWS = timedelta(days=1)  # what is older is no news, also where notices are switched on later
MAX_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=1)  # doubled after each attempt

MAX_THREADS = 8

Send = Callable[[Receiver, Notice], None]
Now = Callable[[], datetime]


def send_what_is_due(
    store: Store, receivers: Sequence[Receiver], send: Send, *, now: Now = lambda: datetime.now(UTC)
) -> list[str]:
    """Send every notice that is due; what happened to each, in words without addresses.

    Receivers are told side by side, and one that gives no answer is left alone until the next time: however much is
    due, and however many receivers are dead, this takes about as long as one of them is waited for.
    """
    with store.reading() as session:
        due = [notice for job in notices.jobs_with_news(session, now() - NEWS) for notice in _notices(session, job)]
    if not due or not receivers:
        return []
    with ThreadPoolExecutor(min(len(receivers), MAX_THREADS)) as threads:
        told = threads.map(lambda receiver: list(_tell(store, receiver, due, send, now)), receivers)
        return [words for each in told for words in each]


def _tell(store: Store, receiver: Receiver, due: Sequence[Notice], send: Send, now: Now) -> Iterator[str]:
    for notice in due:
        if not _claim(store, notice, receiver, now()):
            continue
        is_answered, words = _send(store, notice, receiver, send, now())
        yield words
        if not is_answered:
            return


def _notices(session: Session, job: EtsySyncJob) -> Iterator[Notice]:
    summary = plan_summary(job)
    account = accounts.get(session, job.etsy_account_id)
    name = account.shop_name or account.name
    counts = f"{job.synced_count} synced, {job.failed_count} failed, {job.skipped_count} skipped"
    if job.status == "pending" and job.plan_digest and summary.totals.changes:
        approve = f"Approve it: etsy-pipeline sync approve {job.transaction_id}"
        event, told = f"planned:{job.plan_digest[:12]}", f"{summary.headline}\n{approve}"
        yield Notice(event, job.transaction_id, name, "awaits approval", told)
    elif job.status == "paused" and job.resume_at:
        told = f"{counts}, {job.deferred_count} to do. {redacted(job.error_log.get('job', ''))}"
        event = f"paused:{job.resume_at:%Y-%m-%dT%H:%M}"
        yield Notice(event, job.transaction_id, name, "paused", told, job.synced_count, job.failed_count)
    elif job.status == "cancelled" and job.started_at is None and "job" in job.error_log:  # by no person
        told = redacted(job.error_log["job"])
        yield Notice("expired", job.transaction_id, name, "was called off: its approval has expired", told)
    elif job.status in {"completed", "failed"}:
        told = f"{counts}. {redacted(job.error_log.get('job', ''))}".strip()
        yield Notice(job.status, job.transaction_id, name, job.status, told, job.synced_count, job.failed_count)


def _claim(store: Store, notice: Notice, receiver: Receiver, now: datetime) -> bool:
    """Take a notice for sending, once for all processes; a process that dies with it leaves it for the next try."""
    with store.writing() as session:
        row = notices.locked(session, notice.transaction_id, notice.event, receiver.fingerprint)
        if row.sent_at is not None or row.attempts >= MAX_ATTEMPTS or (row.next_try_at and row.next_try_at > now):
            return False
        row.attempts += 1
        row.next_try_at = now + FIRST_WAIT * 2 ** (row.attempts - 1)
    return True


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


def _note(store: Store, notice: Notice, receiver: Receiver, **changes: object) -> None:
    with store.writing() as session:
        row = notices.locked(session, notice.transaction_id, notice.event, receiver.fingerprint)
        for name, value in changes.items():
            setattr(row, name, value)
