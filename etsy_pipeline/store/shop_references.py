"""What Etsy told of a shop, and of its categories (`shop_reference`), kept with the moment at which it was asked."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.tables.accounts import ShopReferenceRow
from etsy_pipeline.store.upserts import add_or_change

OF_ALL_SHOPS = 0  # in place of a shop's id


class Kept(NamedTuple):
    """What was told, as JSON, and when it was asked."""

    told: str
    read_at: datetime


def lately(session: Session, shop_id: int, what: str, within: timedelta) -> Kept | None:
    """What was told within this time; None where nothing was."""
    row = session.get(ShopReferenceRow, (shop_id, what))
    if row is None or not timedelta() <= clock.now(session) - row.read_at < within:
        return None
    return Kept(row.told, row.read_at)


def keep(session: Session, shop_id: int, what: str, told: str, read_at: datetime) -> None:
    """Keep it in place of what was told before (a writing session)."""
    values = {"told": told, "read_at": read_at}
    add_or_change(session, ShopReferenceRow, {"shop_id": shop_id, "what": what}, added=values, changed=values)


def forget(session: Session, shop_id: int) -> None:
    """What is known of a shop and of the categories is to be asked anew (a writing session)."""
    session.execute(delete(ShopReferenceRow).where(ShopReferenceRow.shop_id.in_((shop_id, OF_ALL_SHOPS))))


def drop_old(session: Session, before: datetime) -> None:
    """What was asked before this moment is of no use (a writing session)."""
    session.execute(delete(ShopReferenceRow).where(ShopReferenceRow.read_at < before))
