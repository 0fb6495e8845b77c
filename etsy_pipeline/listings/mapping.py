"""A product → the listing it should become, and every rule's verdict. Never raises for any product.

A value's sources, in order: the product's metadata (`etsy_…`, then the brief's unprefixed keys), the shop's settings, a
default. Not here: the rules' words (`rules.py`), each field's own logic (its own file).
"""

from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, TypeVar

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.description import description
from etsy_pipeline.listings.images import images
from etsy_pipeline.listings.listing import Inventory, Listing
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.origin import production_partners, when_made, who_made
from etsy_pipeline.listings.price import AmountUnit, price
from etsy_pipeline.listings.quantity import quantity
from etsy_pipeline.listings.rules import gathered, verdict
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.tags import materials, tags
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.title import title
from etsy_pipeline.listings.variations import inventory, problems
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict

Mapped = TypeVar("Mapped")
MOST_OF_A_KIND = 5  # findings of one rule that are told singly


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
    metadata = Metadata(product.metadata)
    found: list[Verdict] = []

    def of(mapped: tuple[Mapped, list[Verdict]]) -> Mapped:
        found.extend(mapped[1])
        return mapped[0]

    name = of(title(metadata.text("etsy_title") or product.title))
    text = of(description(metadata.text("etsy_description") or product.description, name))
    grid = of(_inventory(product, shop, currency_code, amount_unit))
    tagged = of(tags(metadata.texts("etsy_tags") or product.tags))
    made_of = of(materials(metadata.texts("etsy_materials", "materials") or (product.material or "").split(",")))
    category = of(taxonomy_id(product, shop, known_taxonomy_ids))
    maker = of(who_made(metadata, shop))
    when = of(when_made(metadata, shop, this_year))
    is_supply = metadata.flag("etsy_is_supply", "is_supply", default=shop.is_supply)
    found += production_partners(maker, when, shop, this_year, is_supply=is_supply)
    pictures = of(images(product.image_urls, name))
    found += _profiles(shop) + metadata.found

    listing = None
    if grid is not None and category is not None and not any(item.severity == "error" for item in found):
        listing = Listing(
            title=name,
            description=text,
            taxonomy_id=category,
            who_made=maker,
            when_made=when,
            shipping_profile_id=shop.shipping_profile_id,
            return_policy_id=shop.return_policy_id,
            readiness_state_id=shop.readiness_state_id,
            currency_code=currency_code,
            inventory=grid,
            images=pictures,
            tags=tagged,
            materials=made_of,
            shop_section_id=shop.shop_section_id,
            production_partner_ids=shop.production_partner_ids,
            is_supply=is_supply,
            should_auto_renew=shop.should_auto_renew,
            type=shop.type,
            publish_as=shop.publish_as if pictures else "draft",
            **_measures(product, shop),
        )
    absent = _absent_because(product, listing)
    return ValidatedListing(
        product.id, one_line(product.title), listing, tuple(gathered(found, MOST_OF_A_KIND)), absent
    )


def _absent_because(product: Product, listing: Listing | None) -> str:
    if product.status != "published":
        return f"not published in Medusa (status {one_line(product.status)})"
    if listing is not None and listing.quantity == 0:
        return "out of stock"
    return ""


def _inventory(
    product: Product, shop: ShopSettings, currency_code: str, amount_unit: AmountUnit
) -> tuple[Inventory | None, list[Verdict]]:
    if not product.variants:
        return None, [verdict("no_variants")]
    prices: dict[str, Decimal] = {}
    mispriced: list[Verdict] = []
    for variant in product.variants:
        name = variant.title or variant.sku or variant.id
        amount, more = price(variant, name, shop.price, currency_code=currency_code, amount_unit=amount_unit)
        mispriced += more
        if amount is not None:
            prices[variant.id] = amount
    found = [*gathered(mispriced, most=1), *problems(product)]  # a price that is missing mostly is so in all variants
    if any(item.severity == "error" for item in found):
        return None, found
    quantities = {variant.id: quantity(variant, shop.quantity) for variant in product.variants}
    grid, more = inventory(product, prices, quantities)
    return grid, found + more


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
    """Weight and lengths above zero, with their units (FACTS §5: zero is refused). Else the heaviest variant's."""
    lengths = {
        "item_length": _positive(product.length),
        "item_width": _positive(product.width),
        "item_height": _positive(product.height),
    }
    heaviest = max((weight for item in product.variants if (weight := _positive(item.weight))), default=None)
    weight = _positive(product.weight) or heaviest
    units: dict[str, Any] = {
        "item_weight_unit": shop.weight_unit if weight else None,
        "item_dimensions_unit": shop.dimensions_unit if any(lengths.values()) else None,
    }
    return {"item_weight": weight, **lengths, **units}


def _positive(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and value > 0 else None
