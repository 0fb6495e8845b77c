"""How candidates and refusals are shown in a terminal."""

from collections.abc import Iterable, Sequence

from etsy_pipeline.cli.output import as_table
from etsy_pipeline.shop.candidates import Offered
from etsy_pipeline.shop.link_requests import Refusal


def print_offers(offers: Iterable[Offered]) -> None:
    """Candidates: both sides, and what speaks for the pair."""
    columns = ("class", "product", "listing", "state", "what speaks for it")
    as_table(columns, map(_row, offers), empty="No product waits for a decision.")


def print_refusals(refused: Iterable[Refusal]) -> None:
    """What could not be carried out, row by row."""
    rows = (
        (item.request.row or "–", item.request.product_id or "–", item.request.listing_id or "–", item.error.message,
         item.error.hint, item.error.code)
        for item in refused
    )  # fmt: skip
    as_table(("row", "product", "listing", "why not", "what to do", "code"), rows, empty="")


def _row(offered: Offered) -> Sequence[object]:
    candidate, seen = offered.candidate, offered.listing
    product = f"{candidate.product_title} ({candidate.product_id})"
    listing = f"{seen.title if seen else ''} ({candidate.listing_id})"
    moved = [f"moves from {candidate.moved_from}"] if candidate.moved_from else []
    told = [f"{item.code}: {item.of_product} | {item.of_listing}" for item in candidate.evidence]
    return candidate.kind, product, listing, seen.state if seen else "gone", "; ".join([*moved, *told])
