"""From what changed in Medusa to syncs of just these products: many changes are one plan.

Changes are hints, by Medusa's events or by the look at its stock. They wait until it is quiet for some seconds, a
minute at most (a few only for 15 seconds: they are sales), and are forgotten once there is a sync that looks at their
products. Nothing is published by a hint.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.store import accounts, jobs, links, medusa_changes
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.medusa_changes import MedusaChange
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.request import request_sync

PRODUCT, VARIANT, ITEM, LEVEL = medusa_changes.PRODUCT, "product-variant", "inventory-item", "inventory-level"
RESERVATION, PRICE, PRICE_LIST = "reservation-item", "price", "price-list"
KINDS = (PRODUCT, VARIANT, ITEM, LEVEL, RESERVATION, PRICE, PRICE_LIST)
STOCK = (LEVEL, RESERVATION)  # their ids name no product: the stock is looked at instead
FEW = 20  # changes: sales, and no import
LONGEST_WAIT, OF_FEW = timedelta(seconds=60), timedelta(seconds=15)
BEGINS_WITH: Mapping[str, str] = {
    "product.": PRODUCT,
    "product-variant.": VARIANT,
    "inventory.inventory-level.": LEVEL,
    "inventory-level.": LEVEL,
    "inventory.reservation-item.": RESERVATION,
    "reservation-item.": RESERVATION,
    "inventory.inventory-item.": ITEM,
    "inventory-item.": ITEM,
    "pricing.price.": PRICE,
    "pricing.price-list.": PRICE_LIST,
    "price-list.": PRICE_LIST,
}
"""Medusa's events (EVENTS §2). Prices of price lists come alone, those of a variant with the variant's event."""


def kind_of(event: str) -> str:
    """What the ids of an event are of; the event's own name where it says nothing to us."""
    return next((kind for begin, kind in BEGINS_WITH.items() if event.startswith(begin)), event)


def note_event(store: Store, event: str, ids: Sequence[str]) -> None:
    """Keep what an event of Medusa's names."""
    with store.writing() as session:
        medusa_changes.note(session, kind_of(event), ids, store.now())
        medusa_changes.drop_old(session, KINDS, store.now())


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of changes: the syncs that were asked for, and how many changes they came from."""

    transaction_ids: tuple[str, ...] = ()
    changes: int = 0


def is_quiet(changes: Sequence[MedusaChange], now: datetime, seconds: int) -> bool:
    """Whether it is time to plan: nothing more came for some seconds, or the first one has waited long enough."""
    if not changes:
        return False
    last, first = max(item.last_seen_at for item in changes), min(item.first_seen_at for item in changes)
    longest = OF_FEW if len(changes) <= FEW else LONGEST_WAIT
    return now - last >= timedelta(seconds=seconds) or now - first >= longest


def fold(store: Store, levels: InventoryLevels, *, quiet_seconds: int, look_at_stock: Callable[[], object]) -> Folded:
    """Ask for a sync of the products that changed, in each shop that wants it (`stock_poll_minutes`).

    Where the last such sync of a shop has no plan yet, everything waits for it: so a bulk import is one plan, and not
    thousands.

    Args:
        store: the database.
        levels: Medusa, which tells of which products a variant or an inventory item is part.
        quiet_seconds: without a change, before something is planned.
        look_at_stock: looks at Medusa's stock (`stock_poll.look_at_stock`); called where an event told of stock.

    Raises:
        PipelineError: what a question to Medusa raises; the changes stay for the next time.
    """
    with store.reading() as session:
        changes = medusa_changes.of_kinds(session, KINDS)
        wanting = _wanting(session)
    if not wanting or not is_quiet(changes, store.now(), quiet_seconds) or _is_busy(store, wanting):
        return Folded()
    if any(item.kind in STOCK for item in changes):
        look_at_stock()
        with store.reading() as session:
            changes = [*(it for it in changes if it.kind != ITEM), *medusa_changes.of_kinds(session, (ITEM,))]
    linked = {account_id: _linked(store, account_id) for account_id in wanting}
    products = _products(levels, changes, sorted(set().union(*linked.values())))
    since = min((item.changed_at for item in changes if item.changed_at), default=None)
    asked = []
    for account_id, of_shop in linked.items():
        if chosen := tuple(sorted(products & of_shop)):
            job = request_sync(store, account_id, product_ids=chosen, trigger="stock", stock_changed_at=since)
            asked.append(job.transaction_id)
    with store.writing() as session:
        medusa_changes.drop(session, changes)
    return Folded(tuple(asked), len(changes))


def _wanting(session: Session) -> list[str]:
    return [account.id for account, wants in accounts.usable(session) if wants.stock_poll_minutes is not None]


def _is_busy(store: Store, account_ids: Sequence[str]) -> bool:
    with store.reading() as session:
        return any(
            job.trigger == "stock"
            for account_id in account_ids
            for job in jobs.in_state(session, SyncState.REQUESTED, SyncState.PLANNING, account_id=account_id)
        )


def _linked(store: Store, account_id: str) -> set[str]:
    with store.reading() as session:
        return links.listed_products(session, account_id)


def _products(levels: InventoryLevels, changes: Sequence[MedusaChange], linked: Sequence[str]) -> set[str]:
    """The products that these changes are of, among those that are linked."""
    found = {item.id for item in changes if item.kind == PRODUCT}
    parts = {item.id for item in changes if item.kind in {VARIANT, ITEM}}
    if prices := [item for item in changes if item.kind in {PRICE, PRICE_LIST}]:
        by_price = levels.variants_by_price()
        if any(item.kind == PRICE_LIST and item.id not in by_price for item in prices):
            return set(
                linked
            )  # a list that is gone, or changes nothing any more: whose prices it changed, nobody tells
        parts |= {variant for item in prices for variant in by_price.get(item.id, ())}
    if parts:
        by_part = levels.products_by_part(linked)
        found |= {product_id for part in parts for product_id in by_part.get(part, ())}
    return found
