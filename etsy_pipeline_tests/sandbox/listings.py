"""Listings on the local Etsy, as a client without this project's code would make them."""

import io
from typing import Any

import httpx
from PIL import Image

from etsy_pipeline_tests.sandbox.conftest import PROFILE, SHOP, Etsy

READINESS = f"/shops/{SHOP}/readiness-state-definitions"


def a_picture(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(buffer, kind)
    return buffer.getvalue()


def upload(etsy: Etsy, listing_id: int, rank: int = 1, content: bytes | None = None, **fields: str) -> httpx.Response:
    files = {"image": ("mug.jpg", a_picture() if content is None else content)}
    path = f"/shops/{SHOP}/listings/{listing_id}/images"
    return etsy("POST", path, files=files, data={"rank": str(rank), **fields})


def images_of(etsy: Etsy, listing_id: int) -> list[int]:
    return [item["listing_image_id"] for item in etsy("GET", f"/listings/{listing_id}/images").json()["results"]]


def inventory_of(*sizes: str, price: float = 10.0, **changes: Any) -> dict[str, Any]:
    def product(size: str) -> dict[str, Any]:
        value = {"property_id": 513, "property_name": "Size", "value_ids": [], "values": [size]}
        offering = {"price": price, "quantity": 2, "is_enabled": True, "readiness_state_id": PROFILE}
        return {"sku": "", "property_values": [value], "offerings": [offering]}

    axes: dict[str, list[int]] = {"price_on_property": [], "quantity_on_property": [], "sku_on_property": []}
    return {"products": [product(size) for size in sizes], **axes, **changes}


def put_inventory(etsy: Etsy, listing_id: int, body: dict[str, Any], **query: str) -> httpx.Response:
    return etsy("PUT", f"/listings/{listing_id}/inventory", json=body, params=query)
