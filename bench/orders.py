"""A day of many sales on Etsy, booked in Medusa: seconds, calls to both, what became of each order. Over real HTTP.

    python bench/orders.py [--receipts 5000] [--mode stock orders] [--mixed] [--database-url postgresql://…]

The receipts lie on the local Etsy when the first look begins; looks go on until nothing is left to do. With --mixed
5 % of them are canceled between the looks, and of 2 % nobody can tell what was sold. The first table is the whole day,
the second what Medusa was asked, by kind; then Medusa's own tables tell how often each order is booked there. Etsy's
and Medusa's servers are one process beside this one; the seconds of a real Medusa are its answers' (`calls` × what one
takes), those of Etsy pages of a hundred.
"""

import argparse
import logging
import random
import re
import time
from collections import Counter
from contextlib import closing
from typing import Any

import httpx
from publishing import FAR_AWAY, OnePicture
from shop import Shop, a_connected_shop

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.orders.rounds import look
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.publishing.source import source_of
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.scan import ensure_fresh
from etsy_pipeline.store import accounts, receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader

PIECES = 990  # of each variant, about (equal ones share one figure on Etsy); Etsy takes no more than 999
FIRST_ID = 510_000_011
QUOTA = 5_000  # calls a day, of a new key
CANCELED, UNMATCHED = 0.05, 0.02
MOST_LOOKS = 10
ALIKE = 10
BOOKED = {
    "stock": "SELECT description, count(*) FROM medusa_reservation "
    "WHERE deleted_at IS NULL AND description LIKE 'etsy:%' GROUP BY 1",
    "orders": "SELECT json_extract(data, '$.metadata.etsy_receipt') AS receipt, count(*) FROM medusa_order "
    "WHERE receipt IS NOT NULL AND NOT is_draft AND json_extract(data, '$.status') <> 'canceled' GROUP BY 1",
}
"""What stands in Medusa for one line, or one order, on Etsy, and how often."""
MODES: dict[str, dict[str, Any]] = {
    "stock": {"orders.mode": "stock"},
    "orders": {
        "orders.mode": "orders", "orders.region_id": "reg_sandbox_etsy",
        "orders.sales_channel_id": "sc_01M83WW4980JFKG0FS3QAZPGM0", "orders.shipping_option_id": "so_sandbox_standard",
    },
}  # fmt: skip

Json = dict[str, Any]


class Medusa:
    """The sample Medusa's control routes, and a count of what its API is asked by us."""

    def __init__(self) -> None:
        self._http = httpx.Client(base_url=f"{Settings.load().medusa_url}/sandbox/", timeout=60)
        self.calls: Counter[str] = Counter()
        self._count("get", lambda what, _query: f"GET {what}")
        self._count("send", lambda method, path, _body=None: f"{method} {re.sub('[a-z]+_[0-9]{20,}', 'ID', path)}")

    def control(self, method: str, path: str, body: Json | None = None) -> Any:
        """A control route."""
        return self._http.request(method, path, json=body).raise_for_status().json()

    def _count(self, name: str, told: Any) -> None:
        act = getattr(AdminApi, name)

        def counting(api: AdminApi, *said: Any) -> Any:
            self.calls[told(*said)] += 1
            return act(api, *said)

        setattr(AdminApi, name, counting)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receipts", type=int, default=5_000)
    parser.add_argument("--mode", nargs="+", choices=tuple(MODES), default=tuple(MODES))
    parser.add_argument("--mixed", action="store_true", help="some are canceled, of some nobody knows what was sold")
    parser.add_argument("--database-url", help="default: SQLite")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    for mode in given.mode:
        with a_connected_shop(given.database_url) as shop:
            a_day(shop, mode, given.receipts, is_mixed=given.mixed)


def a_day(shop: Shop, mode: str, count: int, *, is_mixed: bool) -> None:
    """Print what a day of so many orders takes in a mode."""
    shop.allow(FAR_AWAY)
    with closing(wiring.store_of(Settings.load())) as store:
        medusa, settings = Medusa(), Settings.load()
        open_shop(shop, store, medusa, mode)
        sold = buyers_buy(shop, count, is_mixed=is_mixed)
        medusa.calls.clear()
        before, started, looks = shop.calls(), time.perf_counter(), 0
        with store.reading() as session:
            sold_from = settings_of(accounts.get(session, shop.account_id)).sold_from
        for looks in range(1, MOST_LOOKS + 1):
            with (
                closing(wiring.receipt_client(settings, store, shop.account_id)) as client,
                closing(wiring.reservations_of(settings, sold_from)) as reservations,
            ):
                found = look(store, client, reservations, shop.account_id, at_once=True)
            if found.problems:
                raise SystemExit(f"a look had problems: {found.problems}")
            if looks == 1:
                in_first = time.perf_counter() - started
            if is_mixed and looks == 1:
                some_are_canceled(sold)
            elif not found.imported.new + found.imported.changed and not found.orders.get("open"):
                break
        seconds = time.perf_counter() - started
        calls = sum((shop.calls() - before).values())
        tell(store, shop, mode, count, looks)
        print(f"  {seconds:.0f} s, {in_first:.0f} s of them the first look: {count / in_first:.0f} orders a second")
        print(f"  {calls} calls to Etsy of the {QUOTA} of a day; {sum(medusa.calls.values())} to Medusa:")
        for kind, made in medusa.calls.most_common():
            print(f"    {made:>7} {kind}")
        booked = Counter(times for _, times in shop.rows(BOOKED[mode]))
        print("  booked in Medusa: " + ", ".join(f"{number} {times} times" for times, number in sorted(booked.items())))


def tell(store: Store, shop: Shop, mode: str, count: int, looks: int) -> None:
    """Print what became of the orders."""
    with store.reading() as session:
        orders, lines = receipts.counts(session, shop.account_id), sales.counts(session, shop.account_id)
    told = [", ".join(f"{number} {state}" for state, number in sorted(some.items())) for some in (orders, lines)]
    print(f"mode {mode}: {count} orders, {looks} looks; orders: {told[0]}; lines: {told[1]}", flush=True)


def open_shop(shop: Shop, store: Store, medusa: Medusa, mode: str) -> None:
    """A few products with many pieces, published; and the shop reads orders from now on."""
    settings, account_id = Settings.load(), shop.account_id
    with closing(wiring.catalogue_of(settings)) as catalogue:
        for page in catalogue.pages(Selection()):
            for product in page.products:
                is_kept = (product.metadata or {}).get("seed_case") == "clean"
                if not is_kept:
                    medusa.control("DELETE", f"products/{product.id}")
                for number, variant in enumerate(product.variants if is_kept else ()):
                    medusa.control("PUT", f"levels/{variant.id}", {"stocked": PIECES - number})
    first = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), FIRST_ID)
    configure.configure(store, account_id, first)
    publish_everything(shop, store)
    configure.configure(store, account_id, {"orders.since": "2020-01-01T00:00:00Z", **MODES[mode]})
    oauth = wiring.oauth_of(settings)
    code, state = code_from_redirect(grant(connect.start(store, oauth, account_id).location, 1))
    connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)


def publish_everything(shop: Shop, store: Store) -> None:
    """What Medusa has is on Etsy."""
    settings = Settings.load()
    with store.reading() as session:
        account = accounts.get(session, shop.account_id)
    with shop.client() as client, closing(wiring.catalogue_of(settings)) as catalogue:
        listings = ProductListings(settings_of(account), lambda: shop_reader(client, account, "major", None))
        products = [item for page in catalogue.pages(Selection(), prices_at=store.now()) for item in page.products]
        job = build_plan(
            store, account_id=account.id, transaction_id=None, trigger="cli", validated=list(listings.of(products)),
            identified=lambda: map(identified, listings.of(products)), covers_selection=True, amount_unit="major",
            look_through=lambda: ensure_fresh(store, client, account.id), live_of=client.live_listings,
            run_id=f"bench {time.time()}",
        )  # fmt: skip
        approvals.approve(store, job.transaction_id, decided_by="bench", through="cli", amount_unit="major")
        found = publish(
            store, client, OnePicture(), job.transaction_id, amount_unit="major", run_id="bench",
            source=source_of(catalogue, Selection(), listings, store.now),
        )  # fmt: skip
    if found.failed_count:
        raise SystemExit(f"{found.state}: {found.error_log}")


def buyers_buy(shop: Shop, count: int, *, is_mixed: bool) -> list[int]:
    """So many orders of one line each, all of today; their numbers."""
    dice, url = random.Random(count), f"{shop.api.partition('/v3/')[0]}/sandbox"  # noqa: S311 - no secret
    query = (
        "SELECT listing_id, sku FROM inventory_product JOIN listing USING (listing_id) "
        "WHERE state = 'active' AND is_enabled ORDER BY 1, 2"
    )
    offered, made = shop.rows(query), list[int]()
    with httpx.Client(timeout=600) as http:
        while len(made) < count:
            listing_id, sku = offered[len(made) // ALIKE % len(offered)]
            order: Json = {"lines": [{"listing_id": listing_id, "sku": sku}], "shipping": 4.5, "tax": 1.3}
            order |= {"bad": "listing"} if is_mixed and dice.random() < UNMATCHED else {}
            order["count"] = min(ALIKE, count - len(made))
            answer = http.post(f"{url}/receipts", json=order).json()
            if "error" in answer:
                raise SystemExit(f"the local Etsy does not sell: {answer['error']}")
            made += answer["receipt_ids"]
    return made


def some_are_canceled(sold: list[int]) -> None:
    """Some are canceled, and no time stamp tells of it."""
    dice, url = random.Random(len(sold)), Settings.load().etsy_api_url  # noqa: S311 - no secret
    with httpx.Client(timeout=60) as http:
        for receipt_id in dice.sample(sold, int(len(sold) * CANCELED)):
            http.post(f"{url}/sandbox/receipts/{receipt_id}/cancel", json={}).raise_for_status()


if __name__ == "__main__":
    main()
