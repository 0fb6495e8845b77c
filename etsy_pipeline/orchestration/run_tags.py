"""What a run of Dagster's does, and the tags that say so: the queue goes by them (`run_queue.py`)."""

from collections.abc import Mapping
from typing import Literal

import dagster as dg

from etsy_pipeline.orchestration.code_age import CODE_TAG
from etsy_pipeline.safe_text import visible
from etsy_pipeline.sync.code_version import this_code

Work = Literal["plan", "full", "stock", "scan", "orders"]
"""What a run does: it draws up a plan, publishes one in a lane, looks through a shop, or reads its orders."""

SLOT_TAG = "etsy_pipeline/slot"
WORK_TAG = "etsy_pipeline/work"
LONG_TAG = "etsy_pipeline/long"
SHOP_TAG = "etsy_pipeline/shop"
PARTITION_TAG = "dagster/partition"
PLAN_ASSETS = frozenset({"product_snapshot", "validated_listings", "sync_plan"})
PUBLISHED = "published_listings"
SCANNED = "etsy_listings"
ORDERS = "etsy_receipts"
WORK_OF_JOBS: Mapping[str, Work] = {
    "plan_sync": "plan", "publish_sync": "full", "scan_shop": "scan", "read_orders": "orders"
}  # fmt: skip


def slot(account_id: str, work: Work, shop: str = "", *, is_long: bool = False) -> dict[str, str]:
    """The tags by which a run of an account waits for another one that does the same for it; and whose code it is.

    `shop` is what it is called, for people: Dagster's partitions are accounts' ids. A run without it adds it itself.
    """
    told = {SHOP_TAG: visible(shop)} if shop else {}
    if is_long:
        told[LONG_TAG] = work
    return {SLOT_TAG: f"{account_id}/{work}", WORK_TAG: work, CODE_TAG: this_code(), **told}


def work_of(run: dg.DagsterRun) -> Work | None:
    """What a run does, whoever started it; None where it is none of these."""
    if run.job_name in WORK_OF_JOBS:
        return WORK_OF_JOBS[run.job_name]
    keys = {key.to_user_string() for key in run.asset_selection or ()}
    if keys & PLAN_ASSETS:
        return "plan"
    if PUBLISHED in keys:
        return "full"
    return "scan" if SCANNED in keys else "orders" if ORDERS in keys else None
