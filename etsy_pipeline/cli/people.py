"""`etsy-pipeline people`: who may sign in to the pages and the API by name."""

from typing import Annotated

import typer

from etsy_pipeline.accounts import people
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.store.records import Person, Role

app = typer.Typer(help="People who sign in by name: add, list, remove.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Their name, as decisions are noted with it.", metavar="NAME")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="look: sees everything; approve: decides, too; administer: settings and people, too.")
    ] = "look",
    as_json_: Json = False,
) -> None:
    """Let somebody in: prints their token, which is shown this once."""
    with settings_and_store(begins=True) as (settings, store):
        person, token = people.add(store, name, role)
        roles = {item.role for item in people.every(store)}
    if as_json_:
        as_json(_view(person) | {"token": token})
        return
    console.print(f"{cell(person.name)} {people.MAY[person.role]}. Their token, shown this once:\n")
    typer.echo(f"    {token}\n")
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
        ("name", "role", "since", "last here"),
        rows,
        empty="Nobody yet: `etsy-pipeline people add NAME --role approve`.",
    )


@app.command()
def remove(name: Name) -> None:
    """Shut somebody out at once; what they decided stays noted with their name."""
    with settings_and_store() as (_, store):
        person = people.remove(store, name)
    console.print(f"{cell(person.name)} is out. The name is not given again.")


def _view(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "created_at": person.created_at.isoformat(),
        "last_seen_at": person.last_seen_at.isoformat() if person.last_seen_at else None,
    }


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "–"
