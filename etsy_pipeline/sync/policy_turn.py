"""A plan that the shop's policy approves, and that only had to wait for another sync of its lane, has its turn."""

from collections.abc import Callable
from datetime import datetime, timedelta

from etsy_pipeline.errors import BadRequest, PipelineError
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals

TIME_FOR_ITS_RUN = timedelta(seconds=15)  # in which the run that drew a plan up asks the policy itself


def approve_waiting(store: Store, *, amount_unit: Callable[[], str], now: datetime) -> list[str]:
    """Approve the plans in the policy's name that it lets pass and whose lane is free by now.

    A plan that is older than an approval may be (`approval_expires_hours`) is left to a person. So is one with fees:
    those of the month may be other ones by now.

    Args:
        store: the database.
        amount_unit: tells the unit of Medusa's amounts; asked only where a plan waits.
        now: the moment, by the database's clock.

    Returns:
        What happened, in words.
    """
    with store.reading() as session:
        waiting = [
            job.transaction_id for job in jobs.in_state(session, SyncState.PLANNED) if _is_due(session, job, now)
        ]
    told = []
    for transaction_id in waiting:
        try:
            approvals.approve_by_policy(store, transaction_id, amount_unit=amount_unit())
            told.append(f"{transaction_id} is approved by the shop's policy.")
        except PipelineError as error:  # of one shop; the others have their turn
            told.append(error.message)
    return told


def _is_due(session: Session, job: EtsySyncJob, now: datetime) -> bool:
    if job.for_a_person != () or job.planned_at is None or job.totals.fees_usd_cents:
        return False
    try:
        hours = settings_of(accounts.get(session, job.etsy_account_id)).approval_expires_hours
    except BadRequest:
        return False  # its settings are told of as the shop's
    age = now - job.planned_at
    is_too_old = hours is not None and age >= timedelta(hours=float(hours))
    is_free = jobs.under_way(session, job.etsy_account_id, job.lane) is None
    return age >= TIME_FOR_ITS_RUN and not is_too_old and is_free
