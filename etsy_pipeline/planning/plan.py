"""From a validated listing, its link and its live listing to what will be done: one plan item. Pure.

While another sync is under way, only price and stock may be sent beside it (`stock_only`).

Not here: the rules for a listing (`listings/rules.py`), how fields are compared (`listing_fields.py`, `inventory.py`),
how the plan is shown (`plan_view.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning import brakes
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.costs import NO_COST, Cost, cost_of_create, cost_of_deactivate, cost_of_update
from etsy_pipeline.planning.inventory import InventoryPlan, PriceMove, plan_inventory
from etsy_pipeline.planning.link import GONE, ON_SALE, Link, LiveListing
from etsy_pipeline.planning.listing_fields import all_fields, at_birth, changed_fields

Action = Literal["create", "update", "deactivate", "skip", "invalid"]
ACTIONS: tuple[Action, ...] = ("create", "update", "deactivate", "skip", "invalid")
CHANGING = ACTIONS[:3]  # for these something is sent

PAYING_STATES = frozenset({"draft", "sold_out", "expired"})  # setting them active costs a fee (FACTS §5, §6)

STOCK_FIELDS = frozenset({"price", "quantity"})  # what travels in the stock lane

NOTHING_TO_TELL = 9  # `care` of an item that stays as it is

NOT_ON_ETSY = Link(product_id="")


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What will be done for one product, why, and what it costs (calls to Etsy; US cents).

    `desired` is the listing as it will be afterwards. A new one is sent whole, so it has no `differences`; its
    `etsy_listing_id`, if any, is that of a listing that Etsy no longer has.
    """

    product_id: str
    product_title: str
    action: Action
    reason: str
    desired: Listing | None = None
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    brakes: tuple[Brake, ...] = ()
    price_moves: tuple[PriceMove, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    etsy_listing_id: int | None = None
    cost: Cost = NO_COST

    @property
    def care(self) -> int:
        """Where it stands in a plan that begins with what is dangerous: 0 first."""
        if self.brakes:
            return 0
        if self.conflicts:
            return 1
        return {"deactivate": 2, "invalid": 3, "create": 4, "update": 5, "skip": NOTHING_TO_TELL}[self.action]


def plan_product(
    validated: ValidatedListing, link: Link | None, live: LiveListing | None, settings: ShopSettings
) -> PlanItem:
    """Decide what to do for a product that is in the snapshot.

    Args:
        validated: the listing it should become.
        link: what we published, if anything.
        live: what Etsy has, where that was read.
        settings: the shop's.
    """
    known = link or NOT_ON_ETSY
    if validated.absent_because:
        return _absent(validated, known, live, settings)
    if validated.listing is None:
        return _item(validated, known, "invalid", " ".join(verdict.message for verdict in validated.errors))
    if known.etsy_listing_id is None or (live is not None and live.state == GONE):
        return _new(validated, validated.listing, known, settings)
    if live is not None and live.state == "removed":
        reason = f"Etsy has taken listing {live.listing_id} down; clear that up with Etsy"
        return _item(validated, known, "invalid", reason)
    return _present(validated, validated.listing, known, live, settings)


def plan_removed(link: Link, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
    """Decide what to do for a linked product that the snapshot no longer has."""
    gone = ValidatedListing(link.product_id, link.product_title, None, (), "no longer in the catalogue")
    return plan_product(gone, link, live, settings)


def left_for_later(item: PlanItem) -> str:
    """What of an item does not travel in the stock lane, in words; blank where all of it does."""
    if item.action == "create":
        return "creating its listing"
    if item.action != "update":
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

    Args:
        item: as it is planned where nothing is under way (`plan_product`).
        validated: the listing that the product should become.
        link: what we published, if anything.
        live: what Etsy has, where that was read.
        settings: the shop's.
        waits_for: how long the rest of it waits, in words.
    """
    if item.action not in {"create", "update"}:
        return item
    later = left_for_later(item)
    waiting = replace(
        item, action="skip", reason=f"{later or 'price, quantity'} left for later, {waits_for}",
        desired=None, differences=(), brakes=(), price_moves=(), cost=NO_COST,
    )  # fmt: skip
    published, listing = (link.published if link else None), validated.listing
    if item.action == "create" or link is None or published is None or listing is None:
        return waiting
    if (live.state if live is not None else link.listing_state) not in ON_SALE:
        return waiting
    there = live.inventory if live else None
    stock = plan_inventory(listing.inventory, published.inventory, there, of_stock_lane(settings))
    changes, target = stock.differences, replace(published, inventory=stock.target)
    is_sold_out = not any(offering.for_sale for offering in stock.target.offerings)
    if not changes or is_sold_out or any(change.field not in STOCK_FIELDS for change in changes):
        return waiting
    told = ", ".join(change.field for change in changes) + " changed"
    return replace(
        item,
        reason=f"{told}; {later} left for later, {waits_for}" if later else told,
        desired=target,
        differences=changes,
        conflicts=stock.conflicts,
        brakes=tuple(brakes.of_prices(stock.moves, settings.brakes)),
        price_moves=stock.moves,
        cost=cost_of_update(target, changes, pays_fee=False),
    )


def of_stock_lane(settings: ShopSettings) -> ShopSettings:
    """Settings by which variations and SKUs stay as they were published."""
    return settings.model_copy(
        update={"ownership": settings.ownership | {"sku": "create_only", "variations": "create_only"}}
    )


def held_elsewhere(product_id: str, title: str, link: Link | None, holder: str) -> PlanItem:
    """What is planned of a product that another sync, which is under way, has yet to deal with: nothing."""
    reason = f"held by {holder}, which is under way"
    return PlanItem(product_id, title, "skip", reason, etsy_listing_id=link.etsy_listing_id if link else None)


def _new(validated: ValidatedListing, listing: Listing, link: Link, settings: ShopSettings) -> PlanItem:
    wanted = at_birth(listing, settings)
    item = _item(validated, link, "create", "not on Etsy yet", cost=cost_of_create(wanted))
    if link.etsy_listing_id is None:
        return replace(item, desired=wanted)
    reason = f"its listing {link.etsy_listing_id} is no longer on Etsy"
    return replace(item, desired=wanted, reason=reason, brakes=(brakes.of_missing_listing(link.etsy_listing_id),))


def _absent(validated: ValidatedListing, link: Link, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
    state = live.state if live is not None else link.listing_state
    if link.etsy_listing_id is None or state not in ON_SALE:
        return _item(validated, link, "skip", validated.absent_because)
    if not settings.deactivate_removed:
        return _item(validated, link, "skip", f"{validated.absent_because}; deactivate_removed is off")
    change = Difference("state", "state", state or "", "inactive", link.wanted_state or "", live.state if live else "")
    return _item(validated, link, "deactivate", validated.absent_because, (change,), cost_of_deactivate())


def _present(
    validated: ValidatedListing, listing: Listing, link: Link, live: LiveListing | None, settings: ShopSettings
) -> PlanItem:
    target, changes, conflicts, inventory = _compared(listing, link, live, settings)
    if inventory.target.offerings and not any(item.for_sale for item in inventory.target.offerings):
        return replace(_item(validated, link, "skip", "sold out on Etsy; Medusa has no new stock"), conflicts=conflicts)
    state, told = _state(target, link, live)
    changes, conflicts = (*changes, *state), (*conflicts, *told)
    care = (*brakes.of_prices(inventory.moves, settings.brakes), *brakes.of_variations(inventory.vanishing))
    if not changes and not link.has_failed:
        reason = "unchanged since it was last published"
        return replace(_item(validated, link, "skip", reason), conflicts=conflicts)
    pays = bool(state) and state[0].old in PAYING_STATES
    item = _item(
        validated, link, "update", _why(link, changes), changes, cost_of_update(target, changes, pays_fee=pays)
    )
    return replace(item, desired=target, conflicts=conflicts, brakes=care, price_moves=inventory.moves)


def _compared(
    listing: Listing, link: Link, live: LiveListing | None, settings: ShopSettings
) -> tuple[Listing, tuple[Difference, ...], tuple[FieldConflict, ...], InventoryPlan]:
    published = link.published
    if published is None:
        inventory = plan_inventory(listing.inventory, None, None, settings)
        return listing, (*all_fields(listing), *inventory.differences), (), inventory
    target, changes, conflicts = changed_fields(listing, published, live.values if live else {}, settings)
    inventory = plan_inventory(listing.inventory, published.inventory, live.inventory if live else None, settings)
    target = replace(target, inventory=inventory.target)
    changes = (*changes, *inventory.differences, *_processing_profile(listing, published, settings))
    return target, changes, (*conflicts, *inventory.conflicts), inventory


def _processing_profile(listing: Listing, published: Listing, settings: ShopSettings) -> tuple[Difference, ...]:
    old, new = published.readiness_state_id, listing.readiness_state_id
    if old == new or settings.ownership.get("processing_profile", "owned") != "owned":
        return ()
    return (Difference("processing_profile", "inventory", str(old or "–"), str(new or "–"), str(old or "–")),)


def _state(
    listing: Listing, link: Link, live: LiveListing | None
) -> tuple[tuple[Difference, ...], tuple[FieldConflict, ...]]:
    """Whether the listing is to be set active. One that a seller deactivated stays so."""
    state = live.state if live is not None else link.listing_state
    if listing.publish_as != "active" or state in ON_SALE:
        return (), ()
    if state == "inactive" and live is not None and link.wanted_state == "active":
        return (), (FieldConflict("state", "active", "inactive", "active", "kept"),)
    change = Difference(
        "state", "state", state or "unknown", "active", link.wanted_state or "", live.state if live else ""
    )
    return (change,), ()


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
    )
