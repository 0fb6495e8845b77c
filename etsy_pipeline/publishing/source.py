"""Products as Medusa has them at the moment of publishing: read anew, and mapped as a plan does."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.product import MalformedProduct
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.sync.product_listings import ProductListings

Source = Callable[[Sequence[str]], Mapping[str, ValidatedListing]]
"""Tells what products are now, each one that is asked for. `Unavailable` says that Medusa is down; whatever else goes
wrong keeps these products from being published."""


def source_of(
    catalogue: MedusaCatalogue, selection: Selection, listings: ProductListings, now: Callable[[], datetime]
) -> Source:
    """Reads products anew and maps them as a plan does.

    Args:
        catalogue: Medusa.
        selection: what the plan was made of.
        listings: maps products for the shop.
        now: the moment at which price lists hold.
    """

    def products_now(product_ids: Sequence[str]) -> dict[str, ValidatedListing]:
        asked = selection.model_copy(update={"product_ids": tuple(product_ids)})
        found = {item: ValidatedListing(item, "", None, (), "no longer in the catalogue") for item in product_ids}
        for page in catalogue.pages(asked, listings.settings.sold_from, now()):
            found |= {item.product_id: _unreadable(item) for item in page.malformed}
            found |= {item.product_id: item for item in listings.of(page.products)}
        return found

    return products_now


def _unreadable(product: MalformedProduct) -> ValidatedListing:
    problem = Verdict(product.code, "error", "product", product.message, product.hint)
    return ValidatedListing(product.product_id, "", None, (problem,))
