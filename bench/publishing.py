"""How close to Etsy's limits we publish, and what keeping to them costs. Over real HTTP against the sandbox.

    python bench/publishing.py [--seconds 30] [--calls 500] [--database-url postgresql://…]

Prints calls made ÷ calls permitted at 5 and 10 calls a second, with one and two processes that share the API key
(goal: at least 0.97, no 429), and, where the limit is far away, the time of our calls ÷ that of a bare httpx loop
(goal: at most 1.25). Then calls per product for each kind of change, the time of a whole publication ÷ that of a bare
loop of as many calls (goal: at most 1.25), and the most memory that publishing so many unchanged products took.
"""

import argparse
import hashlib
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
from PIL import Image

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.etsy.pictures import Picture, PictureSource
from etsy_pipeline.etsy.requests import create_form, inventory_body
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync_jobs import decide
from etsy_pipeline.sync_jobs.draw_up import draw_up_plan

START_IN_SECONDS = 6.0  # until all processes have imported what they need
WARM_UP_SECONDS = 2.0  # the first second allows a burst, and a new limit has to be learned
FAR_AWAY = 1000  # calls a second
ROUNDS = 5
TOO_MANY = 429


@contextmanager
def a_connected_shop(database_url: str | None) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox, the environment pointing at it, and an account that is connected to it."""
    with tempfile.TemporaryDirectory() as folder:
        options = SandboxOptions(state_path=Path(folder) / "sandbox.db", requests_per_day=1_000_000)
        with Sandbox(options) as sandbox:
            os.environ |= sandbox.environment() | {"ETSY_PIPELINE_HOME": folder}
            if database_url:
                os.environ |= {"ETSY_PIPELINE_DATABASE_URL": database_url, "ETSY_PIPELINE_SECRET_KEY": new_key()}
            settings = Settings.load()
            with closing(wiring.store_of(settings, upgrade=True)) as store:
                account, oauth = configure.add(store, "Bench"), wiring.oauth_of(settings)
                code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, 1))
                connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
            yield sandbox, account.id


@contextmanager
def the_shops_client(account_id: str) -> Iterator[EtsyClient]:
    """The client as a publisher has it."""
    settings = Settings.load()
    with (
        closing(wiring.store_of(settings)) as store,
        closing(wiring.shop_client(settings, store, account_id)) as client,
    ):
        yield client


def call_until(account_id: str, start_at: float, end_at: float) -> None:
    """One process: call as fast as the limiter allows."""
    with the_shops_client(account_id) as client:
        time.sleep(max(0.0, start_at - time.time()))
        while time.time() < end_at:
            client.get_me()


def made_of_permitted(sandbox: Sandbox, account_id: str, per_second: int, processes: int, seconds: float) -> None:
    """Print one line of the first table."""
    set_limit(sandbox, per_second)
    start_at = time.time() + START_IN_SECONDS
    end_at = start_at + WARM_UP_SECONDS + seconds
    command = [sys.executable, __file__, "--child", account_id, str(start_at), str(end_at)]
    for child in [subprocess.Popen(command) for _ in range(processes)]:
        if child.wait() != 0:
            raise SystemExit("a process failed")
    since = start_at + WARM_UP_SECONDS
    statuses = [
        row["status"] for row in sandbox.state.rows("SELECT * FROM request_log WHERE at >= ? AND at < ?", since, end_at)
    ]
    refused, permitted = statuses.count(TOO_MANY), per_second * seconds
    made = len(statuses) - refused
    share = f"{made:>5} of {permitted:>5.0f}  {made / permitted:.3f}"
    print(f"{per_second:>4}/s  {processes} processes  {share}  {refused} × 429")


def cost_of_a_call(sandbox: Sandbox, account_id: str, calls: int) -> None:
    """Print how long our calls take, and bare ones, in turns so that both meet the same machine."""
    set_limit(sandbox, FAR_AWAY)
    url = f"{sandbox.etsy_url}/v3/application/users/me"
    with the_shops_client(account_id) as client, httpx.Client() as bare:
        client.get_me()  # learns the limit, and has a valid token
        headers = {
            "x-api-key": f"{sandbox.client_id}:{sandbox.shared_secret}",
            "authorization": f"Bearer {a_token(account_id)}",
        }
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds_of(lambda: bare.get(url, headers=headers).raise_for_status().json(), calls))
            ours.append(seconds_of(client.get_me, calls))
    mine, bare_seconds = statistics.median(ours) / calls, statistics.median(theirs) / calls
    both = f"ours {mine * 1000:.2f} ms a call, bare httpx {bare_seconds * 1000:.2f} ms"
    print(f"{FAR_AWAY}/s  {both}: {mine / bare_seconds:.2f}")


def a_token(account_id: str) -> str:
    """The account's access token."""
    settings = Settings.load()
    with closing(wiring.store_of(settings)) as store:
        return wiring.tokens_of(settings, store, account_id).access_token()


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
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "PNG")
        return Picture(buffer.getvalue(), "thing.png", hashlib.sha256(url.encode()).hexdigest())


def publish_all(store: Store, client: EtsyClient, account_id: str, products: Iterable[ValidatedListing]) -> float:
    """Plan, approve and publish; the seconds that publishing took."""
    job = draw_up_plan(
        store, account_id=account_id, transaction_id=None, trigger="cli", validated=products, covers_selection=False,
        amount_unit="major", snapshot_ref="", run_id="bench", live_of=client.live_listings,
    )  # fmt: skip
    decide.approve(store, job.transaction_id, decided_by="bench", through="cli", amount_unit="major")
    started = time.perf_counter()
    found = publish(store, client, OnePicture(), job.transaction_id, amount_unit="major", run_id="bench")
    if found.failed_count or found.status != "completed":
        raise SystemExit(f"{found.status}: {found.error_log}")
    return time.perf_counter() - started


def whole_publications(sandbox: Sandbox, account_id: str, products: int, unchanged: int) -> None:
    """Print calls per product, time against a bare loop, and memory."""
    set_limit(sandbox, FAR_AWAY)
    settings = Settings.load()
    kinds = {
        "new, 2 pictures, variations": {},
        "unchanged": {},
        "price only": {"price": "21"},
        "text only": {"price": "21", "text": ", better"},
        "one more picture": {"price": "21", "text": ", better", "images": 3},
    }
    first_seconds = per_call = 0.0
    with closing(wiring.store_of(settings)) as store, the_shops_client(account_id) as client:
        for kind, changes in kinds.items():
            before = Counter(row["operation"] for row in sandbox.state.rows("SELECT operation FROM request_log"))
            made_up = [a_bench_listing(number, **changes) for number in range(products)]  # type: ignore[arg-type]
            seconds = publish_all(store, client, account_id, made_up)
            after = Counter(row["operation"] for row in sandbox.state.rows("SELECT operation FROM request_log"))
            calls = after - before
            reads = sum(count for name, count in calls.items() if name.startswith("get"))
            writes = (sum(calls.values()) - reads) / products
            print(f"{kind:<28} {writes:.2f} calls a product, {reads} batched reads (with the plan's), {seconds:.1f} s")
            if not first_seconds:
                first_seconds, per_call = seconds, seconds / max(1, sum(calls.values()))
        bare = bare_seconds(sandbox, account_id, products)
        print(
            f"new: {first_seconds:.1f} s, a bare httpx loop of the same calls {bare:.1f} s: {first_seconds / bare:.2f}"
        )
        print(f"({per_call * 1000:.1f} ms a call, all included)")
    for count in (unchanged // 10, unchanged):
        made = (ValidatedListing(f"skip_{number:06}", "", None, (), "not for sale") for number in range(count))
        with closing(wiring.store_of(settings)) as store, the_shops_client(account_id) as client:
            publish_all(store, client, account_id, made)
        print(f"{count} products: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")


def bare_seconds(sandbox: Sandbox, account_id: str, products: int) -> float:
    """The same calls of new products, with nothing around them."""
    api = f"{sandbox.etsy_url}/v3/application"
    key = f"{sandbox.client_id}:{sandbox.shared_secret}"
    headers = {"x-api-key": key, "authorization": f"Bearer {a_token(account_id)}"}
    shop_id, picture = 51_000_001, OnePicture().fetch("x").content
    with httpx.Client(headers=headers) as bare:
        started = time.perf_counter()
        for number in range(products):
            listing = a_bench_listing(number + 10**6).listing
            if listing is None:
                continue
            form = create_form(listing, reference="bench")
            made = bare.post(f"{api}/shops/{shop_id}/listings", data=form).raise_for_status().json()
            path = f"shops/{shop_id}/listings/{made['listing_id']}"
            for rank in (1, 2):
                files, fields = {"image": ("x.png", picture)}, {"rank": str(rank), "overwrite": "true"}
                bare.post(f"{api}/{path}/images", data=fields, files=files).raise_for_status()
            body = inventory_body(listing.inventory, readiness_state_id=listing.readiness_state_id)
            bare.put(f"{api}/listings/{made['listing_id']}/inventory", json=body).raise_for_status()
            bare.patch(f"{api}/{path}", data={"description": "x", "state": "active"}).raise_for_status()
        return time.perf_counter() - started


def set_limit(sandbox: Sandbox, per_second: int) -> None:
    """What the local Etsy allows from now on."""
    httpx.post(f"{sandbox.etsy_url}/sandbox/limits", json={"per_second": per_second}).raise_for_status()


def main() -> None:
    """The command."""
    if sys.argv[1:2] == ["--child"]:
        call_until(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement; 0 leaves the first table out")
    parser.add_argument("--calls", type=int, default=500, help="in each round of the second table")
    parser.add_argument("--products", type=int, default=100, help="of the publications")
    parser.add_argument("--unchanged", type=int, default=10_000, help="products of the last publication")
    parser.add_argument("--database-url", help="default: SQLite")
    given = parser.parse_args()
    with a_connected_shop(given.database_url) as (sandbox, account_id):
        print("limit   processes    made of permitted")
        for per_second in (5, 10) if given.seconds else ():
            for processes in (1, 2):
                made_of_permitted(sandbox, account_id, per_second, processes, given.seconds)
        cost_of_a_call(sandbox, account_id, given.calls)
        whole_publications(sandbox, account_id, given.products, given.unchanged)


if __name__ == "__main__":
    main()
