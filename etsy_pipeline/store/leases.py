"""Who publishes for which account: one row an account, locked by whoever reads it in order to write."""

from datetime import datetime

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables import PublisherLease

_LEASE: Table = PublisherLease.metadata.tables[PublisherLease.__tablename__]
_HOLDER = (
    select(_LEASE.c.holder, _LEASE.c.expires_at)
    .where(_LEASE.c.etsy_account_id == bindparam("account_id"))
    .with_for_update()
)


def locked(session: Session, account_id: str) -> PublisherLease | None:
    """The account's lease, if it was ever taken; nobody else changes it until the transaction ends."""
    return session.get(PublisherLease, account_id, with_for_update=True, populate_existing=True)


def holder(session: Session, account_id: str) -> tuple[str, datetime] | None:
    """Who holds the account's lease, and until when; nobody else changes it until the transaction ends."""
    row = session.execute(_HOLDER, {"account_id": account_id}).one_or_none()
    return None if row is None else (row.holder, row.expires_at)


def taken(session: Session, account_id: str, holder: str, transaction_id: str, until: datetime) -> PublisherLease:
    """The account's lease, taken by a holder if it is the account's first one; else as it stands, locked."""
    return locked_or_made(
        session,
        PublisherLease(
            etsy_account_id=account_id,
            holder=holder,
            transaction_id=transaction_id,
            run_id="",
            expires_at=until,
            starts=0,
        ),
    )


def held(session: Session, now: datetime) -> set[str]:
    """Accounts for which somebody publishes at this moment."""
    query = select(PublisherLease.etsy_account_id).where(PublisherLease.expires_at > now)
    return set(session.scalars(query))
