"""A row that is made on first use, whichever process is first."""

from typing import TypeVar

from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from etsy_pipeline.store.tables.base import Table

Row = TypeVar("Row", bound=Table)


def locked_or_made(session: Session, new: Row) -> Row:
    """The row with the key of this one, locked until the transaction ends; this one where there was none."""
    kind, key = type(new), tuple(inspect(new, raiseerr=True).mapper.primary_key_from_instance(new))
    found = session.get(kind, key, with_for_update=True)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(new)
    except IntegrityError:  # another process was first
        return session.get_one(kind, key, with_for_update=True)
    return new
