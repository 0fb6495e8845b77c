"""Scans of a shop, and its listings as the last whole one saw them.

A scan's listings are written at its end, in one transaction: until then, and for ever where it fails, those of the last
whole one stand.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, Table, and_, bindparam, delete, func, not_, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.linking.seen import SeenListing, from_json, to_json
from etsy_pipeline.planning.link import GONE
from etsy_pipeline.store.records import ASKED_FOR, ShopScan
from etsy_pipeline.store.tables.listings import EtsyListingSeenRow, ProductEtsyLinkRow, ShopScanRow
from etsy_pipeline.store.tables.syncs import EtsySyncJobRow, SyncItemRow
from etsy_pipeline.store.upserts import insert_into

AT_ONCE = 500  # SQLite takes some thousand values in one query

_LINK: Table = EtsyListingSeenRow.metadata.tables[ProductEtsyLinkRow.__tablename__]
_ITEM: Table = EtsyListingSeenRow.metadata.tables[SyncItemRow.__tablename__]
_JOB: Table = EtsyListingSeenRow.metadata.tables[EtsySyncJobRow.__tablename__]
_FACTS = ("listing_state", "ending_at", "should_auto_renew")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class StoredListing:
    """A listing with what is known of it beside what Etsy tells.

    `gone_at`: when a whole scan no longer found it. `ignored_at`: a person said that it is none of Medusa's products.
    """

    seen: SeenListing
    first_seen_at: datetime
    seen_at: datetime
    gone_at: datetime | None = None
    ignored_at: datetime | None = None


def ask(session: Session, account_id: str, now: datetime) -> ShopScan:
    """A scan is asked for, to be begun elsewhere; of an account only the one that was asked for last is kept."""
    _forget_asked(session, account_id)
    row = ShopScanRow(etsy_account_id=account_id, started_at=now, problem=ASKED_FOR)
    session.add(row)
    session.flush()
    return _scan(row)


def asked_for(session: Session) -> list[ShopScan]:
    """The scans of all accounts that somebody asked for and nothing has begun."""
    query = select(ShopScanRow).where(ShopScanRow.finished_at.is_(None), ShopScanRow.problem == ASKED_FOR)
    return [_scan(row) for row in session.scalars(query.order_by(ShopScanRow.id))]


def begin(session: Session, account_id: str, now: datetime) -> int:
    """A scan has begun, also in place of one that was asked for; its id."""
    _forget_asked(session, account_id)
    row = ShopScanRow(etsy_account_id=account_id, started_at=now)
    session.add(row)
    session.flush()
    return row.id


def fail(session: Session, scan_id: int, *, calls: int, problem: str) -> ShopScan:
    """A scan did not come to its end: it proves nothing."""
    row = session.get_one(ShopScanRow, scan_id)
    row.calls, row.problem = calls, problem
    return _scan(row)


def finish(
    session: Session,
    scan_id: int,
    *,
    now: datetime,
    calls: int,
    counts: Mapping[str, int],
    changes: Sequence[Mapping[str, Any]] = (),
) -> ShopScan:
    """A scan is whole; its listings are written in the same transaction (`put`, `set_gone`)."""
    row = session.get_one(ShopScanRow, scan_id)
    row.finished_at, row.calls, row.counts, row.changes = now, calls, dict(counts), list(changes)
    return _scan(row)


def last_whole(session: Session, account_id: str) -> ShopScan | None:
    """The whole scan that was begun last."""
    return next(iter(scans(session, account_id, most=1, only_whole=True)), None)


def scans(session: Session, account_id: str, *, most: int, only_whole: bool = False) -> list[ShopScan]:
    """An account's scans, the one that was begun last first."""
    query = select(ShopScanRow).where(ShopScanRow.etsy_account_id == account_id).order_by(ShopScanRow.id.desc())
    if only_whole:
        query = query.where(ShopScanRow.finished_at.is_not(None))
    return [_scan(row) for row in session.scalars(query.limit(most))]


def whole_since(session: Session, since: datetime) -> list[ShopScan]:
    """The whole scans of all accounts that ended since then."""
    query = select(ShopScanRow).where(ShopScanRow.finished_at >= since).order_by(ShopScanRow.id)
    return [_scan(row) for row in session.scalars(query)]


def listings(
    session: Session, account_id: str, states: Collection[str] | None = None, ids: Collection[int] | None = None
) -> Iterator[SeenListing]:
    """The listings that the last whole scan saw, by their ids, a few hundred in memory at a time; none that is gone.

    Args:
        session: of the store.
        account_id: whose.
        states: only those in one of them.
        ids: only these.
    """
    query = _present(select(EtsyListingSeenRow.seen), account_id).order_by(EtsyListingSeenRow.listing_id)
    if states is not None:
        query = query.where(EtsyListingSeenRow.state.in_(states))
    for part in [None] if ids is None else _parts(sorted(ids)):
        asked = query if part is None else query.where(EtsyListingSeenRow.listing_id.in_(part))
        yield from map(from_json, session.scalars(asked.execution_options(yield_per=AT_ONCE)))


def page(
    session: Session, account_id: str, *, state: str | None = None, first: int = 0, most: int | None = AT_ONCE
) -> tuple[list[StoredListing], int]:
    """Some of an account's listings, and how many there are; of state `gone` those that are no longer there."""
    query = select(EtsyListingSeenRow).where(EtsyListingSeenRow.etsy_account_id == account_id)
    if state == GONE:
        query = query.where(EtsyListingSeenRow.gone_at.is_not(None))
    else:
        query = query.where(EtsyListingSeenRow.gone_at.is_(None))
        query = query.where(EtsyListingSeenRow.state == state) if state else query
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(EtsyListingSeenRow.listing_id).offset(first).limit(most))
    return [_stored(row) for row in rows], total


def get(session: Session, account_id: str, listing_id: int) -> StoredListing | None:
    """One listing of an account, also where it is gone."""
    row = session.get(EtsyListingSeenRow, (account_id, listing_id))
    return None if row is None else _stored(row)


def present_ids(session: Session, account_id: str) -> set[int]:
    """The ids of the listings that the last whole scan saw."""
    return set(session.scalars(_present(select(EtsyListingSeenRow.listing_id), account_id)))


def gone_ids(session: Session, account_id: str) -> set[int]:
    """The ids of the listings that a whole scan no longer found."""
    query = select(EtsyListingSeenRow.listing_id).where(EtsyListingSeenRow.etsy_account_id == account_id)
    return set(session.scalars(query.where(EtsyListingSeenRow.gone_at.is_not(None))))


def ids_until(session: Session, account_id: str, until: datetime | None) -> set[int]:
    """The ids of all listings that a whole scan had seen by then, gone or not; without a moment, none."""
    if until is None:
        return set()
    of_account = EtsyListingSeenRow.etsy_account_id == account_id
    return set(
        session.scalars(
            select(EtsyListingSeenRow.listing_id).where(of_account, EtsyListingSeenRow.first_seen_at <= until)
        )
    )


def ignored_ids(session: Session, account_id: str) -> set[int]:
    """The ids of the listings of which a person said that they are none of Medusa's products."""
    query = select(EtsyListingSeenRow.listing_id).where(EtsyListingSeenRow.etsy_account_id == account_id)
    return set(session.scalars(query.where(EtsyListingSeenRow.ignored_at.is_not(None))))


def set_ignored(session: Session, account_id: str, listing_id: int, at: datetime | None) -> bool:
    """A listing is none of Medusa's products, or may be one again (None); False where no scan has seen it."""
    row = session.get(EtsyListingSeenRow, (account_id, listing_id), with_for_update=True)
    if row is None:
        return False
    row.ignored_at = at
    return True


def put(session: Session, account_id: str, scan_id: int, seen: Iterable[SeenListing], now: datetime) -> None:
    """Write listings as a scan saw them; what a person decided on them stays."""
    adding = insert_into(session, EtsyListingSeenRow)
    told = ("scan_id", "state", "title", "seen", "seen_at", "gone_at")
    changed = {name: adding.excluded[name] for name in told}
    written = adding.on_conflict_do_update(index_elements=["etsy_account_id", "listing_id"], set_=changed)
    common = {"etsy_account_id": account_id, "scan_id": scan_id, "first_seen_at": now, "seen_at": now}
    for part in _parts(seen):
        rows = [
            common | {"listing_id": item.listing_id, "state": item.state, "title": item.title, "seen": to_json(item)}
            for item in part
        ]
        session.connection().execute(written, [row | {"gone_at": None, "ignored_at": None} for row in rows])


def set_gone(session: Session, account_id: str, ids: Iterable[int], now: datetime) -> None:
    """A whole scan did not find these listings any more."""
    for part in _parts(ids):
        theirs = EtsyListingSeenRow.etsy_account_id == account_id, EtsyListingSeenRow.listing_id.in_(part)
        session.execute(
            update(EtsyListingSeenRow).where(*theirs, EtsyListingSeenRow.gone_at.is_(None)).values(gone_at=now)
        )


def tell_links(session: Session, account_id: str, seen: Iterable[SeenListing], before: datetime) -> None:
    """The links of these listings say how a scan saw them, except those that a sync holds or touched since it began.

    Args:
        session: a writing one.
        account_id: whose.
        seen: the listings; one that is gone has the state `gone`.
        before: when the scan began.
    """
    theirs = (_LINK.c.etsy_account_id == account_id, _LINK.c.sync_status != "pending", _LINK.c.updated_at < before)
    query = select(_LINK.c.etsy_listing_id, _LINK.c.product_id).where(*theirs, _LINK.c.etsy_listing_id.is_not(None))
    products = {row.etsy_listing_id: row.product_id for row in session.execute(query)}
    told = [_facts(item, products[item.listing_id]) for item in seen if item.listing_id in products]
    facts = {name: bindparam(f"new_{name}", type_=_LINK.c[name].type) for name in _FACTS}
    is_it = (_LINK.c.product_id == bindparam("of_product"), _LINK.c.etsy_listing_id == bindparam("of_listing"))
    is_other = or_(*(_LINK.c[name].is_distinct_from(value) for name, value in facts.items()))
    was_removed = func.coalesce(_LINK.c.listing_state, "") == "removed"  # by Etsy: it stays so where it is deleted then
    stays = and_(facts["listing_state"] == GONE, was_removed)
    changing = update(_LINK).where(*theirs, *is_it, is_other, not_(stays)).values(**facts)
    # in the order of their products, as all who lock several links (`pending_links.py`)
    for part in _parts(sorted(told, key=lambda row: str(row["of_product"]))):
        session.connection().execute(changing, part)


def set_active_by_us(session: Session, account_id: str, since: datetime) -> set[int]:
    """The listings that a publication paid a fee for since then, or has begun to: their renewals are ours."""
    is_begun = (_ITEM.c.outcome == "waiting") & (_ITEM.c.attempts > 0)
    ours = (_JOB.c.etsy_account_id == account_id, _ITEM.c.fee_usd_cents > 0, _ITEM.c.etsy_listing_id.is_not(None))
    query = select(_ITEM.c.etsy_listing_id).join(_JOB, _JOB.c.id == _ITEM.c.sync_job_id)
    return set(session.scalars(query.where(*ours, or_(_ITEM.c.finished_at >= since, is_begun))))


def wanted_inactive(session: Session, account_id: str) -> set[int]:
    """The listings that we deactivated ourselves."""
    ours = (_LINK.c.etsy_account_id == account_id, _LINK.c.etsy_listing_id.is_not(None))
    return set(session.scalars(select(_LINK.c.etsy_listing_id).where(*ours, _LINK.c.wanted_state == "inactive")))


def _forget_asked(session: Session, account_id: str) -> None:
    theirs = (ShopScanRow.etsy_account_id == account_id, ShopScanRow.problem == ASKED_FOR)
    session.execute(delete(ShopScanRow).where(*theirs))


def _facts(seen: SeenListing, product_id: str) -> dict[str, Any]:
    told = {"listing_state": seen.state, "ending_at": seen.ending_at, "should_auto_renew": seen.should_auto_renew}
    return {"of_listing": seen.listing_id, "of_product": product_id} | {f"new_{name}": told[name] for name in _FACTS}


def _present(query: Select[Any], account_id: str) -> Select[Any]:
    return query.where(EtsyListingSeenRow.etsy_account_id == account_id, EtsyListingSeenRow.gone_at.is_(None))


def _parts(values: Iterable[Value]) -> Iterator[list[Value]]:
    stream = iter(values)
    while part := list(islice(stream, AT_ONCE)):
        yield part


def _scan(row: ShopScanRow) -> ShopScan:
    return ShopScan(
        id=row.id,
        etsy_account_id=row.etsy_account_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        calls=row.calls,
        counts=row.counts,
        changes=tuple(row.changes),
        problem=row.problem,
    )


def _stored(row: EtsyListingSeenRow) -> StoredListing:
    return StoredListing(from_json(row.seen), row.first_seen_at, row.seen_at, row.gone_at, row.ignored_at)
