"""Whose turn it is: a sync of named products waits while a full sync of its account is under way.

A plan made meanwhile would be of the stock lane, and most of what was asked for would be left out of it. Syncs of all
that a shop sells do not wait: what they leave out, the next one has. Nor do those of stock, whose plan is of the stock
lane anyway.
"""

from collections.abc import Iterable

from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync.stock_lane import OF_STOCK


def waits_for(job: EtsySyncJob, under_way: Iterable[EtsySyncJob]) -> EtsySyncJob | None:
    """The sync whose end this one waits for, if it does."""
    if job.state is not SyncState.REQUESTED or job.requested_selection is None or job.trigger == OF_STOCK:
        return None
    of_account = (other for other in under_way if other.etsy_account_id == job.etsy_account_id)
    return next((other for other in of_account if other.lane == "full"), None)


def waiting_words(store: Store, job: EtsySyncJob) -> str:
    """What people are told of a sync that waits for its turn; nothing where it does not."""
    with store.reading() as session:
        other = waits_for(job, jobs.in_state(session, *UNDER_WAY, account_id=job.etsy_account_id))
    return "" if other is None else f"It is planned once {other.transaction_id}, which is {other.state.words}, is over."
