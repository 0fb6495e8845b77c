"""What carrying out an item of a plan sends. Pure.

The publisher sends it, the drift checks look at it just before, reading back compares it after: all ask here.
"""

from etsy_pipeline.planning.changes import parts_of
from etsy_pipeline.planning.fields import EXTRAS, FIELDS, Part, with_companions
from etsy_pipeline.planning.plan_item import PlanItem

PATCHED: frozenset[Part] = frozenset({"listing", "images", "state"})  # what the last call of an update carries


def sent_parts(item: PlanItem) -> frozenset[Part]:
    """The parts of the listing that are sent; of a new one all that it has."""
    if item.action != "create" or item.desired is None:
        return parts_of(item.differences)
    optional: tuple[Part, ...] = ("images", "personalization", *EXTRAS)
    return frozenset({"listing", "inventory", "state", *(part for part in optional if getattr(item.desired, part))})


def sent_fields(item: PlanItem) -> frozenset[str]:
    """The fields that are overwritten; of a new listing all, for it is sent whole."""
    if item.action == "create":
        return frozenset(FIELDS)
    return with_companions(change.field for change in item.differences)


def is_patched(item: PlanItem) -> bool:
    """Whether the item ends with a call that changes fields, the order of pictures or the state."""
    return bool(sent_parts(item) & PATCHED)


def is_stock_only(item: PlanItem) -> bool:
    """Whether only stock or price changes."""
    return item.action == "update" and sent_parts(item) == {"inventory"}


def uses_reserve(item: PlanItem) -> bool:
    """Whether its calls have a reserve of the day's: stock, price, and what must not be sold any more."""
    return item.action == "deactivate" or is_stock_only(item)


def has_fee(item: PlanItem) -> bool:
    """Whether a listing that exists is set active for a fee: that is a call of its own, and never made twice."""
    return item.action == "update" and item.cost.fee_usd_cents > 0 and should_activate(item)


def should_activate(item: PlanItem) -> bool:
    """Whether carrying out the item sets the listing active."""
    if item.desired is None or item.desired.publish_as != "active":
        return False
    return "state" in sent_parts(item)
