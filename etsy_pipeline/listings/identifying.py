"""What a product is known by, read from what Medusa tells of it. Never raises for any product."""

import re
from dataclasses import replace

from etsy_pipeline.catalogue.product import Product, Variant
from etsy_pipeline.listings.identity import IdentifiedProduct, ProductIdentity, VariantIdentity
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.variations import Variations, sku
from etsy_pipeline.listings.verdict import ValidatedListing

LISTING_ID = "etsy_listing_id"

_ADDRESS = re.compile(
    r"etsy\.com/(?:[a-z-]{2,5}/)?(?:your/shops/me/listing-editor/edit|listing)/(\d{5,18})(?!\d)", re.ASCII
)
_NUMBER = re.compile(r"\d{5,18}", re.ASCII)


def identity_of(product: Product, variations: Variations) -> ProductIdentity:
    """What a product is known by, beside its id.

    Args:
        product: as Medusa has it.
        variations: what its variants say of its options.
    """
    cells = zip(product.variants, variations.said, strict=True)
    return ProductIdentity(
        handle=product.handle or "",
        variants=tuple(_variant(variant, cell) for variant, cell in cells),
        listing_ids=_listing_ids(product),
        image_url=product.image_urls[0] if product.image_urls else "",
    )


def identified(validated: ValidatedListing) -> IdentifiedProduct:
    """As much of a validated product as is compared with the listings of a shop."""
    titles, listing = (validated.product_title,), validated.listing
    known = IdentifiedProduct(
        validated.product_id,
        titles,
        validated.identity,
        is_absent=bool(validated.absent_because),
        is_withdrawn=validated.is_withdrawn,
    )
    if listing is None:
        return known
    return replace(
        known,
        titles=tuple(dict.fromkeys((*titles, listing.title))),
        price=str(listing.price),
        currency_code=listing.currency_code,
        quantity=listing.quantity,
        taxonomy_id=listing.taxonomy_id,
    )


def _variant(variant: Variant, cell: tuple[str, ...]) -> VariantIdentity:
    return VariantIdentity(variant.id, sku(variant), (variant.barcode or "").strip(), cell, variant.parts)


def _listing_ids(product: Product) -> tuple[int, ...]:
    """Listings that the metadata name: by `etsy_listing_id`, or by an address of Etsy's wherever it stands."""
    metadata = Metadata(product.metadata)
    named = (metadata.words(LISTING_ID) or "").strip()
    found = [int(named)] if _NUMBER.fullmatch(named) else []
    for value in product.metadata.values():
        if isinstance(value, str) and "etsy.com/" in value:
            found += [int(number) for number in _ADDRESS.findall(value)]
    return tuple(dict.fromkeys(found))
