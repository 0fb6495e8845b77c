"""The two jobs: drawing up a plan, and publishing an approved one. There is no job that does both.

Dagster: https://docs.dagster.io/guides/build/jobs
"""

import dagster as dg

from etsy_pipeline.orchestration.plan_assets import product_snapshot, sync_plan, validated_listings
from etsy_pipeline.orchestration.publish_assets import published_listings
from etsy_pipeline.orchestration.runs import NO_RETRIES

PLAN_SECONDS = 6 * 3600  # a plan that takes longer hangs; `lost_runs` ends those whose process is gone much earlier

plan_sync = dg.define_asset_job(
    "plan_sync",
    selection=dg.AssetSelection.assets(product_snapshot, validated_listings, sync_plan),
    tags={**NO_RETRIES, "dagster/max_runtime": str(PLAN_SECONDS)},
    description="Snapshot the catalogue, validate every listing, and draw up a plan for a person to approve.",
)

publish_sync = dg.define_asset_job(
    "publish_sync",
    selection=dg.AssetSelection.assets(published_listings),
    tags=NO_RETRIES,
    description="Publish an approved plan. Started by the sensor approved_syncs.",
)
