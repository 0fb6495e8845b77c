"""Quantities: Medusa's stock → what Etsy shows. Zero is no error, but a state: the listing is not for sale."""

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.shop_settings import QuantityRule


def quantity(variant: Variant, rule: QuantityRule) -> int:
    """Pieces of a variant that Etsy may sell, 0–999 (FACTS §5)."""
    if variant.available is None or (variant.allow_backorder and variant.available <= rule.buffer):
        return min(rule.unmanaged, rule.cap)
    return max(0, min(variant.available - rule.buffer, rule.cap))
