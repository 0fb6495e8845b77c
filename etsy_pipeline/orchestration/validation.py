"""From frames of products to frames of validated listings, and what a person should read about them.

A large catalogue is validated by several processes; a small one is done before they would have started.
"""

import multiprocessing
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from etsy_pipeline.collector import collect_seldom, collected_seldom
from etsy_pipeline.cores import cores
from etsy_pipeline.listings.batch import Record, Task, validate_batch
from etsy_pipeline.listings.catalogue_checks import Seen
from etsy_pipeline.listings.codec import from_json
from etsy_pipeline.listings.product_header import ProductHeader, read_header
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.frames import records
from etsy_pipeline.sync.product_listings import ProductListings

FRAMES_ALONE = 4  # of 500 products each: so many are done in about the time in which processes start
MAX_PROCESSES = 4


@dataclass(slots=True)
class Validation:
    """Validates frame by frame; counts what it saw."""

    seen: Seen = field(default_factory=Seen)
    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    invalid: list[ValidatedListing] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    shop: str = ""
    stock_from: str = ""
    stock_read_at: str = ""
    references_from: str = ""

    def frames(self, snapshot: Iterable[pd.DataFrame], listings: ProductListings) -> Iterator[pd.DataFrame]:
        """The snapshot's frames as frames of validated listings, in the same order.

        Where kept answers of the marketplace may do, they do for one frame only: to hundreds, a few calls are little.
        """
        processes = min(cores(), MAX_PROCESSES)
        pending: deque[tuple[Future[list[Record]], list[bool]]] = deque()
        with collected_seldom(), ExitStack() as stack:
            pool: ProcessPoolExecutor | None = None
            for number, frame in enumerate(snapshot):
                if number > 0:
                    listings.ask_anew()
                tasks, covers, headers = self._tasks(frame)
                shop = listings.shop_for(headers)
                if processes == 1 or number < FRAMES_ALONE:
                    rows = validate_batch(tasks, listings.settings, shop)
                    if any(row["verdict"] == "invalid" for row in rows) and listings.ask_anew():
                        rows = validate_batch(tasks, listings.settings, listings.shop_for(headers))
                    yield self._table(rows, covers, listings.references_from)
                    continue
                if pool is None:
                    spawned = multiprocessing.get_context("spawn")  # threads of Dagster's may hold locks: no fork
                    pool = stack.enter_context(ProcessPoolExecutor(processes, spawned, collect_seldom))
                pending.append((pool.submit(validate_batch, tasks, listings.settings, shop), covers))
                if len(pending) > 2 * processes:
                    yield self._next(pending)
            while pending:
                yield self._next(pending)

    def metadata(self) -> Mapping[str, Any]:
        """Counts, what is invalid, and which rules spoke how often."""
        return {
            "shop": self.shop,
            **{f"{name}_count": self.counts[name] for name in ("valid", "invalid", "absent", "warnings")},
            "rules": shown.table(("rule", "products"), self.rules.most_common()),
            "invalid_products": shown.invalid_table(self.invalid, total=self.counts["invalid"]),
            "not_checked": "; ".join(self.troubles) or "–",
            "references_from": shown.references_from(self.references_from),
        }

    def _tasks(self, frame: pd.DataFrame) -> tuple[list[Task], list[bool], list[ProductHeader]]:
        tasks, covers, headers = [], [], []
        for row in records(frame):
            self.stock_from = row.get("stock_from") or self.stock_from
            self.stock_read_at = row.get("stock_read_at") or self.stock_read_at
            covers.append(row["covers_selection"])
            if row["problem_code"]:
                tasks.append(Task(row["product_id"], row["title"], "", (_unusable(row),)))
                continue
            headers.append(product := read_header(row["product"]))
            tasks.append(Task(row["product_id"], row["title"], row["product"], tuple(self.seen.judge(product))))
        return tasks, covers, headers

    def _next(self, pending: deque[tuple[Future[list[Record]], list[bool]]]) -> pd.DataFrame:
        done, covers = pending.popleft()
        return self._table(done.result(), covers)

    def _table(self, rows: list[Record], covers: list[bool], kept: datetime | None = None) -> pd.DataFrame:
        self.references_from = self.references_from or (kept.isoformat(timespec="seconds") if kept else "")
        for row in rows:
            self.counts[row["verdict"]] += 1
            self.counts["warnings"] += row.pop("warnings")
            self.rules.update({code for code in row["codes"].split(",") if code})
            if row["verdict"] == "invalid" and len(self.invalid) < shown.ROWS_SHOWN:
                self.invalid.append(from_json(row["validated"]))
        beside = {
            "stock_from": self.stock_from,
            "stock_read_at": self.stock_read_at,
            "references_from": self.references_from,
        }
        return pd.DataFrame(rows).assign(covers_selection=covers, **beside)


def _unusable(row: Mapping[str, Any]) -> Verdict:
    hint = "Check the product in Medusa." if row["problem_code"] != "product_unknown" else "Check the product id."
    return Verdict(row["problem_code"], "error", "product", row["problem"], hint)
