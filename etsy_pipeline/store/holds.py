"""What holds an account: while there is a row, nothing of it is approved or published (`sync/holds.py`)."""

from sqlalchemy import Table, bindparam, delete, select
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.records import LONG_AGO, AccountHold
from etsy_pipeline.store.tables.accounts import AccountHoldRow
from etsy_pipeline.store.upserts import add_or_change

_HOLD: Table = AccountHoldRow.metadata.tables[AccountHoldRow.__tablename__]
_IS_HELD = select(_HOLD.c.code).where(_HOLD.c.etsy_account_id == bindparam("account_id")).limit(1)


def of(session: Session, account_id: str) -> list[AccountHold]:
    """What holds an account, the first one first."""
    query = select(AccountHoldRow).where(AccountHoldRow.etsy_account_id == account_id)
    return [_hold(row) for row in session.scalars(query.order_by(AccountHoldRow.since, AccountHoldRow.code))]


def every(session: Session) -> list[AccountHold]:
    """What holds any account, the first one first."""
    query = select(AccountHoldRow).order_by(AccountHoldRow.since, AccountHoldRow.etsy_account_id, AccountHoldRow.code)
    return [_hold(row) for row in session.scalars(query)]


def is_held(session: Session, account_id: str) -> bool:
    """Whether anything holds an account; asked before each call of a publication, so it costs little."""
    return session.connection().scalar(_IS_HELD, {"account_id": account_id}) is not None


def put(session: Session, hold: AccountHold) -> None:
    """Hold an account. Where it is held for the same reason already, the words are the new ones, the moment stays."""
    told = {"message": hold.message, "details": dict(hold.details)}
    since = clock.now(session) if hold.since == LONG_AGO else hold.since
    keys = {"etsy_account_id": hold.etsy_account_id, "code": hold.code}
    add_or_change(session, AccountHoldRow, keys, added=told | {"since": since}, changed=told)


def lift(session: Session, account_id: str, *codes: str) -> list[AccountHold]:
    """Hold an account no longer for these reasons; those for which it was held."""
    lifted = [hold for hold in of(session, account_id) if hold.code in codes]
    of_account = AccountHoldRow.etsy_account_id == account_id
    session.execute(delete(AccountHoldRow).where(of_account, AccountHoldRow.code.in_(codes)))
    return lifted


def _hold(row: AccountHoldRow) -> AccountHold:
    return AccountHold(row.etsy_account_id, row.code, row.message, row.details, row.since)
