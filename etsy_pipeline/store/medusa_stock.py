"""Medusa's stock as it was last seen by the quick look (`medusa_stock`): what is another figure by now?"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from etsy_pipeline.catalogue.inventory_levels import StockLevel
from etsy_pipeline.store.tables.medusa import MedusaStockRow
from etsy_pipeline.store.upserts import add_or_change


def note(session: Session, levels: Iterable[StockLevel], now: datetime) -> dict[str, datetime | None]:
    """Keep what was seen (a writing session).

    Returns:
        The inventory items of which a level is new or another one; those that were never seen, too. With each the first
        moment at which one of its levels became another one, by Medusa's clock: of levels that are new nothing is told.
        What is not among the levels stays as it was: whether it is gone, the next plan of everything knows.
    """
    columns = select(
        MedusaStockRow.inventory_item_id, MedusaStockRow.location_id, MedusaStockRow.stocked, MedusaStockRow.reserved
    )
    known = {(item, place): (stocked, reserved) for item, place, stocked, reserved in session.execute(columns)}
    changed: dict[str, datetime | None] = {}
    for level in levels:
        before = known.get((level.inventory_item_id, level.location_id))
        if before == (level.stocked, level.reserved):
            continue
        moments = [changed.get(level.inventory_item_id), level.changed_at if before else None]
        changed[level.inventory_item_id] = min((moment for moment in moments if moment), default=None)
        keys = {"inventory_item_id": level.inventory_item_id, "location_id": level.location_id}
        values = {"stocked": level.stocked, "reserved": level.reserved, "seen_at": now}
        add_or_change(session, MedusaStockRow, keys, added=values, changed=values)
    return changed
