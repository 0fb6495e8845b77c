"""A small world for tests: a sandbox, a store, and a shop that is connected to it by the real OAuth code."""

import json
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.medusa.app import seed
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.sandbox.state import State
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount

SHOP_ID = 51_000_001
"""The first sample shop."""
PROFILE_ID = SHOP_ID * 10 + 1
"""Its first shipping profile, return policy and processing profile: they have the same id."""

HTTP = httpx.Client(timeout=30, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
"""One client for all control calls: reading certificate authorities would cost more than a call."""


@dataclass(frozen=True)
class World:
    """A running sandbox with the settings that point at it."""

    sandbox: Sandbox

    @property
    def settings(self) -> Settings:
        """Settings as the environment would give them."""
        return self.settings_with()

    def settings_with(self, **more: Any) -> Settings:
        """The same, and others besides."""
        values: dict[str, Any] = {name.lower(): value for name, value in self.sandbox.environment().items()}
        return Settings.load(**(values | more))

    def connected(self, store: Store, *, shop: int = 1, **choices: Any) -> EtsyAccount:
        """An account that is connected to the n-th sample shop, with its profiles chosen."""
        account = configure.add(store, f"Shop {shop}")
        oauth = wiring.oauth_of(self.settings)
        code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, shop))
        connect.finish(store, oauth, wiring.client_for(self.settings, store), code=code, state=state)
        first = PROFILE_ID + 10 * (shop - 1)
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

    def calls_while(self, act: Callable[[], object]) -> dict[str, int]:
        """How often something calls each of them; those that it does not call are left out."""
        before = Counter(self.calls())
        act()
        return dict(Counter(self.calls()) - before)

    def listings(self) -> list[dict[str, Any]]:
        """All listings on the local Etsy."""
        found: list[dict[str, Any]] = self.etsy("GET", "state")["listings"]
        return found

    def buy(self, listing_id: int, quantity: int = 1, *, sku: str | None = None, **order: Any) -> int:
        """A purchase on Etsy; the receipt's id. What else can be said of it: `etsy_pipeline/sandbox/sales.py`."""
        line = {"listing_id": listing_id, "quantity": quantity, "sku": sku}
        line |= {name: order.pop(name) for name in ("values", "personalization", "coupon") if name in order}
        answer = self.etsy("POST", "receipts", {"lines": [line, *order.pop("lines", ())], **order})
        assert "error" not in answer, answer
        return int(answer["receipt_id"])

    def receipt(self, receipt_id: int) -> dict[str, Any]:
        """A receipt as Etsy would answer it now, with `mails`: how often its buyer was written to."""
        found: dict[str, Any] = self.etsy("GET", f"receipts/{receipt_id}")
        assert "error" not in found, found
        return found

    def paid(self, receipt_id: int) -> None:
        """A purchase with `is_paid=False` is paid now."""
        self._happened(receipt_id, "pay")

    def cancel(self, receipt_id: int, **how: Any) -> None:
        """The seller cancels, before or after shipping; `restock=True` puts the pieces back on Etsy."""
        self._happened(receipt_id, "cancel", **how)

    def refund(self, receipt_id: int, amount: float | None = None, **why: Any) -> None:
        """The seller gives money back: all that is left, or a part; nothing moves the receipt's time stamp."""
        self._happened(receipt_id, "refund", amount=amount, **why)

    def shipped(self, receipt_id: int, **parcel: Any) -> None:
        """Shipped in Shop Manager; with `tracking_code` and `carrier_name`, or without a word."""
        self._happened(receipt_id, "ship", **parcel)

    def _happened(self, receipt_id: int, what: str, **how: Any) -> None:
        answer = self.etsy("POST", f"receipts/{receipt_id}/{what}", how)
        assert "error" not in answer, answer

    def selling(self, **settings: Any) -> None:
        """How Etsy treats orders: tracking, addresses, canceled_in_list, … (`sandbox/etsy/receipts.py`)."""
        answer = self.etsy("PATCH", "selling", settings)
        assert "error" not in answer, answer

    def webhook(self, url: str, secret: str) -> None:
        """Where Etsy tells of orders, as set up in its portal."""
        self.etsy("PUT", "webhooks", {"url": url, "secret": secret})

    def delivered(self, times: int = 1, **how: Any) -> list[int]:
        """Etsy tells of what it was not answered 2xx for yet, each so often; `reversed=True`, `again=True` (all)."""
        answer = self.etsy("POST", "webhooks/deliver", {"times": times, **how})
        assert "error" not in answer, answer
        found: list[int] = answer["answers"]
        return found

    def medusa_stock(self, variant_id: str) -> dict[str, int]:
        """What Medusa has of a variant's first inventory item: stocked, reserved, available."""
        found = self.medusa("GET", f"levels/{variant_id}")
        assert "error" not in found, found
        return {name: found[name] for name in ("stocked", "reserved", "available")}

    def restock(self, variant_id: str, stocked: int) -> None:
        """The owner counts: so many pieces of each of the variant's inventory items are there."""
        answer = self.medusa("PUT", f"levels/{variant_id}", {"stocked": stocked})
        assert "error" not in answer, answer

    def medusa_sale(self, variant_id: str, quantity: int = 1) -> str:
        """A sale in Medusa's own shop, which reserves; the order's id."""
        answer = self.medusa("POST", "orders", {"variant_id": variant_id, "quantity": quantity})
        assert "error" not in answer, answer
        return str(answer["order_id"])

    def medusa_sale_ends(self, order_id: str, how: str) -> None:
        """An order of Medusa's own is `canceled` (the pieces are back) or `fulfilled` (they are gone)."""
        answer = self.medusa("POST", f"orders/{order_id}/{how}", {})
        assert "error" not in answer, answer

    def medusa_ships(self, order_id: str, tracking_number: str, tracking_url: str = "") -> None:
        """The owner fulfils an order in Medusa and gives its parcel a label."""
        label = {"tracking_number": tracking_number, "tracking_url": tracking_url}
        answer = self.medusa("POST", f"orders/{order_id}/shipped", label)
        assert "error" not in answer, answer

    def medusa_fault(self, method: str, path: str, kind: str, times: int = 1) -> None:
        """What goes wrong with the next such calls: drop or fail, `_before` or `_after` they act."""
        fault = {"method": method, "path": path, "kind": kind, "times": times}
        assert "error" not in (answer := self.medusa("POST", "faults", fault)), answer

    def reservations(self) -> list[dict[str, Any]]:
        """All reservations in Medusa that stand, ours and its own orders'."""
        found: list[dict[str, Any]] = self.medusa("GET", "reservations")["reservations"]
        return found

    def medusa_orders(self) -> list[dict[str, Any]]:
        """All orders in Medusa, draft orders as well (`is_draft_order`)."""
        found: list[dict[str, Any]] = self.medusa("GET", "orders")["orders"]
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
def a_world(folder: Path, *, per_second: int = 1000, per_day: int = 1_000_000, shops: int = 2) -> Iterator[World]:
    """Start a sandbox with its state in a folder; generous limits unless told otherwise.

    At the end no test waits for the fifth of a second in which its servers stop; the process does.
    """
    path = folder / "sandbox.db"
    if not path.exists():
        path.write_bytes(_with_sample_products())
    sandbox = Sandbox(
        SandboxOptions(state_path=path, requests_per_second=per_second, requests_per_day=per_day, shops=shops)
    )
    sandbox.start()
    try:
        yield World(sandbox)
    finally:
        threading.Thread(target=sandbox.stop).start()


@cache
def _with_sample_products() -> bytes:
    """A state with Medusa's sample products, and nothing else; loading them takes longer than all the rest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sandbox.db"
        state = State(path)
        seed(state)
        state.close()
        return path.read_bytes()
