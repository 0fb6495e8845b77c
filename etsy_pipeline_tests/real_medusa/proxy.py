"""Stands before a real Medusa and lets it seem to be restarted, or to answer oddly; every request is counted."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx

from etsy_pipeline_tests.real_medusa.server import URL


class Answer(NamedTuple):
    """Status, headers, and what of the body is sent."""

    status: int
    headers: dict[str, str]
    body: bytes


Mishap = Callable[[Answer], Answer]


class Proxy:
    """At `url`. `mishaps` change the answers to the requests with these numbers, counted from 1."""

    def __init__(self) -> None:
        self.asked = 0
        self.mishaps: dict[int, Mishap] = {}
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = proxy.answer(self.path, self.headers.get("authorization", ""))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def stop(self) -> None:
        """Whoever comes is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str, authorization: str) -> Answer:
        """Medusa's own, unless there is a mishap."""
        self.asked += 1
        found = httpx.get(f"{URL}{path}", headers={"authorization": authorization}, timeout=60)
        length = {"content-type": found.headers["content-type"], "content-length": str(len(found.content))}
        answer = Answer(found.status_code, length, found.content)
        return self.mishaps[self.asked](answer) if self.asked in self.mishaps else answer


@contextmanager
def before_medusa() -> Iterator[Proxy]:
    """A proxy as long as it is needed."""
    made = Proxy()
    try:
        yield made
    finally:
        made.stop()
