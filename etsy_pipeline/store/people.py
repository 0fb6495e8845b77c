"""Queries on people who sign in with tokens of their own. A token is kept as a hash; a name is never given twice."""

from datetime import timedelta
from typing import cast

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.records import Person, Role
from etsy_pipeline.store.tables.people import PersonRow

MARK = 16  # characters of a token's hash that tell it from others
SEEN_EVERY = timedelta(minutes=1)  # a write for each request would be too many


def add(session: Session, person: Person, token_hash: str) -> None:
    """Somebody new."""
    session.add(
        PersonRow(
            id=person.id,
            name=person.name,
            role=person.role,
            token_hash=token_hash,
            created_at=person.created_at,
            last_seen_at=None,
            removed_at=None,
        )
    )
    session.flush()


def every(session: Session) -> list[Person]:
    """All who may sign in, by name."""
    return [_person(row) for row in session.scalars(_present().order_by(PersonRow.name))]


def are_there(session: Session) -> bool:
    """Whether anybody may sign in by name."""
    return bool(session.scalar(select(exists(_present()))))


def get(session: Session, person_id: str) -> Person | None:
    """One by their id; None where they were removed."""
    return _one(session, _present().where(PersonRow.id == person_id))


def by_token(session: Session, token_hash: str) -> Person | None:
    """Whose token it is; None where it is nobody's, or they were removed."""
    return _one(session, _present().where(PersonRow.token_hash == token_hash))


def by_name(session: Session, name: str) -> Person | None:
    """One by their name."""
    return _one(session, _present().where(PersonRow.name == name))


def is_taken(session: Session, name: str) -> bool:
    """Whether somebody has the name, or had it: what they decided stays theirs. Capitals make no other name."""
    names = session.scalars(select(PersonRow.name))
    return name.casefold() in {known.casefold() for known in names}


def remove(session: Session, person_id: str) -> None:
    """They may not sign in any more; their name stays taken."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(removed_at=clock.now(session)))


def change(session: Session, person_id: str, **values: str) -> None:
    """Give somebody another role, or the hash of another token."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(**values))


def is_seen_lately(session: Session, person: Person) -> bool:
    """Whether it was noted just now that they are here."""
    return person.last_seen_at is not None and clock.now(session) - person.last_seen_at < SEEN_EVERY


def note_seen(session: Session, person_id: str) -> None:
    """They are here now."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(last_seen_at=clock.now(session)))


def _present() -> Select[PersonRow]:
    return select(PersonRow).where(PersonRow.removed_at.is_(None))


def _one(session: Session, query: Select[PersonRow]) -> Person | None:
    row = session.scalar(query)
    return None if row is None else _person(row)


def _person(row: PersonRow) -> Person:
    mark = row.token_hash[:MARK]
    return Person(row.id, row.name, cast(Role, row.role), row.created_at, row.last_seen_at, mark)
