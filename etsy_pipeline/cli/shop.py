"""`etsy-pipeline shop`: what is on Etsy, whoever made it, and how it stands."""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer

from etsy_pipeline import wiring
from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console, lines
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.shop_expiring import expiring_
from etsy_pipeline.cli.who import By, doer
from etsy_pipeline.shop import scan_views
from etsy_pipeline.shop.scan import scan as scan_shop
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline.store.seen_listings import StoredListing

app = typer.Typer(help="A shop as it is on Etsy: look through it, list what is there.", no_args_is_help=True)
app.command("expiring")(expiring_)

SHOWN = 50  # listings and changes in a table, unless told otherwise

Most = Annotated[int, typer.Option("--most", min=1, help="Show so many at most; --json has all of them.")]


@app.command()
def scan(account_id: AccountId, as_json_: Json = False, by: By = None) -> None:
    """Look through all listings of a shop now, in every state: about one call for 100 of them."""
    with settings_and_store() as (settings, store):
        began = time.monotonic()
        with closing(wiring.shop_client(settings, store, account_id)) as client:
            found = scan_shop(store, client, account_id, by=doer(by))
        seconds = time.monotonic() - began
    if as_json_:
        as_json(scan_views.scan_view(found))
        return
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items())) or "no listing"
    console.print(f"{cell(counts)}; {found.calls} calls, {seconds:.0f} seconds.")
    _print_changes(found, SHOWN)


@app.command("listings")
def listings_(
    account_id: AccountId,
    state: Annotated[
        str | None, typer.Option(help="Only in this state; `gone`: those that are there no longer.")
    ] = None,
    changes: Annotated[bool, typer.Option("--changes", help="What the last scan found changed, instead.")] = False,
    most: Most = SHOWN,
    as_json_: Json = False,
) -> None:
    """List what the last whole scan of a shop saw."""
    with settings_and_store() as (_, store):
        last = scan_views.last_scan(store, account_id)
        limit = None if as_json_ else most
        found, total = ((), 0) if changes else scan_views.listings_page(store, account_id, state=state, most=limit)
    if as_json_:
        shown = scan_views.scan_view(last)["changes"] if changes else [scan_views.listing_view(item) for item in found]
        as_json(shown)
        return
    console.print(f"As of {last.started_at.astimezone():%Y-%m-%d %H:%M}, local time.")
    if changes:
        _print_changes(last, most)
        return
    as_table(("listing", "state", "title and SKUs", "pieces", "ends"), map(_row, found), empty="No such listing.")
    _print_rest(total - len(found))


def _row(stored: StoredListing) -> tuple[object, ...]:
    seen = stored.seen
    state = f"gone since {stored.gone_at:%Y-%m-%d}" if stored.gone_at else seen.state
    ends = f"{seen.ending_at:%Y-%m-%d}" if seen.ending_at else "–"
    return seen.listing_id, state, lines(seen.title, ", ".join(seen.skus)), seen.quantity, ends


def _print_changes(found: ShopScan, most: int) -> None:
    alarms = [change for change in found.changes if change["kind"] == "alarm"]
    for alarm in alarms:
        console.print(f"[bold red]LOOK[/] {cell(alarm['told'])}")
    others = found.changes[len(alarms) :]
    rows = [_change(change) for change in others[:most]]
    nothing = "Nothing changed since the scan before, or there was none."
    as_table(("what", "listing", "title, and what it was and is"), rows, empty=nothing)
    _print_rest(len(others) - len(rows))


def _change(change: Mapping[str, Any]) -> tuple[object, ...]:
    fee = f" (${change['fee_usd_cents'] / 100:.2f})" if change["fee_usd_cents"] else ""
    moved = f"{change['before']} → {change['after']}" if change["before"] or change["after"] else ""
    return change["kind"], change["listing_id"], lines(change["title"], moved, f"{change['told']}{fee}")


def _print_rest(count: int) -> None:
    if count > 0:
        console.print(f"… and {count} more: --most, or --json for all of them.")
