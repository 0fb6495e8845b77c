"""Products that are to be linked though no plan has them as candidates: Medusa is asked what they are known by."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.identifying import identity_of
from etsy_pipeline.listings.mapping import withdrawn_because
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.variations import read
from etsy_pipeline.shop.link_requests import KnownProduct


def look_up(catalogue: MedusaCatalogue, product_ids: Sequence[str], settings: ShopSettings) -> dict[str, KnownProduct]:
    """Some products by their ids; those that Medusa does not have, or that cannot be understood, are left out.

    Args:
        catalogue: Medusa's.
        product_ids: which.
        settings: the shop's: they say which products it sells.
    """
    pages = catalogue.pages(Selection(product_ids=tuple(product_ids)))
    found = {product.id: product for page in pages for product in page.products}
    chosen = _chosen(catalogue, settings.selection, found.keys())
    return {
        product.id: KnownProduct(
            product.title or "",
            identity_of(product, read(product)),
            is_sold=product.id in chosen and not withdrawn_because(product, settings),
        )
        for product in found.values()
    }


def _chosen(catalogue: MedusaCatalogue, selection: Selection, product_ids: AbstractSet[str]) -> AbstractSet[str]:
    """Those of some products that a selection has."""
    if selection.product_ids:
        product_ids = product_ids & set(selection.product_ids)
    if not product_ids or selection == Selection(product_ids=selection.product_ids):
        return product_ids
    pages = catalogue.pages(selection.model_copy(update={"product_ids": tuple(sorted(product_ids))}))
    return {product.id for page in pages for product in page.products}
