"""A server of pictures on this machine, each one drawn from its address."""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image, ImageDraw

NOT_THERE, NO_PICTURE = "does-not-exist", "not-an-image"


@cache
def drawn(name: str) -> bytes:
    """A JPEG (or PNG with transparency, by its name) that looks like no other."""
    color = tuple(hashlib.sha256(name.encode()).digest()[:3])
    image = Image.new("RGBA" if name.endswith(".png") else "RGB", (20, 20) if "tiny" in name else (800, 600), color)
    ImageDraw.Draw(image).text((5, 5), name, fill="white")
    written = io.BytesIO()
    image.save(written, "PNG" if name.endswith(".png") else "JPEG")
    return written.getvalue()


def sha256(name: str) -> str:
    """Of a picture, by its name."""
    return hashlib.sha256(drawn(name)).hexdigest()


@contextmanager
def served() -> Iterator[str]:
    """The server's address (http://127.0.0.1:PORT)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            self.send_response(404 if NOT_THERE in name else 200)
            self.send_header("content-type", "image/jpeg")
            self.end_headers()
            self.wfile.write(b"this is a text" if NO_PICTURE in name else drawn(name))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()
