"""From a snapshot in Parquet to a plan in SQLite: seconds, products a second, peak memory, ratio to a JSON pass.

    python bench/planning.py                  1,000, 10,000 and 100,000 products, each in a process of its own
    python bench/planning.py --sizes 5000 --again    … and then a second plan, when everything is published already

The work is the pipeline's own: frames of 500 rows, rules, mapping, validated listings to Parquet and back, items,
digest. The measure of comparison reads the same Parquet and passes each product through orjson (loads and dumps) once.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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
from etsy_pipeline.store import accounts, clock, seen_listings
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
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


class _KnownShop:
    """Stands for the reader of Etsy: a shop of which nothing has to be asked."""

    def __init__(self) -> None:
        self._shop = Shop("USD", "major", datetime.now(UTC).year, taxonomy_ids=frozenset({891}))

    def shop(self, categories: Iterator[int]) -> Shop:
        list(categories)
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
    print(f"{'products':>9} {'seconds':>8} {'per s':>7} {'peak MB':>8} {'JSON pass':>10} {'ratio':>6}   stages")
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes:
            file = Path(folder) / f"{size}.parquet"
            _write_snapshot(file, size)
            command = [sys.executable, __file__, "--one", str(file), *(["--again"] if given.again else [])]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            seconds, floor = found["seconds"], _json_pass(file)
            stages = ", ".join(f"{name} {value:.1f}" for name, value in found["stages"].items())
            print(
                f"{size:>9,} {seconds:>8.2f} {size / seconds:>7,.0f} {found['peak_mb']:>8.0f} {floor:>10.2f} "
                f"{seconds / floor:>6.1f}   {stages}",
                flush=True,
            )


def _measure(snapshot: Path, *, again: bool) -> dict[str, Any]:
    validated = snapshot.with_suffix(".validated.parquet")
    stages: dict[str, float] = {}
    with closing(_store(snapshot.parent / f"{snapshot.stem}.db")) as store:
        account_id = _account(store)
        started = time.perf_counter()
        _validate(store, account_id, snapshot, validated)
        stages["validate"] = time.perf_counter() - started
        _plan(store, account_id, validated)
        stages["plan"] = time.perf_counter() - started - stages["validate"]
        seconds = time.perf_counter() - started
        if again:
            _publish_all(store)
            started = time.perf_counter()
            _plan(store, account_id, validated)
            stages["plan again"] = time.perf_counter() - started
    return {"seconds": seconds, "stages": stages, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Of this process and the largest of its children."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def _validate(store: Store, account_id: str, snapshot: Path, validated: Path) -> None:
    with store.reading() as session:
        settings = accounts.settings_of(accounts.get(session, account_id))
    listings = ProductListings(settings, _KnownShop)  # type: ignore[arg-type] # has the method that is used
    with pq.ParquetWriter(validated, VALIDATED_SCHEMA, compression="zstd") as writer:
        for found in Validation().frames(_frames(snapshot), listings):
            writer.write_table(pa.Table.from_pandas(found, schema=VALIDATED_SCHEMA, preserve_index=False))


def _plan(store: Store, account_id: str, validated: Path) -> None:
    rows = (text for frame in _frames(validated) for text in frame["validated"])
    build_plan(
        store, account_id=account_id, transaction_id=None, trigger="ui", validated=map(from_json, rows),
        identified=lambda: (identified_from_json(text) for frame in _frames(validated) for text in frame["identified"]),
        covers_selection=True, amount_unit="major", run_id=f"bench {time.time()}", live_of=lambda _: {},
        look_through=lambda: _look_through(store, account_id),
    )  # fmt: skip


def _look_through(store: Store, account_id: str) -> None:
    """As if somebody had, and there was nothing."""
    with store.writing() as session:
        now = clock.now(session)
        seen_listings.finish(session, seen_listings.begin(session, account_id, now), now=now, calls=6, counts={})


def _publish_all(store: Store) -> None:
    """Links as after a publication of everything, without Etsy."""
    sql = """INSERT INTO product_etsy_link (product_id, etsy_account_id, product_title, sync_status, etsy_listing_id,
                                            listing_state, wanted_state, published, updated_at)
             SELECT product_id, etsy_account_id, product_title, 'synced', 1000000 + position, 'active', 'active',
                    desired, CURRENT_TIMESTAMP
               FROM sync_item JOIN etsy_sync_job ON etsy_sync_job.id = sync_item.sync_job_id WHERE action = 'create'"""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(sql)


def _json_pass(snapshot: Path) -> float:
    started = time.perf_counter()
    for frame in _frames(snapshot):
        for text in frame["product"]:
            orjson.dumps(orjson.loads(text))
    return time.perf_counter() - started


def _frames(file: Path) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE):
            yield batch.to_pandas()


def _store(file: Path) -> Store:
    return open_store(f"sqlite:///{file}", TokenCipher(new_key()), upgrade=True)


def _account(store: Store) -> str:
    account = configure.add(store, "Bench")
    profiles = {"shipping_profile": 1, "return_policy": 2, "processing_profile": 3, "default_taxonomy_id": 891}
    configure.configure(store, account.id, profiles)
    with store.writing() as session:
        accounts.change(session, account.id, shop_id=1, currency_code="USD", is_active=True)
    return account.id


def _write_snapshot(file: Path, size: int) -> None:
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
