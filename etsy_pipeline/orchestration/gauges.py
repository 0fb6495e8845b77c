"""How things stand, for OpenTelemetry: told by the sensors every twenty seconds, as they run all the time."""

import logging

from etsy_pipeline import otel, telemetry, wiring
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orders import checkup, views
from etsy_pipeline.providers.protocols import Purpose
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import PENDING, UNDER_WAY

logger = logging.getLogger(__name__)

PURPOSES: tuple[Purpose, ...] = ("publishing", "stock")


def tell_how_things_stand(store: Store) -> None:
    """Calls that are left today, syncs that are not over by state, and how far orders are behind, by shop.

    What keeps it from being told keeps the sensors from nothing.
    """
    try:
        settings = Settings.load()
        if otel.begin(settings):
            _tell(settings, store)
    except PipelineError as error:
        logger.warning("not_told code=%s", error.code)


def _tell(settings: Settings, store: Store) -> None:
    for purpose in PURPOSES:
        left = wiring.quota_of(settings, store, purpose=purpose).left_today
        telemetry.set_to(telemetry.CALLS_LEFT, left, purpose=purpose)
    with store.reading() as session:
        by_state = jobs.counts_by_state(session, *PENDING, *UNDER_WAY)
        read = [account for account in accounts.active(session) if checkup.are_read(account)]
    for state in (*PENDING, *UNDER_WAY):
        telemetry.set_to(telemetry.SYNCS, by_state.get(state, 0), state=state.value)
    for account in read:
        _tell_orders(store, account.id)


def _tell_orders(store: Store, account_id: str) -> None:
    behind = views.standing(store, account_id)["lag_seconds_95"]
    with store.reading() as session:
        read_ago = views.seconds_since_read(session, account_id)
    for name, seconds in ((telemetry.ORDER_LAG_SECONDS, behind), (telemetry.ORDERS_READ_SECONDS, read_ago)):
        if seconds is not None:
            telemetry.set_to(name, seconds, account=account_id)
