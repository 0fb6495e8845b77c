"""The Etsy category of a product: its metadata, then what its Medusa groups say, then the shop's default."""

from collections.abc import Set as AbstractSet

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.groups import METADATA_KEYS, said
from etsy_pipeline.listings.product_header import ProductHeader
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import Verdict

LONGEST_ID = 18  # digits; longer numbers are no ids


def taxonomy_id(
    product: Product | ProductHeader, shop: ShopSettings, known_ids: AbstractSet[int] | None
) -> tuple[int | None, list[Verdict]]:
    """The category's number; None with the reason where there is none."""
    value = _chosen(product, shop)
    if value is None:
        return None, [verdict("taxonomy_missing")]
    number = _number(value)
    if number is None:
        return None, [verdict("taxonomy_malformed", value=value)]
    if known_ids is not None and number not in known_ids:
        return None, [verdict("taxonomy_unknown", value=number)]
    return number, []


def _chosen(product: Product | ProductHeader, shop: ShopSettings) -> object:
    for key in METADATA_KEYS["taxonomy_id"]:
        value = product.metadata.get(key)
        if value is not None and value != "":
            return value
    found = said("taxonomy_id", product, shop)
    return found.value if found else shop.default_taxonomy_id


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip() if isinstance(value, str) or -(10**LONGEST_ID) < value < 10**LONGEST_ID else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
    return int(text) if is_number and int(text) > 0 else None
