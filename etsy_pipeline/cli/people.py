"""`etsy-pipeline people`: who may sign in to the pages and the API by name."""

from datetime import datetime
from typing import Annotated

import typer

from etsy_pipeline.accounts import people
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import By, doer
from etsy_pipeline.store.records import Person, Role

app = typer.Typer(
    help="People who sign in by name: add, list, change their role or token, remove.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Their name, as decisions are noted with it.", metavar="NAME")]

OfRole = Annotated[
    Role, typer.Option(help="look: sees everything; approve: decides, too; administer: settings and people, too.")
]


@app.command()
def add(
    name: Name,
    role: OfRole = "look",
    by: By = None,
    as_json_: Json = False,
) -> None:
    """Let somebody in: prints their token, which is shown this once."""
    with settings_and_store(begins=True) as (settings, store):
        person, token = people.add(store, name, role, by=doer(by))
        roles = {item.role for item in people.every(store)}
    if as_json_:
        as_json(_view(person) | {"token": token})
        return
    _tell_token(person, token)
    console.print("They sign in with it at /review, and programs of theirs send it as `Authorization: Bearer …`.")
    if settings.etsy_pipeline_api_token is None:
        console.print("From now on everybody signs in to the pages and the API, on this machine as well.")
        if "administer" not in roles:
            console.print("Nobody administers there yet: `etsy-pipeline people add NAME --role administer`.")


@app.command("list")
def list_(as_json_: Json = False) -> None:
    """Who may sign in, and when they were here last."""
    with settings_and_store() as (_, store):
        found = people.every(store)
    if as_json_:
        as_json([_view(person) for person in found])
        return
    rows = [(person.name, person.role, _day(person.created_at), _day(person.last_seen_at)) for person in found]
    as_table(
        ("name", "role", "since (local)", "last here"),
        rows,
        empty="Nobody yet: `etsy-pipeline people add NAME --role approve`.",
    )


@app.command()
def remove(name: Name, by: By = None) -> None:
    """Shut somebody out at once; what they decided stays noted with their name."""
    with settings_and_store() as (_, store):
        person = people.remove(store, name, by=doer(by))
    console.print(f"{cell(person.name)} is out. The name is not given again.")


@app.command("role")
def change_role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="look, approve or administer.", metavar="ROLE")],
    by: By = None,
) -> None:
    """Change what somebody may, from their next request on."""
    with settings_and_store() as (_, store):
        person = people.change_role(store, name, role, by=doer(by))
    console.print(f"{cell(person.name)} {people.MAY[person.role]}.")


@app.command("token")
def renew_token(name: Name, by: By = None, as_json_: Json = False) -> None:
    """Give somebody another token, shown this once; the old one ends at once."""
    with settings_and_store() as (_, store):
        person, token = people.renew_token(store, name, by=doer(by))
    if as_json_:
        as_json(_view(person) | {"token": token})
    else:
        _tell_token(person, token)


def _tell_token(person: Person, token: str) -> None:
    console.print(f"{cell(person.name)} {people.MAY[person.role]}. Their token, shown this once:\n")
    typer.echo(f"    {token}\n")


def _view(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "created_at": person.created_at.isoformat(),
        "last_seen_at": person.last_seen_at.isoformat() if person.last_seen_at else None,
    }


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "–"
