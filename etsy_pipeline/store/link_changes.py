"""What a person's decision changes in the books: links that are made, cleared and moved, candidates that are decided.

No other code makes a link without a publication. The account is locked by whoever calls (`accounts.get`).
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from msgspec import to_builtins
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store import listing_media
from etsy_pipeline.store.links import rows_of
from etsy_pipeline.store.tables.listings import (
    EtsyListingSeenRow,
    LinkCandidateRow,
    ListingImageRow,
    ProductEtsyLinkRow,
)
from etsy_pipeline.store.upserts import add_or_change

AT_ONCE = 500  # SQLite takes some thousand values in one query

_NOTHING: dict[str, Any] = {
    "etsy_listing_id": None, "etsy_url": None, "listing_state": None, "wanted_state": None, "last_synced_at": None,
    "sync_error": None, "published": None, "origin": "created", "keeps": [], "variant_map": [], "ending_at": None,
    "should_auto_renew": None, "variation_links": None, "sync_status": "out_of_sync",
}  # fmt: skip


def put(session: Session, link: Link, now: datetime) -> None:
    """Write a link whole; a sync that its product waits for keeps its place."""
    values: dict[str, Any] = {
        "product_title": link.product_title, "sync_status": link.sync_status, "etsy_listing_id": link.etsy_listing_id,
        "etsy_url": link.etsy_url, "listing_state": link.listing_state, "wanted_state": link.wanted_state,
        "last_synced_at": link.last_synced_at, "sync_error": link.sync_error,
        "published": listing_to_json(link.published) if link.published else None, "origin": link.origin,
        "create_reference": link.create_reference, "transaction_id": link.transaction_id, "keeps": list(link.keeps),
        "variant_map": to_builtins(link.variant_map), "ending_at": link.ending_at,
        "should_auto_renew": link.should_auto_renew, "variation_links": rows_of(link.variation_links),
        "updated_at": now,
    }  # fmt: skip
    keys = {"product_id": link.product_id, "etsy_account_id": link.etsy_account_id}
    add_or_change(session, ProductEtsyLinkRow, keys, added=values, changed=values)


def clear(session: Session, account_id: str, product_id: str, now: datetime) -> None:
    """A product has no listing any more, as far as the books go; what was known of its pictures and media goes."""
    of_product = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.product_id == product_id
    session.execute(update(ProductEtsyLinkRow).where(*of_product).values(**_NOTHING, updated_at=now))
    session.execute(delete(ListingImageRow).where(*_pictures_of(account_id, product_id)))
    listing_media.drop_all(session, account_id, product_id)


def hand_over(session: Session, link: Link, old_product_id: str, now: datetime) -> None:
    """A listing becomes another product's, with all that is known of it: its link is written, the old one goes."""
    account_id, product_id = link.etsy_account_id, link.product_id
    old = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.product_id == old_product_id
    session.execute(delete(ProductEtsyLinkRow).where(*old))
    put(session, link, now)
    session.execute(delete(ListingImageRow).where(*_pictures_of(account_id, product_id)))
    pictures = update(ListingImageRow).where(*_pictures_of(account_id, old_product_id))
    session.execute(pictures.values(product_id=product_id))
    listing_media.hand_over(session, account_id, old_product_id, product_id)


def settle_references(session: Session, account_id: str, now: datetime) -> None:
    """No create of an account waits for its answer any more: whoever calls has looked through the whole shop."""
    theirs = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.create_reference.is_not(None)
    session.execute(update(ProductEtsyLinkRow).where(*theirs).values(create_reference=None, updated_at=now))


def products_of(session: Session, account_id: str, listing_ids: Collection[int]) -> dict[int, str]:
    """Which product a listing is linked to: listing id → product id."""
    found: dict[int, str] = {}
    for part in _parts(listing_ids):
        query = select(ProductEtsyLinkRow.etsy_listing_id, ProductEtsyLinkRow.product_id)
        of_account = ProductEtsyLinkRow.etsy_account_id == account_id
        rows = session.execute(query.where(of_account, ProductEtsyLinkRow.etsy_listing_id.in_(part)))
        found |= {int(listing_id): str(product_id) for listing_id, product_id in rows if listing_id is not None}
    return found


def seen_by_others(session: Session, account_id: str, listing_ids: Collection[int]) -> set[int]:
    """Those of these listings that belong to the shop of another account."""
    found: set[int] = set()
    for part in _parts(listing_ids):
        query = select(EtsyListingSeenRow.listing_id).where(EtsyListingSeenRow.etsy_account_id != account_id)
        found |= set(session.scalars(query.where(EtsyListingSeenRow.listing_id.in_(part))))
    return found


def drop_candidates(
    session: Session, account_id: str, *, product_ids: Collection[str] = (), listing_ids: Collection[int] = ()
) -> None:
    """These products, and these listings, are no candidates any more: they are decided."""
    of_account = LinkCandidateRow.etsy_account_id == account_id
    for products in _parts(product_ids):
        session.execute(delete(LinkCandidateRow).where(of_account, LinkCandidateRow.product_id.in_(products)))
    for listings in _parts(listing_ids):
        session.execute(delete(LinkCandidateRow).where(of_account, LinkCandidateRow.listing_id.in_(listings)))


def drop_pair(session: Session, account_id: str, product_id: str, listing_id: int) -> None:
    """This product and this listing are no candidates of each other any more."""
    of_pair = LinkCandidateRow.product_id == product_id, LinkCandidateRow.listing_id == listing_id
    session.execute(delete(LinkCandidateRow).where(LinkCandidateRow.etsy_account_id == account_id, *of_pair))


def _pictures_of(account_id: str, product_id: str) -> tuple[Any, ...]:
    return ListingImageRow.etsy_account_id == account_id, ListingImageRow.product_id == product_id


def _parts(ids: Collection[Any]) -> Iterator[Sequence[Any]]:
    stream = iter(ids)
    while part := list(islice(stream, AT_ONCE)):
        yield part
