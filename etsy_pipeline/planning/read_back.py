"""Reading back: which of what was sent is not on Etsy, though Etsy accepted it (FACTS §6: 200 without effect). Pure.

Compared is what was sent and what Etsy's batched answers tell: not personalization, the EU guarantee where it is not
told, production partners. Pieces that were sold in between are no reason to doubt.
"""

from collections.abc import Iterator, Sequence

from etsy_pipeline.listings.listing import Inventory, Listing, Offering
from etsy_pipeline.planning.drift_check import sent_fields
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.link import GONE, LiveListing
from etsy_pipeline.store.tables import SyncItem

Cell = tuple[str, ...]


def should_activate(item: SyncItem, listing: Listing) -> bool:
    """Whether carrying out the item sets the listing active."""
    if listing.publish_as != "active":
        return False
    return item.action == "create" or any(change["field"] == "state" for change in item.differences)


def not_applied(
    item: SyncItem, desired: Listing | None, before: Inventory | None, image_ids: Sequence[int], live: LiveListing
) -> list[str]:
    """What differs from what was sent; nothing when all was applied.

    Args:
        item: as carried out.
        desired: the listing as it should be; None where it was only deactivated.
        before: the inventory before, to tell pieces that were sold from stock that was not taken over.
        image_ids: its pictures as sent, in their order; none where they were not sent.
        live: as Etsy has it now.
    """
    if live.state == GONE:
        return ["the listing"]
    if desired is None:
        return ["state"] if live.state == "active" else []
    found = [*_fields(item, desired, live)]
    if _sends(item, "inventory") and live.inventory is not None:
        found += _inventory(desired.inventory, before, live.inventory)
    if image_ids and live.image_ids is not None and live.image_ids != tuple(image_ids):
        found.append("images")
    if should_activate(item, desired) and live.state not in {"active", "sold_out"}:
        found.append("state")
    return found


def _fields(item: SyncItem, desired: Listing, live: LiveListing) -> Iterator[str]:
    sent = set(FIELDS) if item.action == "create" else sent_fields(item)
    for name, field in FIELDS.items():
        value = field.value(desired)
        if name in sent and name in live.values and value is not None and not same(name, live.values[name], value):
            yield name


def _inventory(wanted: Inventory, before: Inventory | None, live: Inventory) -> list[str]:
    new, old, now = _cells(wanted), _cells(before) if before else {}, _cells(live)
    if {cell for cell, item in new.items() if item.is_enabled} - set(now):
        return ["variations"]
    found = {name for cell, item in new.items() if cell in now for name in _differing(item, old.get(cell), now[cell])}
    return sorted(found)


def _differing(wanted: Offering, before: Offering | None, now: Offering) -> Iterator[str]:
    if wanted.sku != now.sku:
        yield "sku"
    if wanted.is_enabled and now.is_enabled and wanted.price != now.price:  # what is disabled has no price (FACTS §7)
        yield "price"
    is_as_before = before is not None and now.for_sale == before.for_sale
    if now.for_sale != wanted.for_sale and (now.for_sale > wanted.for_sale or is_as_before):
        yield "quantity"


def _cells(inventory: Inventory) -> dict[Cell, Offering]:
    return {tuple(sorted(value.casefold() for value in item.values)): item for item in inventory.offerings}


def _sends(item: SyncItem, part: str) -> bool:
    return item.action == "create" or any(change["part"] == part for change in item.differences)
