"""Who sends a request, and what they may: a person by name, or whoever holds the installation's own token.

A route that is not named in `DECISIONS` takes an administrator as soon as it changes something: what is forgotten is
shut. A page or route that only administrators see says so itself, with `require(request, "administer")`.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from etsy_pipeline.accounts.people import may
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.records import Person, Role

DECISIONS = re.compile(
    r"/admin/products/etsy-sync(/[^/]+/\w+)?"
    r"|/admin/etsy-accounts/[^/]+/(link-decisions|scan|frozen-lines|receipts/[^/]+/close)"
    r"|/review/(?!accounts/|people/)[^/]+/(approve|reject|cancel|resume|retry|rollback)"
    r"|/review/sync"
    r"|/review/accounts/[^/]+/(candidates/(decide|certain)|accept|orders|scan)"
)
"""What whoever may approve may send: decisions on plans, links, holds and orders, requests for syncs and scans."""

ADMINISTRATION = re.compile(r"/admin/oauth/[^/]+")
"""What takes an administrator although it is asked for by GET: it begins to connect a shop."""

THROUGH = "api"
NOBODY_NAMED = "HTTP API"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Who:
    """Who sends a request. Without a name it is whoever holds the installation's token, or sits at its machine."""

    role: Role
    name: str = ""
    person_id: str = ""
    token_mark: str = ""

    def decides_as(self, given: str, otherwise: str = "") -> str:
        """The name that a decision is noted with: a person's own, whatever else is free to choose.

        Raises:
            BadRequest: `name_not_yours`.
        """
        given = " ".join(given.split())
        if not self.name:
            return given or otherwise
        if given and given != self.name:
            raise BadRequest(
                f"The decision is {self.name}'s, and cannot be noted as {given!r}.",
                code="name_not_yours",
                hint="Leave the name out; whoever else decides signs in with a token of their own.",
            )
        return self.name


ADMINISTRATOR = Who("administer")


def of_person(person: Person) -> Who:
    """A person who has shown their token."""
    return Who(person.role, person.name, person.id, person.token_mark)


def role_needed(method: str, path: str) -> Role:
    """What a request takes. What changes something and is no decision takes an administrator."""
    if ADMINISTRATION.fullmatch(path):
        return "administer"
    if method in SAFE:
        return "look"
    return "approve" if DECISIONS.fullmatch(path) else "administer"


def who(request: Request) -> Who:
    """Who sends this request; the Guard, or the sign-in, has found out."""
    found: Who = request.state.who
    return found


def require(request: Request, role: Role) -> Who:
    """Refuse whoever may less.

    Raises:
        BadRequest: `role_too_low`.
    """
    found = who(request)
    if not may(found.role, role):
        raise too_low(found, role)
    return found


def too_low(found: Who, role: Role) -> BadRequest:
    """What somebody is told whose role is not enough."""
    return BadRequest(
        f"{found.name or 'This token'} may {found.role}; this takes the role {role}.",
        code="role_too_low",
        hint="Ask somebody who administers; `etsy-pipeline people list` names them.",
    )


def _by_program(request: Request) -> Doer:
    return Doer(who(request).name or NOBODY_NAMED, THROUGH)


Sender = Annotated[Who, Depends(who)]
ByProgram = Annotated[Doer, Depends(_by_program)]
"""Who sends a request, as it is noted with what it changes."""
