"""A small world for tests: a sandbox, a store, and a shop that is connected to it by the real OAuth code."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount

HTTP = httpx.Client(timeout=30, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
"""One client for all control calls: reading certificate authorities would cost more than a call."""


@dataclass(frozen=True)
class World:
    """A running sandbox with the settings that point at it."""

    sandbox: Sandbox

    @property
    def settings(self) -> Settings:
        """Settings as the environment would give them."""
        values = {name.lower(): value for name, value in self.sandbox.environment().items()}
        return Settings.load(**values)

    def connected(self, store: Store, *, shop: int = 1, **choices: Any) -> EtsyAccount:
        """An account that is connected to the n-th sample shop, with its profiles chosen."""
        account = configure.add(store, f"Shop {shop}")
        oauth = wiring.oauth_of(self.settings)
        code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, shop))
        connect.finish(store, oauth, wiring.client_for(self.settings, store), code=code, state=state)
        first = (51_000_000 + shop) * 10 + 1
        ids = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), first)
        configure.configure(store, account.id, ids | choices)
        return account

    def etsy(self, method: str, path: str, body: Any = None) -> Any:
        """A control route of the local Etsy."""
        return HTTP.request(method, f"{self.sandbox.etsy_url}/sandbox/{path}", json=body).json()

    def medusa(self, method: str, path: str, body: Any = None) -> Any:
        """A control route of the sample Medusa."""
        return HTTP.request(method, f"{self.sandbox.medusa_url}/sandbox/{path}", json=body).json()

    def calls(self) -> dict[str, int]:
        """How often each of Etsy's operations was called."""
        found: dict[str, int] = self.etsy("GET", "state")["calls"]
        return found

    def listings(self) -> list[dict[str, Any]]:
        """All listings on the local Etsy."""
        found: list[dict[str, Any]] = self.etsy("GET", "state")["listings"]
        return found

    def keep_only(self, *product_ids: str) -> None:
        """Delete all products but these from the sample Medusa."""
        state = self.sandbox.state
        marks = ",".join("?" * len(product_ids))
        state.run(f"DELETE FROM medusa_product WHERE id NOT IN ({marks})", *product_ids)  # noqa: S608 - question marks

    def usd_prices(self, product_id: str) -> dict[str, float]:
        """What a product's variants cost in Medusa, by variant id."""
        row = self.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
        assert row is not None
        variants = json.loads(row["data"])["variants"]
        return {
            variant["id"]: price["amount"]
            for variant in variants
            for price in variant["prices"]
            if price["currency_code"] == "usd" and not price.get("price_rules")
        }

    def product_ids(self, *cases: str) -> list[str]:
        """Products by their seed case: what is special about them."""
        sql = "SELECT id FROM medusa_product WHERE json_extract(data, '$.metadata.seed_case') = ? ORDER BY id"
        return [row["id"] for case in cases for row in self.sandbox.state.rows(sql, case)]


@contextmanager
def a_world(folder: Path, *, per_second: int = 1000, per_day: int = 1_000_000) -> Iterator[World]:
    """Start a sandbox with its state in a folder; generous limits unless told otherwise."""
    options = SandboxOptions(state_path=folder / "sandbox.db", requests_per_second=per_second, requests_per_day=per_day)
    with Sandbox(options) as sandbox:
        yield World(sandbox)
