"""What only the whole catalogue shows: the same product, handle or SKU twice."""

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.product_header import ProductHeader
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.variations import tidy_sku
from etsy_pipeline.listings.verdict import Verdict


class Seen:
    """Remembers what earlier products of a snapshot had; of two that clash, the later one is told."""

    def __init__(self) -> None:
        self._handles: dict[str, str] = {}
        self._skus: dict[str, str] = {}

    def judge(self, product: Product | ProductHeader) -> list[Verdict]:
        """What an earlier product has that this one has, too."""
        found = []
        if product.handle:
            other = self._handles.setdefault(product.handle, product.id)
            if other != product.id:
                found.append(verdict("handle_repeated", other=other, handle=product.handle))
        for item in {tidy_sku(variant.sku) for variant in product.variants} - {""}:
            other = self._skus.setdefault(item, product.id)
            if other != product.id:
                found.append(verdict("sku_of_another_product", sku=item, other=other))
        return found
