"""Pictures of variations in Etsy's words (LISTING_EXTRAS §1): what its answers tell, and what it takes."""

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

from etsy_pipeline.etsy.errors import EtsyRefused
from etsy_pipeline.planning.link import VariationLink
from etsy_pipeline.providers.errors import LinkedPictureGone
from etsy_pipeline.providers.protocols import ValueIds

Json = Mapping[str, Any]

_PICTURE_GONE = re.compile(r"image id \d+ is invalid")  # FACTS §7: what an inventory is refused with, too


def value_ids_of(inventory: Json) -> ValueIds:
    """The shop's id of each value of each property, as an inventory tells them: not what was sent."""
    return {
        (int(item["property_id"]), unescape(str(value))): int(number)
        for product in inventory.get("products") or ()
        for item in product.get("property_values") or ()
        for number, value in zip(item.get("value_ids") or (), item.get("values") or (), strict=False)
    }


def links_of(results: Iterable[Json], names: Mapping[tuple[int, int], str]) -> list[VariationLink]:
    """The links that an answer tells; `names` are of values that it does not name (the document lets it)."""
    return [
        VariationLink(
            int(item["property_id"]),
            unescape(str(item["value"]))
            if item.get("value") is not None
            else names.get((int(item["property_id"]), int(item["value_id"])), ""),
            int(item["image_id"]),
        )
        for item in results
    ]


def links_body(links: Iterable[VariationLink], value_ids: ValueIds) -> dict[str, Any]:
    """The JSON of updateVariationImages: three ids each, and nothing else (#436)."""
    return {
        "variation_images": [
            {
                "property_id": link.property_id,
                "value_id": value_ids[link.property_id, link.value],
                "image_id": link.image_id,
            }
            for link in links
        ]
    }


def linked_picture_gone(refusal: EtsyRefused) -> LinkedPictureGone | None:
    """What a refusal of an inventory means, where it is about the picture of a variation; else None."""
    if not (refusal.is_invalid and _PICTURE_GONE.search(refusal.words)):
        return None
    return LinkedPictureGone(refusal.message, code=refusal.code, hint=refusal.hint, is_invalid=True)
