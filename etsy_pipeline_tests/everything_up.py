"""`etsy-pipeline up` as a person starts it, in a folder of its own: everything that one machine needs, as processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

MARK = "STARTED_BY_A_TEST"
PATIENCE_SECONDS = 240
PROJECT = Path(__file__).parents[1]


@contextmanager
def everything_up(folder: Path, env: Mapping[str, str], *words: str) -> Iterator[int]:
    """Start it in the background, by a script that ends: interrupts are ignored there. Its process; ended at the end."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder / name)
    said, pid = folder / "said.txt", folder / "pid.txt"
    said.touch()
    command = f"{sys.executable} -m etsy_pipeline.cli.main up {' '.join(words)} >> said.txt 2>&1 & echo $! > pid.txt"
    subprocess.run(["/bin/sh", "-c", command], check=True, cwd=folder, env={**env, MARK: str(folder)})
    try:
        until(lambda: "Ctrl-C ends all of it." in said.read_text() or not alive(folder), said)
        yield int(pid.read_text())
    finally:
        for process in alive(folder):
            os.kill(process, signal.SIGKILL)


def alive(folder: Path) -> list[int]:
    """The processes that are still there, of it and of all that it started."""
    mark = f"{MARK}={folder}".encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _holds(path, mark)]


def until(is_so: Callable[[], bool], said: Path) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.2)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _holds(path: Path, mark: bytes) -> bool:
    try:
        return mark in path.read_bytes()
    except OSError:
        return False
