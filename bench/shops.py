"""Many small shops, planned and published by Dagster: time, CPU and memory, and what a thousand shops would need.

    python bench/shops.py                     100 shops with 12 products each: plans
    python bench/shops.py --shops 20 --publish

All of `etsy-pipeline up` runs, with a local Etsy and a sample Medusa in another process. A plan is asked for every shop
at once, as the daily sync does; the measure is taken when the last one is drawn up. With `--publish` all are approved
then, and the measure is taken again when the last one is published. How long each shop waited tells how fair that is.
Linux only: it reads /proc.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from processes import Tree, everything_up, used

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.sandbox.medusa.app import DATA
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import OVER, SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync

PRODUCTS = 12
A_THOUSAND, CORES = 1000, 2
WARM_UP = 20  # seconds


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--publish", action="store_true", help="publish the plans, too")
    parser.add_argument("--local-etsy", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.local_etsy is not None:
        _be_the_local_etsy(given.local_etsy, given.shops)
        return
    with tempfile.TemporaryDirectory() as name, _local_etsy(Path(name), given.shops) as beside:
        os.environ |= {"ETSY_PIPELINE_HOME": str(Path(name) / ".etsy_pipeline")}
        with closing(wiring.store_of(Settings.load(), upgrade=True)) as store:
            account_ids = [_connected(store, number + 1) for number in range(given.shops)]
            with everything_up(Path(name)) as tree:
                time.sleep(WARM_UP)
                asked: list[str] = []
                with _measured("planned", asked, store, tree, beside):
                    requests = (request_sync(store, one, product_ids=None, trigger="schedule") for one in account_ids)
                    asked.extend(request.transaction_id for request in requests)
                if given.publish:
                    with _measured("published", asked, store, tree, beside):
                        for one in asked:
                            approvals.approve(store, one, decided_by="bench", through="cli", amount_unit="major")


@contextmanager
def _measured(what: str, asked: list[str], store: Store, tree: Tree, beside: Tree) -> Iterator[None]:
    """What it takes until nothing of what is asked for in the block is to be done any more."""
    before, others, started = tree.cpu(), beside.cpu(), time.monotonic()
    yield
    done, memory = dict[str, float](), tree.memory()
    while len(done) < len(asked):
        time.sleep(1)
        memory = max(memory, tree.memory())
        open_ones = [one for one in asked if one not in done]
        over = [one for one in open_ones if queries.job(store, one).state in {SyncState.PLANNED, *OVER}]
        done |= dict.fromkeys(over, time.monotonic() - started)
        print(f"\r{len(asked) - len(done)} to go ", end="", file=sys.stderr, flush=True)
    states = Counter(queries.job(store, one).state.value for one in asked)
    _tell(what, done, states, memory, used(others, beside.cpu()) / len(asked), before, tree.cpu())


def _tell(
    what: str, done: dict[str, float], states: Counter[str], memory: float, of_others: float,
    before: Mapping[str, float], after: Mapping[str, float],
) -> None:  # fmt: skip
    seconds, count, waited = max(done.values()), len(done), sorted(done.values())
    of_them = used(before, after) / count
    load = ", ".join(f"{one:.0f}" for one in os.getloadavg())
    print(f"\r{count} shops of {PRODUCTS} products {what}: {seconds:.0f} s, {memory:.0f} MB at most, {dict(states)}")
    print(f"half of the shops after {median(waited):.0f} s, the first one after {waited[0]:.0f} s; load {load}")
    print(f"CPU seconds a shop: {of_them:.2f}; of the local Etsy and Medusa beside it {of_others:.2f}")
    for process in sorted(after):
        print(f"  {process:<40} {(after[process] - before.get(process, 0.0)) / count:6.2f}")
    alone, measured = of_them * A_THOUSAND / CORES / 60, A_THOUSAND * seconds / count / 60
    print(f"{A_THOUSAND} shops: {alone:.1f} minutes of {CORES} cores that do nothing else; {measured:.1f} as measured")


def _connected(store: Store, number: int) -> str:
    settings = Settings.load()
    account, oauth = configure.add(store, f"Shop {number}"), wiring.oauth_of(settings)
    code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, number))
    connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
    first = (shops.FIRST_SHOP + number - 1) * 10 + 1
    ids = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), first)
    wanted = [product["id"] for product in json.loads(gzip.decompress(DATA.read_bytes()))[:PRODUCTS]]
    configure.configure(store, account.id, ids | {"selection": {"product_ids": wanted}})
    return account.id


@contextmanager
def _local_etsy(folder: Path, count: int) -> Iterator[Tree]:
    """Run this file as the local Etsy, with the environment pointing at it."""
    command = [sys.executable, __file__, "--local-etsy", str(folder / "sandbox.db"), "--shops", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None:
            raise AssertionError("unreachable: a pipe was asked for")
        try:
            os.environ |= json.loads(child.stdout.readline())
            yield Tree(child.pid)
        finally:
            child.communicate()  # the end of its input ends it


def _be_the_local_etsy(state: Path, count: int) -> None:
    """With so many shops that sell in dollars, and the pace of a commercial app, until the input ends."""
    shops.SAMPLES = tuple(shops.Sample(f"Shop{one}", "", "US", "USD", is_eu=False) for one in range(count))
    options = SandboxOptions(state_path=state, requests_per_second=200, requests_per_day=10_000_000, shops=count)
    with Sandbox(options) as running:
        print(json.dumps(running.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
