"""`etsy-pipeline activity`: who did what, the last first."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table

from etsy_pipeline.cli.account import OfAccount
from etsy_pipeline.cli.output import Json, as_json, cell, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.store import accounts
from etsy_pipeline.store.activity import Activity
from etsy_pipeline.sync import activity as doing

SHOWN = 25


def activity(
    account: OfAccount = None,
    sync: Annotated[str | None, typer.Option(help="Only on this sync, wf_….", metavar="TX")] = None,
    most: Annotated[int, typer.Option(help="Show so many at most.", min=1)] = SHOWN,
    as_json_: Json = False,
) -> None:
    """Who did what, the last first: requests, decisions, changes of shops, settings and people."""
    with settings_and_store() as (_, store):
        found, count = doing.newest(store, account_id=account, transaction_id=sync, most=most)
        with store.reading() as session:
            shops = {item.id: item.label for item in accounts.every(session)}
    if as_json_:
        as_json([doing.view(done) for done in found])
        return
    if not found:
        console.print("Nothing yet.")
    print_activity(found, shops)
    if count > len(found):
        console.print(f"… and {count - len(found)} more: --most {10 * most}.")


def print_activity(found: Sequence[Activity], shops: Mapping[str, str], *, of: str = "") -> None:
    """A line on each, and where it was; `of` is the sync that is told of anyway."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("when (local)", no_wrap=True)
    table.add_column("who did what, through which door and where", overflow="fold")
    for done in found:
        on_it = done.transaction_id if done.transaction_id != of else ""
        where = ("" if of else shops.get(done.account_id or "", done.account_id or ""), on_it or "")
        told = " · ".join(cell(part) for part in (f"through {done.done_through}", *filter(None, where)))
        who = cell(done.done_by or "somebody")
        when = f"{done.created_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(when, f"[bold]{who}[/] {cell(doing.words(done))}\n[dim]{told}[/]")
    if found:
        console.print(table)
