"""`etsy-pipeline up` to measure with: CPU and memory of all its processes, as Linux's /proc tells them."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]

PER_SECOND = os.sysconf("SC_CLK_TCK")
UTIME = 11  # fields of /proc/…/stat after the name: utime, stime, cutime, cstime
PARENT = 1


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and its descendants."""

    pid: int

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far by what is running, with those of children that have ended and were waited for."""
        found: dict[str, float] = defaultdict(float)
        for pid in self._pids():
            with suppress(OSError):
                found[_name(pid)] += sum(map(int, _stat(pid)[UTIME : UTIME + 4])) / PER_SECOND
        return found

    def memory(self) -> float:
        """Megabytes: what is shared by several of them is counted once (PSS)."""
        total = 0
        for pid in self._pids():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024

    def _pids(self) -> Iterator[int]:
        children: dict[int, list[int]] = defaultdict(list)
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    children[int(_stat(int(entry.name))[PARENT])].append(int(entry.name))
        waiting = [self.pid]
        while waiting:
            yield (pid := waiting.pop())
            waiting += children[pid]


@contextmanager
def everything_up(folder: Path) -> Iterator[Tree]:
    """Start it in a folder, with the present environment; ends it."""
    for name in ("dagster.yaml", "workspace.yaml"):
        (folder / name).write_text((ROOT / name).read_text())
    ui, api = free_port(), free_port()
    command = [sys.executable, "-m", "etsy_pipeline.cli.main", "up", "--no-sandbox", "--port", str(ui)]
    with subprocess.Popen([*command, "--api-port", str(api)], cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            until_up(f"http://127.0.0.1:{ui}/server_info")
            yield Tree(process.pid)
        finally:
            process.terminate()


def dagsters_rows(folder: Path, database: str, sql: str, *values: str) -> list[tuple[float, ...]]:
    """Rows of Dagster's storage: `runs.db` or `schedules.db`."""
    (file,) = folder.rglob(database)
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        return connection.execute(sql, values).fetchall()


def used(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """CPU seconds between two moments."""
    return sum(after.values()) - sum(before.values())


def until_up(url: str) -> None:
    """Wait until something answers there."""
    for _ in range(300):
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(1)
    raise TimeoutError(url)


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _name(pid: int) -> str:
    """What a person would call it."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    told = [word for word in words[1:] if word and not word.startswith(("-", "/", "{", "import ", "from "))]
    return " ".join(told)[:38] or words[0]
