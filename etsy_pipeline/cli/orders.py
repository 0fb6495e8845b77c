"""`etsy-pipeline orders`: a shop's orders on Etsy, what was booked for them in Medusa, and what waits for a person."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console, lines
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import By, doer
from etsy_pipeline.orders import by_hand, views
from etsy_pipeline.orders.lost import decide_lost, lost_count
from etsy_pipeline.orders.rounds import Round
from etsy_pipeline.orders.rounds import look as look_at
from etsy_pipeline.orders.tracking import tell_again

app = typer.Typer(help="Orders on Etsy, and what is booked for them in Medusa.", no_args_is_help=True)

SHOWN = 50
TOLD = {
    "told": "Etsy knows of its parcels.",
    "waiting": "An answer may still be on its way: try again in two minutes.",
    "by_hand": "Etsy did not take it: `etsy-pipeline orders show` says why.",
    "refused": "Etsy does not take tracking codes from this key: ship it on the order's page.",
}

LARGEST = 2**63 - 1  # that a database can be asked for
Receipt = Annotated[int, typer.Argument(help="Etsy's number of the order.", metavar="RECEIPT", min=1, max=LARGEST)]
Transaction = Annotated[
    int, typer.Argument(help="Etsy's number of the line.", metavar="TRANSACTION", min=1, max=LARGEST)
]


@app.command("look")
def look_(account_id: AccountId, as_json_: Json = False) -> None:
    """Read what changed now, and book it: what Dagster does every few minutes."""
    with (
        settings_and_store() as (settings, store),
        closing(wiring.reservations_for(settings, store, account_id)) as medusa,
        closing(wiring.receipt_client(settings, store, account_id)) as client,
    ):
        found = look_at(store, client, medusa, account_id, at_once=True)
    if as_json_:
        as_json(_counts(found))
        return
    console.print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(found).items()))
    for problem in found.problems:
        console.print(f"[bold red]PROBLEM[/] {cell(problem)}")


@app.command("list")
def list_(
    account_id: AccountId,
    state: Annotated[str | None, typer.Option(help="Only in this state: open, needs_person, done, canceled.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=LARGEST, help="Show so many at most.")] = SHOWN,
    as_json_: Json = False,
) -> None:
    """List a shop's orders, the newest first, and how they stand."""
    with settings_and_store() as (_, store):
        found = views.orders_page(store, account_id, state=state, most=most)
        standing = views.standing(store, account_id)
    if as_json_:
        as_json({**standing, "found": found.orders, "count": found.count})
        return
    _print_standing(standing)
    as_table(("order", "sold (local)", "total", "what", "state"), map(_row, found.orders), empty="No such order.")
    if found.count > len(found.orders):
        console.print(f"… and {found.count - len(found.orders)} more: --most.")


@app.command()
def show(account_id: AccountId, receipt_id: Receipt, as_json_: Json = False) -> None:
    """Show an order: its lines, which variant each is of and how that was found, and what was booked where."""
    with settings_and_store() as (_, store):
        found = views.order(store, account_id, receipt_id)
    if as_json_:
        as_json(found)
        return
    console.print(f"Order {found['receipt_id']}: [bold]{cell(found['state'].replace('_', ' '))}[/], on Etsy ", end="")
    console.print(f"{cell(found['status_on_etsy'])}, {cell(found['total'])} {cell(found['currency_code'])}")
    if found["problem"]:
        console.print(cell(found["problem"]))
    if found["closed_by"]:
        console.print(f"Closed by {cell(found['closed_by'])}: {cell(found['closed_because'])}")
    if found["medusa_order_id"]:
        console.print(f"Medusa's order: {cell(found['medusa_order_id'])}")
    as_table(("line", "what", "variant", "state"), map(_line_row, found["lines"]), empty="It has no lines.")
    console.print(found["url"])


@app.command("needs-link")
def needs_link(account_id: AccountId, as_json_: Json = False) -> None:
    """List lines that wait for a person: which variant was sold is not known, or more was sold than there is.

    Until somebody decides, their listings are not raised.
    """
    with settings_and_store() as (_, store):
        found = views.frozen_lines(store, account_id)
        lost = lost_count(store, account_id)
    if as_json_:
        as_json(found)
        return
    rows = ((x["transaction_id"], x["receipt_id"], _what(x), _state(x)) for x in found)
    as_table(("line", "order", "what", "why"), rows, empty="No line waits for a person.")
    if found:
        console.print(f"Say which variant it is: etsy-pipeline orders choose {cell(account_id)} LINE PRODUCT VARIANT")
    if lost:
        told = f"etsy-pipeline orders decide-lost {cell(account_id)} {lost}"
        console.print(f"{lost} of them are no longer reserved in Medusa. All at once: {told} --reserve-again")


@app.command()
def choose(
    account_id: AccountId,
    transaction_id: Transaction,
    product_id: Annotated[str, typer.Argument(help="Medusa's id of the product.", metavar="PRODUCT")],
    variant_id: Annotated[str, typer.Argument(help="Medusa's id of the variant.", metavar="VARIANT")],
    by: By = None,
) -> None:
    """Say which variant a line is of. It is booked with the next look."""
    with (
        settings_and_store() as (settings, store),
        closing(wiring.reservations_for(settings, store, account_id)) as medusa,
    ):
        by_hand.choose_variant(
            store, medusa, account_id, transaction_id, product_id=product_id, variant_id=variant_id, by=doer(by)
        )
    console.print("It is booked with the next look at orders.")


@app.command("book-nothing")
def book_nothing(account_id: AccountId, transaction_id: Transaction, by: By = None) -> None:
    """Say that Medusa's stock is right without a line: it was booked by hand, or is none of Medusa's."""
    with settings_and_store() as (_, store):
        by_hand.book_nothing(store, account_id, transaction_id, by=doer(by))
    console.print("Nothing is booked for it.")


@app.command("decide-lost")
def decide_lost_(
    account_id: AccountId,
    count: Annotated[int, typer.Argument(help="How many `needs-link` tells of.", metavar="COUNT", min=0)],
    *,
    reserve_again: Annotated[
        bool, typer.Option("--reserve-again/--book-nothing", help="Whether their pieces are to be taken off the stock.")
    ],
    by: By = None,
) -> None:
    """Say of all lines at once that Medusa no longer has reserved: reserve them again, or book nothing for them."""
    with settings_and_store() as (_, store):
        said = decide_lost(store, account_id, count=count, reserves=reserve_again, by=doer(by))
    told = "reserved again with the next look at orders" if reserve_again else "nothing is booked"
    console.print(f"Said of {said}: {told}.")


@app.command()
def decide(
    account_id: AccountId,
    receipt_id: Receipt,
    *,
    goods_are_back: Annotated[
        bool, typer.Option("--goods-are-back/--goods-are-gone", help="Whether its stock is free again.")
    ],
    by: By = None,
) -> None:
    """Say what the end of an order means that was canceled or refunded: the goods are back, or they are gone."""
    with (
        settings_and_store() as (settings, store),
        closing(wiring.reservations_for(settings, store, account_id)) as medusa,
    ):
        by_hand.decide_end(store, medusa, account_id, receipt_id, gives_back=goods_are_back, by=doer(by))
    console.print("Its stock is free again." if goods_are_back else "Its stock stays taken.")


@app.command()
def close(
    account_id: AccountId,
    receipt_id: Receipt,
    *,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads `activity`.", metavar="TEXT")],
    by: By = None,
) -> None:
    """Close an order that waits for a person and can never be made: nothing is reserved for it any more."""
    with (
        settings_and_store() as (settings, store),
        closing(wiring.reservations_for(settings, store, account_id)) as medusa,
    ):
        by_hand.close_order(store, medusa, account_id, receipt_id, reason=reason, by=doer(by))
    console.print("It is closed. Did its pieces go to the buyer? Then take them off Medusa's stock.")


@app.command()
def track(account_id: AccountId, receipt_id: Receipt, by: By = None) -> None:
    """Tell Etsy of an order's parcels now, whatever Etsy answered before. The buyer is written to."""
    with (
        settings_and_store() as (settings, store),
        closing(wiring.reservations_for(settings, store, account_id)) as medusa,
        closing(wiring.receipt_client(settings, store, account_id)) as client,
    ):
        outcome = tell_again(store, client, DraftOrders(medusa.api), account_id, receipt_id, by=doer(by))
    console.print(TOLD[outcome])


def _counts(found: Round) -> dict[str, int]:
    return {
        "new": found.imported.new,
        "changed": found.imported.changed,
        "booked": len(found.booked.booked),
        "made_orders_in_medusa": len(found.converted.done),
        "given_back": len(found.returned),
        "oversold": len(found.booked.oversold),
        "lost_in_medusa": len(found.lost),
        "parcels_told": len(found.tracked.told),
        "calls": found.calls,
    }


def _print_standing(standing: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(standing["lines"].items()))
    lag = standing["lag_seconds_median"]
    told = f"; from sale to booking {lag:.0f} s (median of a day)" if lag is not None else ""
    console.print(f"Mode {cell(standing['mode'])}. Lines: {cell(counts) or 'none'}{told}.")
    if standing["missing_permissions"]:
        missing = " ".join(standing["missing_permissions"])
        console.print(f"[bold red]LOOK[/] Not granted: {cell(missing)}. Connect the shop again.")
    if standing["problem"]:
        console.print(f"[bold red]LOOK[/] {cell(standing['problem'])}")


def _row(found: Mapping[str, Any]) -> tuple[object, ...]:
    what = lines(*(f"{line['quantity']} × {line['title'] or line['sku']}" for line in found["lines"]))
    sold = f"{datetime.fromisoformat(found['sold_at']).astimezone():%Y-%m-%d %H:%M}" if found["sold_at"] else "–"
    return found["receipt_id"], sold, f"{found['total']} {found['currency_code']}", what, _state(found)


def _line_row(line: Mapping[str, Any]) -> tuple[object, ...]:
    booked = (
        f"{'−' if item['what'] == 'sale' else '+'}{item['quantity']} {item['inventory_item_id']}"
        for item in line["booked"]
    )
    found_by = f"found by {line['matched_by']}" if line["matched_by"] else ""
    state = lines(_state(line), *booked)
    return line["transaction_id"], _what(line), lines(line["variant_id"], found_by), state


def _what(line: Mapping[str, Any]) -> Text:
    options = f" ({line['options']})" if line["options"] else ""
    listing = f"listing {line['listing_id']}" if line["listing_id"] else ""
    return lines(f"{line['quantity']} × {line['title']}{options}", line["sku"] and f"SKU {line['sku']}", listing)


def _state(found: Mapping[str, Any]) -> str:
    state = found["state"].replace("_", " ")
    return f"{state}: {found['problem']}" if found["problem"] else state
