"""Queries on links (product × account) and on the pictures of their listings."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any, cast

from msgspec import convert, json
from sqlalchemy import ColumnElement, Select, Table, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.linking.evidence import Former
from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.planning.link import ON_SALE, Link, LinkStatus, PublishedImage, VariationLink
from etsy_pipeline.store.tables.listings import ListingImageRow, ProductEtsyLinkRow
from etsy_pipeline.store.tables.syncs import SyncItemRow

LARGEST_ID = 2**63 - 1
LINKS_AT_ONCE = 500  # SQLite takes some thousand values in one query; Etsy's batches are smaller anyway


_LINK: Table = ProductEtsyLinkRow.metadata.tables[ProductEtsyLinkRow.__tablename__]


def of_products(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, Link]:
    """Links by product id."""
    found: dict[str, Link] = {}
    for start in range(0, len(product_ids), LINKS_AT_ONCE):
        part = product_ids[start : start + LINKS_AT_ONCE]
        query = _of_account(account_id).where(ProductEtsyLinkRow.product_id.in_(part))
        found |= {row.product_id: _link(row) for row in session.scalars(query)}
    return found


def of_listings(session: Session, account_id: str, listing_ids: Sequence[int]) -> dict[int, Link]:
    """Links by listing id."""
    found: dict[int, Link] = {}
    for start in range(0, len(listing_ids), LINKS_AT_ONCE):
        part = listing_ids[start : start + LINKS_AT_ONCE]
        query = _of_account(account_id).where(ProductEtsyLinkRow.etsy_listing_id.in_(part))
        found |= {row.etsy_listing_id: _link(row) for row in session.scalars(query) if row.etsy_listing_id}
    return found


def not_in_plan(session: Session, account_id: str, job_id: str, most: int = LINKS_AT_ONCE) -> Sequence[Link]:
    """Some links whose product is in no item of a job: those that the catalogue no longer has."""
    planned = exists().where(SyncItemRow.sync_job_id == job_id, SyncItemRow.product_id == ProductEtsyLinkRow.product_id)
    query = _of_account(account_id).where(~planned, ProductEtsyLinkRow.etsy_listing_id.is_not(None))
    return [_link(row) for row in session.scalars(query.order_by(ProductEtsyLinkRow.product_id).limit(most))]


def products_by_listing(session: Session, account_id: str) -> dict[int, str]:
    """Which product each listing of an account is linked to."""
    columns = ProductEtsyLinkRow.etsy_listing_id, ProductEtsyLinkRow.product_id
    of_account = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.etsy_listing_id.is_not(None)
    found = session.execute(select(*columns).where(*of_account))
    return {int(listing_id or 0): str(product_id) for listing_id, product_id in found}


def names_by_listing(session: Session, account_id: str) -> dict[int, Former]:
    """What the product that a listing is linked to was called by the last plan of it, and whether that is on sale."""
    row = ProductEtsyLinkRow
    columns = row.etsy_listing_id, row.product_title, row.handle, row.listing_state
    of_account = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.etsy_listing_id.is_not(None)
    found = session.execute(select(*columns).where(*of_account))
    return {int(listing_id or 0): Former(title, handle, state in ON_SALE) for listing_id, title, handle, state in found}


def note_handles(session: Session, account_id: str, handles: Mapping[str, str]) -> None:
    """Keep the handles of products that are linked, by product id; in the order of all who lock several links."""
    of_product = _LINK.c.etsy_account_id == account_id, _LINK.c.product_id == bindparam("of_product")
    rows = [{"of_product": product_id, "called": handle} for product_id, handle in sorted(handles.items())]
    session.execute(update(_LINK).where(*of_product).values(handle=bindparam("called")), rows)


def doubt_stock(session: Session, account_id: str, product_ids: Sequence[str] | None = None) -> None:
    """What Etsy sold of an account's listings may be in no book: a person has to agree with their stock.

    All of them, or those of a few hundred products at most.
    """
    theirs = [ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.etsy_listing_id.is_not(None)]
    if product_ids is not None:
        theirs.append(ProductEtsyLinkRow.product_id.in_(product_ids))
    _lock(session, *theirs)
    session.execute(update(ProductEtsyLinkRow).where(*theirs).values(stock_doubted=True))


def trust_stock(session: Session, account_id: str, product_ids: Sequence[str]) -> None:
    """A person agrees that Medusa's stock of these products is right."""
    product_ids = sorted(product_ids)
    for start in range(0, len(product_ids), LINKS_AT_ONCE):
        part = product_ids[start : start + LINKS_AT_ONCE]
        theirs = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.product_id.in_(part)
        _lock(session, *theirs)
        session.execute(update(ProductEtsyLinkRow).where(*theirs).values(stock_doubted=False))


def _lock(session: Session, *which: ColumnElement[bool]) -> None:
    """Lock links in the order of all who lock several (`pending_links.py`); SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        in_order = ProductEtsyLinkRow.product_id.collate("C")
        session.execute(select(ProductEtsyLinkRow.product_id).where(*which).order_by(in_order).with_for_update()).all()


def doubted_count(session: Session, account_id: str) -> int:
    """Of how many listings nobody has agreed with the stock since orders are booked."""
    is_doubted = ProductEtsyLinkRow.etsy_account_id == account_id, ProductEtsyLinkRow.stock_doubted.is_(True)
    return session.scalar(select(func.count()).select_from(ProductEtsyLinkRow).where(*is_doubted)) or 0


def listed_products(session: Session, account_id: str) -> set[str]:
    """The products of an account that have a listing."""
    query = select(ProductEtsyLinkRow.product_id).where(ProductEtsyLinkRow.etsy_account_id == account_id)
    return set(session.scalars(query.where(ProductEtsyLinkRow.etsy_listing_id.is_not(None))))


def create_references(session: Session, account_id: str) -> set[str]:
    """The references of creates of an account that are not accounted for."""
    query = select(ProductEtsyLinkRow.create_reference).where(ProductEtsyLinkRow.etsy_account_id == account_id)
    return {item for item in session.scalars(query.where(ProductEtsyLinkRow.create_reference.is_not(None))) if item}


def on_sale_count(session: Session, account_id: str) -> int:
    """How many listings of an account are on sale as far as we know."""
    is_on_sale = ProductEtsyLinkRow.etsy_listing_id.is_not(None), ProductEtsyLinkRow.listing_state.in_(ON_SALE)
    of_account = ProductEtsyLinkRow.etsy_account_id == account_id
    return session.scalar(select(func.count()).select_from(ProductEtsyLinkRow).where(of_account, *is_on_sale)) or 0


def ending_count(session: Session, account_id: str, until: datetime) -> int:
    """How many listings of ours that are on sale are paid for no longer than until then, as far as we know."""
    ends = ProductEtsyLinkRow.ending_at <= until, ProductEtsyLinkRow.listing_state.in_(ON_SALE)
    of_account = ProductEtsyLinkRow.etsy_account_id == account_id
    return session.scalar(select(func.count()).select_from(ProductEtsyLinkRow).where(of_account, *ends)) or 0


def search(
    session: Session, *, account_id: str | None = None, product_id: str | None = None, sync_status: str | None = None
) -> list[Link]:
    """Links that match all that is given."""
    return [_link(row) for row in session.scalars(_matching(account_id, product_id, sync_status))]


def page(
    session: Session,
    *,
    account_id: str | None,
    product_id: str | None,
    sync_status: str | None,
    first: int,
    most: int,
    text: str | None = None,
) -> tuple[list[Link], int]:
    """Some of the links that match all that is given, and how many there are.

    `text` stands in the title or an id, or begins an SKU.
    """
    query = _matching(account_id, product_id, sync_status)
    query = query.where(_has_text(text)) if text else query
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return [_link(row) for row in session.scalars(query.offset(first).limit(most))], total


def _matching(account_id: str | None, product_id: str | None, sync_status: str | None) -> Select[ProductEtsyLinkRow]:
    query = select(ProductEtsyLinkRow).order_by(ProductEtsyLinkRow.etsy_account_id, ProductEtsyLinkRow.product_id)
    if account_id:
        query = query.where(ProductEtsyLinkRow.etsy_account_id == account_id)
    if product_id:
        query = query.where(ProductEtsyLinkRow.product_id == product_id)
    if sync_status:
        query = query.where(ProductEtsyLinkRow.sync_status == sync_status)
    return query


def counts(session: Session, account_id: str | None) -> dict[str, int]:
    """How many links have which status; of one account, or of all."""
    query = select(ProductEtsyLinkRow.sync_status, func.count()).group_by(ProductEtsyLinkRow.sync_status)
    query = query.where(ProductEtsyLinkRow.etsy_account_id == account_id) if account_id else query
    return {str(row[0]): int(row[1]) for row in session.execute(query)}


def _has_text(text: str) -> ColumnElement[bool]:
    columns = ProductEtsyLinkRow.product_title, ProductEtsyLinkRow.product_id
    found = [column.icontains(text, autoescape=True) for column in columns]
    as_json = json.encode(text).decode()[:-1]
    found.append(ProductEtsyLinkRow.published.icontains(f'"sku":{as_json}', autoescape=True))
    is_listing = text.isascii() and text.isdigit() and int(text) <= LARGEST_ID
    return or_(*found, ProductEtsyLinkRow.etsy_listing_id == int(text)) if is_listing else or_(*found)


def images_of(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, dict[int, PublishedImage]]:
    """The pictures that we put on products' listings, by product id and rank."""
    query = select(ListingImageRow).where(
        ListingImageRow.etsy_account_id == account_id, ListingImageRow.product_id.in_(product_ids)
    )
    found: dict[str, dict[int, PublishedImage]] = {}
    for row in session.scalars(query.order_by(ListingImageRow.rank)):
        image = PublishedImage(row.rank, row.source_url, row.content_hash, row.etsy_image_id, row.alt_text)
        found.setdefault(row.product_id, {})[row.rank] = image
    return found


def _link(row: ProductEtsyLinkRow) -> Link:
    return Link(
        product_id=row.product_id,
        etsy_account_id=row.etsy_account_id,
        product_title=row.product_title,
        sync_status=cast(LinkStatus, row.sync_status),
        etsy_listing_id=row.etsy_listing_id,
        etsy_url=row.etsy_url,
        listing_state=row.listing_state,
        wanted_state=row.wanted_state,
        last_synced_at=row.last_synced_at,
        sync_error=row.sync_error,
        published=listing_from_json(row.published) if row.published else None,
        create_reference=row.create_reference,
        transaction_id=row.transaction_id,
        origin="adopted" if row.origin == "adopted" else "created",
        keeps=tuple(row.keeps),
        variant_map=tuple(convert(item, VariantOnEtsy) for item in row.variant_map),
        handle=row.handle,
        ending_at=row.ending_at,
        should_auto_renew=row.should_auto_renew,
        variation_links=_variation_links(row.variation_links),
        stock_doubted=row.stock_doubted,
    )


def rows_of(links: Sequence[VariationLink] | None) -> list[list[Any]] | None:
    """Links of variations to pictures as they are stored."""
    return None if links is None else [list(astuple(link)) for link in links]


def _variation_links(stored: list[Any] | None) -> tuple[VariationLink, ...] | None:
    return None if stored is None else tuple(VariationLink(*item) for item in stored)


def _of_account(account_id: str) -> Select[ProductEtsyLinkRow]:
    return select(ProductEtsyLinkRow).where(ProductEtsyLinkRow.etsy_account_id == account_id)
