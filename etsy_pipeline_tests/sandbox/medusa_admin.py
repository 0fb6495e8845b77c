"""The sample Medusa's Admin API as a client without this project's code uses it, and what its tests need of a shop."""

import json
from typing import Any

import httpx

from etsy_pipeline_tests.sandbox.conftest import HTTP
from etsy_pipeline_tests.world import World

REGION, TAXED = "reg_sandbox_etsy", "reg_sandbox_us"
METHOD = {"name": "Etsy", "shipping_option_id": "so_sandbox_standard", "amount": 4.5}
SHOWN = {"fields": "+email,*fulfillments.labels"}

Json = dict[str, Any]


class Admin:
    """A session with the secret key."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        url, auth = f"{self.world.sandbox.medusa_url}/admin/{path}", (self.world.sandbox.medusa_api_key, "")
        return HTTP.request(method, url, json=body, params=query, auth=auth)

    def get(self, path: str, **query: Any) -> Json:
        return self.taken(self("GET", path, **query))

    def post(self, path: str, body: Any = None, **query: Any) -> Json:
        return self.taken(self("POST", path, body, **query))

    def refused(self, path: str, body: Any = None) -> tuple[int, str, str]:
        """(status, type, message) of a write that must not be taken."""
        answer = self("POST", path, body)
        return answer.status_code, answer.json()["type"], answer.json()["message"]

    def taken(self, answer: httpx.Response) -> Json:
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def item(self, variant_id: str, place: int = 0) -> Json:
        """An inventory item of a variant, with its levels."""
        item_id = self.world.medusa("GET", f"levels/{variant_id}")["items"][place]["inventory_item_id"]
        found: Json = self.get(f"inventory-items/{item_id}")["inventory_item"]
        return found

    def place(self, variant_id: str) -> Json:
        """What a reservation or a level of a variant's first item is about."""
        level = self.item(variant_id)["location_levels"][0]
        return {"inventory_item_id": level["inventory_item_id"], "location_id": level["location_id"]}

    def reserve(self, variant_id: str, quantity: int = 1, **more: Any) -> Json:
        found: Json = self.post("reservations", {**self.place(variant_id), "quantity": quantity, **more})["reservation"]
        return found

    def draft(self, *lines: Json, **changes: Any) -> Json:
        body = {"region_id": REGION, "email": "etsy-1@example.org", "items": lines, "shipping_methods": [METHOD]}
        found: Json = self.post("draft-orders", body | changes)["draft_order"]
        return found

    def order(self, *lines: Json, **changes: Any) -> str:
        """A draft order that was converted; its id."""
        draft_id: str = self.draft(*lines, **changes)["id"]
        self.post(f"draft-orders/{draft_id}/convert-to-order")
        return draft_id

    def shown(self, order_id: str) -> Json:
        found: Json = self.get(f"orders/{order_id}", **SHOWN)["order"]
        return found


def variants(world: World, case: str) -> list[Json]:
    """The variants of the first product of a case."""
    (row,) = world.sandbox.state.rows("SELECT data FROM medusa_product WHERE id = ?", world.product_ids(case)[0])
    found: list[Json] = json.loads(row["data"])["variants"]
    return found
