"""The last look before an item is carried out: is the listing on Etsy still what the plan saw? Pure.

What matters is what would be overwritten: an edit of a field that is not sent is no reason to refuse.
"""

from collections.abc import Iterator
from dataclasses import replace

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.adopted_links import settings_of_link
from etsy_pipeline.planning.changes import FieldConflict
from etsy_pipeline.planning.inventory import plan_inventory
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.planning.listing_fields import changed_fields
from etsy_pipeline.planning.plan import of_stock_lane
from etsy_pipeline.planning.plan_item import PlanItem, lowers_stock_only
from etsy_pipeline.planning.sending import sent_fields, sent_parts

HINT = "Sync again: the new plan shows what is on Etsy now."


def require_as_planned(item: PlanItem, link: Link, live: LiveListing, settings: ShopSettings) -> None:
    """Refuse an item whose listing changed since the plan was drawn up.

    Args:
        item: what is to be carried out.
        link: what we published before.
        live: the listing as Etsy has it now.
        settings: the shop's.

    Raises:
        Refused: `listing_gone`, `listing_changed_since_plan`.
    """
    if item.action == "create":
        if live.state != GONE:
            raise _changed(item, live, [f"it is there again, {live.state}, and the plan was to replace it"])
        return
    if live.state == GONE:
        raise Refused(
            f"Listing {live.listing_id} was deleted on Etsy after the plan was drawn up, and the plan was to "
            f"{item.action} it, not to create another one.",
            code="listing_gone",
            hint="Sync again: the new plan says that it will be created anew, with its fee.",
        )
    found, settings = [*_state(item, live)], settings_of_link(link, settings)
    settings = of_stock_lane(settings) if lowers_stock_only(item) else settings
    if item.desired is not None and link.published is not None:
        found += [*_fields(item, item.desired, link.published, live, settings)]
        found += [*_inventory(item, item.desired, link.published, live, settings)]
    if found:
        raise _changed(item, live, found)


def with_ours(lowered: PlanItem, begun: PlanItem, link: Link | None, settings: ShopSettings) -> PlanItem:
    """An item that goes on with fewer pieces, so that it knows again what it may have put on Etsy before.

    Args:
        lowered: as it goes on.
        begun: as it was begun.
        link: what we published before, if anything.
        settings: the shop's.
    """
    if link is None or link.published is None or lowered.desired is None or begun.desired is None:
        return lowered
    settings = settings_of_link(link, settings)
    sent = plan_inventory(lowered.desired.inventory, link.published.inventory, begun.desired.inventory, settings)
    ours = (replace(conflict, outcome="ours") for conflict in sent.conflicts if conflict.field == "quantity")
    return replace(lowered, conflicts=(*lowered.conflicts, *ours))


def _state(item: PlanItem, live: LiveListing) -> Iterator[str]:
    if live.state == "removed":
        yield "Etsy has taken it down"
    for change in item.differences:
        if change.field == "state" and live.state not in {change.old, change.new} - {"unknown"}:
            yield f"state is {live.state}, was {change.old} in the plan"


def _fields(
    item: PlanItem, desired: Listing, published: Listing, live: LiveListing, settings: ShopSettings
) -> Iterator[str]:
    sent = sent_fields(item)
    _, _, conflicts = changed_fields(desired, published, live.values, settings)
    for conflict in conflicts:
        if conflict.field in sent and not _was_known(item, conflict):
            yield _told(conflict)


def _inventory(
    item: PlanItem, desired: Listing, published: Listing, live: LiveListing, settings: ShopSettings
) -> Iterator[str]:
    if live.inventory is None or "inventory" not in sent_parts(item):
        return
    sold = live.open_sales.as_subtracted if live.open_sales else None
    now = plan_inventory(desired.inventory, published.inventory, live.inventory, settings, sold)
    for conflict in now.conflicts:
        is_harmless = conflict.outcome == "sold" and now.target == desired.inventory
        if not is_harmless and not _was_known(item, conflict):
            yield _told(conflict)
    is_planned = "variations" in sent_fields(item)
    if not is_planned and any(change.field == "variations" for change in now.differences):
        yield "its variations are other ones"


def _was_known(item: PlanItem, conflict: FieldConflict) -> bool:
    return any(known.field == conflict.field and known.live == conflict.live for known in item.conflicts)


def _told(conflict: FieldConflict) -> str:
    return f"{conflict.field} is {conflict.live}, was {conflict.published}"


def _changed(item: PlanItem, live: LiveListing, found: list[str]) -> Refused:
    return Refused(
        f"Listing {live.listing_id} changed on Etsy after the plan to {item.action} it was drawn up: "
        f"{'; '.join(found)}. It was left as it is.",
        code="listing_changed_since_plan",
        hint=HINT,
    )
