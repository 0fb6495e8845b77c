"""Which products wait for a sync: their links say so from the request on, and are settled when it is over."""

from etsy_pipeline.store import clock, jobs, pending_links
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PENDING, UNDER_WAY


def hold(session: Session, job: EtsySyncJob) -> None:
    """The links of the products that a sync has yet to deal with are pending, as far as they are known by now.

    A product that waits for another sync of the account goes on doing so.
    """
    now = clock.now(session)
    if job.state not in BEING_PLANNED:
        pending_links.hold_items(session, job, now)
    elif job.requested_selection is not None:
        pending_links.hold_products(session, job, job.requested_selection.product_ids, now)


def note_plan(session: Session, job: EtsySyncJob) -> None:
    """A plan is complete: what it sends is pending, what is invalid has failed, the rest waits no longer."""
    now = clock.now(session)
    pending_links.fail_invalid(session, job, now)
    pending_links.settle_skipped(session, job, now)
    hold(session, job)


def let_go(session: Session, job: EtsySyncJob) -> None:
    """A sync is over: what still waits for it is as before, or waits for the next sync that asked for it."""
    if job.is_over and pending_links.settle(session, job, clock.now(session)):
        for other in jobs.in_state(session, *PENDING, *UNDER_WAY, account_id=job.etsy_account_id):
            hold(session, other)
