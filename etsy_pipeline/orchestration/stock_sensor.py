"""The sensor that follows Medusa's stock and its events: what changed becomes one sync of just these products.

Dagster: https://docs.dagster.io/guides/automate/sensors
"""

from collections.abc import Sequence
from contextlib import closing

import dagster as dg

from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.orchestration.resources import MedusaResource, StoreResource
from etsy_pipeline.orchestration.runs import reporting
from etsy_pipeline.orchestration.waiting import first_answer
from etsy_pipeline.orders.dirty import fold
from etsy_pipeline.orders.stock_poll import is_due, look_at_stock
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store

SECONDS = 1
WAIT_SECONDS = 40.0  # Medusa may take some time to answer, and Dagster gives a sensor 60 seconds
AGAIN_SECONDS = 5.0


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def stock_changes(
    context: dg.SensorEvaluationContext, store: StoreResource, medusa: MedusaResource
) -> dg.SensorResult | dg.SkipReason:
    """Looks at Medusa's stock, of shops with `stock_poll_minutes`, and asks for syncs of what changed."""
    with store.opened() as opened:
        return first_answer(
            opened,
            lambda: _changed(context, opened, medusa),
            "No stock has changed.",
            seconds=WAIT_SECONDS,
            again=AGAIN_SECONDS,
        )


def _changed(context: dg.SensorEvaluationContext, store: Store, medusa: MedusaResource) -> Sequence[str]:
    with store.reading() as session:
        found = [wants.stock_poll_minutes for _, wants in accounts.usable(session)]
    if not (wanted := [minutes for minutes in found if minutes is not None]):
        return ["No shop has stock_poll_minutes."]
    with closing(medusa.inventory_levels()) as levels:
        try:
            changed = look_at_stock(store, levels) if is_due(store, min(wanted)) else 0
            quiet = Settings.load().etsy_pipeline_quiet_seconds
            folded = fold(store, levels, quiet_seconds=quiet, look_at_stock=lambda: look_at_stock(store, levels))
        except StoreUnavailable:
            raise
        except PipelineError as error:
            context.log.warning("stock_not_read: %s", error)
            return [f"Medusa's stock could not be read: {error.message}"]
    for transaction_id in folded.transaction_ids:
        context.log.info("stock_changed transaction_id=%s changes=%s", transaction_id, folded.changes)
    told = [f"{changed} inventory items changed."] if changed else []
    return [*told, f"{len(folded.transaction_ids)} syncs were asked for."] if folded.transaction_ids else told
