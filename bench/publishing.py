"""How close to Etsy's limits we publish, and what keeping to them costs. Over real HTTP against the sandbox.

    python bench/publishing.py [--seconds 30] [--calls 500] [--sizes 60 100 300] [--turns 5] [--products 100]
        [--database-url postgresql://…]

Prints calls made ÷ calls permitted at 5 and 10 calls a second, with one and two processes that share the API key
(goal: at least 0.97, no 429), and, where the limit is far away, the time of our calls ÷ that of a bare httpx loop
(goal: at most 1.25). Then the time of a whole publication ÷ that of a bare loop of the same calls (goal: at most 1.10),
of several sizes in several turns, with answers at once, and further down with answers as slow as over a network: first
the publication, then as many other products by a bare loop, and then the very reads that the publication made, each
turn in a shop without listings, for a publication lists all of them once. Also ÷ the bare loop's writes alone. Calls
per product for each kind of change; and the most memory that publishing many products took. The local Etsy is a
process of its own. What is imported is left out by the collector of garbage, as in runs (`preloaded.py`); the database
is open all the time, as while `etsy-pipeline up` runs: SQLite begins its log anew when nobody has it open, and grows it
slowly.
"""

import argparse
import base64
import functools
import gc
import hashlib
import logging
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self

import httpx
from shop import Shop, a_connected_shop

from etsy_pipeline import wiring
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.requests import create_form, inventory_body
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.scan import ensure_fresh
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan

START_IN_SECONDS = 6.0  # until all processes have imported what they need
WARM_UP_SECONDS = 2.0  # the first second allows a burst, and a new limit has to be learned
FAR_AWAY = 100_000  # calls a second
NETWORK_SECONDS = 0.25  # to Etsy and back, with its work
ROUNDS = 5
HTTPX = logging.getLogger("httpx")
OTHERS = 50_000  # from here are the numbers of products made without us: listings like ours would hold the account
TOO_MANY = 429
PICTURE = base64.b64decode(  # 8 by 8 black PNG
    b"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAADElEQVR42mNgGB4AAADIAAGTvaWOAAAAAElFTkSuQmCC"
)
KINDS: dict[str, dict[str, object]] = {
    "new, 2 pictures, variations": {},
    "unchanged": {},
    "price only": {"price": "21"},
    "text only": {"price": "21", "text": ", better"},
    "one more picture": {"price": "21", "text": ", better", "images": 3},
}


def call_until(shop: Shop, start_at: float, end_at: float) -> None:
    """One process: call as fast as the limiter allows."""
    with shop.client() as client:
        time.sleep(max(0.0, start_at - time.time()))
        while time.time() < end_at:
            client.get_me()


def made_of_permitted(shop: Shop, per_second: int, processes: int, seconds: float) -> None:
    """Print one line of the first table."""
    shop.allow(per_second)
    start_at = time.time() + START_IN_SECONDS
    end_at = start_at + WARM_UP_SECONDS + seconds
    command = [sys.executable, __file__, "--child", str(shop.folder), shop.account_id, str(start_at), str(end_at)]
    for child in [subprocess.Popen(command) for _ in range(processes)]:
        if child.wait() != 0:
            raise SystemExit("a process failed")
    statuses = shop.statuses(start_at + WARM_UP_SECONDS, end_at)
    refused, permitted = statuses.count(TOO_MANY), per_second * seconds
    made = len(statuses) - refused
    share = f"{made:>5} of {permitted:>5.0f}  {made / permitted:.3f}"
    print(f"{per_second:>4}/s  {processes} processes  {share}  {refused} × 429")


def cost_of_a_call(shop: Shop, calls: int) -> None:
    """Print how long our calls take, and bare ones, in turns so that both meet the same machine."""
    shop.allow(FAR_AWAY)
    url = f"{shop.api}/users/me"
    with shop.client() as client, httpx.Client(headers=shop.headers) as bare:
        client.get_me()  # learns the limit, and has a valid token
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds_of(lambda: bare.get(url).raise_for_status().json(), calls))
            ours.append(seconds_of(client.get_me, calls))
    mine, bare_seconds = statistics.median(ours) / calls, statistics.median(theirs) / calls
    both = f"ours {mine * 1000:.2f} ms a call, bare httpx {bare_seconds * 1000:.2f} ms"
    print(f"{FAR_AWAY}/s  {both}: {mine / bare_seconds:.2f}")


def seconds_of(act: Callable[[], object], times: int) -> float:
    """How long doing something so many times takes."""
    started = time.perf_counter()
    for _ in range(times):
        act()
    return time.perf_counter() - started


def a_bench_listing(number: int, *, images: int = 2, text: str = "", price: str = "20") -> ValidatedListing:
    """A product of the benchmark."""
    first = 510_000_011
    pictures = tuple(ListingImage(f"http://pictures.test/{number}/{rank}.png", "A thing") for rank in range(images))
    sizes = tuple(Offering(f"T{number}-{size}", (size,), Decimal(price), 5) for size in ("S", "L"))
    listing = Listing(
        title=f"Thing {number}{text}", description="By hand.", taxonomy_id=891, who_made="i_did",
        when_made="made_to_order", shipping_profile_id=first, return_policy_id=first, readiness_state_id=first,
        currency_code="USD", images=pictures,
        inventory=Inventory(sizes, (VariationProperty(513, "Size"),), sku_on_property=(513,)),
    )  # fmt: skip
    return ValidatedListing(f"prod_{number:05}", listing.title, listing)


class OnePicture(PictureSource):
    """The same picture for every address, without a network."""

    def fetch(self, url: str) -> Picture:
        """A small picture."""
        return Picture(PICTURE, "thing.png", hashlib.sha256(url.encode()).hexdigest())


def publish_all(
    store: Store, client: EtsyClient, shop: Shop, product: Callable[[int], ValidatedListing], numbers: range,
    at_begin: Callable[[], None] = lambda: None,
) -> float:  # fmt: skip
    """Plan, approve and publish the products of these numbers; the seconds that publishing took."""
    job = build_plan(
        store, account_id=shop.account_id, transaction_id=None, trigger="cli", validated=map(product, numbers),
        identified=lambda: map(identified, map(product, numbers)),
        look_through=lambda: ensure_fresh(store, client, shop.account_id),
        covers_selection=False, amount_unit="major", run_id=f"bench {time.time()}", live_of=client.live_listings,
    )  # fmt: skip
    if job.is_over:
        return 0.0
    approvals.approve(store, job.transaction_id, decided_by="bench", through="cli", amount_unit="major")
    at_begin()
    started = time.perf_counter()
    found = publish(
        store, client, OnePicture(), job.transaction_id, amount_unit="major", run_id="bench",
        source=lambda product_ids: {name: product(int(name.removeprefix("prod_"))) for name in product_ids},
    )  # fmt: skip
    if found.state is not SyncState.COMPLETED:
        raise SystemExit(f"{found.state}: {found.error_log}")
    return time.perf_counter() - started


def calls_a_product(shop: Shop, products: int) -> None:
    """Print what each kind of change costs."""
    shop.allow(FAR_AWAY)
    with closing(wiring.store_of(Settings.load())) as store, shop.client() as client:
        for kind, changes in KINDS.items():
            before = shop.calls()
            product = functools.partial(a_bench_listing, **changes)  # type: ignore[arg-type]
            seconds = publish_all(store, client, shop, product, range(products))
            calls = shop.calls() - before
            reads = sum(count for name, count in calls.items() if name.startswith("get"))
            writes = (sum(calls.values()) - reads) / products
            print(f"{kind:<28} {writes:.2f} calls a product, {reads} batched reads (with the plan's), {seconds:.1f} s")


@dataclass(frozen=True, slots=True)
class Turn:
    """How long publishing new products took, and how long a bare loop took for its writes, and for its reads."""

    ours: float
    writes: float
    reads: float

    @property
    def ratio(self) -> float:
        """Ours ÷ a bare loop of the same calls."""
        return self.ours / (self.writes + self.reads)


def against_a_bare_loop(shop: Shop, products: int, first: int, turns: int = 1) -> None:
    """Print the time of publishing new products ÷ that of the same calls with nothing around them, the middle one."""
    found = [a_turn(shop, products, first + turn * products) for turn in range(turns)]
    ours, writes, reads = (statistics.median(getattr(turn, of) for turn in found) for of in ("ours", "writes", "reads"))
    ratios = [turn.ratio for turn in found]
    spread = f" ({min(ratios):.2f} to {max(ratios):.2f} in {turns} turns)" if turns > 1 else ""
    print(f"{products} new products: {ours:.2f} s, a bare httpx loop {writes:.2f} + {reads:.2f} s of reads", end=": ")
    alone = statistics.median(turn.ours / turn.writes for turn in found)
    print(f"{statistics.median(ratios):.2f}{spread}; of its writes alone {alone:.2f}")


def a_turn(shop: Shop, products: int, first: int) -> Turn:
    """Publish new products, and let a bare loop do the same calls."""
    with closing(wiring.store_of(Settings.load())) as store, shop.client() as client, Reads() as reads:
        client.get_me()  # learns the limit, and has a valid token
        ours = publish_all(store, client, shop, a_bench_listing, range(first, first + products), reads.clear)
        urls = tuple(reads.urls)
        others = [a_bench_listing(first + OTHERS + number) for number in range(products)]
        writes = seconds_of(lambda: bare_calls(shop, others), 1)
    turn = Turn(ours, writes, seconds_of(lambda: bare_reads(shop, urls), 1))
    shop.empty()
    return turn


class Reads(logging.Handler):
    """The addresses that anybody reads by httpx within the block, as it logs them."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the address of a read."""
        if isinstance(record.args, tuple) and record.args[0] == "GET":
            self.urls.append(str(record.args[1]))

    def clear(self) -> None:
        """Those until now do not count."""
        self.urls.clear()

    def __enter__(self) -> Self:
        HTTPX.addHandler(self)
        HTTPX.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        HTTPX.removeHandler(self)
        HTTPX.setLevel(logging.NOTSET)


def at_etsys_pace(shop: Shop, products: int, per_second: int) -> None:
    """Print how much of the pace a publication uses, where answers take as long as over a network."""
    shop.allow(per_second)
    with closing(wiring.store_of(Settings.load())) as store, shop.client() as client:
        client.get_me()
        before, started = shop.calls(), time.time()
        seconds = publish_all(store, client, shop, a_bench_listing, range(8 * 10**5, 8 * 10**5 + products))
        calls = sum((shop.calls() - before).values())
        refused = shop.statuses(started, time.time()).count(TOO_MANY)
    share = calls / seconds / per_second
    print(f"at {per_second}/s: {calls} calls in {seconds:.1f} s, {share:.3f} of the pace, {refused} × 429")


def bare_calls(shop: Shop, products: Iterable[ValidatedListing]) -> None:
    """The writes that new products take, one after the other."""
    api, shop_id, picture = shop.api, 51_000_001, OnePicture().fetch("x").content
    with httpx.Client(headers=shop.headers, timeout=30) as bare:
        for listing in (product.listing for product in products):
            if listing is None:
                continue
            form = create_form(listing, reference="bench")
            made = bare.post(f"{api}/shops/{shop_id}/listings", data=form).raise_for_status().json()
            path = f"shops/{shop_id}/listings/{made['listing_id']}"
            for rank in range(1, len(listing.images) + 1):
                files, fields = {"image": ("x.png", picture)}, {"rank": str(rank), "overwrite": "true"}
                bare.post(f"{api}/{path}/images", data=fields, files=files).raise_for_status()
            body = inventory_body(listing.inventory, readiness_state_id=listing.readiness_state_id)
            bare.put(f"{api}/listings/{made['listing_id']}/inventory", json=body).raise_for_status()
            bare.patch(f"{api}/{path}", data={"description": "x", "state": "active"}).raise_for_status()


def bare_reads(shop: Shop, urls: Iterable[str]) -> None:
    """Read these addresses, one after the other."""
    with httpx.Client(headers=shop.headers, timeout=30) as bare:
        for url in urls:
            bare.get(url).raise_for_status().json()


def memory(shop: Shop, most: int) -> None:
    """Print the most memory that publishing so many new products took, and a tenth of them."""
    with closing(wiring.store_of(Settings.load())) as store, shop.client() as client:
        for count in (most // 10, most):
            first = 10**6 + count
            product = functools.partial(a_bench_listing, images=1)
            seconds = publish_all(store, client, shop, product, range(first, first + count))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{count} published: {peak} MB at most, {seconds:.0f} s")


def main() -> None:
    """The command."""
    if sys.argv[1:2] == ["--child"]:
        folder, account_id, start_at, end_at = sys.argv[2:]
        call_until(Shop(Path(folder), account_id), float(start_at), float(end_at))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement; 0 leaves the first table out")
    parser.add_argument("--calls", type=int, default=500, help="in each round of the second table")
    parser.add_argument("--sizes", type=int, nargs="*", default=[60, 100, 300], help="products against a bare loop")
    parser.add_argument("--turns", type=int, default=5, help="of each size")
    parser.add_argument("--products", type=int, default=100, help="of the other publications")
    parser.add_argument("--most", type=int, default=0, help="products of the publication whose memory is measured")
    parser.add_argument("--database-url", help="default: SQLite")
    given = parser.parse_args()
    gc.collect()
    gc.freeze()
    with a_connected_shop(given.database_url) as shop, closing(wiring.store_of(Settings.load())):
        print("limit   processes    made of permitted")
        for per_second in (5, 10) if given.seconds else ():
            for processes in (1, 2):
                made_of_permitted(shop, per_second, processes, given.seconds)
        cost_of_a_call(shop, given.calls)
        for place, size in enumerate(given.sizes, start=1):  # the smallest first: the shop grows
            against_a_bare_loop(shop, size, place * 10**5, given.turns)
        calls_a_product(shop, given.products)
        with shop.answering_after(NETWORK_SECONDS):
            print(f"answers after {NETWORK_SECONDS} s:", end=" ")
            against_a_bare_loop(shop, given.products // 4, 9 * 10**5)
            at_etsys_pace(shop, given.products, per_second=10)
            shop.allow(FAR_AWAY)
        if given.most:
            memory(shop, given.most)


if __name__ == "__main__":
    main()
