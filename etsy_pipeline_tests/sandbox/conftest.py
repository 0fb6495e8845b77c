"""A sandbox for a whole module, and a client that speaks plain HTTP to it: nothing of ours stands between."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from etsy_pipeline.sandbox.server import Sandbox
from etsy_pipeline_tests.world import PROFILE_ID, SHOP_ID, World, a_world

SHOP, PROFILE = SHOP_ID, PROFILE_ID

GOOD: dict[str, str] = {
    "quantity": "5",
    "title": "Stoneware Mug",
    "description": "Thrown by hand.",
    "price": "29.99",
    "who_made": "i_did",
    "when_made": "made_to_order",
    "is_supply": "false",
    "taxonomy_id": "891",
    "shipping_profile_id": str(PROFILE),
    "return_policy_id": str(PROFILE),
    "readiness_state_id": str(PROFILE),
}

HTTP = httpx.Client(timeout=30)
"""One client for all: making one costs more than a call."""


def control(world: World, method: str, path: str, body: Any = None) -> Any:
    """A control route of the local Etsy."""
    return HTTP.request(method, f"{world.sandbox.etsy_url}/sandbox/{path}", json=body).json()


class Etsy:
    """A seller's session with the local Etsy."""

    def __init__(self, sandbox: Sandbox, scope: str = "listings_r listings_w listings_d shops_r shops_w") -> None:
        self.sandbox = sandbox
        self.key = f"{sandbox.client_id}:{sandbox.shared_secret}"
        state = sandbox.state
        self.token = f"910000001.test-{scope.replace(' ', '-')}"
        state.run("INSERT OR REPLACE INTO token VALUES (?,?,?,?,?,0)", self.token, "access", 910_000_001, scope, 9e12)

    def __call__(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"x-api-key": self.key, "authorization": f"Bearer {self.token}"} | request.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        url = f"{self.sandbox.etsy_url}/v3/application{path}"
        return HTTP.request(method, url, headers=headers, **request)

    def create(self, **changes: str | None) -> httpx.Response:
        form = {name: value for name, value in (GOOD | changes).items() if value is not None}
        return self("POST", f"/shops/{SHOP}/listings", data=form)

    def draft(self, **changes: str | None) -> int:
        answer = self.create(**changes)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        listing_id: int = answer.json()["listing_id"]
        return listing_id

    def patch(self, listing_id: int, **form: str) -> httpx.Response:
        return self("PATCH", f"/shops/{SHOP}/listings/{listing_id}", data=form)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture
def etsy(world: World) -> Iterator[Etsy]:
    yield Etsy(world.sandbox)
    control(world, "DELETE", "faults")
    control(world, "POST", "limits", {"per_second": 1000, "per_day": 1_000_000})
