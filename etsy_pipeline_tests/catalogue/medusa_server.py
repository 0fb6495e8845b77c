"""A few lines of Medusa over real HTTP: pages of products by offset, a log of what was asked, and planned mishaps."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Query = dict[str, list[str]]
Answer = tuple[int, str | bytes]


def a_raw_variant(**changes: Any) -> dict[str, Any]:
    """A variant with all that is asked for: what has no value is null, as a real server tells it (2.21.2)."""
    empty = dict.fromkeys(("sku", "ean", "upc", "barcode", "weight", "variant_rank"))
    whole: dict[str, Any] = {
        "id": "variant_A", "title": "S", "manage_inventory": False, "allow_backorder": False, "options": [],
        "prices": [], "inventory_items": [], **empty,
    }  # fmt: skip
    return whole | changes


@dataclass
class SmallMedusa:
    """Products in the order of their ids. `mishaps` are used up first: each answers a request in the server's stead.

    A mishap that returns None has only done something (deleted a product, say); the request goes on. `beside` answers
    for other lists, by their names in the address.
    """

    products: list[dict[str, Any]]
    mishaps: list[Callable[[Query], Answer | None]] = field(default_factory=list)
    asked: list[Query] = field(default_factory=list)
    locations: Answer = (200, '{"stock_locations": [], "count": 0}')
    categories: Answer = (404, "<h1>Cannot GET /admin/product-categories</h1>")
    beside: dict[str, Callable[[Query], Answer]] = field(default_factory=dict)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, query: Query) -> Answer:
        """Status and body of an answer."""
        self.asked.append(query)
        planned = self.mishaps.pop(0)(query) if self.mishaps else None
        if planned is not None:
            return planned
        wanted = query.get("id[]")
        found = sorted(
            (item for item in self.products if not wanted or item["id"] in wanted), key=lambda item: item["id"]
        )
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        return 200, json.dumps({"products": found[offset : offset + limit], "count": len(found)})


@contextmanager
def running(server: SmallMedusa) -> Iterator[SmallMedusa]:
    """The server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.authorizations.append(self.headers.get("authorization"))
            asked = urlsplit(self.path)
            beside = {"/admin/stock-locations": server.locations, "/admin/product-categories": server.categories}
            query, name = parse_qs(asked.query), asked.path.removeprefix("/admin/")
            other = beside.get(asked.path) or (server.beside[name](query) if name in server.beside else None)
            status, body = other or server.answer(query)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
