"""Products and listings to compare: mugs, each fine as it comes."""

from collections.abc import Iterable
from typing import Any

from etsy_pipeline.linking.candidates import Candidate, find
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.identity import IdentifiedProduct, ProductIdentity, VariantIdentity


def a_known_product(
    product_id: str = "prod_1", *skus: str, title: str = "Stoneware mug", **changes: Any
) -> IdentifiedProduct:
    """A product that is to be on sale, with a variant for each SKU (in sizes where there are several)."""
    names = ("handle", "listing_ids", "variants")
    of_identity: dict[str, Any] = {name: changes.pop(name) for name in names if name in changes}
    sizes = ("",) if len(skus) == 1 else tuple(f"Size {number}" for number in range(len(skus)))
    variants = tuple(
        VariantIdentity(f"variant_{number}", sku, values=(size,) if size else ())
        for number, (sku, size) in enumerate(zip(skus, sizes, strict=True))
    )
    identity = ProductIdentity(**({"variants": variants} | of_identity))
    return IdentifiedProduct(product_id, (title,), identity, **changes)


def matched(
    products: Iterable[IdentifiedProduct], listings: Iterable[SeenListing], **changes: Any
) -> dict[tuple[str, int], Candidate]:
    """The candidates of a plan that covers these products, by pair; nothing is linked yet unless told otherwise."""
    products = list(products)
    values: dict[str, Any] = {"linked": {}, "present": {item.product_id for item in products}}
    found = find(products, listings, **(values | changes))
    return {(one.product_id, one.listing_id): one for several in found.values() for one in several}


def told(candidate: Candidate) -> dict[str, tuple[str, str, str]]:
    """Its evidence by code: strength, the product's value, the listing's."""
    return {item.code: (item.strength, item.of_product, item.of_listing) for item in candidate.evidence}


def codes(candidate: Candidate) -> list[str]:
    """The codes of its evidence."""
    return [item.code for item in candidate.evidence]
