"""`etsy-pipeline links`: which listing each product became, and how it stands."""

from typing import Annotated

import typer

from etsy_pipeline.cli.opening import opened
from etsy_pipeline.cli.output import Json, as_json, as_table, colored
from etsy_pipeline.sync_jobs import status

COLUMNS = ("product", "status", "state", "listing", "where, or what went wrong")


def links(
    status_filter: Annotated[
        str | None, typer.Option("--status", help="Only pending, synced, failed or out_of_sync.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    product_id: Annotated[str | None, typer.Option(help="Only of this product.")] = None,
    as_json_: Json = False,
) -> None:
    """Show products and their Etsy listings."""
    with opened() as (_, store):
        found = status.find_links(store, account_id=account, product_id=product_id, sync_status=status_filter)
    if as_json_:
        as_json([status.link_view(link) for link in found])
        return
    rows = [
        (
            link.product_title or link.product_id,
            colored(link.sync_status),
            link.listing_state or "–",
            link.etsy_listing_id or "–",
            link.sync_error or link.etsy_url or "",
        )
        for link in found
    ]
    as_table(COLUMNS, rows, empty="No product is linked to Etsy yet.")
