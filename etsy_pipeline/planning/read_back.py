"""Reading back: which of what was sent is not on Etsy, though Etsy accepted it (FACTS §6: 200 without effect). Pure.

Compared is what was sent and what Etsy's batched answers tell: not personalization, the EU guarantee where it is not
told, production partners. Pieces that were sold in between are no reason to doubt.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from etsy_pipeline.listings.listing import Inventory, Listing, Offering
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.inventory import VALUES, compared, differs
from etsy_pipeline.planning.life import is_renewed
from etsy_pipeline.planning.link import GONE, LiveListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.sending import has_fee, sent_fields, sent_parts, should_activate


def not_applied(
    item: PlanItem,
    before: Inventory | None,
    image_ids: Sequence[int],
    live: LiveListing,
    ended_before: datetime | None = None,
) -> list[str]:
    """What differs from what was sent; nothing when all was applied.

    Args:
        item: as carried out.
        before: the inventory before, to tell pieces that were sold from stock that was not taken over.
        image_ids: its pictures as sent, in their order; none where they were not sent.
        live: as Etsy has it now.
        ended_before: when the paid time of a listing that was renewed ended before.
    """
    if live.state == GONE:
        return ["the listing"]
    if item.desired is None:  # it was only deactivated
        return ["state"] if live.state == "active" else []
    found = [*_fields(item, item.desired, live)]
    if "inventory" in sent_parts(item) and live.inventory is not None:
        found += _inventory(item.desired.inventory, before, live.inventory)
    if image_ids and live.image_ids is not None and live.image_ids != tuple(image_ids):
        found.append("images")
    is_active = is_renewed(live, ended_before) if has_fee(item) else live.state in {"active", "sold_out"}
    if should_activate(item) and not is_active:
        found.append("state")
    return found


def _fields(item: PlanItem, desired: Listing, live: LiveListing) -> Iterator[str]:
    sent = sent_fields(item)
    for name, field in FIELDS.items():
        value = field.value(desired)
        if name in sent and name in live.values and value is not None and not same(name, live.values[name], value):
            yield name


def _inventory(wanted: Inventory, before: Inventory | None, live: Inventory) -> list[str]:
    pairs = compared(live, wanted)
    if any(now is None and new is not None and new.is_enabled for now, new in pairs.values()):
        return ["variations"]
    earlier = {} if before is None else {cell: old for cell, (_, old) in compared(live, before).items()}
    found = {
        value
        for cell, (now, new) in pairs.items()
        if now is not None and new is not None
        for value in VALUES
        if differs(now, new, value) and not (value == "quantity" and _was_sold(new, earlier.get(cell), now))
    }
    return sorted(found)


def _was_sold(wanted: Offering, before: Offering | None, now: Offering) -> bool:
    """Whether pieces that are missing were sold since; where all are as before, the new stock was not taken over."""
    return now.for_sale < wanted.for_sale and (before is None or now.for_sale != before.for_sale)
