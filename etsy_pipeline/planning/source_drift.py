"""The last look at the source: is what would be sent of a product still what Medusa has? Pure.

Judged is what would be sent: a title that changed while only a price is sent is the next plan's. More stock than was
approved is, too; less is not, for that would sell what nobody has.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from etsy_pipeline.listings.attributes import refused_in, without
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.adopted_links import as_linked
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.inventory import compared, differs, plan_inventory, with_fewer_pieces
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.listing_fields import at_birth, changed_fields
from etsy_pipeline.planning.plan import of_stock_lane, plan_product
from etsy_pipeline.planning.plan_item import PlanItem, lowers_stock_only
from etsy_pipeline.planning.sending import sent_fields, sent_parts


@dataclass(frozen=True, slots=True)
class SourceChange:
    """How a product changed since the plan, in what would be sent of it.

    `with_less` is the item with the pieces that are left, where that is all that changed; where none is left of a
    listing that is on sale, it is taken off.
    """

    told: str
    with_less: PlanItem | None = None


def source_change(
    item: PlanItem, link: Link | None, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> SourceChange | None:
    """What changed in Medusa since the plan of an item; None where what would be sent is as it was.

    Args:
        item: what is to be carried out.
        link: what we published before, if anything.
        now: what the product should become as it is now.
        live: the listing as Etsy has it now, where that was read.
        settings: the shop's.
    """
    if item.desired is None:
        return _no_longer_off(now, link, live, settings)
    if lowers_stock_only(item) and not now.absent_because and _stock(now) is not None:
        return _fewer_by_now(item, item.desired, link, now, live, settings)
    if now.absent_because or now.listing is None:
        without = _taken_off(item, link, now, live, settings) if now.is_sold_out else None
        return SourceChange(now.absent_because or _invalid(now), without)
    as_owned, owned = as_linked(now, link, live, settings)
    target = _target(item, link, as_owned.listing or item.desired, live, owned)
    refused = refused_in(item.verdicts, now.verdicts)
    others, fewer = list(_fields(item, item.desired, target, refused)), []
    parts = sent_parts(item)
    if "inventory" in parts:
        others += _inventory(item.desired.inventory, target.inventory)
    if parts & {"inventory", "state"} and not others:  # what is set active offers the pieces that it had
        fewer = list(_fewer(item.desired.inventory, target.inventory))
    if others or not fewer:
        return SourceChange("; ".join(others)) if others else None
    less = _with_less(item, item.desired, target.inventory) or _taken_off(item, link, now, live, settings)
    return SourceChange("; ".join(fewer), less)


def _taken_off(
    item: PlanItem, link: Link | None, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> PlanItem | None:
    """What becomes of an update of a listing on sale of which no piece is left: what a plan would make of it now."""
    if item.action != "update":
        return None
    planned = plan_product(now, link, live, settings)
    return planned if planned.action == "deactivate" else None


def _no_longer_off(
    now: ValidatedListing, link: Link | None, live: LiveListing | None, settings: ShopSettings
) -> SourceChange | None:
    """Why a listing that is to be deactivated should stay; None where it is to go as before."""
    if now.absent_because:
        return None if settings.deactivate_removed else SourceChange("deactivate_removed is off by now")
    left = _on_etsy(now, link, live, settings)
    if left is not None and not any(offering.for_sale for offering in left.offerings):
        return None
    return SourceChange("it is for sale again" if now.listing else _invalid(now))


def _fewer_by_now(
    item: PlanItem,
    desired: Listing,
    link: Link | None,
    now: ValidatedListing,
    live: LiveListing | None,
    settings: ShopSettings,
) -> SourceChange | None:
    """Of an invalid product only pieces are taken off sale: there may be even fewer by now."""
    left = _on_etsy(now, link, live, settings) or desired.inventory
    if not (fewer := list(_fewer(desired.inventory, left))):
        return None
    less = _with_less(item, desired, left) or _taken_off(item, link, now, live, settings)
    return SourceChange("; ".join(fewer), less)


def _stock(now: ValidatedListing) -> Inventory | None:
    return now.listing.inventory if now.listing else now.stock


def _on_etsy(
    now: ValidatedListing, link: Link | None, live: LiveListing | None, settings: ShopSettings
) -> Inventory | None:
    """What there is now of the variations that are on Etsy; None where that is not known."""
    stock, published = _stock(now), link.published if link else None
    if stock is None or published is None:
        return None
    pseudo = replace(now, listing=replace(published, inventory=stock))
    pseudo, settings = as_linked(pseudo, link, live, of_stock_lane(settings))
    wanted = pseudo.listing.inventory if pseudo.listing else stock
    seen, sold = (live.inventory, live.open_sales) if live else (None, None)
    return plan_inventory(wanted, published.inventory, seen, settings, sold).target


def _with_less(item: PlanItem, desired: Listing, left: Inventory) -> PlanItem | None:
    inventory, difference = with_fewer_pieces(desired.inventory, left)
    if not any(offering.for_sale for offering in inventory.offerings):
        return None
    return replace(item, desired=replace(desired, inventory=inventory), differences=_with(item.differences, difference))


def _with(differences: tuple[Difference, ...], fewer: Difference) -> tuple[Difference, ...]:
    """Differences of an update, with the new number of pieces; a new listing has none, and neither then."""
    if not any(change.part in {"inventory", "state"} for change in differences):
        return differences
    told = next((change for change in differences if change.field == "quantity"), None)
    if told is None:
        return (*differences, fewer)
    return tuple(replace(change, new=fewer.new) if change is told else change for change in differences)


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
    seen, sold = (live.inventory, live.open_sales) if live else (None, None)
    inventory = plan_inventory(now.inventory, link.published.inventory, seen, settings, sold)
    return replace(target, inventory=inventory.target)


def _fields(item: PlanItem, desired: Listing, target: Listing, refused: Collection[int]) -> Iterator[str]:
    """What is another one by now; not attributes that Etsy refuses, nor a section that may have been made meanwhile."""
    sent = sent_fields(item)
    desired, target = (replace(it, attributes=without(it.attributes, refused)) for it in (desired, target))
    if desired.new_section and target.shop_section_id is not None:
        sent -= {"shop_section"}
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
        if present.is_enabled and differs(planned, present, "price"):
            yield f"the price{_named(planned)} was {planned.price} and is {present.price}"
        if differs(planned, present, "sku"):
            yield f"the SKU{_named(planned)} was {planned.sku or 'none'} and is {present.sku or 'none'}"


def _fewer(desired: Inventory, target: Inventory) -> Iterator[str]:
    for planned, present in compared(desired, target).values():
        if planned is not None and present is not None and planned.for_sale > present.for_sale:
            yield f"{planned.for_sale} pieces{_named(planned)} were planned, and there are {present.for_sale}"


def _named(item: Offering) -> str:
    return f" of {' / '.join(item.values)}" if item.values else ""
