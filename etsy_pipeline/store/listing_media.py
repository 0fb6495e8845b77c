"""Videos and files that we put on listings (`listing_media`): what Etsy tells of them is not enough to know them by."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from msgspec import convert
from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.planning.link import PublishedMedia
from etsy_pipeline.store.tables.listings import ListingMediaRow
from etsy_pipeline.store.upserts import add_or_change

Kept = tuple[PublishedMedia, ...]

_MEDIA: Table = ListingMediaRow.metadata.tables[ListingMediaRow.__tablename__]
_DROP_ALL = delete(_MEDIA).where(
    _MEDIA.c.etsy_account_id == bindparam("of_account"), _MEDIA.c.product_id == bindparam("of_product")
)


def of_products(session: Session, account_id: str, product_ids: Sequence[str]) -> dict[str, Kept]:
    """What is on products' listings, by product id; a batch of a hundred at most."""
    of_account = ListingMediaRow.etsy_account_id == account_id, ListingMediaRow.product_id.in_(product_ids)
    query = select(ListingMediaRow).where(*of_account).order_by(ListingMediaRow.kind, ListingMediaRow.rank)
    found: dict[str, Kept] = {}
    for row in session.scalars(query):
        found[row.product_id] = (*found.get(row.product_id, ()), _media(row))
    return found


def put(session: Session, account_id: str, product_id: str, media: PublishedMedia) -> None:
    """A video or a file is in its place, instead of what was known there."""
    values = asdict(media)
    keys = {"product_id": product_id, "etsy_account_id": account_id}
    keys |= {"kind": values.pop("kind"), "rank": values.pop("rank")}
    add_or_change(session, ListingMediaRow, keys, added=values, changed=values)


def drop(session: Session, account_id: str, product_id: str, media: PublishedMedia) -> None:
    """It is on the listing no more, or was never."""
    its_place = ListingMediaRow.kind == media.kind, ListingMediaRow.rank == media.rank
    session.execute(delete(ListingMediaRow).where(*_of(account_id, product_id), *its_place))


def drop_all(session: Session, account_id: str, product_id: str) -> None:
    """The product has another listing, or none."""
    session.connection().execute(_DROP_ALL, {"of_account": account_id, "of_product": product_id})


def hand_over(session: Session, account_id: str, old_product_id: str, product_id: str) -> None:
    """What was one product's is another's, with the listing."""
    drop_all(session, account_id, product_id)
    theirs = update(ListingMediaRow).where(*_of(account_id, old_product_id))
    session.execute(theirs.values(product_id=product_id))


def _of(account_id: str, product_id: str) -> tuple[Any, ...]:
    return ListingMediaRow.etsy_account_id == account_id, ListingMediaRow.product_id == product_id


def _media(row: ListingMediaRow) -> PublishedMedia:
    names = ("kind", "rank", "source", "content_hash", "etsy_media_id", "name", "size_bytes")
    return convert({name: getattr(row, name) for name in names}, PublishedMedia)
