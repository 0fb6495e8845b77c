"""An object store over HTTP on this machine: moto."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from etsy_pipeline_tests.everything_up import free_port

PATIENCE_SECONDS = 60


@contextmanager
def object_server(folder: Path) -> Iterator[str]:
    """Its address; it takes any key until `refusing` is asked of it."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    env = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"}
    with (folder / "moto.log").open("w") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
        try:
            _wait_for(address)
            yield address
        finally:
            process.terminate()


def refusing(address: str, *, everything: bool) -> None:
    """From now on it takes no key of ours, or any again."""
    httpx.post(f"{address}/moto-api/reset-auth", content=b"0" if everything else b"1000000").raise_for_status()


def bucket(address: str, name: str) -> None:
    """Make a bucket."""
    httpx.put(f"{address}/{name}").raise_for_status()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(f"{address}/moto-api/").raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
