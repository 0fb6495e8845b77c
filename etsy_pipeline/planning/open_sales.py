"""Sales on Etsy that Medusa's stock does not know of yet, for the listings of a plan and for the last look. Pure.

Sales are kept by variant; offerings on Etsy have SKUs and option values.
"""

from dataclasses import replace

from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.identity import ProductIdentity
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.brakes import of_first_raise
from etsy_pipeline.planning.inventory import compared, without_pieces
from etsy_pipeline.planning.link import ON_SALE, Link, LiveListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.sending import sent_parts
from etsy_pipeline.sales.guard import BOOKING, OpenOnListing, OpenSales, SoldVariant

_WHY = "more pieces would be for sale, and a sale on Etsy is not booked in Medusa yet"
_NO_STOCK = "more pieces would be for sale, and Medusa could not be asked for its stock just now"
_DOUBTED = "more pieces would be for sale, and nobody has agreed to that since orders are booked"
_NOT_READ = "more pieces would be for sale, and orders on Etsy could not be read just now"


def with_open_sales(live: LiveListing, found: OpenSales, link: Link | None, identity: ProductIdentity) -> LiveListing:
    """A listing with what was sold of it that Medusa's stock lacks. Orders were read after it was.

    Args:
        live: as Etsy has it.
        found: what is open of the product; nothing, where orders tell of no sale.
        link: of the product.
        identity: the product's variants. One that is sold and not among them only keeps the listing from being raised.
    """
    known = {variant.id: SoldVariant(variant.sku, variant.values, 0) for variant in identity.variants}
    known |= {item.variant_id: _on_etsy(item) for item in (link.variant_map if link else ())}
    sold = tuple(replace(known[key], pieces=pieces) for key, pieces in found.pieces.items() if pieces and key in known)
    is_frozen = found.is_frozen or any(key not in known for key in found.pieces)
    return replace(live, open_sales=OpenOnListing(sold, is_frozen))


def is_open(live: LiveListing) -> bool:
    """Whether something of it was sold that Medusa's stock may lack."""
    return live.open_sales is not None and not live.open_sales.may_raise


def unseen(live: LiveListing | None) -> LiveListing | None:
    """A listing of which nothing is to be believed but what was sold of it: we have begun to change it."""
    if live is None or live.open_sales is None:
        return None
    return LiveListing(live.listing_id, live.state, open_sales=live.open_sales)


def not_to_be_raised(
    item: PlanItem,
    live: LiveListing | None,
    settings: ShopSettings,
    *,
    knows_stock: bool,
    is_begun: bool = False,
    is_doubted: bool = False,
) -> str:
    """Why an item must not be sent: it would give a listing more pieces than Etsy has while sales are open.

    Args:
        item: what is to be sent.
        live: the listing as Etsy has it now; None: it has none yet.
        settings: the shop's.
        knows_stock: whether Medusa's stock was read after orders were.
        is_begun: whether some of it was tried already: then what Etsy has may be ours.
        is_doubted: whether a person has yet to agree with its stock (`Link.stock_doubted`).

    Returns:
        It in words; blank where it may be sent.
    """
    if live is None or not (pieces := _pieces(item, live, settings)):
        return ""
    is_open = live.open_sales is None or not live.open_sales.may_raise
    if knows_stock and not is_open and not is_doubted:
        return ""
    if any(new > on_etsy for _, on_etsy, new in pieces):
        return _NOT_READ if live.open_sales is None else _WHY if is_open else _DOUBTED if knows_stock else _NO_STOCK
    only_pieces = {change.field for change in item.differences} == {"quantity"}
    is_so = only_pieces and not is_begun and all(new == on_etsy for _, on_etsy, new in pieces)
    return "Etsy has just these pieces for sale already" if is_so else ""


def with_first_raise(item: PlanItem, link: Link | None, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
    """An item with a brake, where it raises what a person has yet to agree with (`Link.stock_doubted`)."""
    if link is None or not link.stock_doubted or live is None:
        return item
    raises = [of_cell for of_cell in _pieces(item, live, settings) if of_cell[2] > of_cell[1]]
    return replace(item, brakes=(*item.brakes, of_first_raise(raises))) if raises else item


def _pieces(item: PlanItem, live: LiveListing, settings: ShopSettings) -> list[tuple[str, int, int]]:
    """What an item does to the pieces for sale: (variation, on Etsy, as sent). Nothing, where it sends none of ours."""
    is_looked_after = settings.orders.mode in BOOKING and settings.ownership.get("quantity", "owned") == "owned"
    if not is_looked_after or item.desired is None or item.action != "update":
        return []
    if not sent_parts(item) & {"inventory", "state"}:
        return []
    is_on_sale = live.state in ON_SALE and live.inventory is not None
    there = live.inventory if is_on_sale and live.inventory else without_pieces(item.desired.inventory)
    pairs = compared(item.desired.inventory, there).values()
    return [(" / ".join(new.values), old.for_sale if old else 0, new.for_sale) for new, old in pairs if new is not None]


def _on_etsy(item: VariantOnEtsy) -> SoldVariant:
    return SoldVariant(item.sku, item.values, 0)
