"""`etsy-pipeline links`: which listing each product became, and how it stands."""

from typing import Annotated

import typer

from etsy_pipeline.cli.output import Json, as_json, print_links
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.sync import queries, views


def links(
    status_filter: Annotated[
        str | None, typer.Option("--status", help="Only pending, synced, failed or out_of_sync.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    product_id: Annotated[str | None, typer.Option(help="Only of this product.")] = None,
    as_json_: Json = False,
) -> None:
    """Show products and their Etsy listings."""
    with settings_and_store() as (_, store):
        found = queries.find_links(store, account_id=account, product_id=product_id, sync_status=status_filter)
    if as_json_:
        as_json([views.link_view(link) for link in found])
        return
    print_links(found)
