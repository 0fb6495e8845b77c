"""The HTTP API as it really runs: uvicorn on a port, spoken to over HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from etsy_pipeline.api.app import create_app
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store

TOKEN = "a-token-that-nobody-guesses"
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB3ZWJob29rIHBvcnRhbA=="


@contextmanager
def serving(settings: Settings, store: Store, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Run the API; its address. At the end no test waits the fifth of a second in which it stops; the process does."""
    listening = socket.create_server((host, port))
    config = uvicorn.Config(
        create_app(settings, store), log_config=None, access_log=False, proxy_headers=False, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True


def client_of(url: str, **headers: str) -> httpx.Client:
    """A program that calls the API; with the token unless told otherwise."""
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {TOKEN}"} | headers, timeout=60)


def code_of(answer: httpx.Response, status: int) -> str:
    """The code of an error, which has to have the one shape of errors and this status."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) - {"hint"} == {"type", "code", "message"}, body
    assert "Traceback" not in answer.text
    return str(body["code"])
