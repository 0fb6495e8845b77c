"""A product → the listing it should become, and every rule's verdict. Never raises for any product.

A value's sources, in order: the product's metadata (`etsy_…`, then the brief's unprefixed keys), the shop's settings, a
default. Not here: the rules' words (`rules.py`), each field's own logic (its own file).
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings import text
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, WhoMade
from etsy_pipeline.listings.price import AmountUnit, price
from etsy_pipeline.listings.quantity import quantity
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.variations import inventory
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict

MOST_IMAGES = 20
ALT_TEXT_LENGTH = 500
WHO_MADE = ("i_did", "someone_else", "collective")
FIRST_RANGE = "2020_"
OLDER = ("2010_2019", "2000_2006", "before_1700")


def validate(
    product: Product,
    shop: ShopSettings,
    *,
    currency_code: str,
    amount_unit: AmountUnit,
    known_taxonomy_ids: AbstractSet[int] | None,
    this_year: int,
) -> ValidatedListing:
    """Map a product and judge it; all verdicts at once.

    Args:
        product: as Medusa has it.
        shop: the shop's settings.
        currency_code: the shop's currency (ISO 4217).
        amount_unit: the unit of Medusa's amounts.
        known_taxonomy_ids: Etsy's categories; None when they could not be read, then they are not checked.
        this_year: for Etsy's first range of when_made, which moves every January.
    """
    title, found = text.title(_first_text(product.metadata, "etsy_title") or product.title)
    description, more = text.description(
        _first_text(product.metadata, "etsy_description") or product.description, title
    )
    found += more
    grid, more = _inventory(product, shop, currency_code, amount_unit)
    found += more
    tags, more = text.tags(_first_list(product.metadata, "etsy_tags") or product.tags)
    found += more
    own_materials = _first_list(product.metadata, "etsy_materials", "materials")
    materials, more = text.materials(own_materials or ([product.material] if product.material else []))
    found += more
    category, more = taxonomy_id(product, shop, known_taxonomy_ids)
    found += more
    who_made, more = _who_made(product, shop)
    found += more
    when_made, more = _when_made(product, shop, this_year)
    found += more
    images, more = _images(product, title)
    found += more + _profiles(shop)

    listing = None
    if grid is not None and category is not None and not any(item.severity == "error" for item in found):
        listing = Listing(
            title=title,
            description=description,
            taxonomy_id=category,
            who_made=who_made,
            when_made=when_made,
            shipping_profile_id=shop.shipping_profile_id,
            return_policy_id=shop.return_policy_id,
            readiness_state_id=shop.readiness_state_id,
            currency_code=currency_code,
            inventory=grid,
            images=images,
            tags=tags,
            materials=materials,
            shop_section_id=shop.shop_section_id,
            production_partner_ids=shop.production_partner_ids,
            is_supply=_first_bool(product.metadata, "etsy_is_supply", "is_supply", default=shop.is_supply),
            should_auto_renew=shop.should_auto_renew,
            type=shop.type,
            publish_as=shop.publish_as if images else "draft",
            **_measures(product, shop),
        )
    absent = _absent_because(product, listing)
    return ValidatedListing(product.id, product.title.strip(), listing, tuple(found), absent)


def _absent_because(product: Product, listing: Listing | None) -> str:
    if product.status != "published":
        return f"not published in Medusa (status {product.status})"
    if listing is not None and listing.quantity == 0:
        return "out of stock"
    return ""


def _inventory(
    product: Product, shop: ShopSettings, currency_code: str, amount_unit: AmountUnit
) -> tuple[Inventory | None, list[Verdict]]:
    if not product.variants:
        return None, [verdict("no_variants")]
    prices: dict[str, Decimal] = {}
    found: list[Verdict] = []
    for variant in product.variants:
        name = variant.title or variant.sku or variant.id
        amount, more = price(variant, name, shop.price, currency_code=currency_code, amount_unit=amount_unit)
        found += more
        if amount is not None:
            prices[variant.id] = amount
    if found:
        return None, _grouped(found)
    quantities = {variant.id: quantity(variant, shop.quantity) for variant in product.variants}
    return inventory(product, prices, quantities)


def _grouped(found: list[Verdict]) -> list[Verdict]:
    """One verdict for each rule, however many variants break it."""
    counts = Counter(item.code for item in found)
    first = {item.code: item for item in reversed(found)}
    return [
        replace(item, message=f"{item.message} ({counts[code] - 1} more likewise)") if counts[code] > 1 else item
        for code, item in sorted(first.items())
    ]


def _who_made(product: Product, shop: ShopSettings) -> tuple[WhoMade, list[Verdict]]:
    value = _first_text(product.metadata, "etsy_who_made", "who_made") or shop.who_made
    if value not in WHO_MADE:
        return shop.who_made, [verdict("who_made_invalid", value=value)]
    if value == "someone_else" and not shop.is_supply and not shop.production_partner_ids:
        return "someone_else", [verdict("production_partners_missing")]
    return cast(WhoMade, value), []


def _when_made(product: Product, shop: ShopSettings, this_year: int) -> tuple[str, list[Verdict]]:
    value = _first_text(product.metadata, "etsy_when_made", "when_made") or shop.when_made
    if value.startswith(FIRST_RANGE) and value.removeprefix(FIRST_RANGE).isdecimal():
        value = f"{FIRST_RANGE}{this_year}"  # FACTS §5: the range's end moves every January
    return value, [] if value in when_made_values(this_year) else [verdict("when_made_invalid", value=value)]


def when_made_values(this_year: int) -> frozenset[str]:
    """Etsy's ranges in a given year (FACTS §5): those around twenty years ago, the border of "vintage", move along."""
    vintage = this_year - 20
    recent = {"made_to_order", f"{FIRST_RANGE}{this_year}", "2010_2019", f"{vintage + 1}_2009", f"before_{vintage + 1}"}
    older = {f"2000_{vintage}", *(f"{decade}s" for decade in range(1900, 2000, 10)), "1800s", "1700s", "before_1700"}
    return frozenset(recent | older)


def _images(product: Product, title: str) -> tuple[tuple[ListingImage, ...], list[Verdict]]:
    urls = product.image_urls
    if not urls:
        return (), [verdict("no_images")]
    alt_text = text.shortened(title, ALT_TEXT_LENGTH)
    found = [verdict("too_many_images", count=len(urls), limit=MOST_IMAGES)] if len(urls) > MOST_IMAGES else []
    return tuple(ListingImage(url, alt_text) for url in urls[:MOST_IMAGES]), found


def _profiles(shop: ShopSettings) -> list[Verdict]:
    if shop.type == "download":
        return []
    missing = {
        "shipping_profile_missing": shop.shipping_profile_id,
        "readiness_state_missing": shop.readiness_state_id,
        "return_policy_missing": shop.return_policy_id,
    }
    return [verdict(code) for code, value in missing.items() if value is None]


def _measures(product: Product, shop: ShopSettings) -> dict[str, Any]:
    """Weight and lengths above zero, with their units (FACTS §5: zero is refused)."""
    lengths = {
        "item_length": _positive(product.length),
        "item_width": _positive(product.width),
        "item_height": _positive(product.height),
    }
    weight = _positive(product.weight)
    units: dict[str, Any] = {
        "item_weight_unit": shop.weight_unit if weight else None,
        "item_dimensions_unit": shop.dimensions_unit if any(lengths.values()) else None,
    }
    return {"item_weight": weight, **lengths, **units}


def _positive(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and value > 0 else None


def _first_text(metadata: Mapping[str, Any], *keys: str) -> str | None:
    values = (metadata.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value.strip()), None)


def _first_list(metadata: Mapping[str, Any], *keys: str) -> list[str]:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str) and value.strip():
            return value.split(",")
        if isinstance(value, list) and value:
            return [item for item in value if isinstance(item, str)]
    return []


def _first_bool(metadata: Mapping[str, Any], *keys: str, default: bool) -> bool:
    return next((metadata[key] for key in keys if isinstance(metadata.get(key), bool)), default)
