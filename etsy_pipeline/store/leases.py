"""Who publishes for which account and lane: one row each, locked by whoever reads it in order to write.

All moments are the database's (`clock.py`).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, exists, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.store.records import Lane, PublisherLease
from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.store.tables.accounts import AccountHoldRow
from etsy_pipeline.store.tables.syncs import EtsySyncJobRow, PublisherLeaseRow

_LEASE: Table = PublisherLeaseRow.metadata.tables[PublisherLeaseRow.__tablename__]
_HOLD: Table = PublisherLeaseRow.metadata.tables[AccountHoldRow.__tablename__]
_JOB: Table = PublisherLeaseRow.metadata.tables[EtsySyncJobRow.__tablename__]
_HOLDER = (
    select(_LEASE.c.holder)
    .where(_LEASE.c.etsy_account_id == bindparam("account_id"), _LEASE.c.lane == bindparam("lane"))
    .with_for_update()
)
_STANDING = select(
    _LEASE.c.holder,
    exists().where(_HOLD.c.etsy_account_id == bindparam("account_id")),
    select(_JOB.c.state).where(_JOB.c.transaction_id == bindparam("transaction_id")).scalar_subquery(),
).where(_LEASE.c.etsy_account_id == bindparam("account_id"), _LEASE.c.lane == bindparam("lane"))


class Standing(NamedTuple):
    """How it stands with a publication: who holds the lease, whether anything holds the account, the sync's state."""

    holder: str
    is_held: bool
    state: SyncState


def locked(session: Session, account_id: str, lane: Lane = "full") -> PublisherLease | None:
    """The lease of an account's lane, if it was ever taken; nobody else changes it until the transaction ends."""
    row = session.get(PublisherLeaseRow, (account_id, lane), with_for_update=True, populate_existing=True)
    return None if row is None else _lease(row)


def holder(session: Session, account_id: str, lane: Lane = "full") -> str | None:
    """Who holds the lease of an account's lane, or held it last; nobody else changes it until the transaction ends."""
    return session.connection().scalar(_HOLDER, {"account_id": account_id, "lane": lane})


def standing(session: Session, account_id: str, lane: Lane, transaction_id: str) -> Standing | None:
    """What has to be right before each call of a publication, with the lease locked as by `holder`."""
    keys = {"account_id": account_id, "lane": lane, "transaction_id": transaction_id}
    if session.connection().dialect.name == "postgresql":
        holder(session, account_id, lane)  # the lock first: a look that waits for one sees what was before the wait
    found = session.connection().execute(_STANDING, keys).one_or_none()
    return None if found is None else Standing(found[0], found[1], SyncState(found[2]))


def taken(
    session: Session, account_id: str, holder: str, transaction_id: str, until: datetime, lane: Lane = "full"
) -> PublisherLease:
    """The lease of an account's lane, taken by a holder if it is the first one; else as it stands, locked."""
    return _lease(
        locked_or_made(
            session,
            PublisherLeaseRow(
                etsy_account_id=account_id,
                lane=lane,
                holder=holder,
                transaction_id=transaction_id,
                run_id="",
                expires_at=until,
                starts=0,
            ),
        )
    )


def change(session: Session, lease: PublisherLease, **values: Any) -> PublisherLease:
    """Write values on a lease that is locked; the lease as it is now."""
    its_row = _LEASE.c.etsy_account_id == lease.etsy_account_id, _LEASE.c.lane == lease.lane
    session.execute(update(_LEASE).where(*its_row).values(**values))
    return replace(lease, **values)


def are_beyond(session: Session, latest: datetime) -> bool:
    """Whether a lease lasts longer than that."""
    return session.scalar(select(_LEASE.c.holder).where(_LEASE.c.expires_at > latest).limit(1)) is not None


def shorten(session: Session, latest: datetime) -> None:
    """Let no lease last longer than that."""
    session.execute(update(_LEASE).where(_LEASE.c.expires_at > latest).values(expires_at=latest))


def held(session: Session, now: datetime) -> set[tuple[str, Lane]]:
    """Accounts, and their lanes, in which somebody publishes at this moment."""
    found = session.execute(select(_LEASE.c.etsy_account_id, _LEASE.c.lane).where(_LEASE.c.expires_at > now))
    return {(account_id, cast(Lane, lane)) for account_id, lane in found}


def _lease(row: PublisherLeaseRow) -> PublisherLease:
    return PublisherLease(
        row.etsy_account_id,
        row.holder,
        row.transaction_id,
        row.run_id,
        row.expires_at,
        row.starts,
        cast(Lane, row.lane),
    )
