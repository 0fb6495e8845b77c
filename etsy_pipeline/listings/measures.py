"""Weight and lengths, with the units in which Medusa's admin keeps them; above zero only (FACTS §5)."""

from decimal import Decimal
from typing import Any

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.shop_settings import ShopSettings


def measures(product: Product, metadata: Metadata, settings: ShopSettings) -> dict[str, Any]:
    """Fields of the Listing. Where the product has no weight, its heaviest variant's stands for it."""
    lengths = {
        f"item_{name}": metadata.number(f"etsy_item_{name}") or _positive(getattr(product, name))
        for name in ("length", "width", "height")
    }
    heaviest = max((weight for item in product.variants if (weight := _positive(item.weight))), default=None)
    weight = metadata.number("etsy_item_weight") or _positive(product.weight) or heaviest
    units: dict[str, Any] = {
        "item_weight_unit": settings.weight_unit if weight else None,
        "item_dimensions_unit": settings.dimensions_unit if any(lengths.values()) else None,
    }
    return {"item_weight": weight, **lengths, **units}


def _positive(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and value > 0 else None
