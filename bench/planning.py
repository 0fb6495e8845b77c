"""From a snapshot in Parquet to a plan in SQLite: seconds, products a second, peak memory, ratio to a JSON pass.

    python bench/planning.py                  1,000, 10,000 and 100,000 products, each in a process of its own
    python bench/planning.py --sizes 5000 --again    … and then a second plan, when everything is published already

The work is the pipeline's own: frames of 500 rows, rules, mapping, validated listings to a snapshot with its
fingerprint and, proved by it, back; items, digest. The measure of comparison reads the same Parquet and passes each
product through orjson (loads and dumps) once.

CPU seconds are those of all processes together: they say more where other programs keep the machine busy. Memory is
the most of the process that plans and, beside it, the sum of the most of those that validate for it (Linux's VmHWM: its
`ru_maxrss` of a child begins with what the parent had).
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.product import Category, Option, Product, Variant
from etsy_pipeline.listings.codec import from_json, identified_from_json
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.orchestration.frames import SNAPSHOT_SCHEMA, VALIDATED_SCHEMA
from etsy_pipeline.orchestration.validation import Validation
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.snapshots.folder import Folder
from etsy_pipeline.store import accounts, clock, seen_listings
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.records import Snapshot
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.product_listings import ProductListings

SIZES = (1_000, 10_000, 100_000)
ROWS_AT_ONCE = 500
WORDS = [
    "stoneware", "linen", "walnut", "brass", "cotton", "mug", "bowl", "scarf", "print", "ring", "gift", "rustic",
    "modern", "small", "large", "handmade", "thrown", "glazed", "woven", "carved", "for", "the", "home", "kitchen",
]  # fmt: skip
# Medusa's admin has a plain text box for descriptions; a third of them hold HTML nevertheless
PLAIN = "Each piece is made to order in our studio & packed without plastic.\n\n- About {} cm\n- Wipe clean\n\n"
HTML = (
    "<p>Each piece is <b>made to order</b> in our studio &amp; packed.</p><ul><li>About {} cm</li><li>Clean</li></ul>"
)
HTML_SHARE, DRAFT_SHARE = 0.33, 0.03
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
# processes that validate import what the program itself is, but for Dagster's: so this one has no file
AS_DAGSTER_DOES = "import sys; sys.path.insert(0, sys.argv.pop(1)); import planning; planning.main()"


class _KnownShop:
    """Stands for the reader of Etsy: a shop of which nothing has to be asked."""

    currency_code = "USD"

    def __init__(self) -> None:
        self._shop = Shop(self.currency_code, "major", datetime.now(UTC).year, taxonomy_ids=frozenset({891}))

    def shop(self, categories: Sequence[int], *, needs_country: bool) -> Shop:
        del categories, needs_country
        return self._shop


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--again", action="store_true", help="also plan again with every product published")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(_measure(given.one, again=given.again)))
        return
    heads = f"{'products':>9} {'seconds':>8} {'CPU s':>7} {'per s':>7} {'MB':>5} {'and MB':>7}"
    print(f"{heads} {'JSON pass':>10} {'ratio':>6}   stages (CPU s)")
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes:
            file = Path(folder) / f"{size}.parquet"
            write_snapshot(file, size)
            again = ["--again"] if given.again else []
            command = [sys.executable, "-c", AS_DAGSTER_DOES, str(Path(__file__).parent), "--one", str(file), *again]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            seconds, floor = found["seconds"], _json_pass(file)
            stages = ", ".join(f"{name} {value:.1f}" for name, value in found["stages"].items())
            print(
                f"{size:>9,} {seconds:>8.2f} {found['cpu_seconds']:>7.1f} {size / seconds:>7,.0f} {found['mb']:>5.0f} "
                f"{found['mb_of_others']:>7.0f} {floor:>10.2f} {found['cpu_seconds'] / floor:>6.1f}   {stages}",
                flush=True,
            )


def _measure(snapshot: Path, *, again: bool) -> dict[str, Any]:
    stages: dict[str, float] = {}
    of_others: dict[int, float] = {}
    threading.Thread(target=_watch, args=(of_others,), daemon=True).start()
    place = Folder(snapshot.parent / "snapshots")
    with closing(a_store(snapshot.parent / f"{snapshot.stem}.db")) as store:
        account_id = an_account(store)
        started, cpu = time.perf_counter(), _cpu_seconds()
        validated = validate(store, place, account_id, snapshot)
        stages["validate"] = _cpu_seconds() - cpu
        plan(store, place, account_id, validated)
        seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds() - cpu
        stages["plan"] = cpu_seconds - stages["validate"]
        if again:
            _publish_all(store)
            for name in ("plan again", "and again"):
                cpu = _cpu_seconds()
                plan(store, place, account_id, validated)
                stages[name] = _cpu_seconds() - cpu
    used = {"mb": _most_mb(os.getpid()), "mb_of_others": sum(of_others.values())}
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "stages": stages, **used}


def _watch(most: dict[int, float]) -> None:
    """Note the memory of the processes that validate, as long as they are there."""
    while True:
        for child in multiprocessing.active_children():
            pid = child.pid or 0
            most[pid] = max(most.get(pid, 0.0), _most_mb(pid))
        time.sleep(0.2)


def _most_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it is over
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def _cpu_seconds() -> float:
    """Of this process, and of its children that are over."""
    used = [resource.getrusage(who) for who in WHOSE]
    return sum(item.ru_utime + item.ru_stime for item in used)


def validate(store: Store, place: Folder, account_id: str, snapshot: Path) -> Snapshot:
    """Validate a snapshot's products, as the asset does."""
    with store.reading() as session:
        settings = accounts.settings_of(accounts.get(session, account_id))
    listings = ProductListings(settings, _KnownShop)  # type: ignore[arg-type] # has the method that is used
    whose = {"asset": "validated_listings", "partition": account_id, "run_id": "bench"}
    with (
        keeping.writing(store, place, **whose, made_from=None) as draft,
        pq.ParquetWriter(draft.file, VALIDATED_SCHEMA, compression="zstd") as writer,
    ):
        for found in Validation().frames(frames_of(snapshot), listings):
            writer.write_table(pa.Table.from_pandas(found, schema=VALIDATED_SCHEMA, preserve_index=False))
            draft.rows += len(found)
    if draft.snapshot is None:
        raise AssertionError("it was written")
    return draft.snapshot


def plan(store: Store, place: Folder, account_id: str, validated: Snapshot) -> None:
    """Draw up a plan, as the asset does."""
    with keeping.reading(place, validated, proved=True):
        pass

    def column(name: str) -> Iterator[str]:
        with keeping.reading(place, validated) as file, pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE, columns=[name]):
                yield from batch.column(0).to_pylist()

    build_plan(
        store, account_id=account_id, transaction_id=None, trigger="ui", validated=map(from_json, column("validated")),
        identified=lambda: map(identified_from_json, column("identified")), covers_selection=True,
        amount_unit="major", run_id=f"bench {time.time()}", live_of=lambda _: {},
        look_through=lambda: _look_through(store, account_id),
    )  # fmt: skip


def _look_through(store: Store, account_id: str) -> None:
    """As if somebody had, and there was nothing."""
    with store.writing() as session:
        now = clock.now(session)
        seen_listings.finish(session, seen_listings.begin(session, account_id, now), now=now, calls=6, counts={})


def _publish_all(store: Store) -> None:
    """Links as after a publication of everything, without Etsy."""
    sql = """INSERT OR REPLACE INTO product_etsy_link (product_id, etsy_account_id, product_title, sync_status,
                                            etsy_listing_id, listing_state, wanted_state, published, updated_at)
             SELECT product_id, etsy_account_id, product_title, 'synced', 1000000 + position, 'active', 'active',
                    desired, CURRENT_TIMESTAMP
               FROM sync_item JOIN etsy_sync_job ON etsy_sync_job.id = sync_item.sync_job_id WHERE action = 'create'"""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(sql)


def _json_pass(snapshot: Path) -> float:
    started = time.perf_counter()
    for frame in frames_of(snapshot):
        for text in frame["product"]:
            orjson.dumps(orjson.loads(text))
    return time.perf_counter() - started


def frames_of(file: Path) -> Iterator[pd.DataFrame]:
    """The rows of a file, by frames."""
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE):
            yield batch.to_pandas()


def a_store(file: Path) -> Store:
    """Books of their own."""
    return open_store(f"sqlite:///{file}", TokenCipher(new_key()), upgrade=True)


def an_account(store: Store) -> str:
    """A shop that was connected, by its id."""
    account = configure.add(store, "Bench")
    profiles = {"shipping_profile": 1, "return_policy": 2, "processing_profile": 3, "default_taxonomy_id": 891}
    configure.configure(store, account.id, profiles)
    with store.writing() as session:
        accounts.change(session, account.id, shop_id=1, currency_code="USD", is_active=True)
    return account.id


def write_snapshot(file: Path, size: int) -> None:
    """So many products, always the same ones."""
    dice = random.Random(size)  # noqa: S311 - no secret
    with pq.ParquetWriter(file, SNAPSHOT_SCHEMA, compression="zstd") as writer:
        for start in range(0, size, ROWS_AT_ONCE):
            rows = [_row(_product(number, dice)) for number in range(start, min(start + ROWS_AT_ONCE, size))]
            writer.write_table(pa.Table.from_pylist(rows, schema=SNAPSHOT_SCHEMA))


def _row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.id, "title": product.title, "status": product.status, "variants": len(product.variants),
        "content_hash": "", "problem_code": "", "problem": "", "product": product.model_dump_json(),
        "covers_selection": True,
    }  # fmt: skip


def _product(number: int, dice: random.Random) -> Product:
    """A product as shops have them: one to twelve variants, tags, pictures, odd ones among them."""
    sizes = ("S", "M", "L", "XL")[: dice.randint(1, 4)]
    colors = ("Oatmeal", "Sage", "Ink")[: dice.randint(1, 3)]
    price = dice.randint(900, 9000)
    variants = [
        Variant.model_validate(
            {
                "id": f"variant_{number}_{size}_{color}", "sku": f"SKU-{number}-{size}-{color}",
                "options": {"Size": size, "Color": color}, "available": dice.randint(0, 40),
                "prices": {"USD": f"{price + step * 100}e-2", "EUR": f"{price}e-2"},
            }
        )
        for step, size in enumerate(sizes)
        for color in colors
    ]  # fmt: skip
    return Product.model_validate(
        {
            "id": f"prod_{number:08}", "handle": f"product-{number}",
            "title": " ".join(dice.choices(WORDS, k=9)).title(),
            "description": (HTML if dice.random() < HTML_SHARE else PLAIN).format(number) * dice.randint(1, 6),
            "status": "draft" if dice.random() < DRAFT_SHARE else "published",
            "material": "Stoneware", "weight": dice.randint(50, 900),
            "image_urls": tuple(f"https://shop.test/{number}/{rank}.jpg" for rank in range(dice.randint(0, 8))),
            "tags": tuple(dict.fromkeys(dice.choices(WORDS, k=dice.randint(3, 15)))),
            "categories": (Category(id="pcat_1", name="Home"),),
            "options": (Option(title="Size", values=sizes), Option(title="Color", values=colors)),
            "variants": variants,
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
