"""Rows that several processes may write at once: the database decides who was first, on both kinds."""

from typing import Any

from sqlalchemy import literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from etsy_pipeline.store.tables.base import Table


def add_once(session: Session, table: type[Table], **values: Any) -> bool:
    """Add a row unless its key is there already; whether it was added. Waits for whoever is adding it just now."""
    adding = insert_into(session, table).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.execute(adding).first() is not None


def add_or_change(
    session: Session, table: type[Table], keys: dict[str, Any], *, added: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Add a row with these keys, or change the one that has them; `changed` may hold expressions over that row."""
    adding = insert_into(session, table).values(**keys, **added)
    session.execute(adding.on_conflict_do_update(index_elements=list(keys), set_=changed))


def insert_into(session: Session, table: type[Table]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, as the session's database has it."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)
