"""A server of one's own with files and videos, and products of the sample Medusa that name them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from etsy_pipeline.sandbox.state import load
from etsy_pipeline_tests.publishing.shop import Shop


class Goods:
    """What the server has, by path, and what was asked of it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.content: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, path: str, content: bytes) -> str:
        """Something lies there from now on; its address."""
        self.content[path] = content
        return f"http://{self.host}/{path}"


@contextmanager
def a_server_of_goods(shop: Shop) -> Iterator[Goods]:
    """Run the server; the shop trusts it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/").partition("?")[0]
            goods.asked.append(path)
            content = goods.content.get(path)
            self.send_response(200 if content is not None else 404)
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        goods = Goods(f"127.0.0.1:{server.server_port}")
        shop.trusted_image_hosts = goods.host
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield goods
        server.shutdown()


def say(shop: Shop, product_id: str, **metadata: Any) -> None:
    """Metadata of a product, beside what it has; None takes one away."""
    row = shop.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
    assert row is not None
    known = load(row)["metadata"] | metadata
    kept = {name: value for name, value in known.items() if value is not None}
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"metadata": kept}})


def change(shop: Shop, product_id: str, **fields: Any) -> None:
    """Fields of a product itself."""
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": fields})


def on_etsy(shop: Shop) -> dict[str, Any]:
    """The only listing that there is, as the sandbox has it stored."""
    (row,) = shop.world.sandbox.state.rows("SELECT listing_id, state, data FROM listing")
    return {"listing_id": row["listing_id"], "state": row["state"], **load(row)}
