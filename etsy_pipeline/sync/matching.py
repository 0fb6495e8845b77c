"""Before a plan: which products may be on Etsy already, by the last look through the shop, and what may have moved.

Products that have no listing are compared with the listings that have no product, and with those whose product is gone
or not sold any more.
What is found is kept for a person to decide (`store/link_candidates.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from etsy_pipeline.linking.candidates import Candidate, find, moved_to
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.undecided import Doubt, held_for_decision, unless_scanned
from etsy_pipeline.store import clock, link_decisions, links, seen_listings
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.links import LINKS_AT_ONCE
from etsy_pipeline.store.records import EtsySyncJob, ShopScan
from etsy_pipeline.sync.stock_lane import Beside

Identified = Callable[[], Iterable[IdentifiedProduct]]
"""Tells what the products of a plan are known by, from the first one on, as often as it is asked."""

LookThrough = Callable[[], object]
"""Looks through all of the shop's listings where the last look is too old; where it fails, that one stands."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found: candidates by product, and the listings that they name.

    `moved` are the products whose listings may belong to new ones: those, by the product that is gone, or that is not
    sold any more. `last_look` says
    in words when the shop was looked through, where that is not recent enough to create anything; blank otherwise.
    `products` are those that were compared; `is_whole`: they are all that the shop sells.
    """

    candidates: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    listings: Mapping[int, SeenListing] = field(default_factory=dict)
    moved: Mapping[str, Sequence[str]] = field(default_factory=dict)
    last_look: str = ""
    products: AbstractSet[str] = frozenset()
    is_whole: bool = False

    def all(self) -> Iterator[Candidate]:
        """The candidates of all products."""
        return chain.from_iterable(self.candidates.values())

    def judged(self, item: ValidatedListing, link: Link | None) -> ValidatedListing:
        """A product as it is planned: not created where it may be there, or where nobody has looked."""
        doubts = [Doubt(one, self.listings[one.listing_id]) for one in self.candidates.get(item.product_id, ())]
        held = held_for_decision(item, link, doubts)
        last_look = self.last_look if item.product_id in self.products else "it was not compared with its listings"
        return unless_scanned(held, link, last_look) if last_look and held is item else held


def match(
    store: Store,
    job: EtsySyncJob,
    settings: ShopSettings,
    identified: Identified,
    beside: Beside,
    *,
    covers_selection: bool,
    look_through: LookThrough,
) -> Matches:
    """Compare what is new in a plan with what is in the shop.

    Nothing is asked and compared where no product is new: the shop is looked through only for the sake of those.

    Args:
        store: the database.
        job: the sync that is being planned.
        settings: the shop's.
        identified: the plan's products, as they are compared.
        beside: the syncs that are under way: what they hold is not matched.
        covers_selection: whether these are all the products that the shop sells.
        look_through: as for `build_plan`.
    """
    account_id = job.etsy_account_id
    with store.reading() as session:
        linked = links.products_by_listing(session, account_id)
        done = links.listed_products(session, account_id) | beside.holders.keys() | beside.paused.keys()
    compared: set[str] = set()
    withdrawn: set[str] = set()
    is_any_new = False
    for product in identified():
        compared.add(product.product_id)
        if product.is_withdrawn:
            withdrawn.add(product.product_id)
        is_any_new = is_any_new or not (product.is_absent or product.product_id in done)
    if not is_any_new:
        return Matches(products=compared, is_whole=covers_selection)
    present = compared - withdrawn
    if job.lane == "full":
        look_through()
    with store.reading() as session:
        scan, now = seen_listings.last_whole(session, account_id), clock.now(session)
        found = find(
            identified(),
            _listings(session, account_id, linked, present),
            linked,
            present,
            decided=link_decisions.create_anyway_pairs(session, account_id),
            detached=link_decisions.detached_pairs(session, account_id),
            left_out=done,
            called=links.names_by_listing(session, account_id),
            is_whole=covers_selection,
        )
        named = _named(session, account_id, linked, {one.listing_id for several in found.values() for one in several})
    last_look = _last_look(scan, now, settings) if job.lane == "full" else ""
    return Matches(found, named, moved_to(found), last_look, compared, covers_selection)


def _listings(
    session: Session, account_id: str, linked: Mapping[int, str], present: AbstractSet[str]
) -> Iterator[SeenListing]:
    """The shop's listings: those that were seen and may be a product, and those that we made since, by our books."""
    ignored = seen_listings.ignored_ids(session, account_id)
    ours = links.create_references(session, account_id)
    known = seen_listings.gone_ids(session, account_id)
    for seen in seen_listings.listings(session, account_id):
        known.add(seen.listing_id)
        if seen.listing_id not in ignored and not (seen.reference and seen.reference in ours):
            yield seen
    unseen = [product for listing, product in linked.items() if listing not in known and product not in present]
    for start in range(0, len(unseen), LINKS_AT_ONCE):
        some = links.of_products(session, account_id, unseen[start : start + LINKS_AT_ONCE])
        yield from map(_as_seen, some.values())


def _named(
    session: Session, account_id: str, linked: Mapping[int, str], listing_ids: AbstractSet[int]
) -> dict[int, SeenListing]:
    """The listings of candidates, by their ids."""
    found = {seen.listing_id: seen for seen in seen_listings.listings(session, account_id, ids=listing_ids)}
    unseen = [linked[listing_id] for listing_id in listing_ids if listing_id not in found]
    made = map(_as_seen, links.of_products(session, account_id, unseen).values())
    return found | {seen.listing_id: seen for seen in made}


def _as_seen(link: Link) -> SeenListing:
    """A listing that no scan has seen, as we published it."""
    published = link.published
    return SeenListing(
        listing_id=link.etsy_listing_id or 0,
        state=link.listing_state or "unknown",
        title=published.title if published else link.product_title,
        url=link.etsy_url or "",
        image_url=published.images[0].url if published and published.images else "",
        inventory=published.inventory if published else None,
        quantity=published.quantity if published else 0,
        price=str(published.price) if published else "",
        currency_code=published.currency_code if published else "",
        taxonomy_id=published.taxonomy_id if published else None,
        tags=published.tags if published else (),
    )


def _last_look(scan: ShopScan | None, now: datetime, settings: ShopSettings) -> str:
    """When the shop was looked through, where that is too long ago; blank otherwise."""
    if scan is None:
        return "its listings were never looked through"
    if now - scan.started_at <= timedelta(hours=float(settings.scan_max_age_hours)):
        return ""
    return f"its listings were looked through on {scan.started_at:%Y-%m-%d %H:%M} UTC, too long ago"
