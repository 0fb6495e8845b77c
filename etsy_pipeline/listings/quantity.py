"""Quantities: Medusa's stock → what Etsy shows. Zero is no error, but a state: the listing is not for sale."""

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.shop_settings import QuantityRule


def quantity(variant: Variant, rule: QuantityRule) -> int:
    """Pieces of a variant that Etsy may sell, 0–999 (FACTS §5): stock less the buffer, and never more than the cap."""
    if variant.available is None:
        return min(rule.unmanaged, rule.cap)
    least = rule.unmanaged if variant.allow_backorder else 0  # with backorders it sells at zero, too
    return min(max(variant.available - rule.buffer, least), rule.cap)
