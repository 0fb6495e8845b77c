"""The sensor that follows Medusa's stock and its events: what changed becomes one sync of just these products.

Dagster: https://docs.dagster.io/guides/automate/sensors
"""

from contextlib import closing

import dagster as dg

from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.orchestration.resources import MedusaResource, StoreResource
from etsy_pipeline.orchestration.runs import reporting
from etsy_pipeline.orders.dirty import fold
from etsy_pipeline.orders.stock_poll import is_due, look_at_stock
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of

SECONDS = 5


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def stock_changes(context: dg.SensorEvaluationContext, store: StoreResource, medusa: MedusaResource) -> dg.SkipReason:
    """Looks at Medusa's stock, of shops with `stock_poll_minutes`, and asks for syncs of what changed."""
    with store.opened() as opened:
        with opened.reading() as session:
            found = [settings_of(account).stock_poll_minutes for account in accounts.active(session)]
        if not (wanted := [minutes for minutes in found if minutes is not None]):
            return dg.SkipReason("No shop has stock_poll_minutes.")
        with closing(medusa.inventory_levels()) as levels:
            try:
                changed = look_at_stock(opened, levels) if is_due(opened, min(wanted)) else 0
                quiet = Settings.load().etsy_pipeline_quiet_seconds
                folded = fold(opened, levels, quiet_seconds=quiet, look_at_stock=lambda: look_at_stock(opened, levels))
            except StoreUnavailable:
                raise
            except PipelineError as error:
                context.log.warning("stock_not_read: %s", error)
                return dg.SkipReason(f"Medusa's stock could not be read: {error.message}")
    for transaction_id in folded.transaction_ids:
        context.log.info("stock_changed transaction_id=%s changes=%s", transaction_id, folded.changes)
    told = f"{changed} inventory items changed. " if changed else ""
    return dg.SkipReason(f"{told}{len(folded.transaction_ids)} syncs were asked for.")
