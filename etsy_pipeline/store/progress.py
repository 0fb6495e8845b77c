"""What a publisher notes while it works, and a plan with nothing to publish: on items, links and their pictures.

Plain SQL, a few statements a product, each made once: making it takes longer than SQLite takes to carry it out. Values
name columns of `sync_item` and `product_etsy_link`. Whoever publishes knows what is there: it is not read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from etsy_pipeline.planning.link import PublishedImage
from etsy_pipeline.store.tables.listings import ListingImageRow, ProductEtsyLinkRow
from etsy_pipeline.store.tables.syncs import SyncItemRow

AT_ONCE = 500

_ITEM: Table = SyncItemRow.metadata.tables[SyncItemRow.__tablename__]
_LINK: Table = SyncItemRow.metadata.tables[ProductEtsyLinkRow.__tablename__]
_IMAGE: Table = SyncItemRow.metadata.tables[ListingImageRow.__tablename__]

_THE_ITEM = (_ITEM.c.sync_job_id == bindparam("of_job")) & (_ITEM.c.product_id == bindparam("of_product"))
_THE_LINK = (_LINK.c.etsy_account_id == bindparam("of_account")) & (_LINK.c.product_id == bindparam("of_product"))
_ITS_IMAGES = (_IMAGE.c.etsy_account_id == bindparam("of_account")) & (_IMAGE.c.product_id == bindparam("of_product"))

_TRY = (
    update(_ITEM)
    .where(_THE_ITEM & (_ITEM.c.outcome == "waiting"))
    .values(step=bindparam("new_step"), attempts=_ITEM.c.attempts + 1)
)
_TRY_FIRST = _TRY.values(before=bindparam("was_there"))
_SET_ITEM = update(_ITEM).where(_THE_ITEM)
_FINISH_ITEM = update(_ITEM).where(_THE_ITEM & (_ITEM.c.outcome == "waiting"))
_SET_LINK = update(_LINK).where(_THE_LINK)
_ADD_LINK = insert(_LINK)
_DROP_IMAGES = delete(_IMAGE).where(_ITS_IMAGES)
_DROP_ITS_OTHER_RANKS = delete(_IMAGE).where(
    _ITS_IMAGES, _IMAGE.c.rank != bindparam("at_rank"), _IMAGE.c.etsy_image_id == bindparam("image_id")
)
_ADD_IMAGE = insert(_IMAGE)
_PUT_IMAGE = {
    name: into.on_conflict_do_update(
        index_elements=[_IMAGE.c.product_id, _IMAGE.c.etsy_account_id, _IMAGE.c.rank],
        set_={column.name: into.excluded[column.name] for column in _IMAGE.c if not column.primary_key},
    )
    for name, into in (("sqlite", sqlite.insert(_IMAGE)), ("postgresql", postgresql.insert(_IMAGE)))
}
_SYNCED_LINK = (
    update(_LINK)
    .where(_THE_LINK)
    .values(
        sync_status=bindparam("status"), sync_error=bindparam("error"), last_synced_at=bindparam("now"),
        updated_at=bindparam("now"), listing_state=bindparam("state"),
        published=func.coalesce(bindparam("desired"), _LINK.c.published),
        ending_at=bindparam("new_ending_at"), should_auto_renew=bindparam("renews"),
    )
)  # fmt: skip


def try_step(session: Session, job_id: str, product_id: str, step: str, before: str | None = None) -> bool:
    """This step of an item is tried once more; False where it does not wait any more: somebody has taken it out.

    The first time, what was there `before` is kept with it.
    """
    keys = {"of_job": job_id, "of_product": product_id, "new_step": step}
    if before is None:
        return session.connection().execute(_TRY, keys).rowcount > 0
    return session.connection().execute(_TRY_FIRST, keys | {"was_there": before}).rowcount > 0


def set_items(session: Session, job_id: str, product_ids: Sequence[str], **values: Any) -> None:
    """Write the same values on some items."""
    rows = [{"of_job": job_id, "of_product": product_id} | values for product_id in product_ids]
    session.connection().execute(_SET_ITEM, rows)


def finish_items(session: Session, job_id: str, product_ids: Sequence[str], outcome: str, now: datetime) -> None:
    """These items are done, as far as they wait: what somebody has taken out stays so."""
    done = {"of_job": job_id, "outcome": outcome, "finished_at": now, "step": "done"}
    session.connection().execute(_FINISH_ITEM, [{"of_product": product_id} | done for product_id in product_ids])


def fail_item(session: Session, job_id: str, product_id: str, code: str, message: str, now: datetime) -> bool:
    """This item has failed; False where it does not wait any more: somebody has taken it out."""
    keys = {"of_job": job_id, "of_product": product_id}
    told = {"outcome": "failed", "finished_at": now, "step": "done", "error_code": code, "error_message": message}
    return session.connection().execute(_FINISH_ITEM, keys | told).rowcount > 0


def set_link(session: Session, account_id: str, product_id: str, **values: Any) -> None:
    """Write values on a product's link; it is made where there is none."""
    keys = {"of_account": account_id, "of_product": product_id}
    changed = session.connection().execute(_SET_LINK, keys | values)
    if changed.rowcount == 0:
        made = {"product_id": product_id, "etsy_account_id": account_id, "sync_status": "pending"} | values
        session.connection().execute(_ADD_LINK, made)


def set_synced(session: Session, account_id: str, listings: Iterable[dict[str, Any]], now: datetime) -> None:
    """These links are as they should be: `of_product`, its `state`, and what was `desired` as JSON, if anything.

    `new_ending_at` and `renews` say how long Etsy is paid, and whether it renews by itself.

    One that has an `error` stays failed: only a part of it was to be sent.

    In the order of their products, as all who lock several links (`pending_links.py`).
    """
    keys = {"of_account": account_id, "now": now}
    told = ({"error": None, "new_ending_at": None, "renews": None} | listing | keys for listing in listings)
    rows = sorted(
        (row | {"status": "failed" if row["error"] else "synced"} for row in told),
        key=lambda row: str(row["of_product"]),
    )
    session.connection().execute(_SYNCED_LINK, rows)


def finish_unsent(session: Session, job_id: str, now: datetime) -> None:
    """The end of a plan that sends nothing: what is skipped is skipped, and what is invalid has failed."""
    waiting = (_ITEM.c.sync_job_id == job_id) & (_ITEM.c.outcome == "waiting")
    done = {"step": "done", "finished_at": now}
    by_code: dict[str, list[str]] = {}
    invalid = select(_ITEM.c.product_id, _ITEM.c.verdicts).where(waiting, _ITEM.c.action == "invalid")
    for product_id, verdicts in session.execute(invalid):
        code = next((verdict["code"] for verdict in verdicts if verdict["severity"] == "error"), "invalid")
        by_code.setdefault(code, []).append(product_id)
    for code, product_ids in by_code.items():
        told = done | {"outcome": "failed", "error_code": code, "error_message": _ITEM.c.reason}
        for start in range(0, len(product_ids), AT_ONCE):
            some = _ITEM.c.product_id.in_(product_ids[start : start + AT_ONCE])
            session.execute(update(_ITEM).where(waiting, some).values(**told))
    session.execute(update(_ITEM).where(waiting).values(outcome="skipped", **done))


def put_image(
    session: Session, account_id: str, product_id: str, image: PublishedImage, *, was_elsewhere: bool = False
) -> None:
    """A picture is at its rank, in place of what was known there; where it was at another rank, it is there no more."""
    if was_elsewhere:
        keys = {"of_account": account_id, "of_product": product_id}
        there = {"at_rank": image.rank, "image_id": image.etsy_image_id}
        session.connection().execute(_DROP_ITS_OTHER_RANKS, keys | there)
    put = _PUT_IMAGE[session.get_bind().dialect.name]
    session.connection().execute(put, _values(account_id, product_id, image))


def set_images(session: Session, account_id: str, product_id: str, images: Iterable[PublishedImage]) -> None:
    """These are the listing's pictures, and no others."""
    session.connection().execute(_DROP_IMAGES, {"of_account": account_id, "of_product": product_id})
    if rows := [_values(account_id, product_id, image) for image in images]:
        session.connection().execute(_ADD_IMAGE, rows)


def _values(account_id: str, product_id: str, image: PublishedImage) -> dict[str, Any]:
    return {"etsy_account_id": account_id, "product_id": product_id} | asdict(image)
