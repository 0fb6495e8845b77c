"""Products that are to be linked though no plan has them as candidates: Medusa is asked what they are known by."""

from collections.abc import Sequence

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.identifying import identity_of
from etsy_pipeline.listings.variations import read
from etsy_pipeline.shop.link_requests import KnownProduct


def look_up(catalogue: MedusaCatalogue, product_ids: Sequence[str]) -> dict[str, KnownProduct]:
    """Some products by their ids; those that Medusa does not have, or that cannot be understood, are left out."""
    pages = catalogue.pages(Selection(product_ids=tuple(product_ids)))
    return {
        product.id: KnownProduct(product.title or "", identity_of(product, read(product)))
        for page in pages
        for product in page.products
    }
