"""Makers of the values that tests speak of: each is fine as it comes, and says only what the test is about."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing

YEAR = 2026


def a_variant(**changes: Any) -> Variant:
    """One thing at 29.99 USD, ten in stock."""
    values: dict[str, Any] = {"id": "variant_1", "sku": "MUG-1", "prices": {"USD": "29.99"}, "available": 10}
    return Variant.model_validate(values | changes)


def a_product(**changes: Any) -> Product:
    """A mug with one variant and one picture."""
    values: dict[str, Any] = {
        "id": "prod_1",
        "title": "Stoneware Mug",
        "description": "Thrown by hand.",
        "status": "published",
        "metadata": {"etsy_taxonomy_id": 891},
        "image_urls": ("http://medusa.test/mug.jpg",),
        "tags": ("mug", "stoneware"),
        "variants": (a_variant(),),
    }
    return Product.model_validate(values | changes)


def a_product_with(
    sizes: tuple[str, ...] = ("S", "L"), colors: tuple[str, ...] = ("Red", "Blue"), **changes: Any
) -> Product:
    """A product in sizes and colors, every combination of them."""
    variants = [
        a_variant(id=f"variant_{size}_{color}", sku=f"{size}-{color}", options={"Size": size, "Color": color})
        for size in sizes
        for color in colors
    ]
    options = (Option(title="Size", values=sizes), Option(title="Color", values=colors))
    return a_product(options=options, **({"variants": variants} | changes))


def a_shop(**changes: Any) -> ShopSettings:
    """A shop's settings with all profiles chosen."""
    ids = {"shipping_profile": 11, "return_policy": 12, "processing_profile": 13}
    return ShopSettings.model_validate(ids | changes)


def an_etsy_shop(**changes: Any) -> Shop:
    """A shop that sells in US dollars; nothing else of it was read."""
    values: dict[str, Any] = {"currency_code": "USD", "amount_unit": "major", "this_year": YEAR}
    return Shop(**(values | changes))


def validated(product: Product | None = None, shop: ShopSettings | None = None, **changes: Any) -> ValidatedListing:
    """The verdict on a product of a shop that sells in US dollars."""
    return validate(product or a_product(), shop or a_shop(), an_etsy_shop(**changes))


def known(products: Sequence[ValidatedListing]) -> Callable[[], Iterable[IdentifiedProduct]]:
    """What these products are compared by with what is in a shop, as often as it is asked."""
    return lambda: map(identified, products)


def codes(found: ValidatedListing) -> list[str]:
    """The codes of a product's verdicts."""
    return [item.code for item in found.verdicts]


def listing_of(found: ValidatedListing) -> Listing:
    """The listing, which must be there."""
    assert found.listing is not None, found.verdicts
    return found.listing


def a_listing(**changes: Any) -> Listing:
    """A complete listing of one mug."""
    values: dict[str, Any] = {
        "title": "Stoneware Mug",
        "description": "Thrown by hand.",
        "taxonomy_id": 891,
        "who_made": "i_did",
        "when_made": "made_to_order",
        "shipping_profile_id": 11,
        "return_policy_id": 12,
        "readiness_state_id": 13,
        "currency_code": "USD",
        "inventory": Inventory((Offering("MUG-1", (), Decimal("29.99"), 10),)),
        "images": (ListingImage("http://medusa.test/mug.jpg", "Stoneware Mug"),),
        "tags": ("mug",),
    }
    return Listing(**(values | changes))


def a_validated_listing(**changes: Any) -> ValidatedListing:
    """A product that may be published, with nothing to say against it."""
    values: dict[str, Any] = {"product_id": "prod_1", "product_title": "Stoneware Mug", "listing": a_listing()}
    return ValidatedListing(**(values | changes))


def two_sizes(prices: tuple[str, str] = ("10", "12")) -> Inventory:
    """An inventory that varies by size, and so does its price."""
    offerings = tuple(
        Offering(f"SKU-{size}", (size,), Decimal(price), 3) for size, price in zip(("S", "L"), prices, strict=True)
    )
    return Inventory(offerings, (VariationProperty(513, "Size"),), price_on_property=(513,), sku_on_property=(513,))
