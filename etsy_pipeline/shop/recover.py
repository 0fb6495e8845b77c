"""After a database was put back, lost or copied: the books are made of what the shop has, and never the other way.

The shop is looked through as a whole. What is unambiguous is linked again, with what speaks for it; the rest are
candidates, which a person decides. Nothing is sent to Etsy. Approvals of before are void; the next plan says what is
different, and that needs an approval of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.linking.candidates import Candidate, find
from etsy_pipeline.linking.reference import reference_of
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.variant_map import map_variants
from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.shop.attach import as_published
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store import accounts, clock, link_candidates, link_changes, link_decisions, links, seen_listings
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsyAccount, LinkDecision
from etsy_pipeline.sync import books, holds
from etsy_pipeline.sync.request import require_connected

OUR_REFERENCE = "our_reference"
STATES_THAT_CANNOT = (GONE, "removed")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of the books: products that were linked again, and products that a person has to decide on."""

    linked: int
    undecided: int
    listings: int
    lifted: tuple[str, ...] = ()


@dataclass(slots=True)
class _Pairs:
    """What belongs together. `foreign` are drafts with a reference of ours that belong to no product here."""

    linked: dict[str, tuple[SeenListing, Sequence[Mapping[str, Any]]]] = field(default_factory=dict)
    undecided: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    foreign: list[int] = field(default_factory=list)
    listings: int = 0


def recover(
    store: Store,
    client: ShopClient,
    account_id: str,
    products: Sequence[IdentifiedProduct],
    *,
    decided_by: str,
    through: str,
) -> Recovered:
    """Make the books of an account of what its shop has, and hold it no longer for being older.

    May be asked for at any time, and repeated: it does harm to nothing.

    Args:
        store: the database.
        client: the shop's Etsy.
        account_id: whose.
        products: all that Medusa has for this shop, as they are compared.
        decided_by: the person.
        through: cli or api.

    Raises:
        NotFound: `account_not_found`.
        Conflict: `account_not_connected`.
        BadRequest: `approver_missing`.
        PipelineError: what Etsy said instead of an answer; the account stays held.
    """
    who = decided_by.strip()
    if not who:
        raise BadRequest("Such a decision needs a name.", code="approver_missing", hint="Say who decides (--by NAME).")
    with store.writing() as session:
        require_connected(accounts.get(session, account_id, lock=True))
        holds.call_off(session, account_id, f"{who} has the books made anew of what the shop has.")
    scan(store, client, account_id)
    with store.reading() as session:
        pairs = _pairs(session, account_id, products)
    live = client.live_listings([seen.listing_id for seen, _ in pairs.linked.values()])
    by_id = {product.product_id: product for product in products}
    with store.writing() as session:
        account, now = accounts.get(session, account_id, lock=True), clock.now(session)
        done = [_linked(session, account, by_id[product_id], pairs, live, now) for product_id in sorted(pairs.linked)]
        said = LinkDecision(account_id, "recovered", who, through)
        found = list(filter(None, done))
        link_decisions.add(session, *(_as_said(said, *pair) for pair in found))
        link_decisions.add(session, *(_as_said(said, None, listing_id, ()) for listing_id in pairs.foreign))
        link_changes.settle_references(session, account_id, now)
        undecided = [one for some in pairs.undecided.values() for one in some]
        link_candidates.replace(session, account_id, None, undecided, now)
        lifted = holds.lift(session, account_id, *holds.VOIDS_APPROVALS)
        note = "\n".join(hold.message for hold in lifted)
        link_decisions.add(session, LinkDecision(account_id, "recovered", who, through, note=note))
    books.pass_fence(store, account_id, lifted)
    return Recovered(len(found), len(pairs.undecided), pairs.listings, tuple(hold.code for hold in lifted))


def _pairs(session: Session, account_id: str, products: Iterable[IdentifiedProduct]) -> _Pairs:
    """What belongs together by our reference, or for certain; the rest is for a person."""
    products = list(products)
    linked = links.products_by_listing(session, account_id)
    ignored = seen_listings.ignored_ids(session, account_id)
    listings = [seen for seen in seen_listings.listings(session, account_id) if seen.listing_id not in ignored]
    has_listing = set(linked.values())
    free = {reference_of(account_id, one.product_id): one for one in products if one.product_id not in has_listing}
    pairs, known = _Pairs(listings=len(listings)), links.create_references(session, account_id)
    for seen in listings:
        if seen.listing_id in linked or not seen.reference:
            continue
        product = free.pop(seen.reference, None)
        if product is not None:
            linked[seen.listing_id] = product.product_id
            told = {
                "code": OUR_REFERENCE,
                "strength": "decisive",
                "of_product": seen.reference,
                "of_listing": seen.reference,
            }
            pairs.linked[product.product_id] = (seen, (told,))
        elif seen.reference not in known:
            pairs.foreign.append(seen.listing_id)
    present = {product.product_id for product in products}
    by_id = {seen.listing_id: seen for seen in listings}
    decided = link_decisions.create_anyway_pairs(session, account_id)
    detached = link_decisions.detached_pairs(session, account_id)
    for product_id, some in find(products, listings, linked, present, decided=decided, detached=detached).items():
        best = some[0]
        if best.kind == "certain" and best.moved_from is None:
            pairs.linked[product_id] = (by_id[best.listing_id], to_builtins(best.evidence))
        else:
            pairs.undecided[product_id] = some
    return pairs


def _linked(
    session: Session,
    account: EtsyAccount,
    product: IdentifiedProduct,
    pairs: _Pairs,
    live: Mapping[int, LiveListing],
    now: datetime,
) -> tuple[str, int, Sequence[Mapping[str, Any]]] | None:
    """Link a product with the listing that it was: what Etsy has counts as published. None where Etsy has it no more.

    A draft with our reference was not finished: all of it is sent by the next plan.
    """
    seen, evidence = pairs.linked[product.product_id]
    there = live.get(seen.listing_id)
    if there is None or there.state in STATES_THAT_CANNOT:
        return None
    as_it_is = as_published(account, seen, there)
    published = None if seen.reference else as_it_is
    mapped, _ = map_variants(product.identity, as_it_is.inventory)
    link_changes.put(
        session,
        Link(
            product_id=product.product_id,
            etsy_account_id=account.id,
            product_title=product.titles[0],
            sync_status="synced" if published else "out_of_sync",
            etsy_listing_id=seen.listing_id,
            etsy_url=seen.url or None,
            listing_state=there.state,
            wanted_state="draft"
            if there.state == "draft"
            else "active",  # that it is off sale may be the seller's doing
            published=published,
            variant_map=mapped,
            ending_at=seen.ending_at,
            should_auto_renew=seen.should_auto_renew,
        ),
        now,
    )
    return product.product_id, seen.listing_id, evidence


def _as_said(
    said: LinkDecision, product_id: str | None, listing_id: int, evidence: Sequence[Mapping[str, Any]]
) -> LinkDecision:
    return LinkDecision(
        said.etsy_account_id, said.decision, said.decided_by, said.decided_through, product_id, listing_id,
        evidence=tuple(evidence),
    )  # fmt: skip
