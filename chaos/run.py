"""Publishes a catalogue to the local Etsy while everything goes wrong, and then looks for what is not as approved.

    python chaos/run.py [--seeds 3] [--kills 100] [--products 200] [--database postgresql] [--lanes]
    python chaos/run.py --orders [--mode stock] [--seeds 3] [--kills 100] [--database postgresql]

Run it as a script, from the top folder: its parts lie beside it, and `python -m chaos.run` finds none of them.

For each seed: plan, approve, and publish in a process (at times in two at once) that is killed with SIGKILL at random
instants and started again until it is done, while the local Etsy has random faults; then the catalogue changes, and so
on until there were so many kills. After each season every listing is compared with the plan and with our books. Ends
with status 1 if anything was there twice, lost, different, or not in the books. Waits are in fast-forward: both clocks
move, little is waited.

With --orders buyers buy and cancel on Etsy and in Medusa, the owner counts, plans are drawn up and published, and
importers and publishers are killed together; half of each seed's kills in mode `stock`, half in mode `orders`. Medusa
loses calls of every kind, and at times takes no bookings for a while. When it is quiet again, both shops and our books
are compared with a ledger of what buyers and the owner did.
"""

import argparse
import functools
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from children import in_a_process
from ledger import judge as judge_trade
from ledger import watch
from market import Market
from place import a_postgresql, a_sandbox, warm_up
from publishers import connected, publish_a_season
from storm import Storm
from traders import MODES, Trading
from traders import connected as connected_trader
from trading import calm, trade
from verdict import KINDS, judge
from weather import Weather

from etsy_pipeline.store.encryption import new_key

Run = Callable[[str | None], dict[str, list[str]]]

SEASONS = 4  # at least, with an equal share of the kills each: one of creates, then changes


def run_seed(seed: int, kills: int, products: int, database_url: str | None, *, lanes: bool) -> dict[str, list[str]]:
    """One seed from an empty shop on; what is wrong in the end."""
    with tempfile.TemporaryDirectory() as name, a_sandbox(Path(name)) as environment:
        _point_at(environment, name, database_url)
        storm = Storm(seed, Path(name), products, environment["ETSY_API_URL"], lanes)
        number, started = 0, time.monotonic()
        storm.account_id = in_a_process(storm, connected)
        while True:
            publish_a_season(storm, number, min(kills, kills * (number + 1) // SEASONS))
            place = storm.folder / "sandbox.db"
            found = in_a_process(storm, functools.partial(judge, storm.account_id, place, products, number, storm.sold))
            number += 1
            if (number >= SEASONS and storm.kills >= kills) or any(found.values()):
                break
        calls = sum(storm.control("GET", "state")["calls"].values())
    told = ", ".join(f"{len(found[kind])} {kind}" for kind in KINDS)
    trouble = ", ".join(
        f"{code} {count}" for code, count in sorted(storm.counts.items()) if code not in {"syncs", "rivals", "beside"}
    )
    seconds = time.monotonic() - started
    print(
        f"seed {seed}: {products} products, {number} seasons, {storm.counts['syncs']} syncs, {storm.kills} kills, "
        f"{storm.counts['rivals']} rivals, {storm.counts['beside']} beside, "
        f"{calls} calls, {seconds:.0f} s: {told}. Failed and synced again: {trouble or 'none'}",
        flush=True,
    )
    return found


def run_orders(seed: int, kills: int, products: int, mode: str, database_url: str | None) -> dict[str, list[str]]:
    """One seed of the storm of orders, from an empty shop on; what is wrong in the end."""
    with tempfile.TemporaryDirectory() as name, a_sandbox(Path(name)) as environment:
        _point_at(environment, name, database_url)
        storm = Trading(seed, Path(name), 0, environment["ETSY_API_URL"], mode=mode)
        place, started = storm.folder / "sandbox.db", time.monotonic()
        medusa_url = environment["MEDUSA_URL"]
        market = Market(place, storm.etsy_url, medusa_url, storm.dice, Weather(medusa_url, storm.dice, mode))
        market.open(products)
        watch(place)
        storm.account_id = in_a_process(storm, functools.partial(connected_trader, storm))
        trade(storm, market, kills)
        writes = calm(storm, market)
        judged = functools.partial(judge_trade, market, storm.account_id, mode, storm.began, writes)
        found: dict[str, list[str]] = in_a_process(storm, judged)
        calls = sum(storm.control("GET", "state")["calls"].values())
    told = ", ".join(f"{len(items)} {kind}" for kind, items in found.items())
    happened = ", ".join(f"{count} {what}" for what, count in sorted(market.counts.items()))
    syncs, both, seconds = storm.counts.pop("syncs"), storm.counts.pop("with a publisher"), time.monotonic() - started
    trouble = ", ".join(f"{code} {count}" for code, count in sorted(storm.counts.items())) or "none"
    print(
        f"seed {seed}, mode {mode}: {storm.kills} kills ({both} with a publisher), {happened}, {syncs} syncs, "
        f"{calls} calls, {seconds:.0f} s: {told}. Failed and synced again: {trouble}. {market.weather.told()}",
        flush=True,
    )
    return found


def _point_at(environment: dict[str, str], folder: str, database_url: str | None) -> None:
    os.environ |= environment | {"ETSY_PIPELINE_HOME": folder, "ETSY_PIPELINE_SECRET_KEY": new_key()}
    os.environ["ETSY_PIPELINE_FENCE"] = "off"
    if database_url:
        os.environ["ETSY_PIPELINE_DATABASE_URL"] = database_url


def run_all(given: argparse.Namespace, seed: int) -> bool:
    """One seed on the chosen database; whether nothing was wrong."""
    runs: list[Run] = []
    if given.orders:
        kills = -(-given.kills // len(given.mode))
        runs += [functools.partial(run_orders, seed, kills, given.products, mode) for mode in given.mode]
    else:
        runs.append(functools.partial(run_seed, seed, given.kills, given.products, lanes=given.lanes))
    is_clean = True
    for run in runs:
        with a_postgresql() if given.database == "postgresql" else nullcontext() as database_url:
            found = run(database_url)
        for kind, items in found.items():
            for item in items[:20]:
                print(f"  {kind}: {item}")
        is_clean = is_clean and not any(found.values())
    return is_clean


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100, help="at least, for each seed")
    parser.add_argument("--products", type=int, default=200, help="at most; of the storm of orders there are ten")
    parser.add_argument("--lanes", action="store_true", help="a sync of the stock lane beside each season's own")
    parser.add_argument("--orders", action="store_true", help="both shops sell; importers and publishers are killed")
    parser.add_argument("--mode", nargs="+", choices=tuple(MODES), default=tuple(MODES), help="of the storm of orders")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # faults are many
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder))
        is_clean = all(run_all(given, seed) for seed in range(given.first_seed, given.first_seed + given.seeds))
    print("clean" if is_clean else "NOT CLEAN")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
