"""The last look at the source: would the product, as Medusa has it now, still be planned as it was approved?

Judged is what would be sent: a title that changed while only a price is sent is the next plan's. More stock than was
approved is, too; less is not, for that would sell what nobody has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Refused
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.listings.listing import Inventory, Listing, Offering
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.plan import PlanItem, plan_product
from etsy_pipeline.publishing.last_look import sent_fields
from etsy_pipeline.publishing.work import Work

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
    known: list[ShopReader] = []

    def listings(product_ids: Sequence[str]) -> dict[str, ValidatedListing]:
        shop = known[0] if known else reader()
        known[:] = [shop]
        found = {item: ValidatedListing(item, "", None, (), "no longer in the catalogue") for item in product_ids}
        for page in catalogue.pages(selection.model_copy(update={"product_ids": tuple(product_ids)})):
            for item in page.malformed:
                found.pop(item.product_id, None)  # what it is now cannot be known
            for product in page.products:
                category, _ = taxonomy_id(product, settings, None)
                found[product.id] = validate(product, settings, shop.shop([category] if category else []))
        return found

    return listings


def require_source_as_planned(
    work: Work, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> None:
    """Refuse an item whose product changed since the plan, in what would be sent.

    Raises:
        Refused: `product_changed_since_plan`.
    """
    item = plan_product(now, work.before, live, settings)
    if found := list(_changes(work, item)):
        raise Refused(
            f"The product changed in Medusa after the plan to {work.item.action} its listing was drawn up: "
            f"{'; '.join(found)}. Nothing of it was sent.",
            code="product_changed_since_plan",
            hint="Sync again: the new plan shows the product as it is now.",
        )


def _changes(work: Work, now: PlanItem) -> Iterator[str]:
    desired = work.desired()
    if now.action != work.item.action:
        yield f"it would be {_IN_WORDS[now.action]} now ({now.reason})"
    elif desired is not None and now.desired is not None:
        yield from _fields(work, desired, now.desired)
        if work.sends("inventory"):
            yield from _inventory(desired.inventory, now.desired.inventory)


_IN_WORDS = {
    "create": "created",
    "update": "updated",
    "deactivate": "deactivated",
    "skip": "left alone",
    "invalid": "refused",
}


def _fields(work: Work, desired: Listing, now: Listing) -> Iterator[str]:
    sent = set(FIELDS) if work.item.action == "create" else sent_fields(work.item)
    for name, field in FIELDS.items():
        if name in sent and not same(name, field.value(desired), field.value(now)):
            yield f"{name} is another one"


def _inventory(desired: Inventory, now: Inventory) -> Iterator[str]:
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
