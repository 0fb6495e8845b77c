"""Queries on links (product × account) and on the pictures of their listings."""

from collections.abc import Sequence

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.planning.link import ON_SALE, Link
from etsy_pipeline.store.tables import ListingImageRow, ProductEtsyLink, SyncItem

LINKS_AT_ONCE = 500  # SQLite takes some thousand values in one query; Etsy's batches are smaller anyway


def get(session: Session, account_id: str, product_id: str) -> ProductEtsyLink | None:
    """The link of a product in a shop."""
    return session.get(ProductEtsyLink, (product_id, account_id))


def rows_of(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, ProductEtsyLink]:
    """Links by product id."""
    found: dict[str, ProductEtsyLink] = {}
    for start in range(0, len(product_ids), LINKS_AT_ONCE):
        part = product_ids[start : start + LINKS_AT_ONCE]
        query = _of_account(account_id).where(ProductEtsyLink.product_id.in_(part))
        found |= {row.product_id: row for row in session.scalars(query)}
    return found


def not_in_plan(session: Session, account_id: str, job_id: str, most: int = LINKS_AT_ONCE) -> Sequence[Link]:
    """Some links whose product is in no item of a job: those that the catalogue no longer has."""
    planned = exists().where(SyncItem.sync_job_id == job_id, SyncItem.product_id == ProductEtsyLink.product_id)
    query = _of_account(account_id).where(~planned, ProductEtsyLink.etsy_listing_id.is_not(None))
    return [as_link(row) for row in session.scalars(query.order_by(ProductEtsyLink.product_id).limit(most))]


def with_listing(session: Session, account_id: str) -> tuple[int, int]:
    """How many products of an account have a listing, and how many of those are on sale as far as we know."""
    query = select(func.count(), func.count().filter(ProductEtsyLink.listing_state.in_(ON_SALE)))
    of_account = ProductEtsyLink.etsy_account_id == account_id, ProductEtsyLink.etsy_listing_id.is_not(None)
    linked, on_sale = session.execute(query.where(*of_account)).one()
    return int(linked), int(on_sale)


def search(
    session: Session, *, account_id: str | None = None, product_id: str | None = None, sync_status: str | None = None
) -> Sequence[ProductEtsyLink]:
    """Links that match all that is given."""
    return session.scalars(_matching(account_id, product_id, sync_status)).all()


def page(
    session: Session, *, account_id: str | None, product_id: str | None, sync_status: str | None, first: int, most: int
) -> tuple[Sequence[ProductEtsyLink], int]:
    """Some of the links that match all that is given, and how many there are."""
    query = _matching(account_id, product_id, sync_status)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return session.scalars(query.offset(first).limit(most)).all(), total


def _matching(account_id: str | None, product_id: str | None, sync_status: str | None) -> Select[ProductEtsyLink]:
    query = select(ProductEtsyLink).order_by(ProductEtsyLink.etsy_account_id, ProductEtsyLink.product_id)
    if account_id:
        query = query.where(ProductEtsyLink.etsy_account_id == account_id)
    if product_id:
        query = query.where(ProductEtsyLink.product_id == product_id)
    if sync_status:
        query = query.where(ProductEtsyLink.sync_status == sync_status)
    return query


def as_link(row: ProductEtsyLink) -> Link:
    """The row as planning sees it."""
    return Link(
        product_id=row.product_id,
        product_title=row.product_title,
        etsy_listing_id=row.etsy_listing_id,
        listing_state=row.listing_state,
        wanted_state=row.wanted_state,
        published=listing_from_json(row.published) if row.published else None,
        has_failed=row.sync_status == "failed",
    )


def images_of(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, dict[int, ListingImageRow]]:
    """The pictures that we put on products' listings, by product id and rank."""
    query = select(ListingImageRow).where(
        ListingImageRow.etsy_account_id == account_id, ListingImageRow.product_id.in_(product_ids)
    )
    found: dict[str, dict[int, ListingImageRow]] = {}
    for row in session.scalars(query.order_by(ListingImageRow.rank)):
        found.setdefault(row.product_id, {})[row.rank] = row
    return found


def _of_account(account_id: str) -> Select[ProductEtsyLink]:
    return select(ProductEtsyLink).where(ProductEtsyLink.etsy_account_id == account_id)
