"""The last look at the source: is what would be sent of a product still what Medusa has?

Judged is what would be sent: a title that changed while only a price is sent is the next plan's. More stock than was
approved is, too; less is not, for that would sell what nobody has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Refused
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.inventory import plan_inventory
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.listing_fields import at_birth
from etsy_pipeline.publishing.item_in_progress import ItemInProgress

Source = Callable[[Sequence[str]], Mapping[str, ValidatedListing]]


def no_source(_product_ids: Sequence[str]) -> Mapping[str, ValidatedListing]:
    """Knows no product: nothing is looked at again."""
    return {}


def source_of(
    catalogue: MedusaCatalogue, selection: Selection, settings: ShopSettings, reader: Callable[[], ShopReader]
) -> Source:
    """Reads products anew and maps them as a plan does.

    Args:
        catalogue: Medusa.
        selection: what the plan was made of.
        settings: the shop's.
        reader: tells of the shop; made at the first look.
    """
    the_shop = cache(reader)

    def listings(product_ids: Sequence[str]) -> dict[str, ValidatedListing]:
        found = {item: ValidatedListing(item, "", None, (), "no longer in the catalogue") for item in product_ids}
        for page in catalogue.pages(selection.model_copy(update={"product_ids": tuple(product_ids)})):
            for item in page.malformed:
                found.pop(item.product_id, None)  # what it is now cannot be known
            for product in page.products:
                category, _ = taxonomy_id(product, settings, None)
                found[product.id] = validate(product, settings, the_shop().shop([category] if category else []))
        return found

    return listings


def require_source_as_planned(
    work: ItemInProgress, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> None:
    """Refuse an item whose product changed since the plan, in what would be sent.

    Raises:
        Refused: `product_changed_since_plan`.
    """
    if found := list(_changes(work, now, live, settings)):
        raise Refused(
            f"The product changed in Medusa after the plan to {work.item.action} its listing was drawn up: "
            f"{'; '.join(found)}. Nothing of it was sent.",
            code="product_changed_since_plan",
            hint="Sync again: the new plan shows the product as it is now.",
        )


def _changes(
    work: ItemInProgress, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> Iterator[str]:
    desired = work.desired()
    if desired is None:  # it is to be deactivated
        if not now.absent_because:
            yield "it is for sale again"
    elif now.absent_because:
        yield now.absent_because
    elif now.listing is None:
        yield "it is invalid now: " + " ".join(verdict.message for verdict in now.errors)
    else:
        yield from _fields(work, desired, now.listing, settings)
        yield from _inventory(desired.inventory, _target(work, now.listing, live, settings))


def _fields(work: ItemInProgress, desired: Listing, now: Listing, settings: ShopSettings) -> Iterator[str]:
    is_new = work.item.action == "create"
    listing = at_birth(now, settings) if is_new else now
    sent = set(FIELDS) if is_new else {str(change["field"]) for change in work.item.differences}
    for name, field in FIELDS.items():
        planned, present = _without_content(field.value(desired)), _without_content(field.value(listing))
        if name in sent and not same(name, planned, present):
            yield f"{name} is another one"


def _target(work: ItemInProgress, now: Listing, live: LiveListing | None, settings: ShopSettings) -> Inventory | None:
    """The inventory that would be planned now; None where none is sent."""
    if not work.sends("inventory"):
        return None
    published = work.before.published if work.before and work.item.action != "create" else None
    inventory = published.inventory if published else None
    return plan_inventory(now.inventory, inventory, live.inventory if live else None, settings).target


def _without_content(value: object) -> object:
    """What a picture shows is looked at when it is fetched."""
    if not isinstance(value, tuple):
        return value
    return tuple(replace(item, sha256="") if isinstance(item, ListingImage) else item for item in value)


def _inventory(desired: Inventory, now: Inventory | None) -> Iterator[str]:
    if now is None:
        return
    planned, present = _cells(desired), _cells(now)
    if planned.keys() != present.keys():
        yield "its variations are other ones"
        return
    for cell, item in planned.items():
        named = f" of {' / '.join(item.values)}" if item.values else ""
        if item.for_sale > present[cell].for_sale:
            yield f"{item.for_sale} pieces{named} were planned, and there are {present[cell].for_sale}"
        if item.is_enabled and present[cell].is_enabled and item.price != present[cell].price:
            yield f"the price{named} was {item.price} and is {present[cell].price}"
        if item.sku != present[cell].sku:
            yield f"the SKU{named} was {item.sku or 'none'} and is {present[cell].sku or 'none'}"


def _cells(inventory: Inventory) -> dict[tuple[str, ...], Offering]:
    return {item.values: item for item in inventory.offerings}
