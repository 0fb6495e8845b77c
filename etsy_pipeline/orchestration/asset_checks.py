"""Checks on the assets: what should make a person look twice. They tell, and change nothing.

That the catalogue is not empty is checked by `product_snapshot` itself, which ends the run where it is.

Dagster: https://docs.dagster.io/guides/test/asset-checks
"""

import warnings

import dagster as dg

from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.frames import FrameStream, rows
from etsy_pipeline.orchestration.partitions import accounts_partitions
from etsy_pipeline.orchestration.plan_assets import validated_listings
from etsy_pipeline.orchestration.publish_assets import published_listings
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import transaction_id_of
from etsy_pipeline.planning.plan_item import CHANGING
from etsy_pipeline.store import items, jobs

# Checks need their asset's partition to read its table; Dagster 1.13 calls that a preview at every import.
warnings.filterwarnings("ignore", message=".*partitions_def.*", category=dg.PreviewWarning)

LEAST_VALID_SHARE = 0.5
PRICE_CODES = "price_"


@dg.asset_check(asset=validated_listings, partitions_def=accounts_partitions)
def enough_valid_listings(validated_listings: FrameStream) -> dg.AssetCheckResult:
    """Most products should be fit for Etsy; many invalid ones point at a setting that is wrong for all."""
    verdicts = [row["verdict"] for row in rows(validated_listings)]
    share = 1 - verdicts.count("invalid") / len(verdicts) if verdicts else 0.0
    return dg.AssetCheckResult(
        passed=share >= LEAST_VALID_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{share:.0%} of the products can be listed (at least {LEAST_VALID_SHARE:.0%} expected).",
        metadata={"valid_share": share, "products": len(verdicts)},
    )


@dg.asset_check(asset=validated_listings, partitions_def=accounts_partitions)
def no_blocked_prices(validated_listings: FrameStream) -> dg.AssetCheckResult:
    """No product should be kept off Etsy by its price."""
    blocked = [
        (row["title"], row["product_id"])
        for row in rows(validated_listings)
        if row["verdict"] == "invalid" and any(code.startswith(PRICE_CODES) for code in row["codes"].split(","))
    ]
    return dg.AssetCheckResult(
        passed=not blocked,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(blocked)} are kept off Etsy by their price: see blocked_products." if blocked else "",
        metadata={"blocked": len(blocked), "blocked_products": shown.table(("product", "product id"), blocked)},
    )


@dg.asset_check(asset=published_listings, partitions_def=accounts_partitions)
def every_product_published(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
    """Every approved product of the run's sync should have reached Etsy, and at least one has to."""
    run, transaction_id = context.run, transaction_id_of(context.run.tags)
    with store.opened() as opened, opened.reading() as session:
        job = jobs.find(session, transaction_id) if transaction_id else jobs.of_publish_run(session, run.run_id)
        if job is None:
            return dg.AssetCheckResult(passed=True, description="This run published nothing.")
        approval = jobs.approval(session, job.transaction_id)
        left_out = set(items.product_ids(session, job.id, outcome="skipped", actions=CHANGING))
    lost = left_out - set(approval.excluded_products if approval else ())
    is_all_lost = bool(left_out) and not job.synced_count
    told = f"{job.failed_count} failed, {len(left_out)} left out, {job.deferred_count} still to do"
    return dg.AssetCheckResult(
        passed=not (job.failed_count or job.deferred_count or lost or is_all_lost),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{job.synced_count} synced, {told}.",
        metadata={
            "failed": job.failed_count,
            "left_out": len(left_out),
            "deferred": job.deferred_count,
            "transaction_id": job.transaction_id,
        },
    )
