"""The commands of `etsy-pipeline links` that decide something. None of them writes to Etsy."""

from pathlib import Path
from typing import Annotated

import typer

from etsy_pipeline import wiring
from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.offers import print_offers, print_refusals
from etsy_pipeline.cli.output import Json, as_json, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.planning.adopted_links import keeps_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop import candidates, decisions_file
from etsy_pipeline.shop.decide import decide, decide_one
from etsy_pipeline.shop.link_requests import Decided, LinkRequest, Said
from etsy_pipeline.shop.link_views import decided_view
from etsy_pipeline.store import accounts, links
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store

ProductId = Annotated[str, typer.Argument(help="The product's id, prod_….", metavar="PRODUCT")]
ListingId = Annotated[int, typer.Argument(help="Etsy's id of the listing.", metavar="LISTING", min=1)]
By = Annotated[str, typer.Option("--by", help="Who decides.")]
Note = Annotated[str, typer.Option(help="Why.")]
Keep = Annotated[list[str] | None, typer.Option(help="A field that stays the seller's; may be given several times.")]
Own = Annotated[list[str] | None, typer.Option(help="A field that becomes Medusa's; may be given several times.")]

THROUGH = "cli"


def attach(
    account_id: AccountId,
    product_id: Annotated[str, typer.Argument(help="The product's id, prod_….", metavar="[PRODUCT")] = "",
    listing_id: Annotated[int, typer.Argument(help="Etsy's id of the listing.", metavar="LISTING]", min=0)] = 0,
    *,
    by: By = "",
    certain: Annotated[bool, typer.Option("--certain", help="All candidates of the class certain.")] = False,
    expect: Annotated[
        int | None, typer.Option(help="With --certain: how many there were when you looked; they are attached then.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --certain: attach them without confirming a number.")
    ] = False,
    keep: Keep = None,
    own: Own = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="VARIANT=VALUES: which offering a variant is, as variant_1='Red / S'.")
    ] = None,
    note: Note = "",
) -> None:
    """Link a product to a listing that is on Etsy already; with --certain all that is beyond doubt, after a look."""
    kept, owned, said = tuple(keep or ()), tuple(own or ()), Said(by, THROUGH, note)
    with settings_and_store() as (settings, store):
        if certain:
            _attach_certain(settings, store, account_id, said, kept, owned, expect=expect, yes=yes)
            return
        if not product_id or not listing_id:
            raise BadRequest(
                "A product and a listing are needed.",
                code="id_missing",
                hint="`etsy-pipeline links attach ACCOUNT PRODUCT LISTING --by NAME`, or --certain.",
            )
        by_hand = decisions_file.variants_of(" | ".join(variant or ()))
        request = LinkRequest("attach", product_id, listing_id, kept, owned, by_hand)
        _decide_one(settings, store, account_id, request, said)
        left = _left_to_its_seller(store, account_id, request)
    console.print(
        f"{product_id} is linked to listing {listing_id}. Nothing was sent to Etsy; the next plan shows more."
    )
    if left:
        console.print(
            f"{', '.join(left)}: left to the seller all the same, for it could not be told which offering is which "
            "variant, or its processing profile. To say it yourself: detach it, and attach it with --variant."
        )


def detach(account_id: AccountId, product_id: ProductId, by: By = "", note: Note = "") -> None:
    """Undo a link: the listing stays as it is on Etsy, and the product is undecided again."""
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, LinkRequest("detach", product_id), Said(by, THROUGH, note))
    console.print(f"{product_id} is linked to no listing any more. Nothing was sent to Etsy.")


def move(
    account_id: AccountId,
    product_id: Annotated[str, typer.Argument(help="The product that has the listing.", metavar="OLD")],
    to_product_id: Annotated[str, typer.Argument(help="The product that takes it over.", metavar="NEW")],
    by: By = "",
    note: Note = "",
) -> None:
    """Hand a listing over to the product that has the old one's place in Medusa."""
    request = LinkRequest("move", product_id, to_product_id=to_product_id)
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, request, Said(by, THROUGH, note))
    console.print(f"{to_product_id} has the listing of {product_id} now. Nothing was sent to Etsy.")


def take_back(account_id: AccountId, product_id: ProductId, by: By = "", note: Note = "") -> None:
    """Let the next plan set a listing active again that its seller took off sale."""
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, LinkRequest("take_back", product_id), Said(by, THROUGH, note))
    console.print(f"The next plan may set the listing of {product_id} active again.")


def ignore(account_id: AccountId, listing_id: ListingId, by: By = "", note: Note = "") -> None:
    """A listing is none of Medusa's products: it is never offered again."""
    request = LinkRequest("ignore", listing_id=listing_id)
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, request, Said(by, THROUGH, note))
    console.print(f"Listing {listing_id} is none of Medusa's products from now on.")


def unignore(account_id: AccountId, listing_id: ListingId, by: By = "", note: Note = "") -> None:
    """A listing may be one of Medusa's products after all."""
    request = LinkRequest("unignore", listing_id=listing_id)
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, request, Said(by, THROUGH, note))
    console.print(f"Listing {listing_id} may be one of Medusa's products again, as of the next plan.")


def create_anyway(
    account_id: AccountId,
    product_id: ProductId,
    listing_id: Annotated[int | None, typer.Argument(help="Only this candidate is another thing.", min=1)] = None,
    by: By = "",
    note: Note = "",
) -> None:
    """A product is none of its candidates: the next plan creates a listing of its own, for a fee."""
    request = LinkRequest("create_anyway", product_id, listing_id)
    with settings_and_store() as (settings, store):
        _decide_one(settings, store, account_id, request, Said(by, THROUGH, note))
    console.print(f"{product_id} is another thing than what was offered. The next plan says what becomes of it.")


def import_(
    account_id: AccountId,
    file: Annotated[
        Path, typer.Argument(help="The CSV file, as `links export` wrote it.", exists=True, dir_okay=False)
    ],
    by: By = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Carry out the good rows where others are refused.")
    ] = False,
    note: Note = "",
    as_json_: Json = False,
) -> None:
    """Carry out the decisions of a CSV file: all of them, or none where a row is refused."""
    with settings_and_store() as (settings, store):
        found = decisions_file.read(file.read_bytes())
        readers = wiring.link_readers(settings, store, account_id)
        decided = decide(
            store, account_id, found.requests, Said(by, THROUGH, note), readers,
            partial=partial, unreadable=found.refused,
        )  # fmt: skip
    if as_json_:
        as_json(decided_view(decided) | {"undecided": found.undecided})
    else:
        _tell(decided)
        console.print(f"{found.undecided} rows have no decision yet.")
    _require_done(decided)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `etsy-pipeline links`."""
    for command in (attach, detach, move, ignore, unignore, create_anyway, take_back):
        app.command(command.__name__.replace("_", "-"))(command)
    app.command("import")(import_)


def _decide_one(settings: Settings, store: Store, account_id: str, request: LinkRequest, said: Said) -> None:
    decide_one(store, account_id, request, said, wiring.link_readers(settings, store, account_id))


def _left_to_its_seller(store: Store, account_id: str, request: LinkRequest) -> list[str]:
    """The fields that were to become Medusa's, and that the link that was made leaves to the seller."""
    with store.reading() as session:
        settings = settings_of(accounts.get(session, account_id))
        link = links.of_products(session, account_id, [request.product_id]).get(request.product_id)
    wanted = keeps_of(settings, keep=request.keep, own=request.own)
    return [name for name in link.keeps if name not in wanted] if link is not None else []


def _attach_certain(
    settings: Settings,
    store: Store,
    account_id: str,
    said: Said,
    keep: tuple[str, ...],
    own: tuple[str, ...],
    *,
    expect: int | None,
    yes: bool,
) -> None:
    seen = candidates.certain_ones(store, account_id, keep=keep, own=own)
    moves = f", {seen.moves} of them from products that Medusa no longer has" if seen.moves else ""
    console.print(f"{seen.count} certain candidates{moves}. Some of them:")
    print_offers(seen.sample)
    if expect is None and not yes:
        console.print(f"Nothing was done yet. To attach them: --expect {seen.count} --by NAME")
        return
    count = seen.count if expect is None else expect
    readers = wiring.link_readers(settings, store, account_id)
    decided = candidates.attach_certain(store, account_id, seen, said, readers, count=count)
    _tell(decided)
    _require_done(decided)
    if decided.refused:
        raise typer.Exit(1)


def _tell(decided: Decided) -> None:
    console.print(f"{len(decided.done)} decisions carried out. Nothing was sent to Etsy.")
    if decided.refused:
        console.print(f"{len(decided.refused)} refused:")
        print_refusals(decided.refused)


def _require_done(decided: Decided) -> None:
    """Refuse to end well where nothing was done because something was refused."""
    if decided.refused and not decided.done:
        raise BadRequest(
            f"Nothing was done: {len(decided.refused)} decisions were refused.",
            code="decisions_refused",
            hint="Mend or remove those rows, or carry out the others with --partial.",
        )
