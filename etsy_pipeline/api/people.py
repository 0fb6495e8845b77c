"""Routes of people: who may sign in by name, for administrators only. A token is in the answer that makes it, once."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.people import MAY
from etsy_pipeline.api.answers import Done
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import Name
from etsy_pipeline.api.who import ByProgram, require
from etsy_pipeline.store import records
from etsy_pipeline.store.records import Role


def _administers(request: Request) -> None:
    require(request, "administer")


router = APIRouter(prefix="/admin/people", tags=["people"], dependencies=[Depends(_administers)])

ROLES = "; ".join(f"`{role}`: {words}" for role, words in MAY.items())
OfRole = Annotated[Role, Field(description=f"{ROLES}.")]


class Named(BaseModel):
    """Somebody, by name."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="Their name, as decisions are noted with it.")


class WithRole(Named):
    """Somebody, and what they may."""

    role: OfRole


class NewPerson(Named):
    """Somebody to be let in."""

    role: OfRole = "look"


class Person(BaseModel):
    """Somebody who may sign in by name. Never a token."""

    name: str
    role: Role
    created_at: str
    last_seen_at: str | None


class LetIn(Person):
    """The same, with their token: it is shown this once."""

    token: str


class People(BaseModel):
    """All of them, by name."""

    people: list[Person]


@router.get("", summary="Who may sign in by name")
def every(context: Context) -> People:
    """And when they were here last."""
    return People(people=_shown(people.every(context.store)))


@router.post("", summary="Let somebody in: their token is in the answer, once")
def add(context: Context, by: ByProgram, body: NewPerson) -> LetIn:
    """From now on nobody is answered without a token."""
    require_administrator(context, body.name, body.role)
    person, token = people.add(context.store, body.name, body.role, by=by)
    return LetIn(**_view(person).model_dump(), token=token)


@router.patch("", summary="Change what somebody may")
def change_role(context: Context, by: ByProgram, body: WithRole) -> Person:
    """It holds for their next request."""
    require_administrator(context, body.name, body.role)
    return _view(people.change_role(context.store, body.name, body.role, by=by))


@router.post("/token", summary="Another token for somebody: it is in the answer, once")
def renew_token(context: Context, by: ByProgram, body: Named) -> LetIn:
    """The old one is worth nothing any more, and ends what it had signed in."""
    person, token = people.renew_token(context.store, body.name, by=by)
    return LetIn(**_view(person).model_dump(), token=token)


@router.post("/remove", summary="Shut somebody out")
def remove(context: Context, by: ByProgram, body: Named) -> Done:
    """At once; what they decided stays noted with their name, which is not given again."""
    require_administrator(context, body.name, None)
    people.remove(context.store, body.name, by=by)
    return Done()


def require_administrator(context: AppContext, name: str, becomes: Role | None) -> None:
    """Nobody shuts everybody out from afar; where there is a token of the installation, it always lets in.

    Raises:
        BadRequest: `administrator_needed`.
    """
    if context.settings.etsy_pipeline_api_token is None:
        people.require_administrator(context.store, name, becomes)


def _shown(found: Sequence[records.Person]) -> list[Person]:
    return [_view(person) for person in found]


def _view(person: records.Person) -> Person:
    seen = person.last_seen_at.isoformat() if person.last_seen_at else None
    return Person(name=person.name, role=person.role, created_at=person.created_at.isoformat(), last_seen_at=seen)
