"""Orders came in on Etsy since the last plan: what was not read since must not offer the sold pieces again. Pure.

Etsy's events name the order, not what was sold (that would take a permission more), so each listing of the shop may
have sold pieces until it was read.
"""

from dataclasses import replace

from etsy_pipeline.planning.brakes import of_unread_stock
from etsy_pipeline.planning.changes import parts_of
from etsy_pipeline.planning.costs import NO_COST
from etsy_pipeline.planning.link import GONE, LiveListing
from etsy_pipeline.planning.plan_item import PlanItem

SELLS_NOTHING = frozenset({GONE, "draft", "removed"})


def is_stock_read(live: LiveListing | None) -> bool:
    """Whether the pieces that a listing still has are known."""
    return live is not None and (live.inventory is not None or live.state in SELLS_NOTHING)


def held_back(item: PlanItem, live: LiveListing | None, orders: int) -> PlanItem:
    """The item; a skip with a brake where it would send stock to a listing that may have sold some of it.

    Args:
        item: as it would be planned.
        live: what Etsy has, where that was read.
        orders: how many came in or were canceled since a plan last read the whole shop.
    """
    if orders == 0 or item.action != "update" or is_stock_read(live) or not _offers_pieces(item):
        return item
    brake = of_unread_stock(item.etsy_listing_id, orders)
    return replace(
        item,
        action="skip",
        reason="held back: its listing sold pieces perhaps, and could not be read; sync again",
        desired=None,
        differences=(),
        brakes=(brake,),
        price_moves=(),
        cost=NO_COST,
    )


def _offers_pieces(item: PlanItem) -> bool:
    """A price is sent with all quantities; a listing that is set active offers what it has, or one piece (FACTS §6)."""
    return bool(parts_of(item.differences) & {"inventory", "state"})
