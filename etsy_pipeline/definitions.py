"""What Dagster loads: a table of contents. Importing it opens nothing and needs no setting."""

import os

import dagster as dg

from etsy_pipeline.collector import collected_seldom

with collected_seldom():  # a third of the time that these imports take is the collector's
    from etsy_pipeline.orchestration import asset_checks, order_assets, plan_assets, publish_assets, shop_assets
    from etsy_pipeline.orchestration.failed_runs import failed_syncs, lost_runs
    from etsy_pipeline.orchestration.io_managers import ParquetIOManager
    from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
    from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
    from etsy_pipeline.orchestration.retention import clean_up, daily_clean_up_at
    from etsy_pipeline.orchestration.schedules import daily_sync_at
    from etsy_pipeline.orchestration.sensors import (
        approved_syncs,
        kept_connections,
        requested_syncs,
        sent_notices,
    )
    from etsy_pipeline.orchestration.stock_sensor import stock_changes


def _variable(name: str) -> str | None:
    """The variable by name, so that its value stays out of Dagster; nothing where it is not set (see `settings.py`)."""
    return dg.EnvVar(name) if os.environ.get(name) else None


_STORE = StoreResource(
    database_url=_variable("ETSY_PIPELINE_DATABASE_URL"), secret_key=_variable("ETSY_PIPELINE_SECRET_KEY")
)

defs = dg.Definitions(
    assets=[
        shop_assets.etsy_listings,
        order_assets.etsy_receipts,
        plan_assets.product_snapshot,
        plan_assets.validated_listings,
        plan_assets.sync_plan,
        publish_assets.publication_approval,
        publish_assets.published_listings,
    ],
    asset_checks=[
        asset_checks.enough_valid_listings,
        asset_checks.no_blocked_prices,
        asset_checks.every_product_published,
    ],
    jobs=[plan_sync, publish_sync, shop_assets.scan_shop, order_assets.read_orders, clean_up],
    schedules=[
        make(os.environ.get("ETSY_PIPELINE_TIMEZONE") or "UTC")
        for make in (daily_sync_at, shop_assets.nightly_scan_at, daily_clean_up_at)
    ],
    sensors=[
        requested_syncs,
        approved_syncs,
        failed_syncs,
        lost_runs,
        kept_connections,
        stock_changes,
        sent_notices,
    ],
    # The assets of a run follow one another, so a process for each would only cost its start.
    executor=dg.in_process_executor,
    resources={
        "store": _STORE,
        "medusa": MedusaResource(
            url=_variable("MEDUSA_URL"),
            api_key=_variable("MEDUSA_API_KEY"),
            amount_unit=_variable("MEDUSA_AMOUNT_UNIT"),
        ),
        "etsy": EtsyResource(
            client_id=_variable("ETSY_CLIENT_ID"),
            shared_secret=_variable("ETSY_SHARED_SECRET"),
            api_url=_variable("ETSY_API_URL"),
            token_url=_variable("ETSY_TOKEN_URL"),
        ),
        "parquet": ParquetIOManager(store=_STORE),
    },
)
