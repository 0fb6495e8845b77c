"""From a validated listing, its link and its live listing to what will be done: one plan item. Pure.

While another sync is under way, only price and stock may be sent beside it, and what we took off sale put on again
(`stock_only`).

Not here: the rules for a listing (`listings/rule_tables`), how fields are compared (`listing_fields.py`,
`inventory.py`), how the plan is shown (`plan_view.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning import brakes
from etsy_pipeline.planning.adopted_links import as_linked
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.costs import NO_COST, Cost, cost_of_create, cost_of_deactivate, cost_of_update
from etsy_pipeline.planning.inventory import InventoryPlan, plan_inventory, with_fewer_pieces, without_pieces
from etsy_pipeline.planning.life import (
    HELD,
    RENEWALS,
    REVIVALS,
    Held,
    Life,
    Revival,
    is_removed,
    life_of,
    pays_fee,
    state_of,
    told,
)
from etsy_pipeline.planning.link import ON_SALE, Link, LiveListing
from etsy_pipeline.planning.listing_fields import all_fields, at_birth, changed_fields
from etsy_pipeline.planning.plan_item import STOCK_FIELDS, Action, PlanItem, lowers_stock_only

CALLS_OF_RENEWAL = 1  # the inventory once more: setting a sold-out listing active leaves one piece (FACTS §6)

MORE_WAITS = "more pieces wait until all sales on Etsy are booked in Medusa"
ORDERS_UNREAD = "more pieces wait: orders on Etsy were not read after its listing was"

NOTHING_LEFT = "nothing of what is for sale on Etsy is left in Medusa"

NOT_ON_ETSY = Link(product_id="")


def plan_product(
    validated: ValidatedListing,
    link: Link | None,
    live: LiveListing | None,
    settings: ShopSettings,
    now: datetime | None = None,
) -> PlanItem:
    """Decide what to do for a product that is in the snapshot.

    Args:
        validated: the listing it should become.
        link: what we published, if anything.
        live: what Etsy has, where that was read.
        settings: the shop's.
        now: the moment, to tell whether a listing's paid time is over; where it is not known, a fee is counted.
    """
    item = _planned(validated, link or NOT_ON_ETSY, live, settings, now)
    is_first = link is not None and link.origin == "adopted" and link.last_synced_at is None
    if not is_first or item.action not in {"update", "deactivate"}:
        return item
    return replace(item, brakes=(*item.brakes, brakes.of_first_plan(item.etsy_listing_id)))


def _planned(
    validated: ValidatedListing, known: Link, live: LiveListing | None, settings: ShopSettings, now: datetime | None
) -> PlanItem:
    validated, settings = as_linked(validated, known, live, settings)
    if validated.absent_because:
        return _absent(validated, known, live, settings)
    if known.etsy_listing_id is not None and is_removed(known, live):
        return _held(validated, known, live, "removed_by_etsy")
    if validated.listing is None:
        return _invalid(validated, known, live, settings)
    if known.etsy_listing_id is None:
        return _new(validated, validated.listing, known, settings)
    return _present(validated, validated.listing, known, live, settings, now)


def removed(link: Link) -> ValidatedListing:
    """A linked product that the snapshot no longer has, as it is planned."""
    return ValidatedListing(link.product_id, link.product_title, None, (), "no longer in the catalogue")


def puts_back_on_sale(item: PlanItem, link: Link | None) -> bool:
    """Whether an item does no more than put on sale again what we took off, within the paid term, with its stock."""
    fields = {change.field for change in item.differences}
    is_whole = link is not None and not link.has_failed and fields <= STOCK_FIELDS | {"state"}
    return is_whole and item.life == "reactivate" and not item.cost.fee_usd_cents


def left_for_later(item: PlanItem, link: Link | None) -> str:
    """What of an item does not travel in the stock lane, in words; blank where all of it does."""
    if item.action == "create":
        return "creating its listing"
    if item.action != "update" or puts_back_on_sale(item, link):
        return ""
    others = [change.field for change in item.differences if change.field not in STOCK_FIELDS]
    return ", ".join(others) if item.differences else "finishing what an earlier attempt left"


def stock_only(
    item: PlanItem,
    validated: ValidatedListing,
    link: Link | None,
    live: LiveListing | None,
    settings: ShopSettings,
    waits_for: str,
) -> PlanItem:
    """What of an item may be sent beside another sync: price and quantity of a listing on sale, and its deactivation.

    What we took off sale is put on again where nothing else of it waits, and that costs no fee.

    Args:
        item: as it is planned where nothing is under way (`plan_product`).
        validated: the listing that the product should become.
        link: what we published, if anything.
        live: what Etsy has, where that was read.
        settings: the shop's.
        waits_for: how long the rest of it waits, in words.
    """
    if item.action not in {"create", "update"} or lowers_stock_only(item) or puts_back_on_sale(item, link):
        return item
    validated, settings = as_linked(validated, link, live, settings)
    later = left_for_later(item, link)
    waiting = replace(
        item, action="skip", reason=f"{later or 'price, quantity'} left for later, {waits_for}",
        desired=None, differences=(), brakes=(), price_moves=(), cost=NO_COST,
    )  # fmt: skip
    published, listing = (link.published if link else None), validated.listing
    is_there = item.action == "update" and link is not None and state_of(link, live) in ON_SALE
    if link is None or published is None or listing is None or not is_there:
        return waiting
    there, sold = (live.inventory, live.open_sales) if live else (None, None)
    stock = plan_inventory(listing.inventory, published.inventory, there, of_stock_lane(settings), sold)
    changes, target = stock.differences, replace(published, inventory=stock.target)
    is_sold_out = not any(offering.for_sale for offering in stock.target.offerings)
    if not changes or any(change.field not in STOCK_FIELDS for change in changes):
        return waiting
    care = tuple(brake for brake in item.brakes if brake.code == brakes.FIRST_PLAN)
    if is_sold_out and there and any(offering.for_sale for offering in there.offerings):
        return replace(_deactivated(validated, link, live, settings, NOTHING_LEFT), brakes=care)
    if is_sold_out:
        return waiting
    told = ", ".join(change.field for change in changes) + " changed"
    return replace(
        item,
        reason=f"{told}; {later} left for later, {waits_for}" if later else told,
        desired=target,
        differences=changes,
        conflicts=stock.conflicts,
        brakes=(*brakes.of_prices(stock.moves, settings.brakes), *care),
        price_moves=stock.moves,
        cost=cost_of_update(target, changes, pays_fee=False),
        lowers_only=stock.lowers,
    )


def of_stock_lane(settings: ShopSettings) -> ShopSettings:
    """Settings by which variations and SKUs stay as they were published."""
    return settings.model_copy(
        update={"ownership": settings.ownership | {"sku": "create_only", "variations": "create_only"}}
    )


def held_elsewhere(product_id: str, title: str, link: Link | None, holder: str) -> PlanItem:
    """What is planned of a product that another sync, which is under way, has yet to deal with: nothing."""
    listing_id = link.etsy_listing_id if link else None
    return PlanItem(product_id, title, "skip", held_by_words(holder), etsy_listing_id=listing_id)


def held_by_words(holder: str) -> str:
    """Why nothing is planned of a product that another sync has yet to deal with."""
    return f"held by {holder}, which is under way"


def _new(validated: ValidatedListing, listing: Listing, link: Link, settings: ShopSettings) -> PlanItem:
    wanted = at_birth(listing, settings)
    item = _item(validated, link, "create", "not on Etsy yet", cost=cost_of_create(wanted))
    if link.etsy_listing_id is None:
        return replace(item, desired=wanted)
    reason = f"its listing {link.etsy_listing_id} is no longer on Etsy"
    return replace(item, desired=wanted, reason=reason, brakes=(brakes.of_missing_listing(link.etsy_listing_id),))


def _invalid(validated: ValidatedListing, link: Link, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
    """A product that breaks a rule; of one that is on sale no more pieces are sold than Medusa has."""
    item = _item(validated, link, "invalid", " ".join(verdict.message for verdict in validated.errors))
    published, stock = link.published, validated.stock
    is_touchable = state_of(link, live) in ON_SALE and not (live is not None and live.is_private)
    if link.etsy_listing_id is None or published is None or stock is None or not is_touchable:
        return item
    pseudo = replace(validated, listing=replace(published, inventory=stock))
    pseudo, settings = as_linked(pseudo, link, live, of_stock_lane(settings))
    there, sold = (live.inventory, live.open_sales) if live else (None, None)
    before = plan_inventory(published.inventory, published.inventory, there, settings).target
    stock = pseudo.listing.inventory if pseudo.listing else stock
    wanted = plan_inventory(stock, published.inventory, there, settings, sold)
    inventory, change = with_fewer_pieces(before, wanted.target)
    if inventory.offerings == before.offerings:
        return item
    if not any(offering.for_sale for offering in inventory.offerings):
        return _deactivated(validated, link, live, settings, f"{item.reason} Medusa has nothing left of it")
    target = replace(published, inventory=inventory)
    return replace(
        item,
        action="update",
        reason=f"Only pieces that Medusa no longer has are taken off sale; the rest is invalid. {item.reason}",
        desired=target,
        differences=(change,),
        cost=cost_of_update(target, (change,), pays_fee=False),
    )


def _held(
    validated: ValidatedListing,
    link: Link,
    live: LiveListing | None,
    life: Held,
    conflicts: tuple[FieldConflict, ...] = (),
) -> PlanItem:
    """A listing that is left as it is, with why."""
    why = told(life, link, live)
    action: Action = "invalid" if why.severity == "error" else "skip"
    item = _item(validated, link, action, why.message)
    return replace(item, verdicts=(why, *item.verdicts), conflicts=conflicts)


def _absent(validated: ValidatedListing, link: Link, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
    if link.etsy_listing_id is None or state_of(link, live) not in ON_SALE:
        return _item(validated, link, "skip", validated.absent_because)
    if live is not None and live.is_private:
        return _held(validated, link, live, "private_listing")
    return _deactivated(validated, link, live, settings, validated.absent_because)


def _deactivated(
    validated: ValidatedListing, link: Link, live: LiveListing | None, settings: ShopSettings, why: str
) -> PlanItem:
    if not settings.deactivate_removed:
        return _item(validated, link, "skip", f"{why}; deactivate_removed is off")
    sides = link.wanted_state or "", live.state if live else ""
    change = Difference("state", "state", state_of(link, live), "inactive", *sides)
    item = _item(validated, link, "deactivate", why, (change,), cost_of_deactivate())
    return replace(item, lowers_only=validated.is_sold_out or why == NOTHING_LEFT)


def _present(
    validated: ValidatedListing,
    listing: Listing,
    link: Link,
    live: LiveListing | None,
    settings: ShopSettings,
    now: datetime | None,
) -> PlanItem:
    target, changes, conflicts, inventory = _compared(listing, link, live, settings)
    offerings = inventory.target.offerings
    has_pieces = not offerings or any(item.for_sale for item in offerings)
    life = life_of(link, live, listing.publish_as, settings, has_pieces=has_pieces)
    if life == "listing_gone":
        return _new(validated, listing, link, settings)
    if life in HELD:
        return _held(validated, link, live, cast(Held, life), conflicts if life == "sold_out_waits" else ())
    if not has_pieces:
        return _without_pieces(validated, link, live, settings, conflicts)
    state = _state(life, link, live)
    changes = (*changes, *state)
    care = (*brakes.of_prices(inventory.moves, settings.brakes), *brakes.of_variations(inventory.vanishing))
    if not changes and not link.has_failed:
        reason = _waiting(live) if inventory.waits else "unchanged since it was last published"
        return replace(_item(validated, link, "skip", reason), conflicts=conflicts)
    is_paid = bool(state) and pays_fee(cast(Revival, life), link, live, now)
    cost = cost_of_update(target, changes, pays_fee=is_paid, before=link.published)
    if life in RENEWALS:
        cost = replace(cost, calls=cost.calls + CALLS_OF_RENEWAL)
    why = _why(link, changes) + (f"; {_waiting(live)}" if inventory.waits else "")
    item = _item(validated, link, "update", why, changes, cost)
    lowers = inventory.lowers and len(changes) == 1
    item = replace(item, desired=target, conflicts=conflicts, brakes=care, price_moves=inventory.moves)
    return replace(item, lowers_only=lowers)


def _without_pieces(
    validated: ValidatedListing,
    link: Link,
    live: LiveListing | None,
    settings: ShopSettings,
    conflicts: tuple[FieldConflict, ...],
) -> PlanItem:
    """A listing of which nothing is left of what is on Etsy: sold there, or its variations are no longer Medusa's."""
    there = (live.inventory if live else None) or (link.published.inventory if link.published else None)
    if state_of(link, live) in ON_SALE and live is not None and there and any(it.for_sale for it in there.offerings):
        return replace(_deactivated(validated, link, live, settings, NOTHING_LEFT), conflicts=conflicts)
    return _held(validated, link, live, "sold_out_waits", conflicts)


def _compared(
    listing: Listing, link: Link, live: LiveListing | None, settings: ShopSettings
) -> tuple[Listing, tuple[Difference, ...], tuple[FieldConflict, ...], InventoryPlan]:
    published = link.published
    if published is None:
        seen, sold = (live.inventory, live.open_sales) if live else (None, None)
        inventory = plan_inventory(listing.inventory, None, seen, settings, sold)
        listing = replace(listing, inventory=inventory.target)
        return listing, (*all_fields(listing), *inventory.differences), (), inventory
    target, changes, conflicts = changed_fields(listing, published, live.values if live else {}, settings)
    there = live.inventory if live else None
    if there is None and state_of(link, live) == "sold_out":
        there = without_pieces(published.inventory)
    sold = live.open_sales if live else None
    inventory = plan_inventory(listing.inventory, published.inventory, there, settings, sold)
    target = replace(target, inventory=inventory.target)
    changes = (*changes, *inventory.differences, *_processing_profile(listing, published, settings))
    return target, changes, (*conflicts, *inventory.conflicts), inventory


def _processing_profile(listing: Listing, published: Listing, settings: ShopSettings) -> tuple[Difference, ...]:
    old, new = published.readiness_state_id, listing.readiness_state_id
    if old == new or settings.ownership.get("processing_profile", "owned") != "owned":
        return ()
    return (Difference("processing_profile", "inventory", str(old or "–"), str(new or "–"), str(old or "–")),)


def _state(life: Life, link: Link, live: LiveListing | None) -> tuple[Difference, ...]:
    """Whether the listing is to be set active."""
    if life not in REVIVALS.values():
        return ()
    sides = link.wanted_state or "", live.state if live else ""
    return (Difference("state", "state", state_of(link, live), "active", *sides),)


def _waiting(live: LiveListing | None) -> str:
    return ORDERS_UNREAD if live is None or live.open_sales is None else MORE_WAITS


def _why(link: Link, changes: Sequence[Difference]) -> str:
    if link.published is None:
        return "an earlier attempt did not come to its end"
    fields = ", ".join(change.field for change in changes)
    if link.has_failed:
        return f"the last attempt failed; {fields or 'nothing'} changed since the one before"
    return f"{fields} changed"


def _item(
    validated: ValidatedListing,
    link: Link,
    action: Action,
    reason: str,
    changes: tuple[Difference, ...] = (),
    cost: Cost = NO_COST,
) -> PlanItem:
    return PlanItem(
        product_id=validated.product_id,
        product_title=validated.product_title,
        action=action,
        reason=reason,
        differences=changes,
        verdicts=validated.verdicts,
        etsy_listing_id=link.etsy_listing_id,
        cost=cost,
        image_url=validated.identity.image_url,
        skus=validated.identity.skus,
    )
