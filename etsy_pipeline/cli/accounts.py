"""`etsy-pipeline accounts`: adding, listing, connecting and configuring shops."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure as configuring
from etsy_pipeline.accounts import connect as connecting
from etsy_pipeline.accounts import disconnect as disconnecting
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.cli import held
from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.choosing import choose_settings
from etsy_pipeline.cli.consent import redirect_url
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import By, doer
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.taxonomy_search import find_categories
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import holds
from etsy_pipeline.sync.kept_references import KeptReferences

app = typer.Typer(help="Etsy shops: add, connect, configure; decide on what holds one.", no_args_is_help=True)
app.command()(held.accept)
app.command()(held.recover)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for the shop.")], by: By = None, as_json_: Json = False
) -> None:
    """Add an account; connect it next."""
    with settings_and_store(begins=True) as (_, store):
        configuring.require_new_name(store, name)
        account = configuring.add(store, name, by=doer(by))
    if as_json_:
        as_json({"id": account.id})
    else:
        console.print(f"Added {account.id}.\nNext: [bold]etsy-pipeline accounts connect {account.id}[/]")


@app.command()
def rename(account_id: AccountId, name: Annotated[str, typer.Argument(help="Its new name.")], by: By = None) -> None:
    """Give an account another name."""
    with settings_and_store() as (_, store):
        configuring.require_new_name(store, name, of=account_id)
        account = configuring.rename(store, account_id, name, by=doer(by))
    console.print(cell(f"{account.id} is called {account.name} now."))


@app.command()
def remove(account_id: AccountId, by: By = None) -> None:
    """Remove an account that was never connected; one with a history is disconnected instead."""
    with settings_and_store() as (_, store):
        configuring.remove(store, account_id, by=doer(by))
    console.print(f"Removed {account_id}.")


@app.command("list")
def list_(as_json_: Json = False) -> None:
    """List the accounts."""
    with settings_and_store() as (_, store), store.reading() as session:
        found = [account_view(account, holds.of(session, account.id)) for account in accounts.every(session)]
    if as_json_:
        as_json(found)
        return
    rows = [(item["id"], item["name"], item["shop_name"] or "–", _state(item)) for item in found]
    as_table(("account", "name", "shop", "state"), rows, empty="No account yet: `etsy-pipeline accounts add NAME`.")


@app.command()
def show(account_id: AccountId, as_json_: Json = False) -> None:
    """Show an account, its shop and its settings."""
    with settings_and_store() as (_, store), store.reading() as session:
        found = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    if as_json_:
        as_json(found)
        return
    settings, held_by = found.pop("settings"), found.pop("holds")
    if problem := found.pop("settings_problem"):
        console.print(cell(problem), style="red")
    for hold in held_by:
        console.print(cell(f"Held: {hold['message']} {hold['what_to_do']}"), style="red")
    as_table(("", ""), ((name, value) for name, value in found.items()), empty="")
    as_table(("setting", "value"), ((name, json.dumps(value)) for name, value in settings.items()), empty="")


@app.command()
def connect(
    account_id: AccountId,
    paste: Annotated[
        bool, typer.Option(help="Ask for the address that Etsy redirected to, instead of listening.")
    ] = False,
    redirected: Annotated[
        str | None, typer.Option(help="The address that Etsy redirected to, if you have it already.")
    ] = None,
    sandbox_shop: Annotated[
        int | None, typer.Option(help="With the sandbox: grant access for its n-th shop without a browser.", min=1)
    ] = None,
) -> None:
    """Connect an account to its Etsy shop (OAuth, PKCE)."""
    with settings_and_store() as (settings, store):
        oauth = wiring.oauth_of(settings)
        if redirected is None:
            authorization = connecting.start(store, oauth, account_id, by=doer(None))
            redirected = redirect_url(
                authorization.location, settings.etsy_redirect_uri, paste=paste, sandbox_shop=sandbox_shop
            )
        code, state = code_from_redirect(redirected)
        account = connecting.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
    console.print(f"Connected {account.id} to the shop [bold]{cell(account.shop_name)}[/] ({account.currency_code}).")


@app.command()
def disconnect(account_id: AccountId, by: By = None) -> None:
    """Disconnect an account from its Etsy shop: wipes its tokens, calls off its open syncs, keeps its history."""
    with settings_and_store() as (_, store):
        account = disconnecting.disconnect(store, account_id, by=doer(by))
    console.print(f"Disconnected {account.id} ({cell(account.label)}).")


@app.command()
def configure(
    account_id: AccountId,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="SETTING=VALUE, for example shipping_profile=123 or price.rounding=ninety_nine."),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A JSON file with settings.", exists=True, dir_okay=False)] = None,
    choices: Annotated[
        bool, typer.Option("--choices", help="Show the shop's profiles and policies with their ids.")
    ] = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Choose profiles and category by answering questions.")
    ] = False,
    by: By = None,
) -> None:
    """Change a shop's settings; docs/settings.md lists them."""
    with settings_and_store() as (settings, store):
        if choices:
            offered = _client(settings, store, account_id)[1]
            rows = [(kind, item.id, item.name) for kind, items in offered.items() for item in items]
            as_table(("setting", "value", "what it is"), rows, empty="The shop has no profiles yet.")
            return
        wanted = _from_file(file) | dict(_pair(change) for change in changes or ())
        if interactive:
            client, offered = _client(settings, store, account_id)
            wanted |= choose_settings(offered, client.categories())
        if not wanted:
            raise BadRequest(
                "Nothing to change.",
                code="nothing_to_change",
                hint="Give --set SETTING=VALUE, --file or -i.",
            )
        configuring.configure(store, account_id, wanted, by=doer(by))
    console.print(f"Settings of {account_id} changed: {', '.join(wanted)}.")


@app.command()
def categories(
    account_id: AccountId,
    words: Annotated[list[str], typer.Argument(help="Words of the category, in any order.")],
    as_json_: Json = False,
) -> None:
    """Find one of Etsy's categories by words, for etsy_taxonomy_id, taxonomy_by_category or default_taxonomy_id."""
    with settings_and_store() as (settings, store):
        found = find_categories(" ".join(words), wiring.shop_client(settings, store, account_id).categories())
    if as_json_:
        as_json([item._asdict() for item in found])
    else:
        as_table(("id", "category"), found, empty="No category has all these words; try fewer.")


def _client(settings: Settings, store: Store, account_id: str) -> tuple[ShopClient, dict[Kind, tuple[Choice, ...]]]:
    with store.reading() as session:
        shop_id = accounts.get(session, account_id).shop_id or 0
    client = wiring.shop_client(settings, store, account_id)
    return client, KeptReferences(store, client, may_be_kept=False).choices(shop_id)


def _state(item: dict[str, Any]) -> str:
    return f"{_connected(item)}; settings do not fit this version" if item["settings_problem"] else _connected(item)


def _connected(item: dict[str, Any]) -> str:
    if item["holds"]:
        return f"held: {', '.join(hold['code'] for hold in item['holds'])}"
    is_alive = item["connection"] in {"connected", "expires soon"}
    return f"{item['connection']}, {item['days_left']} days left" if is_alive else str(item["connection"])


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = json.loads(file.read_text())
        if not isinstance(values, dict):
            raise TypeError
    except (ValueError, TypeError):
        raise BadRequest(
            f"{file} is not a JSON object.",
            code="shop_settings_invalid",
            hint='For example {"shipping_profile": 123}.',
        ) from None
    return values


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadRequest(f"{text!r} is not SETTING=VALUE.", code="shop_settings_invalid", hint="Put an = between them.")
    return name, configuring.value_of(value)
