"""A shop that sells in another currency than when a listing was last published: Etsy has converted the prices. Pure.

What counts as published then are the prices that Etsy has now. Those of the new currency that a plan sends for the
first time need a person: whether they are right, no number of before tells.
"""

from dataclasses import replace

from etsy_pipeline.listings.listing import Inventory
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.inventory import compared
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan_item import PlanItem

OF_PRICES = ("price_moved", "price_hundredfold")


def in_currency_of(link: Link | None, live: LiveListing | None, currency_code: str | None) -> Link | None:
    """A link as a plan in this currency has to take it: with the prices that Etsy has, where it was another one."""
    if link is None or link.published is None or link.published.currency_code == currency_code:
        return link
    published = link.published
    inventory = published.inventory
    if live is not None and live.inventory is not None:
        inventory = _with_prices_of(inventory, live.inventory)
    return replace(link, published=replace(published, inventory=inventory, currency_code=currency_code or ""))


def with_first_prices(
    item: PlanItem, link: Link | None, live: LiveListing | None, currency_code: str | None
) -> PlanItem:
    """The item with a brake, where it sends the first prices in another currency than the one of before.

    Args:
        item: as it is planned.
        link: what was published before, in its own currency.
        live: what Etsy has, where that was read.
        currency_code: the shop's now.
    """
    was = link.published.currency_code if link and link.published else currency_code
    sends_prices = any(change.part == "inventory" for change in item.differences)
    if item.action != "update" or was == currency_code or not sends_prices:
        return item
    is_read = live is not None and live.inventory is not None
    told = "as Etsy converted them" if is_read else f"unread, so that what stands as old is in {was}"
    message = f"The first prices in {currency_code}; they were in {was} before. What is on Etsy now: {told}."
    others = [brake for brake in item.brakes if is_read or brake.code not in OF_PRICES]
    return replace(item, brakes=(Brake("first_prices_in_currency", message), *others))


def _with_prices_of(inventory: Inventory, live: Inventory) -> Inventory:
    pairs = compared(inventory, live)
    prices = {old: new.price for old, new in pairs.values() if old is not None and new is not None and new.is_enabled}
    return replace(
        inventory, offerings=tuple(replace(item, price=prices.get(item, item.price)) for item in inventory.offerings)
    )
