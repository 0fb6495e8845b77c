"""Pulls the plug of workers on several machines, while they plan, publish and import; then looks for what is not right.

    python -m chaos.machines [--seed 1] [--kills 50] [--block 10]

Needs the extra distributed-tests and redis-server. Two Celery workers share databases, a broker and nothing else. Three
shops sync what changes in Medusa all the time, and buyers buy in the first one. Again and again a worker is killed in
the middle of a plan, a publication or a look at orders, and another one is started in its place. After each block of
kills everything may come to rest; then each product has to be there once in each shop, as it was called last, and each
sale has to be booked once. Status 1 if not.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import sales
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.distributed.hosts import missing
from etsy_pipeline_tests.distributed.scene import Scene, a_scene
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again

PRODUCTS = 8
PIECES = 500
MIDDLE_SECONDS = 8.0  # in which a run that was seen is killed
PAUSE_SECONDS = 12.0  # between two kills, at most
NOT_YET = datetime.max.replace(tzinfo=UTC)
LOST_AFTER = 20  # seconds; two minutes would only be waited
CALM_SECONDS = 900.0
KINDS = ("twice", "lost", "differing", "overlapping")
LIKELY = 0.3  # that somebody buys
NAMES = ("Amber", "Birch", "Cedar", "Dune", "Elm", "Fern", "Gold", "Hazel")
A_CALL = 0.4  # seconds that Etsy thinks, so that kills hit the middle of something


@dataclass
class Storm:
    """What has happened so far."""

    scene: Scene
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    syncs: Counter[str] = field(default_factory=Counter)
    receipts: list[int] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    number: int = 0
    calm_since: datetime = NOT_YET

    def begin(self) -> None:
        """The products with names of their own; orders of the first shop come to Medusa; Etsy thinks a while."""
        rows = self.scene.world.sandbox.state.rows("SELECT id FROM medusa_product ORDER BY id")
        self.titles = {row["id"]: f"Oak shelf {NAMES[number]}" for number, row in enumerate(rows)}
        for product_id in self.titles:
            for variant_id in self.scene.world.usd_prices(product_id):
                self.scene.world.restock(variant_id, PIECES)
        self.change_titles()
        shop = self.scene.accounts[0]
        settings = {"orders.mode": "stock", "orders.since": LONG_AGO, "orders.poll_minutes": 1}
        configure.configure(self.scene.store, shop.id, settings)
        connect_again(self.scene.world, self.scene.store, shop.id)

    def rage(self, kills: int) -> None:
        """Kill in the middle of this and that, until there were so many in all."""
        self.calm_since = NOT_YET
        fault = {"operation": "*", "token": "*", "kind": "delay_before", "seconds": A_CALL}
        self.scene.world.etsy("POST", "faults", fault)
        while self.kills["workers"] < kills:
            pause = time.monotonic() + self.dice.uniform(0, PAUSE_SECONDS)
            while time.monotonic() < pause:
                self.work()
                time.sleep(1)
            if self.kill():
                told = f"{dict(self.kills)} syncs {dict(self.syncs)} bought {len(self.receipts)}"
                print(told, booked(self), "booked", sorted(self.scene.overlapping), flush=True)

    def rest(self) -> bool:
        """Nothing is killed and nobody buys any more; whether all came to its end."""
        self.scene.world.etsy("DELETE", "faults")
        self.change_titles()
        self.calm_since = self.scene.store.now()
        return calm(self)

    def work(self) -> None:
        """People ask, approve and buy, wherever something is to be done."""
        for shop in self.scene.accounts:
            job = self.scene.job(self.newest[shop.id]) if shop.id in self.newest else None
            if job is None or job.is_over:
                if job is not None:
                    self.syncs[job.state.value] += 1
                self.change_titles()
                self.newest[shop.id] = self.scene.ask(shop)
            elif job.state is SyncState.PLANNED:
                self.approve(job.transaction_id)
        if self.dice.random() < LIKELY:
            self.buy()

    def approve(self, transaction_id: str) -> None:
        """Somebody looked at a plan; it may have been overtaken meanwhile."""
        try:
            self.scene.approve(transaction_id)
        except Conflict as error:
            self.syncs[error.code] += 1

    def change_titles(self) -> None:
        """All products are called something else from now on."""
        self.number += 1
        for product_id, title in self.titles.items():
            self.scene.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": f"{title} No. {self.number}"}})

    def buy(self) -> None:
        """Somebody buys one piece in the first shop."""
        shop = self.scene.accounts[0]
        mine = [item for item in self.scene.world.listings() if item["shop_id"] == shop.shop_id]
        on_sale = [item["listing_id"] for item in mine if item["state"] == "active"]
        if on_sale:
            self.receipts.append(self.scene.world.buy(self.dice.choice(on_sale)))

    def kill(self) -> bool:
        """Pull the plug of a worker in the middle of something, and start another one; whether anything was lost."""
        at_work = self.at_work()
        kinds = sorted({job for jobs in at_work.values() for job in jobs})
        if not kinds:
            return False
        kind = self.dice.choice(kinds)  # what is rare is hit as often as what is not
        worker = next(name for name, jobs in sorted(at_work.items()) if kind in jobs)
        time.sleep(self.dice.uniform(0, MIDDLE_SECONDS))
        lost = self.at_work().get(worker, [])  # it may have come to its end meanwhile
        self.scene.cluster.host(worker).kill()
        self.kills["workers"] += bool(lost)
        self.kills.update(lost)
        self.scene.cluster.start_worker(worker)
        return bool(lost)

    def at_work(self) -> dict[str, list[str]]:
        """What each worker has in its hands."""
        found: dict[str, list[str]] = {}
        for run in self.scene.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            worker = self.scene.worker_of(run)
            if worker is not None:
                found.setdefault(worker, []).append(run.job_name)
        return found


def calm(storm: Storm) -> bool:
    """Nobody is killed any more, and nobody buys: whether all that was asked for came to its end."""
    deadline, rested = time.monotonic() + CALM_SECONDS, set[str]()
    while time.monotonic() < deadline:
        for shop in storm.scene.accounts:
            job = storm.scene.job(storm.newest[shop.id])
            if job.state is SyncState.PLANNED:
                storm.approve(job.transaction_id)
            elif job.is_over and shop.id not in rested:
                if job.completed_at and job.created_at > storm.calm_since and job.state is not SyncState.FAILED:
                    rested.add(shop.id)
                else:
                    storm.newest[shop.id] = storm.scene.ask(shop)
        if len(rested) == len(storm.scene.accounts) and booked(storm) >= len(storm.receipts):
            return True
        time.sleep(1)
    return False


def booked(storm: Storm) -> int:
    """How many sales are in Medusa, as our books have it."""
    with storm.scene.store.reading() as session:
        return len(sales.in_state(session, storm.scene.accounts[0].id, "booked"))


def judge(storm: Storm) -> dict[str, list[str]]:
    """What is wrong, by kind."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for shop in storm.scene.accounts:
        names = Counter(title.partition(" No. ")[0] for title in storm.scene.titles(shop).elements())
        found["twice"] += [f"{shop.name}: {name} {count} times" for name, count in names.items() if count > 1]
        found["lost"] += [f"{shop.name}: {title}" for title in set(storm.titles.values()) - names.keys()]
        stale = [title for title in storm.scene.titles(shop) if not title.endswith(f" No. {storm.number}")]
        found["differing"] += [f"{shop.name}: {title}" for title in stale]
    pieces = sum(item["quantity"] for item in storm.scene.world.reservations())
    if pieces != len(storm.receipts):
        kind = "twice" if pieces > len(storm.receipts) else "lost"
        found[kind].append(f"{pieces} pieces are reserved, {len(storm.receipts)} were sold")
    found["overlapping"] = sorted(storm.scene.overlapping)
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--block", type=int, default=10, help="kills, after which all is looked at")
    given = parser.parse_args()
    if lacking := missing():
        raise SystemExit(f"needs {', '.join(lacking)}")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        a_scene(Path(folder), lost_after=LOST_AFTER, products=PRODUCTS) as scene,
    ):
        storm = Storm(scene, random.Random(given.seed))
        storm.begin()
        for kills in [*range(given.block, given.kills, given.block), given.kills]:
            storm.rage(kills)
            came_to_rest, found = storm.rest(), judge(storm)
            if not came_to_rest:
                found["lost"].append(f"not everything came to rest within {CALM_SECONDS} seconds")
            told = ", ".join(f"{len(found[kind])} {kind}" for kind in KINDS)
            print(
                f"seed {given.seed}: {dict(storm.kills)} killed, {dict(storm.syncs)} syncs, {len(storm.receipts)} "
                f"sales, {len(scene.too_many)} calls too many, {time.monotonic() - began:.0f} s: {told}",
                flush=True,
            )
            for kind, items in found.items():
                for item in items[:20]:
                    print(f"  {kind}: {item}", flush=True)
            if any(found.values()):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
