"""A real server's answer (Medusa 2.21.2): 76 products, one for each oddity; `metadata.seed_case` names it.

Trimmed (ids of prices, tags and pictures, one long note). The region's price of `price_region_rule` was recorded
without its rule and has it again here, as the server gives it to whom asks for `price_rules`.
"""

import gzip
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from etsy_pipeline.catalogue.product import Product, parse_product

FILE = Path(__file__).parent.parent / "data" / "medusa-products.json.gz"


@cache
def recorded_products() -> tuple[dict[str, Any], ...]:
    """The products as JSON, numbers with decimals as Decimal."""
    return tuple(json.loads(gzip.decompress(FILE.read_bytes()), parse_float=Decimal)["products"])


def recorded(seed_case: str) -> dict[str, Any]:
    """The first recorded product of a case."""
    return next(item for item in recorded_products() if item["metadata"]["seed_case"] == seed_case)


def product_of(seed_case: str) -> Product:
    """The same, parsed."""
    return parse_product(recorded(seed_case), base_url="http://medusa.test")
