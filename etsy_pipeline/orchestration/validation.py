"""From frames of products to frames of validated listings, and what a person should read about them.

A large catalogue is validated by several processes; a small one is done before they would have started.
"""

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.listings.batch import Row, Task, validate_batch
from etsy_pipeline.listings.catalogue_checks import Seen
from etsy_pipeline.listings.codec import from_json
from etsy_pipeline.listings.product_header import read_header
from etsy_pipeline.listings.shop import AmountUnit, Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.frames import records
from etsy_pipeline.store.tables import EtsyAccount

FRAMES_ALONE = 4  # of 500 products each: so many are done in about the time in which processes start
MAX_PROCESSES = 4


def shop_reader(
    client: EtsyClient, account: EtsyAccount, unit: AmountUnit, on_trouble: Callable[[str], None]
) -> ShopReader:
    """What a mapping has to know of an account's shop."""
    return ShopReader(
        client,
        account.shop_id or 0,
        currency_code=account.currency_code or "",
        amount_unit=unit,
        this_year=datetime.now(UTC).year,
        on_trouble=on_trouble,
    )


@dataclass(slots=True)
class Validation:
    """Validates frame by frame; counts what it saw."""

    settings: ShopSettings
    seen: Seen = field(default_factory=Seen)
    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    invalid: list[ValidatedListing] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def frames(self, snapshot: Iterable[pd.DataFrame], reader: ShopReader) -> Iterator[pd.DataFrame]:
        """The snapshot's frames as frames of validated listings, in the same order."""
        processes = min(os.cpu_count() or 1, MAX_PROCESSES)
        pending: deque[tuple[Future[list[Row]], list[bool]]] = deque()
        with ExitStack() as stack:
            pool: ProcessPoolExecutor | None = None
            for number, frame in enumerate(snapshot):
                tasks, covers, shop = self._tasks(frame, reader)
                if processes == 1 or number < FRAMES_ALONE:
                    yield self._table(validate_batch(tasks, self.settings, shop), covers)
                    continue
                if pool is None:
                    spawned = multiprocessing.get_context("spawn")  # threads of Dagster's may hold locks: no fork
                    pool = stack.enter_context(ProcessPoolExecutor(processes, spawned))
                pending.append((pool.submit(validate_batch, tasks, self.settings, shop), covers))
                if len(pending) > 2 * processes:
                    yield self._next(pending)
            while pending:
                yield self._next(pending)

    def metadata(self) -> Mapping[str, Any]:
        """Counts, what is invalid, and which rules spoke how often."""
        return {
            **{f"{name}_count": self.counts[name] for name in ("valid", "invalid", "absent", "warnings")},
            "rules": shown.table(("rule", "products"), self.rules.most_common()),
            "invalid_products": shown.invalid_table(self.invalid, total=self.counts["invalid"]),
            "not_checked": "; ".join(self.troubles) or "–",
        }

    def _tasks(self, frame: pd.DataFrame, reader: ShopReader) -> tuple[list[Task], list[bool], Shop]:
        tasks, covers, categories = [], [], set()
        for row in records(frame):
            covers.append(row["covers_selection"])
            if row["problem_code"]:
                tasks.append(Task(row["product_id"], row["title"], "", (_unusable(row),)))
                continue
            product = read_header(row["product"])
            categories.add(taxonomy_id(product, self.settings, None)[0])
            tasks.append(Task(row["product_id"], row["title"], row["product"], tuple(self.seen.judge(product))))
        return tasks, covers, reader.shop(category for category in categories if category is not None)

    def _next(self, pending: deque[tuple[Future[list[Row]], list[bool]]]) -> pd.DataFrame:
        done, covers = pending.popleft()
        return self._table(done.result(), covers)

    def _table(self, rows: list[Row], covers: list[bool]) -> pd.DataFrame:
        for row in rows:
            self.counts[row["verdict"]] += 1
            self.counts["warnings"] += row.pop("warnings")
            self.rules.update({code for code in row["codes"].split(",") if code})
            if row["verdict"] == "invalid" and len(self.invalid) < shown.ROWS_SHOWN:
                self.invalid.append(from_json(row["validated"]))
        return pd.DataFrame(rows).assign(covers_selection=covers)


def _unusable(row: Mapping[str, Any]) -> Verdict:
    hint = "Check the product in Medusa." if row["problem_code"] != "product_unknown" else "Check the product id."
    return Verdict(row["problem_code"], "error", "product", row["problem"], hint)
