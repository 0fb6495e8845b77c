"""Which runs will probably take long, as far as that is known when they are asked for.

They leave a place of each kind to the others (`run_queue.py`), so that a few large shops do not hold up all small ones.
"""

from collections.abc import Iterable
from typing import get_args

from etsy_pipeline.orchestration.run_queue import Work
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsySyncJob, Lane

MANY = 2_000  # products to look at, or calls to make: some minutes


def large_shops(session: Session, account_ids: Iterable[str]) -> set[str]:
    """Those of these accounts whose last plan had many products; one that has no plan yet counts as small."""
    sizes = jobs.last_sizes(session, list(account_ids))
    return {account_id for account_id, products in sizes.items() if products >= MANY}


def is_long_plan(job: EtsySyncJob, large: Iterable[str]) -> bool:
    """Whether a plan that was asked for will take long: of many products by name, or of all of a large shop's."""
    named = job.requested_selection.product_ids if job.requested_selection else ()
    return len(named) >= MANY if named else job.etsy_account_id in large


def is_long_publication(job: EtsySyncJob) -> bool:
    """Whether a publication will take long: its plan says how many calls it makes."""
    return job.totals.api_calls >= MANY


def will_take_long(session: Session, account_id: str, work: Work) -> bool:
    """Whether a run that a person started in Dagster's UI, or a backfill, will take long."""
    for lane in get_args(Lane):
        if lane == work:
            job = jobs.under_way(session, account_id, lane)
            return job is not None and is_long_publication(job)
    return work in {"plan", "scan"} and account_id in large_shops(session, [account_id])
