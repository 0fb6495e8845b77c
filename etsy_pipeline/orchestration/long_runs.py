"""Which runs will probably take long, as far as that is known when they are asked for.

They leave half of each kind's places to the others (`run_queue.py`), so that large shops do not hold up all small ones.
"""

from collections.abc import Iterable
from typing import get_args

from etsy_pipeline.orchestration.run_tags import Work
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, Lane

MANY = 2_000  # products to look at, or calls to make: some minutes


def large_shops(session: Session, account_ids: Iterable[str]) -> set[str]:
    """Those of these accounts whose last plan had many products.

    One without a plan counts as large unless its settings name a few products: nobody knows yet how many it has.
    """
    wanted = set(account_ids)
    sizes = jobs.last_sizes(session, list(wanted))
    if wanted - sizes.keys():
        sizes = {account.id: _named(account) or MANY for account in accounts.every(session)} | sizes
    return {account_id for account_id in wanted if sizes.get(account_id, 0) >= MANY}


def is_long_plan(job: EtsySyncJob, large: Iterable[str]) -> bool:
    """Whether a plan that was asked for will take long: of many products by name, or of all of a large shop's."""
    named = job.requested_selection.product_ids if job.requested_selection else ()
    return len(named) >= MANY if named else job.etsy_account_id in large


def is_long_publication(job: EtsySyncJob) -> bool:
    """Whether a publication will take long: its plan says how many calls it makes."""
    return job.totals.calls >= MANY


def will_take_long(session: Session, account_id: str, work: Work) -> bool:
    """Whether a run that a person started in Dagster's UI, or a backfill, will take long."""
    for lane in get_args(Lane):
        if lane == work:
            job = jobs.under_way(session, account_id, lane)
            return job is not None and is_long_publication(job)
    return work in {"plan", "scan"} and account_id in large_shops(session, [account_id])


def _named(account: EtsyAccount) -> int:
    """How many products its settings name, read as they are: they may be of another version."""
    selection = account.api_config.get("selection")
    return len(selection.get("product_ids") or ()) if isinstance(selection, dict) else 0
