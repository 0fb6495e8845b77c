"""`etsy-pipeline links`: which listing each product is, what may belong together, and what people decided on it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure as configuring
from etsy_pipeline.cli import link_decisions
from etsy_pipeline.cli.account import AccountId, OfAccount
from etsy_pipeline.cli.offers import print_offers
from etsy_pipeline.cli.output import Json, as_json, as_table, cell, console, lines, print_links
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import doer
from etsy_pipeline.listings.voices import with_voices
from etsy_pipeline.shop import candidates, decisions_file, proposals
from etsy_pipeline.shop.link_views import decision_view, offer_view
from etsy_pipeline.store import link_decisions as decision_log
from etsy_pipeline.sync import queries, views

app = typer.Typer(
    help="Products and their listings; deciding what belongs together. Nothing here writes to Etsy.",
    invoke_without_command=True,
)
link_decisions.add_to(app)

Kind = Literal["certain", "likely", "ambiguous"]
Status = Annotated[str | None, typer.Option("--status", help="Only pending, synced, failed or out_of_sync.")]
OfProduct = Annotated[str | None, typer.Option("--product-id", help="Only of this product.")]

SHOWN = 50


@app.callback()
def links(
    context: typer.Context,
    status: Status = None,
    account: OfAccount = None,
    product_id: OfProduct = None,
    as_json_: Json = False,
) -> None:
    """Show products and their Etsy listings, and decide which listing a product is."""
    if context.invoked_subcommand is None:
        list_(status, account, product_id, as_json_)


@app.command("list")
def list_(
    status: Status = None, account: OfAccount = None, product_id: OfProduct = None, as_json_: Json = False
) -> None:
    """Show products and their Etsy listings."""
    with settings_and_store() as (_, store):
        found = queries.find_links(store, account_id=account, product_id=product_id, sync_status=status)
    if as_json_:
        as_json([views.link_view(link) for link in found])
        return
    print_links(found)


@app.command()
def rules(
    account_id: AccountId,
    apply: Annotated[bool, typer.Option("--apply", help="Add them to the setting by_category.")] = False,
    as_json_: Json = False,
) -> None:
    """Propose rules by Medusa category: what most of the linked listings of a category have on Etsy."""
    with settings_and_store() as (settings, store):
        found, choices = proposals.proposed(store, wiring.catalogue_of(settings, someone_waits=True), account_id)
        if apply and found:
            configuring.configure(store, account_id, {"by_category": with_voices(choices, found)}, by=doer(None))
    if as_json_:
        as_json([voice._asdict() for voice in found])
        return
    rows = [(voice.group, voice.value, voice.number, f"{voice.votes} of {voice.of}") for voice in found]
    nothing = "No rule: too few linked listings of a category agree, or the shop has these rules already."
    as_table(("category", "setting", "value", "listings"), rows, empty=nothing)
    if found:
        console.print("They are in by_category now." if apply else "To use them: the same with --apply.")


@app.command("candidates")
def candidates_(
    account_id: AccountId,
    kind: Annotated[Kind | None, typer.Option(help="Only of this class.")] = None,
    product_id: OfProduct = None,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = SHOWN,
    as_json_: Json = False,
) -> None:
    """Show products that may be on Etsy already, with what speaks for it, as the last plan found them."""
    with settings_and_store() as (_, store):
        found = candidates.offers(store, account_id, kind=kind, product_id=product_id, first=offset, most=limit)
    if as_json_:
        as_json([offer_view(offered) for offered in found.offers])
        return
    print_offers(found.offers)
    told = ", ".join(f"{count} {name}" for name, count in found.counts.items() if count)
    if told:
        console.print(f"\n{told}. Decide with `links attach`, `links ignore`, `links create-anyway`, or by file.")
    if found.total(kind) > offset + len(found.offers):
        console.print(f"… and more: --offset {offset + len(found.offers)}, or `links export`.")


@app.command("export")
def export(
    account_id: AccountId,
    file: Annotated[Path, typer.Argument(help="The CSV file to write.", dir_okay=False)],
    kind: Annotated[Kind | None, typer.Option(help="Only of this class.")] = None,
) -> None:
    """Write all candidates into a CSV file, to be decided in a spreadsheet and read back with `links import`."""
    with settings_and_store() as (_, store):
        found = candidates.offers(store, account_id, kind=kind)
    file.write_text(decisions_file.write(found.offers), encoding="utf-8-sig", newline="")
    console.print(f"{len(found.offers)} candidates written to {cell(file)}.")
    console.print("Fill in the column decision (attach, ignore or create_anyway), then `etsy-pipeline links import`.")


@app.command("log")
def log(
    account_id: AccountId,
    product_id: OfProduct = None,
    listing_id: Annotated[int | None, typer.Option(help="Only of this listing.")] = None,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = SHOWN,
    as_json_: Json = False,
) -> None:
    """Show who decided what on products and listings, the last first."""
    with settings_and_store() as (_, store), store.reading() as session:
        found, total = decision_log.log(
            session, account_id, product_id=product_id, listing_id=listing_id, first=offset, most=limit
        )
    if as_json_:
        as_json([decision_view(item) for item in found])
        return
    rows = (
        (
            f"{item.created_at.astimezone():%Y-%m-%d %H:%M}",
            item.decision,
            lines(item.product_id, item.listing_id),
            lines(f"{item.decided_by}, {item.decided_through}", item.note),
        )
        for item in found
    )
    as_table(("when (local)", "decision", "product and listing", "by"), rows, empty="Nobody has decided anything yet.")
    if total > offset + len(found):
        console.print(f"… and {total - offset - len(found)} more: --offset {offset + len(found)}.")
