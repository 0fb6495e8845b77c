"""`etsy-pipeline accounts accept` and `recover`: deciding on what holds an account."""

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from etsy_pipeline import wiring
from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.output import Json, as_json, cell, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import THROUGH, By, name_of
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop import holds as accepting
from etsy_pipeline.shop import recover as recovering
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader


def accept(
    account_id: AccountId,
    code: Annotated[str, typer.Argument(help="currency_changed or shop_renamed.", metavar="CODE")],
    by: By = None,
    as_json_: Json = False,
) -> None:
    """Say that the shop's new currency, or its new name, is right: it no longer holds the account."""
    with settings_and_store() as (_, store):
        hold = accepting.accept(store, account_id, code, decided_by=name_of(by), through=THROUGH)
    if as_json_:
        as_json({"accepted": hold.code, "message": hold.message})
    else:
        console.print(f"Accepted: {cell(hold.message)}")


def recover(account_id: AccountId, by: By = None, as_json_: Json = False) -> None:
    """Make the books of what the shop has, after a database was put back, lost or copied. Sends nothing to Etsy."""
    with settings_and_store() as (settings, store):
        with store.reading() as session:
            account = accounts.get(session, account_id)
        with closing(wiring.shop_client(settings, store, account_id)) as client:
            done = recovering.recover(
                store, client, account_id, _products(settings, account, client),
                decided_by=name_of(by), through=THROUGH,
            )  # fmt: skip
    if as_json_:
        as_json({"linked": done.linked, "undecided": done.undecided, "listings": done.listings, "lifted": done.lifted})
        return
    console.print(f"{done.listings} listings looked through: {done.linked} products linked again.")
    if done.undecided:
        console.print(f"{done.undecided} more may be there: [bold]etsy-pipeline links candidates {account_id}[/]")
    console.print("Earlier approvals are void. Ask for a new sync, and review its plan.")


def _products(settings: Settings, account: EtsyAccount, client: ShopClient) -> list[IdentifiedProduct]:
    """All that the shop sells, as it is compared with its listings."""
    choices, unit = settings_of(account), settings.medusa()[2]
    listings = ProductListings(choices, partial(shop_reader, client, account, unit, on_trouble=None))
    with closing(wiring.catalogue_of(settings, someone_waits=True)) as catalogue:
        pages = catalogue.pages(choices.selection, choices.sold_from, datetime.now(UTC))
        return [identified(item) for item in listings.of(product for page in pages for product in page.products)]
