"""A look through all of a shop's listings: what the shop has, how it stands, and what changed since the look before.

Etsy is asked first, with no lock held; then everything is written in one transaction. A scan that fails on the way is
kept with its problem and changes nothing else: the last whole one stands.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice

from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.planning.link import GONE
from etsy_pipeline.planning.shop_changes import Change, alarms, changes
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.shop import newer
from etsy_pipeline.store import accounts, activity, clock, links, seen_listings
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline.sync.request import require_connected

AT_ONCE = 100  # listings of which Etsy gives the inventories in one call
PATIENCE = timedelta(minutes=2)  # for which a scan that was asked for, or begun, is not asked for again
OVERTAKEN = "A scan that was begun later has ended before this one."

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shop:
    """What Etsy has: its listings with their inventories, and those that it had before and has no longer."""

    listings: Mapping[int, SeenListing]
    gone: AbstractSet[int]


def scan(store: Store, client: ShopClient, account_id: str, *, by: Doer | None = None) -> ShopScan:
    """Look through all of a shop's listings; the scan, which is whole.

    Of two scans at once, the one that was begun last holds; the other one gives that one back.

    Args:
        store: the database.
        client: the shop's Etsy.
        account_id: whose.
        by: who wants it, where that is a person.

    Raises:
        NotFound: `account_not_found`.
        Conflict: `account_not_connected`.
        PipelineError: what Etsy said instead of an answer, `shop_kept_changing` or `shop_too_large`.
    """
    with store.writing() as session:
        account = accounts.get(session, account_id)
        require_connected(account)
        began = clock.now(session)
        scan_id = seen_listings.begin(session, account_id, began)
        activity.note(session, by, "scan_asked", account_id=account_id)
        known = seen_listings.present_ids(session, account_id) | links.products_by_listing(session, account_id).keys()
    before = client.calls_made
    try:
        shop = _read(store, client, account_id, account.shop_id or 0, known)
    except StoreUnavailable:
        raise
    except BaseException as error:
        told = str(error) if isinstance(error, PipelineError) else f"It ended unexpectedly ({type(error).__name__})."
        with store.writing() as session:
            seen_listings.fail(session, scan_id, calls=client.calls_made - before, problem=told)
        raise
    with store.writing() as session:
        found = _written(session, account_id, scan_id, began, shop, client.calls_made - before)
    newer.check_scan(store, account_id)
    return found


def ask(store: Store, account_id: str, *, by: Doer | None = None) -> ShopScan:
    """Ask for a look through a shop, which Dagster's sensor `requested_syncs` begins; asked for twice it is one.

    Raises:
        NotFound: `account_not_found`.
        Conflict: `account_not_connected`.
    """
    with store.writing() as session:
        require_connected(accounts.get(session, account_id, lock=True))
        now = clock.now(session)
        last = next(iter(seen_listings.scans(session, account_id, most=1)), None)
        if last and (last.is_asked_for or last.is_under_way) and now - last.started_at < PATIENCE:
            return last
        activity.note(session, by, "scan_asked", account_id=account_id)
        return seen_listings.ask(session, account_id, now)


def ensure_fresh(store: Store, client: ShopClient, account_id: str, tell: Tell = lambda _: None) -> ShopScan | None:
    """Look through the shop where the last whole look is older than the account's `scan_max_age_hours`.

    Args:
        store: the database.
        client: the shop's Etsy.
        account_id: whose.
        tell: is told why a scan failed.

    Returns:
        The scan, where one was made; None where the last one is recent enough, or Etsy gave no answer.
    """
    with store.reading() as session:
        age = timedelta(hours=float(settings_of(accounts.get(session, account_id)).scan_max_age_hours))
        last, now = seen_listings.last_whole(session, account_id), clock.now(session)
    if last is not None and now - last.started_at <= age:
        return None
    try:
        return scan(store, client, account_id)
    except StoreUnavailable:
        raise
    except PipelineError as error:
        tell(str(error))
        return None


def _read(store: Store, client: ShopClient, account_id: str, shop_id: int, known: AbstractSet[int]) -> Shop:
    """Ask Etsy for the listings, for those that were there and did not show, and for inventories that may be new."""
    found = dict(client.shop_listings(shop_id, known))
    missing = sorted(known - found.keys())
    found |= client.seen_listings(
        shop_id, missing
    )  # in a state that cannot be asked for, or that changed at the wrong moment
    unread: list[int] = []
    stream = iter(list(found))
    while part := list(islice(stream, AT_ONCE)):
        with store.reading() as session:
            before = {seen.listing_id: seen for seen in seen_listings.listings(session, account_id, ids=part)}
        for number in part:
            was = before.get(number)
            if was is not None and _is_as_before(was, found[number]):
                found[number] = replace(found[number], inventory=was.inventory)
            else:
                unread.append(number)
    inventories = client.inventories(unread)
    silent = [number for number in unread if number not in inventories]
    still_there = client.seen_listings(shop_id, silent)  # it may only have no inventory; or it was deleted a moment ago
    for number in unread:
        if number in inventories or number in still_there:
            found[number] = replace(still_there.get(number, found[number]), inventory=inventories.get(number))
        else:
            del found[number]
    return Shop(found, known - found.keys())


def _is_as_before(was: SeenListing, now: SeenListing) -> bool:
    """Whether nothing moved that would move with the inventory; views and favourites say nothing."""
    was, now = (replace(seen, inventory=None, views=0, num_favorers=0) for seen in (was, now))
    return was.modified_at is not None and was == now


def _written(session: Session, account_id: str, scan_id: int, began: datetime, shop: Shop, calls: int) -> ShopScan:
    """The scan's end: its listings, what the links say of them, and what changed."""
    accounts.get(session, account_id, lock=True)
    last, now = seen_listings.last_whole(session, account_id), clock.now(session)
    if last is not None and last.id > scan_id:
        seen_listings.fail(session, scan_id, calls=calls, problem=OVERTAKEN)
        return last
    counts = Counter(seen.state for seen in shop.listings.values())
    changed = () if last is None else _changes(session, account_id, last, shop)
    seen_listings.put(session, account_id, scan_id, shop.listings.values(), now)
    seen_listings.set_gone(session, account_id, shop.gone, now)
    gone = (SeenListing(number, GONE) for number in shop.gone)
    seen_listings.tell_links(session, account_id, chain(shop.listings.values(), gone), began)
    told = [asdict(change) for change in changed]
    return seen_listings.finish(session, scan_id, now=now, calls=calls, counts=counts, changes=told)


def _changes(session: Session, account_id: str, last: ShopScan, shop: Shop) -> tuple[Change, ...]:
    """What changed since the scan before, which is still the one that the database has."""
    before = seen_listings.listings(session, account_id)
    ours = seen_listings.set_active_by_us(session, account_id, last.started_at)
    found = changes(before, shop.listings, shop.gone, ours)
    mine = seen_listings.wanted_inactive(session, account_id)
    return (*alarms(found, last.counts.get("active", 0), mine), *found)
