"""A product that waits in a paused sync, and of which Etsy sells pieces that Medusa no longer has. Pure.

The pause may last for days. So a plan of the stock lane may take it out of that sync, with its approval. What that sync
has begun stays with it, and is told.
"""

from dataclasses import replace

from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.inventory import compared
from etsy_pipeline.planning.life import state_of
from etsy_pipeline.planning.link import ON_SALE, Link, LiveListing
from etsy_pipeline.planning.plan_item import HELD_AND_OVERSOLD, PlanItem

LEAVES = "leaves_paused_sync"  # code of the warning on what leaves a paused sync with the approval of a plan


def takes_off_sale(item: PlanItem, link: Link | None, live: LiveListing | None) -> bool:
    """Whether an item takes pieces off sale that buyers of a listing can have now; it may do more than that."""
    if link is None or link.published is None or state_of(link, live) not in ON_SALE:
        return False
    if item.action == "deactivate":
        return True
    if item.action != "update" or item.desired is None:
        return False
    there = live.inventory if live is not None and live.inventory is not None else link.published.inventory
    pairs = compared(there, item.desired.inventory).values()
    return any(old is not None and new is not None and new.for_sale < old.for_sale for old, new in pairs)


def leaves(transaction_id: str) -> Verdict:
    """What is told of a product that a plan takes out of a paused sync."""
    return Verdict(
        LEAVES,
        "warning",
        "quantity",
        f"{transaction_id}, which is paused, holds it and has not begun it, while Etsy sells pieces that Medusa no "
        "longer has. With the approval of this plan it leaves that sync.",
        "What else was to change of it is planned anew when that sync is over.",
    )


def held_and_oversold(transaction_id: str) -> Verdict:
    """What is told of a product that a paused sync has begun, so that it stays with it."""
    return Verdict(
        HELD_AND_OVERSOLD,
        "warning",
        "quantity",
        f"Etsy sells pieces that Medusa no longer has, and {transaction_id}, which is paused, has begun this product.",
        "Lower it on Etsy, or take it off sale there; or call that sync off "
        f"(`etsy-pipeline sync cancel {transaction_id}`) and sync again.",
    )


def taken_out_of(transaction_id: str, item: PlanItem) -> PlanItem:
    """An item that takes its product out of a paused sync."""
    return replace(item, verdicts=(*item.verdicts, leaves(transaction_id)))
