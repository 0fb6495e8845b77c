"""`etsy-pipeline up`: everything comes up together, and all of it ends, however it was started and told to end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from etsy_pipeline_tests.cli.terminal import Terminal

PATIENCE_SECONDS = 240
MARK = "STARTED_BY_TEST_UP"
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name in ("dagster.yaml", "workspace.yaml"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    yield tmp_path
    for process in _alive(tmp_path):
        os.kill(process, signal.SIGKILL)


def test_up_brings_up_everything_and_sigterm_ends_all_of_it(folder: Path) -> None:
    ui, api = _free_port(), _free_port()
    nobody = {"ETSY_CLIENT_ID": "key", "ETSY_SHARED_SECRET": "x", "MEDUSA_URL": "http://127.0.0.1:9"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ETSY_", "MEDUSA_", "DAGSTER_"))}
    command = f"{sys.executable} -m etsy_pipeline.cli.main up --port {ui} --api-port {api} >> said.txt 2>&1 &"
    # Started in the background by a script that ends: interrupts are ignored there.
    subprocess.run(
        ["/bin/sh", "-c", f"{command} echo $! > pid.txt"], check=True, cwd=folder, env=env | nobody | _marked(folder)
    )
    said = folder / "said.txt"
    said.touch()
    _until(lambda: "Ctrl-C ends all of it." in said.read_text() or not _alive(folder), said)
    for url in (f"http://127.0.0.1:{ui}/server_info", f"http://127.0.0.1:{api}/health"):
        with urlopen(url) as answer:  # noqa: S310 - our own
            assert answer.status == 200
    assert f"http://127.0.0.1:{api}/review" in said.read_text()
    assert {path.name for path in (folder / ".etsy_pipeline" / "logs").iterdir()} == {"dagster.log", "api.log"}
    assert sorted(path.name for path in folder.iterdir()) == [
        ".etsy_pipeline", "dagster.yaml", "pid.txt", "said.txt", "workspace.yaml"
    ], "nothing is left lying about"  # fmt: skip

    os.kill(int((folder / "pid.txt").read_text()), signal.SIGTERM)
    _until(lambda: not _alive(folder), said)


def test_up_in_a_wrong_folder_says_so_and_begins_nothing(tmp_path: Path) -> None:
    assert "dagster_yaml_missing" in Terminal(tmp_path, {})("up", status=1)
    assert not (tmp_path / "state").exists()


def test_up_names_the_program_that_cannot_start_and_how_it_ended(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = {"ETSY_CLIENT_ID": "key", "ETSY_SHARED_SECRET": "x", "MEDUSA_URL": "http://127.0.0.1:9"} | _marked(folder)
        said = " ".join(Terminal(folder, env)("up", "--port", "0", "--api-port", str(port), status=1).split())
    assert f"The API cannot listen on 127.0.0.1, port {port}" in said
    assert "up_not_ready" in said
    assert not [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in _alive(folder)]


def _marked(folder: Path) -> dict[str, str]:
    """By this its processes, and what they start, are known."""
    return {MARK: str(folder), "ETSY_PIPELINE_HOME": ".etsy_pipeline"}


def _alive(folder: Path) -> list[int]:
    mark = f"{MARK}={folder}".encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _holds(path, mark)]


def _holds(path: Path, mark: bytes) -> bool:
    try:
        return mark in path.read_bytes()
    except OSError:
        return False


def _until(is_so: Callable[[], bool], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.2)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
