"""A local Etsy with many shops, and a sample Medusa with many products, in a process of their own.

The products are copies of those recorded ones with which nothing is wrong, with other ids, names and SKUs, and two
pictures at most.
"""

import gzip
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from processes import Tree
from starlette.requests import Request
from starlette.responses import Response

from etsy_pipeline.sandbox import server
from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.sandbox.medusa import app, filters
from etsy_pipeline.sandbox.medusa.fields import PRODUCT
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.sandbox.state import State

STATE = "sandbox.db"
PER_SECOND = 200  # calls that the local Etsy lets through, unless told otherwise: they hold up nobody here
IDS = re.compile(r"\b(prod|variant|iitem|opt|price|img)_[0-9A-Z]{14}([0-9A-Z]{12})\b")
PICTURES = 2
PAGING = frozenset({"id[]", "fields", "order", "limit", "offset"})

Product = dict[str, Any]


@contextmanager
def etsy_and_medusa(folder: Path, shops: int, products: int) -> Iterator[Tree]:
    """Run this file, with the environment pointing at it."""
    command = [sys.executable, __file__, str(folder), str(shops), str(products)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None:
            raise AssertionError("unreachable: a pipe was asked for")
        try:
            os.environ |= json.loads(child.stdout.readline())
            yield Tree(child.pid)
        finally:
            child.communicate()  # the end of its input ends it


def allow(per_second: int) -> None:
    """What the local Etsy allows from now on."""
    url = f"{os.environ['ETSY_API_URL']}/sandbox/limits"
    httpx.post(url, json={"per_second": per_second}).raise_for_status()


def catalogue(count: int) -> Iterator[Product]:
    """So many products, in the order of their ids."""
    recorded = json.loads(gzip.decompress(app.DATA.read_bytes()))
    good = [json.dumps(product) for product in recorded if product["metadata"]["seed_case"] == "clean"]
    for number in range(count):
        copy = json.loads(IDS.sub(rf"\g<1>_{number:014}\g<2>", good[number % len(good)]))
        copy["title"] = f"{copy['title'][:100]} no. {number}"
        copy["images"] = copy["images"][:PICTURES]
        copy["handle"] = f"product-{number}"
        for place, variant in enumerate(copy["variants"]):
            variant["sku"] = f"SKU-{number}-{place}"
        yield copy


def calls_by_shop(folder: Path, since: float, until: float) -> Counter[int]:
    """How many calls each shop made between two moments (seconds since the epoch): those that say whose they are."""
    with closing(sqlite3.connect(folder / STATE, timeout=60)) as connection:
        owners = dict(connection.execute("SELECT listing_id, shop_id FROM listing"))
        asked = connection.execute("SELECT path FROM request_log WHERE at >= ? AND at < ?", (since, until))
        found = [re.search(r"/(shops|listings)/(\d+)", path) for (path,) in asked]
    numbers = [(match[1], int(match[2])) for match in found if match]
    return Counter(number if kind == "shops" else owners.get(number, 0) for kind, number in numbers)


class _Medusa(app.MedusaApp):
    """The sample Medusa, which reads its products once: nobody changes them, and they are too many for each time.

    An answer is kept, as it will be the same: what Medusa does is not what is measured.
    """

    def __init__(self, state: State, api_key: str, base_url: str) -> None:
        super().__init__(state, api_key, base_url)
        self._kept = super()._every()
        self._by_id = {product["id"]: product for product in self._kept}
        self._answers: dict[str, Response] = {}

    def _every(self) -> list[Product]:
        return self._kept

    def _guarded(self, act: Callable[[Request], Response]) -> Callable[[Request], Response]:
        guarded = super()._guarded(act)

        def endpoint(request: Request) -> Response:
            url = str(request.url)
            if url not in self._answers:
                self._answers[url] = guarded(request)
            return self._answers[url]

        return endpoint

    def _products(self, request: Request) -> Response:
        if set(request.query_params) - PAGING:
            return super()._products(request)
        ids = filters.wanted(request.query_params, "id")
        found = [self._by_id[one] for one in sorted(ids & self._by_id.keys())] if ids else self._kept
        return self._page("products", found, request, PRODUCT)


def main() -> None:
    """Serve until the input ends: shops that sell in dollars."""
    folder, (count, products) = Path(sys.argv[1]), map(int, sys.argv[2:])
    file = folder / "products.json.gz"
    file.write_bytes(gzip.compress(json.dumps(list(catalogue(products))).encode(), 1))
    app.DATA, server.MedusaApp = file, _Medusa
    shops.SAMPLES = tuple(shops.Sample(f"Shop{one}", "", "US", "USD", is_eu=False) for one in range(count))
    options = SandboxOptions(
        folder / STATE, requests_per_second=PER_SECOND, requests_per_day=10_000_000, shops=count
    )  # fmt: skip
    with Sandbox(options) as running:
        print(json.dumps(running.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
