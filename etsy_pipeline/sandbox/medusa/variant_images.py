"""Pictures of single variants, as Medusa 2.21.2 answers them (LISTING_EXTRAS §1, measured).

An image of a stored product may have `variants`, the ids of those that it is assigned to. A variant's `images` are
those that are assigned to it and all that are assigned to none, in no order of their ranks.
"""

from typing import Any

from etsy_pipeline.sandbox.medusa.filters import related

SAMPLE = ("variant_images", "Color")
"""The recorded product that has some, by its seed case, and the option whose values they are of."""

Json = dict[str, Any]


def told(product: Json) -> Json:
    """The product with what each of its variants says of pictures."""
    images = related(product, "images")
    for variant in related(product, "variants"):
        variant.setdefault("thumbnail", None)
        variant.setdefault("metadata", None)
        if "images" not in variant:
            of_variant = [
                image for image in images if variant.get("id") in (image.get("variants") or [variant.get("id")])
            ]
            variant["images"] = sorted(of_variant, key=lambda image: str(image.get("id")), reverse=True)
    return product


def assign_sample(product: Json) -> Json:
    """The sample: its first picture is of all variants, each other one of those with a value."""
    case, option = SAMPLE
    if (product.get("metadata") or {}).get("seed_case") != case:
        return product
    values = [value["value"] for item in product["options"] if item["title"] == option for value in item["values"]]
    for image, value in zip(product["images"][1:], values, strict=False):
        image["variants"] = [
            variant["id"] for variant in product["variants"] if value in {item["value"] for item in variant["options"]}
        ]
    return product
