"""`dagster dev` as the README starts it, in a folder of its own: web server, daemon, sensors and all."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

PROJECT = Path(__file__).parents[1]
PATIENCE_SECONDS = 180

# `dagster dev` interrupts its processes at the end; where the tests run in the background, interrupts are ignored by all
# that they start, and it would wait for ever.
WITH_INTERRUPTS = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('dagster', run_name='__main__')"
)


@contextmanager
def dagster_dev(folder: Path, *, kill: bool = False) -> Iterator[str]:
    """Start it with the present environment; its address. It is stopped at the end, or killed with all that it started.

    A process that is killed leaves everything as it is: it is a power cut.
    """
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder / name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", WITH_INTERRUPTS, "dev", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "dagster.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: answers(url), "dagster dev")
            yield url
        finally:
            if not kill:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=30)
            with suppress(ProcessLookupError):  # whatever is left of its web server, daemon and code servers
                os.killpg(process.pid, signal.SIGKILL)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE_SECONDS} seconds"
        time.sleep(0.5)


def answers(url: str) -> bool:
    """Whether Dagster's web server is up."""
    try:
        return httpx.get(f"{url}/server_info").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def partitions(url: str) -> list[str]:
    """The accounts that Dagster knows as partitions."""
    query = '{ assetNodeOrError(assetKey: {path: ["sync_plan"]}) { ... on AssetNode { partitionKeys } } }'
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=30).json()
    found: list[str] = answer["data"]["assetNodeOrError"].get("partitionKeys", [])
    return found
