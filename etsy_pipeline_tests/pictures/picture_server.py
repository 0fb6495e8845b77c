"""Servers of pictures on loopback, good and bad: real HTTP, each path with a behaviour of its own."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]
DRIP_SECONDS = 0.05


class PictureServer:
    """A running server. `asked` is every path that was asked for, in order."""

    def __init__(self, host: str, port: int = 0) -> None:
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.behaviours: dict[str, Behaviour] = {}
        self.stopped = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                with contextlib.suppress(OSError):
                    server.behaviours.get(self.path, answer(404))(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.host, self.port = host, self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def serve(self, path: str, behaviour: Behaviour) -> str:
        """Give a path a behaviour; the address of it."""
        self.behaviours[path] = behaviour
        return self.url + path

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def drip(self, start: bytes) -> Behaviour:
        """A byte now and then, for ever."""

        def behave(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(start)
            while not self.stopped.wait(DRIP_SECONDS):
                request.wfile.write(b"x")
            request.close_connection = True

        return behave


@contextlib.contextmanager
def a_server(host: str = "127.0.0.1", port: int = 0) -> Iterator[PictureServer]:
    server = PictureServer(host, port)
    try:
        yield server
    finally:
        server.stop()


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """An ordinary answer; underscores in names of headers become hyphens."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return behave


def redirect(location: str, status: int = 302) -> Behaviour:
    return answer(status, location=location)


def endless(head: bytes) -> Behaviour:
    """A head, and then as much as the other side takes."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        request.wfile.write(head)
        while True:
            request.wfile.write(b"x" * 65_536)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other; the last one from then on."""
    left = list(behaviours)

    def behave(request: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return behave
