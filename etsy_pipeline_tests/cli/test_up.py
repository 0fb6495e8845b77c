"""`etsy-pipeline up`: everything comes up together, and all of it ends, however it was started and told to end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from etsy_pipeline.cli import up
from etsy_pipeline.cli.processes import Program, end
from etsy_pipeline.cli.sandbox import free_ports, the_only_sandbox, write_settings
from etsy_pipeline.errors import Conflict, NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.everything_up import MARK, PROJECT, alive, everything_up, free_port, until

A_SHOP = {"ETSY_CLIENT_ID": "key", "ETSY_SHARED_SECRET": "x", "MEDUSA_URL": "http://127.0.0.1:9"}


@pytest.mark.long
def test_up_brings_up_everything_and_sigterm_ends_all_of_it(tmp_path: Path) -> None:
    ui, api = free_port(), free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ETSY_", "MEDUSA_", "DAGSTER_"))}
    with everything_up(tmp_path, env | A_SHOP, "--port", str(ui), "--api-port", str(api)) as process:
        for url in (f"http://127.0.0.1:{ui}/server_info", f"http://127.0.0.1:{api}/health"):
            with urlopen(url) as answer:  # noqa: S310 - our own
                assert answer.status == 200
        assert f"http://127.0.0.1:{api}/review" in (tmp_path / "said.txt").read_text()
        logs = tmp_path / ".etsy_pipeline" / "logs"
        assert {path.name for path in logs.iterdir()} == {
            "code_server.log", "dagster_ui.log", "dagster_daemon.log", "api.log"
        }  # fmt: skip
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            ".etsy_pipeline", "dagster.yaml", "pid.txt", "said.txt", "workspace.yaml"
        ], "nothing is left lying about"  # fmt: skip
        (forking,) = [pid for pid in alive(tmp_path) if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        threads = [path.read_text().strip() for path in Path(f"/proc/{forking}/task").glob("*/comm")]
        assert len(threads) == 1, f"a run that is forked may wait for ever for a lock of another thread's: {threads}"
        os.kill(process, signal.SIGTERM)
        until(lambda: not alive(tmp_path), tmp_path / "said.txt")


def test_another_sandbox_on_this_machine_stands_in_nobody_s_way() -> None:
    first = free_ports()
    with socket.create_server(("127.0.0.1", first[0])):
        others = free_ports()
    assert set(first).isdisjoint(others)


def test_the_sandbox_sends_the_browser_back_to_the_port_of_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ETSY_REDIRECT_URI", raising=False)
    sandbox, *_ = up._programs(tmp_path, tmp_path, tmp_path, "127.0.0.1", (3001, 9001), (8001, 8002))
    assert sandbox.env == {"ETSY_REDIRECT_URI": "http://localhost:9001/admin/oauth/etsy/callback"}


def test_a_second_sandbox_in_a_folder_leaves_the_first_ones_settings_alone(tmp_path: Path) -> None:
    home = tmp_path / "state"
    write_settings(home, {"ETSY_API_URL": "http://127.0.0.1:8731"})
    before = (home / "sandbox.env").read_text()
    with the_only_sandbox(Settings.load(etsy_pipeline_home=home)):
        for words in (("sandbox", "--etsy-port", "0", "--medusa-port", "0"), ("demo",)):
            said = " ".join(Terminal(tmp_path, {})(*words, status=1).split())
            assert f"runs in {home} already (process {os.getpid()})" in said
            assert "point at it: http://127.0.0.1:8731" in said
            assert "sandbox_runs_already" in said
    assert (home / "sandbox.env").read_text() == before
    assert not (home / "sandbox.db").exists()


def test_up_in_a_wrong_folder_says_so_and_begins_nothing(tmp_path: Path) -> None:
    assert "dagster_yaml_missing" in Terminal(tmp_path, {})("up", status=1)
    assert not (tmp_path / "state").exists()


def test_up_runs_once_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(PROJECT / "dagster.yaml", tmp_path / "dagster.yaml")
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with up._only_one(Settings.load()), pytest.raises(Conflict) as told:
        up.up()
    assert told.value.code == "up_runs_already"
    assert f"(process {os.getpid()})" in told.value.message
    with up._only_one(Settings.load()):
        assert [path.name for path in (tmp_path / "state").iterdir()] == ["up.lock"], "the second one began nothing"


def test_what_up_starts_does_not_keep_its_lock(tmp_path: Path) -> None:
    settings = Settings.load(etsy_pipeline_home=tmp_path)
    program = Program("sleeps", ["sleep", "60"], tmp_path / "log")
    try:
        with up._only_one(settings):
            program.start()
        with up._only_one(settings):
            assert program.is_running
    finally:
        end([program])


A_PROGRAM = """
import subprocess, sys, time
subprocess.Popen(["sleep", "900"])
print("begun", flush=True)
time.sleep(900)
"""
KILLED = """
import os, signal, sys, time
from pathlib import Path
from etsy_pipeline.cli.processes import Program, python
log = Path("program.log")
Program("a program", python("a_program"), log).start()
while b"begun" not in log.read_bytes():
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_up_started_ends_with_it_though_it_is_killed_and_can_tell_nobody(tmp_path: Path) -> None:
    (tmp_path / "a_program.py").write_text(A_PROGRAM)
    env = os.environ | {MARK: str(tmp_path), "PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=env, timeout=60, check=False)
    try:
        assert killed.returncode == -signal.SIGKILL
        until(lambda: not alive(tmp_path), tmp_path / "program.log")
    finally:
        for process in alive(tmp_path):
            os.kill(process, signal.SIGKILL)


def test_up_in_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "up.lock").mkdir()
    with (
        pytest.raises(NotConfigured, match="state_folder_not_writable"),
        up._only_one(Settings.load(etsy_pipeline_home=tmp_path)),
    ):
        pass


@pytest.mark.long
def test_up_names_the_program_that_cannot_start_and_how_it_ended(tmp_path: Path) -> None:
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = A_SHOP | {MARK: str(tmp_path), "ETSY_PIPELINE_HOME": ".etsy_pipeline"}
        said = " ".join(Terminal(tmp_path, env)("up", "--port", "0", "--api-port", str(port), status=1).split())
    assert f"The API cannot listen on 127.0.0.1, port {port}" in said
    assert "up_not_ready" in said
    assert not [Path(f"/proc/{process}/cmdline").read_bytes() for process in alive(tmp_path)]
