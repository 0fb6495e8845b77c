"""People with names: each signs in with a token of their own, and what they decide is noted with their name.

A token is told once, when it is made; what is kept is a hash of it. Whoever is removed is out with the next request.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from etsy_pipeline.errors import BadRequest, Conflict, NotFound
from etsy_pipeline.store import activity, clock, people
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import Person, Role

ROLES: tuple[Role, ...] = get_args(Role)
MAY: dict[Role, str] = {
    "look": "sees everything, changes nothing",
    "approve": "decides on plans, links and holds, and asks for syncs",
    "administer": "changes settings, shops and people, too",
}
LONGEST_NAME = 200
NOT_OF_PEOPLE = frozenset({"the shop's approval policy", "http api", "somebody on the review page"})
"""Names that decisions have already that no person took, in small letters."""


def add(store: Store, name: str, role: Role, *, by: Doer | None = None) -> tuple[Person, str]:
    """Somebody new, and their token, which is told this once.

    Raises:
        BadRequest: `person_name_unusable`.
        Conflict: `person_name_taken`.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.casefold() in NOT_OF_PEOPLE:
        raise BadRequest(
            f"{name[:LONGEST_NAME]!r} is no name for a person.",
            code="person_name_unusable",
            hint="Give the name that decisions shall be noted with.",
        )
    token = _token()
    with store.writing() as session:
        if people.is_taken(session, name):
            raise Conflict(
                f"The name {name!r} is taken: somebody has it, or had it and was removed.",
                code="person_name_taken",
                hint="Choose another one, so that it stays clear who decided what.",
            )
        person = Person(f"person_{secrets.token_hex(6)}", name, role, clock.now(session))
        people.add(session, person, _hash(token))
        activity.note(session, by, "person_added", about=f"{name} ({role})")
    return person, token


def change_role(store: Store, name: str, role: Role, *, by: Doer | None = None) -> Person:
    """They may more, or less, with their next request.

    Raises:
        NotFound: `person_not_found`.
    """
    with store.writing() as session:
        person = _named(session, name)
        people.change(session, person.id, role=role)
        activity.note(session, by, "role_changed", about=f"{person.name}: {person.role} → {role}")
    return replace(person, role=role)


def renew_token(store: Store, name: str, *, by: Doer | None = None) -> tuple[Person, str]:
    """Another token for somebody, told this once; with the old one nobody is let in any more, nor stays.

    Raises:
        NotFound: `person_not_found`.
    """
    token = _token()
    with store.writing() as session:
        person = _named(session, name)
        people.change(session, person.id, token_hash=_hash(token))
        activity.note(session, by, "token_renewed", about=person.name)
    return person, token


def every(store: Store) -> Sequence[Person]:
    """All who may sign in by name."""
    with store.reading() as session:
        return people.every(session)


def remove(store: Store, name: str, *, by: Doer | None = None) -> Person:
    """They are out at once. What they decided stays, with their name.

    Raises:
        NotFound: `person_not_found`.
    """
    with store.writing() as session:
        person = _named(session, name)
        people.remove(session, person.id)
        activity.note(session, by, "person_removed", about=person.name)
    return person


def with_token(store: Store, token: str) -> Person | None:
    """Whose token this is; None where it is nobody's. That they are here is noted, once a minute."""
    with store.reading() as session:
        person = people.by_token(session, _hash(token))
    return _seen(store, person)


def with_id(store: Store, person_id: str) -> Person | None:
    """Who has signed in; None where they were removed since."""
    with store.reading() as session:
        person = people.get(session, person_id)
    return _seen(store, person)


def are_there(store: Store) -> bool:
    """Whether anybody signs in by name."""
    with store.reading() as session:
        return people.are_there(session)


def may(role: Role, needed: Role) -> bool:
    """Whether a role is enough."""
    return ROLES.index(role) >= ROLES.index(needed)


def require_administrator(store: Store, name: str, becomes: Role | None) -> None:
    """Somebody else may administer, or this person will: else only the terminal could let anybody in again.

    Args:
        store: the database.
        name: whose role changes, or who is to be let in or shut out.
        becomes: what they may then; None: they are out. Where that leaves nobody, the machine itself lets in.

    Raises:
        BadRequest: `administrator_needed`.
    """
    others = [person for person in every(store) if person.name != " ".join(name.split())]
    is_last_out = becomes is None and not others
    if is_last_out or becomes == "administer" or any(person.role == "administer" for person in others):
        return
    raise BadRequest(
        "Nobody would be left who may administer, and let others in.",
        code="administrator_needed",
        hint="Add somebody who may administer first: yourself, for example.",
    )


def _named(session: Session, name: str) -> Person:
    person = people.by_name(session, " ".join(name.split()))
    if person is None:
        known = ", ".join(item.name for item in people.every(session)) or "nobody yet"
        raise NotFound(
            f"There is nobody named {name[:LONGEST_NAME]!r}.", code="person_not_found", hint=f"There is: {known}."
        )
    return person


def _token() -> str:
    return f"person_{secrets.token_urlsafe(32)}"


def _seen(store: Store, person: Person | None) -> Person | None:
    if person is None:
        return None
    with store.reading() as session:
        is_noted = people.is_seen_lately(session, person)
    if not is_noted:
        with store.writing() as session:
            people.note_seen(session, person.id)
    return person


def _hash(token: str) -> str:
    """Enough for what is random and long; a word that people choose would need more."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
