"""Validating products by the hundred, in this process or in others: a large catalogue keeps every core busy. Pure.

Products travel as JSON, results as rows of the table of validated listings.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.codec import identified_to_json, to_json
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict

Record = dict[str, Any]


class Task(NamedTuple):
    """One product: its JSON, and what is known of it already; or why it cannot be read."""

    product_id: str
    title: str
    product: str
    also: tuple[Verdict, ...] = ()


def validate_batch(tasks: Sequence[Task], settings: ShopSettings, shop: Shop) -> list[Record]:
    """Rows of validated listings; a task without a product is one that Medusa did not give so that it can be read."""
    return [_row(_validated(task, settings, shop)) for task in tasks]


def _validated(task: Task, settings: ShopSettings, shop: Shop) -> ValidatedListing:
    if not task.product:
        return ValidatedListing(task.product_id, task.title, None, task.also)
    return validate(Product.model_validate_json(task.product), settings, shop, also=task.also)


def _row(listing: ValidatedListing) -> Record:
    verdict = "invalid" if listing.errors else "absent" if listing.absent_because else "valid"
    known = identified(listing)
    return {
        "product_id": listing.product_id,
        "title": listing.product_title,
        "verdict": verdict,
        "codes": ",".join(item.code for item in listing.verdicts),
        "messages": "; ".join(item.message for item in listing.verdicts) or listing.absent_because,
        "warnings": len(listing.warnings),
        "price": known.price,
        "quantity": known.quantity,
        "validated": to_json(listing),
        "identified": identified_to_json(known),
    }
