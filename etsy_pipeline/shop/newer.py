"""Listings that are newer than the books: the shop itself tells of a database that was put back, or of another one.

What the fence does not show (`sync/books.py`) shows here: before anything is created, and at each plan's scan.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from etsy_pipeline.linking.reference import reference_in
from etsy_pipeline.linking.seen import STATES
from etsy_pipeline.linking.text import sku_key, title_keys
from etsy_pipeline.providers.protocols import RemoteListing, ShopClient
from etsy_pipeline.store import accounts, clock, items, link_decisions, links, seen_listings
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import AccountHold, EtsySyncJob
from etsy_pipeline.sync import holds

ENOUGH = 2  # listings like products that are about to be created: one may be a coincidence
NAMED = 5
ORDER = sorted(STATES, key="active".__eq__)
"""Last the state that drafts come to: one that is published meanwhile is seen twice, and not missed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the books know of a shop's listings, as of a plan: their ids, and the references of lost creates."""

    listing_ids: AbstractSet[int]
    references: AbstractSet[str]

    def is_foreign(self, reference: str) -> bool:
        """Whether a reference is of our kind, and of no create that the books know."""
        return bool(reference) and reference not in self.references


@dataclass(frozen=True, slots=True)
class There:
    """What of a sync's products may be in the shop already.

    Args:
        alike: products that are about to be created, with the listing that is like them.
        lost: the references of all creates that are not accounted for, with the listings that carry them.
    """

    alike: Mapping[str, int]
    lost: Mapping[str, Sequence[RemoteListing]]


def known(session: Session, account_id: str, until: datetime | None) -> Known:
    """What the books knew when a plan was drawn up: linked, or seen by a scan until then."""
    ids = links.products_by_listing(session, account_id).keys() | seen_listings.ids_until(session, account_id, until)
    return Known(ids, links.create_references(session, account_id))


def already_there(store: Store, client: ShopClient, job: EtsySyncJob, shop_id: int) -> There:
    """The products of a sync that are about to be created and may be there already.

    Lists all of the shop once. Where too much is unknown to the books, the account is held instead. A listing that
    they know and that is no product's may have got its title or SKU since the look that the plan was made of.

    Args:
        store: the database.
        client: the shop's Etsy.
        job: under way.
        shop_id: Etsy's id of the shop.

    Raises:
        AccountHeld: `account_held`; the sync is called off.
        PipelineError: what Etsy said instead of an answer, or `shop_too_large`.
    """
    with store.reading() as session:
        books = known(session, job.etsy_account_id, job.planned_at)
        wanted = _wanted(session, job)
        linked = links.products_by_listing(session, job.etsy_account_id)
        settled = {*linked, *seen_listings.ignored_ids(session, job.etsy_account_id)}
        decided = link_decisions.create_anyway_pairs(session, job.etsy_account_id)
        readable = linked.keys() | seen_listings.present_ids(session, job.etsy_account_id)
    foreign, alike, changed = [], dict[str, int](), dict[str, int]()
    lost: dict[str, dict[int, RemoteListing]] = {reference: {} for reference in books.references}
    for listing in _listings(client, shop_id, readable):
        listing_id, is_known = listing.listing_id, listing.listing_id in books.listing_ids
        reference = reference_in(listing.description)
        if reference in lost:  # a publisher has yet to find it again
            lost[reference][listing_id] = listing
            continue
        if not is_known and books.is_foreign(reference):
            foreign.append(listing_id)
        like = {one for key in _keys(listing.title, listing.skus) for one in wanted.get(key, ())}
        if not is_known:
            alike |= dict.fromkeys(like, listing_id)
        elif listing_id not in settled and not listing.is_private:
            changed |= dict.fromkeys({one for one in like if (one, listing_id) not in decided}, listing_id)
    if foreign or len(set(alike.values())) >= ENOUGH:
        hold_for(store, job.etsy_account_id, [*foreign, *alike.values()])
    return There(changed | alike, {reference: tuple(found.values()) for reference, found in lost.items()})


def check_scan(store: Store, account_id: str) -> None:
    """Hold an account where the last whole scan saw a draft of ours that the books do not know.

    One that a person has decided on holds nothing.
    """
    with store.reading() as session:
        books = known(session, account_id, None)
        decided = seen_listings.ignored_ids(session, account_id) | link_decisions.listing_ids(session, account_id)
        found = [
            seen.listing_id
            for seen in seen_listings.listings(session, account_id)
            if books.is_foreign(seen.reference) and seen.listing_id not in books.listing_ids | decided
        ]
    if found:
        hold_for(store, account_id, found, is_raised=False)


def hold_for(store: Store, account_id: str, listing_ids: Iterable[int], *, is_raised: bool = True) -> None:
    """Hold an account because of these listings.

    Raises:
        AccountHeld: `account_held`, unless it is not to be raised.
    """
    ids = sorted(set(listing_ids))
    named = ", ".join(map(str, ids[:NAMED])) + (" and more" if len(ids) > NAMED else "")
    with store.writing() as session:
        label = accounts.get(session, account_id).label
        told = f"The shop {label} has listings that are ours and that these books do not know ({named})."
        since, details = clock.now(session), {"listing_ids": ids}
        if store.fence.paths:
            message = (
                f"{told} Either another installation publishes to it, or an old copy of the database was put back."
            )
            hold = AccountHold(account_id, code="two_installations", message=message, details=details, since=since)
        else:
            message = f"{told} Was an old copy of the database put back?"
            hold = AccountHold(account_id, code="books_older_than_shop", message=message, details=details, since=since)
        holds.put(session, hold)
    if is_raised:
        raise holds.held([hold])


def _listings(client: ShopClient, shop_id: int, known_ids: AbstractSet[int]) -> Iterator[RemoteListing]:
    """All listings of a shop."""
    seen: set[int] = set()
    for state in ORDER:
        for listing in client.listings_in_state(shop_id, state, known_ids - seen):
            seen.add(listing.listing_id)
            yield listing


def _wanted(session: Session, job: EtsySyncJob) -> dict[str, list[str]]:
    """What is about to be created, by what a listing of it would be known by."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for item in items.matching(session, job.id, outcome="waiting", actions=("create",)):
        listing = item.plan.desired
        if listing is not None:
            for key in _keys(listing.title, [offering.sku for offering in listing.inventory.offerings]):
                found[key].append(item.product_id)
    return found


def _keys(title: str, skus: Iterable[str]) -> set[str]:
    return {f"title {key}" for key in title_keys(title)} | {f"sku {sku_key(sku)}" for sku in skus if sku.strip()}
