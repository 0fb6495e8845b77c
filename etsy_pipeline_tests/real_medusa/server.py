"""A real Medusa's Admin and Store API, asked without this project's code."""

import os
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

URL, KEY = os.environ.get("MEDUSA_URL", "").rstrip("/"), os.environ.get("MEDUSA_API_KEY", "")
PREFIX = "etsy-pipeline-test"  # begins the handle or the name of whatever these tests make
PAGE = 100

Json = dict[str, Any]

ON_DEMAND = pytest.mark.medusa


class Server:
    """One Medusa."""

    def __init__(self, url: str = URL) -> None:
        self._client = httpx.Client(base_url=url, timeout=120)

    def get(self, path: str, **query: Any) -> Json:
        """A question to the Admin API."""
        return self._taken(self._client.get(f"/admin/{path}", params=query, auth=(KEY, "")))

    def post(self, path: str, body: Any = None, **query: Any) -> Json:
        """A change."""
        return self._taken(self._client.post(f"/admin/{path}", json=body or {}, params=query, auth=(KEY, "")))

    def upload(self, name: str, content: bytes) -> str:
        """Keep a picture where Medusa keeps its files; its address."""
        files = {"files": (name, content, "image/jpeg")}
        answer = self._taken(self._client.post("/admin/uploads", files=files, auth=(KEY, "")))
        return str(answer["files"][0]["url"])

    def delete(self, path: str) -> None:
        """Delete one thing."""
        self._taken(self._client.delete(f"/admin/{path}", auth=(KEY, "")))

    def every(self, path: str, fields: str, **query: Any) -> list[Json]:
        """All rows of a list."""
        found: list[Json] = []
        while True:
            page = {"fields": fields, "order": "id", "limit": PAGE, "offset": len(found)}
            answer = self.get(path, **page, **query)
            rows = answer[path.replace("-", "_")]
            found += rows
            if not rows or len(found) >= answer["count"]:
                return found

    def customer_sees(self, product_ids: Sequence[str], region_id: str, publishable_key: str) -> list[Json]:
        """Products as a shop's customer gets them: what they pay, and how many they can buy."""
        fields = "id,title,description,thumbnail,images.url,variants.id,variants.sku,variants.manage_inventory"
        fields += ",variants.allow_backorder,+variants.inventory_quantity,*variants.calculated_price,*variants.options"
        found: list[Json] = []
        for start in range(0, len(product_ids), PAGE // 4):
            query = {"id[]": list(product_ids[start : start + PAGE // 4]), "region_id": region_id, "fields": fields}
            headers = {"x-publishable-api-key": publishable_key}
            answer = self._client.get("/store/products", params=query, headers=headers)
            found += self._taken(answer)["products"]
        return found

    def _taken(self, answer: httpx.Response) -> Json:
        assert answer.is_success, (
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
        )
        found: Json = answer.json()
        return found
