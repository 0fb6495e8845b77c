"""What waiting costs: CPU, memory and ticks of `etsy-pipeline up` with shops that do nothing; and how soon it answers.

    python bench/idle.py                      100 shops, five minutes
    python bench/idle.py --shops 1000 --seconds 120

Nothing is asked of Etsy or Medusa while it waits. Then some syncs are asked for, and the seconds are counted until
their runs have started; these runs fail, as there is no Medusa. Linux only: it reads /proc.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from processes import Tree, dagsters_rows, everything_up, used

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.sync.request import request_sync

DAY = 86_400
WARM_UP = 90  # seconds in which the code has been loaded, and the partitions of all shops are there


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--requests", type=int, default=8, help="syncs to ask for")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "ETSY_PIPELINE_HOME": str(folder / ".etsy_pipeline"),
            "MEDUSA_URL": "http://127.0.0.1:9", "MEDUSA_API_KEY": "sk_none", "MEDUSA_AMOUNT_UNIT": "major",
            "MEDUSA_PATIENCE_SECONDS": "0",
            "ETSY_CLIENT_ID": "none", "ETSY_SHARED_SECRET": "none", "ETSY_API_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        account_ids = list(_accounts(given.shops))
        with everything_up(folder) as tree:
            time.sleep(WARM_UP)
            _wait(folder, tree, given.shops, given.seconds)
            waited = [_until_started(folder, account_ids[number]) for number in range(given.requests)]
    print(f"request → run: median {median(waited):.1f} s, longest {max(waited):.1f} s, of {len(waited)}")


def _wait(folder: Path, tree: Tree, shops: int, seconds: int) -> None:
    ticks, before, started = _ticks(folder), tree.cpu(), time.monotonic()
    time.sleep(seconds)
    after, took = tree.cpu(), time.monotonic() - started
    per_day = (_ticks(folder) - ticks) / took * DAY
    told = f"{used(before, after) / took:.1%} of a core, {tree.memory():.0f} MB, {per_day:,.0f} ticks a day"
    print(f"{shops} shops, {took:.0f} seconds: {told}", flush=True)
    for what in sorted(after):
        print(f"  {what:<40} {(after[what] - before.get(what, 0.0)) / took:6.2%}", flush=True)


def _accounts(shops: int) -> Iterator[str]:
    with closing(wiring.store_of(Settings.load(), upgrade=True)) as store:
        for number in range(shops):
            account = configure.add(store, f"Shop {number}")
            with store.writing() as session:
                accounts.change(session, account.id, shop_id=number + 1, currency_code="USD", is_active=True)
            yield account.id


def _until_started(folder: Path, account_id: str) -> float:
    """Ask for a sync at some moment; the seconds until its run has started."""
    time.sleep(random.uniform(3, 12))  # noqa: S311 - no secret
    with closing(wiring.store_of(Settings.load())) as store:
        job = request_sync(store, account_id, product_ids=None, trigger="cli")
    asked = time.time()
    sql = """SELECT runs.start_time FROM runs JOIN run_tags ON run_tags.run_id = runs.run_id
              WHERE run_tags.value = ? AND runs.start_time IS NOT NULL"""
    while time.time() - asked < DAY:
        if found := dagsters_rows(folder, "runs.db", sql, job.transaction_id):
            return float(found[0][0]) - asked
        time.sleep(0.1)
    raise TimeoutError(job.transaction_id)


def _ticks(folder: Path) -> int:
    return int(dagsters_rows(folder, "schedules.db", "SELECT max(id) FROM job_ticks")[0][0] or 0)


if __name__ == "__main__":
    main()
