"""Taking a publication back: from what was there before to what will be done now, one plan item a product. Pure.

A listing that was created is deactivated; one that was changed gets back what it had, one that was deactivated is set
active again. Stock is never raised above what Medusa has now, and a seller's later edits are conflicts, as always.
"""

from dataclasses import dataclass, replace

import msgspec

from etsy_pipeline.listings.grid import with_axes
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Translation
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning import brakes
from etsy_pipeline.planning.adopted_links import as_linked
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.costs import cost_of_deactivate, cost_of_update
from etsy_pipeline.planning.fields import FIELDS, same
from etsy_pipeline.planning.inventory import compared, plan_inventory
from etsy_pipeline.planning.link import GONE, ON_SALE, Link, LiveListing, PublishedImage
from etsy_pipeline.planning.listing_fields import changed_fields
from etsy_pipeline.planning.plan_item import NOT_RESTORED, PlanItem
from etsy_pipeline.planning.source_drift import SourceChange


@dataclass(frozen=True, slots=True)
class Before:
    """What a publication found: the listing, its state, its pictures in their order; no listing where it made it.

    `translations` are those that Etsy had, its seller's among them: a new title spoils them, so they are put back.
    """

    state: str = ""
    listing: Listing | None = None
    images: tuple[PublishedImage, ...] = ()
    translations: tuple[Translation, ...] = ()


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Before)


def to_json(before: Before) -> str:
    """What was there, as text."""
    return _ENCODER.encode(before).decode()


def from_json(text: str) -> Before:
    """What was there."""
    return _DECODER.decode(text)


@dataclass(frozen=True, slots=True)
class Sent:
    """A product of the publication that is taken back: what was done, and what was there before, if that is known."""

    product_id: str
    product_title: str
    action: str
    before: Before | None


def plan_rollback(
    sent: Sent, link: Link | None, live: LiveListing | None, present: ValidatedListing | None, settings: ShopSettings
) -> PlanItem:
    """Decide what to do for one product of a publication that is taken back.

    Args:
        sent: what the publication did.
        link: what our books say of its listing now.
        live: the listing as Etsy has it now; without it nothing is restored.
        present: the product as Medusa has it now, for its stock.
        settings: the shop's; whom it gives a field does not matter here: what we changed is given back. What an adopted
            listing keeps for its seller was not changed by us.
    """
    if link is None or link.etsy_listing_id is None:
        return _skip(sent, link, "it has no listing on Etsy")
    if live is None or live.state in {GONE, "removed"}:
        told = "what Etsy has of it now is not known" if live is None else f"its listing on Etsy is {live.state}"
        return _skip(sent, link, told)
    if sent.action == "create":
        return _taken_down(sent, link, live)
    if sent.before is None or sent.before.listing is None or link.published is None:
        return _skip(sent, link, "what was there before is not known")
    now = as_linked(present, link, live, settings)[0] if present is not None else None
    return _restored(sent, sent.before, sent.before.listing, link, link.published, live, now, settings)


def sold_meanwhile(
    item: PlanItem, link: Link | None, now: ValidatedListing, live: LiveListing | None, settings: ShopSettings
) -> SourceChange | None:
    """Whether pieces would be given back that were sold since the plan of a rollback; nothing else counts."""
    if item.desired is None or not any(change.part in {"inventory", "state"} for change in item.differences):
        return None
    if now.listing is None or now.absent_because:
        return SourceChange(now.absent_because or "what Medusa has of it now is not known")
    if link is not None and "quantity" in link.keeps:
        return None
    now, _ = as_linked(now, link, live, settings)
    _, told = _with_stock_of(item.desired.inventory, item.desired.inventory, now)
    return SourceChange("; ".join(why for _, why in told)) if told else None


def _taken_down(sent: Sent, link: Link, live: LiveListing) -> PlanItem:
    if live.state not in ON_SALE:
        return _skip(sent, link, f"its listing is {live.state}: nothing of it is on sale")
    change = Difference("state", "state", live.state, "inactive", link.wanted_state or "", live.state)
    item = _item(sent, link, "deactivate", "it was created by the sync that is taken back")
    return replace(item, differences=(change,), cost=cost_of_deactivate())


def _restored(
    sent: Sent,
    before: Before,
    wanted: Listing,
    link: Link,
    published: Listing,
    live: LiveListing,
    present: ValidatedListing | None,
    settings: ShopSettings,
) -> PlanItem:
    ours = settings.model_copy(update={"ownership": dict.fromkeys(link.keeps, "seller"), "update_alt_texts": True})
    wanted = replace(wanted, images=_images(before, published))
    if wanted.currency_code == published.currency_code:
        is_sellers = "quantity" in link.keeps
        inventory, capped = (
            (wanted.inventory, []) if is_sellers else _with_stock_of(wanted.inventory, published.inventory, present)
        )
    else:
        inventory, capped = published.inventory, [("price and quantity", _in_other_currency(wanted, published))]
        kept = {"currency_code": published.currency_code, "personalization": published.personalization}
        wanted = replace(wanted, **kept)  # type: ignore[arg-type] # as the names say
    target, changes, conflicts = changed_fields(replace(wanted, inventory=inventory), published, live.values, ours)
    changes = tuple(change for change in changes if not _is_so(change.field, live, target))
    stock = plan_inventory(inventory, published.inventory, live.inventory, ours, live.open_sales)
    target = replace(target, inventory=stock.target)
    state, unrestored = _state(before, live, present, stock.target)
    differences = (*changes, *stock.differences, *state)
    warnings = tuple(_not_restored(field, told) for field, told in (*capped, *unrestored))
    if not differences:
        told = "nothing of it can be restored" if warnings else "it is as it was before"
        return replace(_skip(sent, link, told), verdicts=warnings)
    care = (*brakes.of_prices(stock.moves, settings.brakes), *brakes.of_variations(stock.vanishing))
    return replace(
        _item(sent, link, "update", ", ".join(change.field for change in differences) + " as before"),
        desired=replace(target, publish_as="active" if state else target.publish_as),
        differences=differences,
        conflicts=(*conflicts, *stock.conflicts),
        brakes=care,
        price_moves=stock.moves,
        verdicts=warnings,
        cost=cost_of_update(target, differences, pays_fee=False, before=published),
    )


def _in_other_currency(wanted: Listing, published: Listing) -> str:
    return f"its prices were in {wanted.currency_code}, and are in {published.currency_code} now"


def _is_so(field: str, live: LiveListing, target: Listing) -> bool:
    return field in live.values and same(field, live.values[field], FIELDS[field].value(target))


def _images(before: Before, published: Listing) -> tuple[ListingImage, ...]:
    """The pictures as they were; where it had none, those that are there now: Etsy takes no last one off."""
    return tuple(ListingImage(image.source_url, image.alt_text) for image in before.images) or published.images


def _with_stock_of(
    wanted: Inventory, published: Inventory, present: ValidatedListing | None
) -> tuple[Inventory, list[tuple[str, str]]]:
    """The inventory as it was, with no more pieces than Medusa has now; as it is, where that is not known."""
    if present is None or present.listing is None or present.absent_because:
        why = (present.absent_because if present else "") or "what Medusa has of it now is not known"
        return published, [("price and quantity", why)] if wanted != published else []
    now = {id(old): new for old, new in compared(wanted, present.listing.inventory).values() if old is not None}
    offerings, told = [], []
    for item in wanted.offerings:
        there = now.get(id(item))
        pieces = there.for_sale if there else 0
        if pieces < item.for_sale:
            name = " / ".join(item.values) or "the listing"
            told.append(("quantity", f"{name} had {item.for_sale} pieces; Medusa has {pieces} now"))
        offerings.append(replace(item, quantity=pieces, is_enabled=pieces > 0) if pieces < item.for_sale else item)
    return with_axes(offerings, wanted.properties), told


def _state(
    before: Before, live: LiveListing, present: ValidatedListing | None, inventory: Inventory
) -> tuple[tuple[Difference, ...], list[tuple[str, str]]]:
    """Whether it is set active again: free while its paid time runs, so never where that would cost a fee."""
    if before.state not in ON_SALE or live.state in ON_SALE:
        return (), []
    if live.state != "inactive":
        return (), [("state", f"it was {before.state}; setting it active again would cost a fee")]
    is_sold = present is not None and present.listing is not None and not present.absent_because
    if not is_sold or not any(item.for_sale for item in inventory.offerings):
        return (), [("state", f"it was {before.state}; Medusa has nothing of it for sale now")]
    return (Difference("state", "state", live.state, "active", live.state, live.state),), []


def _not_restored(field: str, told: str) -> Verdict:
    return Verdict(NOT_RESTORED, "warning", field, f"Not restored: {told}.", "Change it in Medusa, then sync.")


def _skip(sent: Sent, link: Link | None, reason: str) -> PlanItem:
    return _item(sent, link or Link(sent.product_id), "skip", f"not taken back: {reason}")


def _item(sent: Sent, link: Link, action: str, reason: str) -> PlanItem:
    return PlanItem(sent.product_id, sent.product_title, action, reason, etsy_listing_id=link.etsy_listing_id)  # type: ignore[arg-type] # one of them
