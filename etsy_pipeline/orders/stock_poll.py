"""The quick look at Medusa's stock alone: which inventory items have other figures than the last time?"""

from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.orders.dirty import ITEM
from etsy_pipeline.store import clock, medusa_changes, medusa_stock, signs_of_life
from etsy_pipeline.store.engine import Store

LOOK = "medusa_stock"  # its sign of life


def look_at_stock(store: Store, levels: InventoryLevels) -> int:
    """Read the stock, compare it with the last time, and note what changed, all of it or nothing.

    The first look ever finds everything changed: nobody knows what happened before.

    Returns:
        How many inventory items changed.

    Raises:
        PipelineError: what a question to Medusa raises.
    """
    found = list(levels.every())
    with store.writing() as session:
        now = clock.now(session)
        changed = medusa_stock.note(session, found, now)
        medusa_changes.note(session, ITEM, changed, now, since=changed)
        signs_of_life.note(session, LOOK)
    return len(changed)


def is_due(store: Store, minutes: int) -> bool:
    """Whether it is time for the next look."""
    with store.reading() as session:
        seconds = signs_of_life.seconds_since(session, LOOK)
    return seconds is None or seconds >= minutes * 60
