"""The last look at the source: is what would be sent of a product still what Medusa has? Pure.

Judged is what would be sent: a title that changed while only a price is sent is the next plan's. More stock than was
approved is, too; less is not, for that would sell what nobody has.
"""

from collections.abc import Iterator
from dataclasses import replace

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.inventory import compared, differs, plan_inventory
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.listing_fields import at_birth, changed_fields
from etsy_pipeline.planning.plan import PlanItem
from etsy_pipeline.planning.sending import sent_fields, sent_parts


def require_source_as_planned(
    item: PlanItem, link: Link | None, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> None:
    """Refuse an item whose product changed since the plan, in what would be sent.

    Args:
        item: what is to be carried out.
        link: what we published before, if anything.
        now: what the product should become as it is now.
        live: the listing as Etsy has it now, where that was read.
        settings: the shop's.

    Raises:
        Refused: `product_changed_since_plan`.
    """
    if found := list(_changes(item, link, now, live, settings)):
        raise Refused(
            f"The product changed in Medusa after the plan to {item.action} its listing was drawn up: "
            f"{'; '.join(found)}. Nothing of it was sent.",
            code="product_changed_since_plan",
            hint="Sync again: the new plan shows the product as it is now.",
        )


def _changes(
    item: PlanItem, link: Link | None, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> Iterator[str]:
    if item.desired is None:  # it is to be deactivated
        if not now.absent_because:
            yield "it is for sale again" if now.listing else _invalid(now)
    elif now.absent_because:
        yield now.absent_because
    elif now.listing is None:
        yield _invalid(now)
    else:
        target = _target(item, link, now.listing, live, settings)
        yield from _fields(item, item.desired, target)
        if "inventory" in sent_parts(item):
            yield from _inventory(item.desired.inventory, target.inventory)


def _invalid(now: ValidatedListing) -> str:
    return "it is invalid now: " + " ".join(verdict.message for verdict in now.errors)


def _target(
    item: PlanItem, link: Link | None, now: Listing, live: LiveListing | None, settings: ShopSettings
) -> Listing:
    """The listing that would be planned now."""
    if item.action == "create":
        return at_birth(now, settings)
    if link is None or link.published is None:
        return now
    target, _, _ = changed_fields(now, link.published, live.values if live else {}, settings)
    inventory = plan_inventory(now.inventory, link.published.inventory, live.inventory if live else None, settings)
    return replace(target, inventory=inventory.target)


def _fields(item: PlanItem, desired: Listing, target: Listing) -> Iterator[str]:
    sent = sent_fields(item)
    for name, field in FIELDS.items():
        planned, present = _without_content(field.value(desired)), _without_content(field.value(target))
        if name in sent and not same(name, planned, present):
            yield f"{name} is another one"


def _without_content(value: object) -> object:
    """What a picture shows is looked at when it is fetched."""
    if not isinstance(value, tuple):
        return value
    return tuple(replace(item, sha256="") if isinstance(item, ListingImage) else item for item in value)


def _inventory(desired: Inventory, target: Inventory) -> Iterator[str]:
    pairs = compared(desired, target).values()
    both = [(planned, present) for planned, present in pairs if planned is not None and present is not None]
    if len(both) < len(pairs):
        yield "its variations are other ones"
        return
    for planned, present in both:
        yield from _cell(planned, present)


def _cell(planned: Offering, present: Offering) -> Iterator[str]:
    named = f" of {' / '.join(planned.values)}" if planned.values else ""
    if planned.for_sale > present.for_sale:
        yield f"{planned.for_sale} pieces{named} were planned, and there are {present.for_sale}"
    if present.is_enabled and differs(planned, present, "price"):
        yield f"the price{named} was {planned.price} and is {present.price}"
    if differs(planned, present, "sku"):
        yield f"the SKU{named} was {planned.sku or 'none'} and is {present.sku or 'none'}"
