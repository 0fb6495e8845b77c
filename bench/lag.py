"""How long a sale takes to the other side, with Dagster really running: seconds, median and 95th percentile.

    python bench/lag.py [--sales 20] [--every 8] [--ways webhooks polling] [--database-url postgresql://…]

Starts a local Etsy, a sample Medusa and `etsy-pipeline up`, sells on both sides in turn, and waits until each sale is
on the other side: a reservation in Medusa, a lower quantity on Etsy. Printed are the seconds from the sale, and those
from the moment at which we knew of it (goals: 60 s median, 120 s at the 95th percentile). With `webhooks` both sides
tell of each sale at once; with `polling` nobody tells of anything. The load of the machine is printed, too: each sale
takes one or two runs of Dagster.
"""

import argparse
import base64
import hashlib
import hmac
import json
import math
import os
import secrets
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from processes import free_port
from shop import STATE, Shop, a_connected_shop

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs, medusa_changes, sales
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.request import request_sync

PROJECT = Path(__file__).parents[1]
PIECES = 300  # of each variant: enough for all sales
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 900
GOALS = {"median": 60, "95th percentile": 120}  # seconds
BEGAN = "2020-01-01T00:00:00Z"
PROFILES = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), 510_000_011)
ITEM = "inventory-item"  # kind of a change that the look at Medusa's stock finds

Side = Literal["Etsy", "Medusa"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant that both sides sell."""

    id: str
    sku: str
    item_id: str
    listing_id: int


@dataclass(slots=True)
class Sale:
    """A sale, and when we knew of it and the other side had it (seconds since the epoch)."""

    side: Side
    variant: Variant
    at: float
    number: int = 0  # of the transaction on Etsy
    goal: int = 0  # the quantity on Etsy that it comes to
    known_at: float | None = None
    there_at: float | None = None


@dataclass
class Market:
    """Both shops, and the one that is between them."""

    shop: Shop
    store: Store
    api_url: str
    secrets: Mapping[str, str]
    variants: list[Variant] = field(default_factory=list)

    def etsy(self, method: str, path: str, body: Json | None = None) -> Any:
        """A control route of the local Etsy."""
        return _asked(method, f"{os.environ['ETSY_API_URL']}/sandbox/{path}", body)

    def medusa(self, method: str, path: str, body: Json | None = None) -> Any:
        """A control route of the sample Medusa."""
        return _asked(method, f"{os.environ['MEDUSA_URL']}/sandbox/{path}", body)

    def quantities(self, listing_ids: Iterable[int]) -> dict[tuple[int, str], int]:
        """What is for sale on Etsy of these listings, by listing and SKU."""
        return {
            (listing_id, product["sku"]): product["offerings"][0]["quantity"]
            for listing_id in set(listing_ids)
            for product in self.etsy("GET", f"listings/{listing_id}")["inventory"]["products"]
        }

    def sell(self, side: Side, variant: Variant, goal: int, *, tells: bool) -> Sale:
        """One piece is sold; with `tells` the shop's own server says so at once."""
        sale = Sale(side, variant, time.time(), goal=goal)
        if side == "Etsy":
            line = {"listing_id": variant.listing_id, "quantity": 1, "sku": variant.sku}
            sale.number = self.etsy("POST", "receipts", {"lines": [line]})["transaction_ids"][0]
            if tells:
                self.etsy("POST", "webhooks/deliver", {})
            return sale
        self.medusa("POST", "orders", {"variant_id": variant.id, "quantity": 1})
        if tells:
            self._tell({"event": "inventory.inventory-level.updated", "ids": [f"ilev_{secrets.token_hex(4)}"]})
            sale.known_at = time.time()
        return sale

    def look(self, waiting: list[Sale]) -> None:
        """Note of these sales what happened since the last look."""
        held = {row["description"] for row in self.medusa("GET", "reservations")["reservations"]}
        quantities = self.quantities(sale.variant.listing_id for sale in waiting if sale.side == "Medusa")
        now = time.time()
        with self.store.reading() as session:
            changed = {item.id for item in medusa_changes.of_kinds(session, (ITEM,))}
            kept = [
                line for state in ("waiting", "booked") for line in sales.in_state(session, self.shop.account_id, state)
            ]
        seen = {line.transaction_id: line.seen_at.timestamp() for line in kept}
        for sale in waiting:
            if sale.side == "Etsy":
                sale.known_at = seen.get(sale.number)
                is_there = f"etsy:{self.shop.account_id}:{sale.number}" in held
            else:
                is_known = sale.variant.item_id in changed
                sale.known_at = sale.known_at or (now if is_known else None)
                is_there = quantities[sale.variant.listing_id, sale.variant.sku] <= sale.goal
            sale.there_at = now if is_there else None

    def _tell(self, event: Json) -> None:
        """As the subscriber of docs/stock-both-ways.md does."""
        body, at, name = json.dumps(event), str(int(time.time())), secrets.token_hex(8)
        key = base64.b64decode(self.secrets["MEDUSA_WEBHOOK_SECRET"].removeprefix("whsec_"))
        mac = base64.b64encode(hmac.digest(key, f"{name}.{at}.{body}".encode(), hashlib.sha256)).decode()
        headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{mac}"}
        httpx.post(f"{self.api_url}/webhooks/medusa", content=body, headers=headers).raise_for_status()


def _asked(method: str, url: str, body: Json | None) -> Any:
    answer = httpx.request(method, url, json=body, timeout=30).json()
    if "error" in answer:
        raise SystemExit(f"{method} {url}: {answer['error']}")
    return answer


def measure(market: Market, count: int, every: float, *, tells: bool) -> list[Sale]:
    """Sell so often on each side, one every few seconds, and wait until all of it is on the other one."""
    half = len(market.variants) // 2
    goals, made = market.quantities(item.listing_id for item in market.variants), list[Sale]()
    waiting, next_at, deadline = list[Sale](), time.time(), time.time() + PATIENCE_SECONDS + 2 * count * every
    while len(made) < 2 * count or waiting:
        if time.time() > deadline:
            raise SystemExit(f"{len(waiting)} sales did not get to the other side: {waiting}")
        if len(made) < 2 * count and time.time() >= next_at:
            number, next_at = len(made), next_at + every
            side: Side = "Medusa" if number % 2 else "Etsy"
            variant = market.variants[number // 2 % half + (half if number % 2 else 0)]
            place = variant.listing_id, variant.sku
            goals[place] -= 1
            made.append(market.sell(side, variant, goals[place], tells=tells))
            waiting.append(made[-1])
        market.look(waiting)
        waiting = [sale for sale in waiting if sale.there_at is None]
        time.sleep(LOOK_SECONDS)
    return made


def tell(way: str, made: list[Sale]) -> None:
    """Print what it came to."""
    for side, other in (("Etsy", "Medusa"), ("Medusa", "Etsy")):
        of_side = [sale for sale in made if sale.side == side]
        whole = [(sale.there_at or 0) - sale.at for sale in of_side]
        known = [(sale.there_at or 0) - (sale.known_at or sale.there_at or 0) for sale in of_side]
        for what, found in (("sold", whole), ("known", known)):
            found.sort()
            middle, late = statistics.median(found), found[math.ceil(0.95 * len(found)) - 1]
            is_good = what == "sold" or (middle <= GOALS["median"] and late <= GOALS["95th percentile"])
            print(
                f"{way:<9} {side:>6} → {other:<6} since it was {what:<5} median {middle:6.1f} s, 95th {late:6.1f} s, "
                f"most {found[-1]:6.1f} s ({len(found)} sales){'' if is_good else '  MISSED'}",
                flush=True,
            )


@contextmanager
def a_market(database_url: str | None, minutes: Mapping[str, int]) -> Iterator[Market]:
    """Both shops with some products on sale, and `etsy-pipeline up` between them."""
    with a_connected_shop(database_url) as shop:
        signed = {f"{side}_WEBHOOK_SECRET": _new_secret() for side in ("ETSY", "MEDUSA")}
        os.environ |= signed
        settings, port = Settings.load(), free_port()
        with closing(wiring.store_of(settings)) as store:
            market = Market(shop, store, f"http://127.0.0.1:{port}", signed)
            variants = _few_products(shop)
            for variant_id in variants:
                market.medusa("PUT", f"levels/{variant_id}", {"stocked": PIECES})
            orders = {"orders.mode": "stock", "orders.since": BEGAN, "orders.poll_minutes": minutes["poll"]}
            stock = {"stock_poll_minutes": minutes["stock_poll"], "approval.lower_stock": True}
            configure.configure(store, shop.account_id, PROFILES | orders | stock)
            _connect_again(settings, store, shop.account_id)
            hook = {"url": f"{market.api_url}/webhooks/etsy", "secret": signed["ETSY_WEBHOOK_SECRET"]}
            market.etsy("PUT", "webhooks", hook)
            with _up(shop.folder, port):
                _publish(store, shop.account_id)
                market.variants = _on_both_sides(market, variants)
                yield market


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def _connect_again(settings: Settings, store: Store, account_id: str) -> None:
    oauth = wiring.oauth_of(settings)
    code, state = code_from_redirect(grant(connect.start(store, oauth, account_id).location, 1))
    connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)


def _few_products(shop: Shop) -> dict[str, str]:
    """Leave those that are fine in Medusa; their variants' SKUs by id."""
    kept = dict[str, str]()
    with closing(sqlite3.connect(shop.folder / STATE)) as connection, connection:
        for product_id, data in connection.execute("SELECT id, data FROM medusa_product").fetchall():
            product = json.loads(data)
            if (product.get("metadata") or {}).get("seed_case") == "clean":
                kept |= {variant["id"]: variant["sku"] for variant in product["variants"][:1]}
            else:
                connection.execute("DELETE FROM medusa_product WHERE id = ?", (product_id,))
    return kept


def _publish(store: Store, account_id: str) -> None:
    job = request_sync(store, account_id, product_ids=None, trigger="cli")
    _until(lambda: _state(store, job.transaction_id) is SyncState.PLANNED, "the plan")
    approvals.approve(store, job.transaction_id, decided_by="bench", through="cli", amount_unit="major")
    _until(lambda: _state(store, job.transaction_id) is SyncState.COMPLETED, "the publication")


def _state(store: Store, transaction_id: str) -> SyncState:
    with store.reading() as session:
        return jobs.get(session, transaction_id).state


def _on_both_sides(market: Market, variants: Mapping[str, str]) -> list[Variant]:
    published = [listing["listing_id"] for listing in market.etsy("GET", "state")["listings"]]
    listings = {sku: listing_id for listing_id, sku in market.quantities(published)}
    levels = {variant_id: market.medusa("GET", f"levels/{variant_id}") for variant_id in variants}
    return [
        Variant(variant_id, sku, levels[variant_id]["items"][0]["inventory_item_id"], listings[sku])
        for variant_id, sku in variants.items()
        if sku in listings
    ]


@contextmanager
def _up(folder: Path, port: int) -> Iterator[None]:
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder / name)
    command = [sys.executable, "-m", "etsy_pipeline.cli.main", "up", "--no-sandbox", "--port", str(free_port())]
    command += ["--api-port", str(port)]
    with (folder / "up.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        try:
            _until(lambda: _answers(f"http://127.0.0.1:{port}/health"), "etsy-pipeline up")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come")
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sales", type=int, default=20, help="on each side, each way")
    parser.add_argument("--every", type=float, default=8.0, help="seconds between two sales")
    parser.add_argument("--poll-minutes", type=int, default=6, help="the shop's orders.poll_minutes")
    parser.add_argument("--stock-poll-minutes", type=int, default=1, help="the shop's stock_poll_minutes")
    parser.add_argument("--ways", nargs="+", choices=("webhooks", "polling"), default=["webhooks", "polling"])
    parser.add_argument("--database-url", help="default: SQLite")
    given = parser.parse_args()
    minutes = {"poll": given.poll_minutes, "stock_poll": given.stock_poll_minutes}
    with a_market(given.database_url, minutes) as market:
        for way in given.ways:
            tell(way, measure(market, given.sales, given.every, tells=way == "webhooks"))
        calls = sum(market.shop.calls().values())
        print(f"{calls} calls to Etsy in all; load {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
