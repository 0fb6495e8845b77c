"""How soon the pages of a large plan come: the first time since the API was started, and later. Over real HTTP.

    python bench/review.py                    a plan of 20,000 products
    python bench/review.py --products 1000

The plan is drawn up as bench/planning.py does. `etsy-pipeline api` runs in another process, started anew for each page;
another page was asked for before, so that the start of Python and of the templates is not counted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from planning import a_store, an_account, plan, validate, write_snapshot
from processes import free_port, until_up

from etsy_pipeline.snapshots.folder import Folder

TIMES = 10
PAGES = {
    "what changes": "",
    "its last page": "offset={last}",
    "cannot be published": "show=invalid",
    "everything": "show=all",
    "search of a title": "q=walnut+bowl",
    "search of an id": "q=prod_00010000",
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=20_000)
    count = parser.parse_args().products
    print(f"{'page':<22} {'first, ms':>10} {'median, ms':>11} {'KB':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        transaction_id = draw_up(folder, count)
        for page, query in PAGES.items():
            first, *others, size = asked(f"/review/{transaction_id}?{query.format(last=count * 9 // 10)}")
            print(f"{page:<22} {first:>10.0f} {statistics.median(others):>11.0f} {size / 1024:>6.0f}", flush=True)


def draw_up(folder: Path, count: int) -> str:
    """A plan that waits to be approved; its transaction."""
    home = folder / ".etsy_pipeline"
    home.mkdir()
    write_snapshot(folder / "products.parquet", count)
    with closing(a_store(home / "etsy_pipeline.db")) as store:
        account_id, place = an_account(store), Folder(folder / "snapshots")
        plan(store, place, account_id, validate(store, place, account_id, folder / "products.parquet"))
        with store.engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT transaction_id FROM etsy_sync_job").scalar_one())


def asked(path: str) -> list[float]:
    """Milliseconds of each answer, the first one first; at the end the page's bytes."""
    with the_api() as address, httpx.Client(base_url=address, timeout=60) as browser:
        browser.get("/review/activity").raise_for_status()
        taken = []
        for _ in range(1 + TIMES):
            started = time.perf_counter()
            answer = browser.get(path)
            taken.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
        return [*taken, len(answer.content)]


@contextmanager
def the_api() -> Iterator[str]:
    """`etsy-pipeline api` in this folder; its address."""
    port = free_port()
    command = [sys.executable, "-m", "etsy_pipeline.cli.main", "api", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_up(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
