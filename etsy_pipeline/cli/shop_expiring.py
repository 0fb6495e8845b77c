"""`etsy-pipeline shop expiring`: whose paid time ends soon, and what becomes of it."""

from typing import Annotated

import typer

from etsy_pipeline.cli.account import AccountId
from etsy_pipeline.cli.output import Json, as_json, as_table, console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.shop.expiring import expiring, expiring_view
from etsy_pipeline.shop.scan_views import last_scan

DAYS = 14

_ENDS = {
    "renews_by_itself": "renews by itself",
    "renewed_by_a_plan": "expires; a plan then renews it",
    "let_go": "expires",
}


def expiring_(
    account_id: AccountId,
    days: Annotated[int, typer.Option(min=1, max=366, help="Within so many days.")] = DAYS,
    as_json_: Json = False,
) -> None:
    """Show listings whose paid time ends soon: which renew for a fee, and which are let go."""
    with settings_and_store() as (_, store):
        last_scan(store, account_id)
        last, found = expiring(store, account_id, days)
    if as_json_:
        as_json([expiring_view(item) for item in found])
        return
    rows = [
        (
            f"{item.ending_at:%Y-%m-%d}", item.seen.listing_id, item.seen.title, item.product_id or "–",
            _ENDS[item.end], f"${item.fee_usd_cents / 100:.2f}", item.seen.views, item.seen.num_favorers,
        )
        for item in found
    ]  # fmt: skip
    headings = ("ends", "listing", "title", "product", "then", "fee", "views", "favorites")
    as_table(headings, rows, empty=f"No listing on sale ends within {days} days.")
    fees = sum(item.fee_usd_cents for item in found)
    console.print(f"As of {last.started_at.astimezone():%Y-%m-%d %H:%M}, local time." if last else "")
    if found:
        console.print(
            f"Fees: ${fees / 100:.2f}. To choose otherwise: etsy_should_auto_renew of a product, that "
            "of the shop, renews listings before they end; renew_expired renews them by a plan afterwards."
        )
