"""Programs that run beside one another until they are told to end: each in a group of its own, its output in a file.

Those of Python also end, with all that they started, when whoever started them is killed and can tell them nothing.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from etsy_pipeline import state_folder

POLITE_SECONDS = 6.0  # to end by themselves; then they are ended
KILL_SECONDS = 2.0
LOG_BYTES = 10_000_000  # a log that is longer is put aside when its program starts again
LAST_LINES = 12
MOST_STARTS = 3  # within `STARTS_SECONDS`; what dies more often is not started again
STARTS_SECONDS = 600.0

# Interrupts are taken even where the shell that started us in the background had them ignored. Input comes from nobody,
# and is at its end when the process that started this one is no more.
_BESIDE = (
    "import os, runpy, signal, sys, threading; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "threading.Thread(target=lambda: os.read(0, 1) or os.killpg(0, signal.SIGKILL), daemon=True).start(); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def python(module: str, *words: str) -> list[str]:
    """The command of a Python module that is run as a `Program`."""
    return [sys.executable, "-c", _BESIDE, module, *words]


@dataclass
class Program:
    """One program: how it is started, and where its output goes."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it, in a group of its own: Ctrl-C in the terminal reaches it through us alone."""
        state_folder.private_folder(self.log.parent)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        state_folder.private_file(self.log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,  # nothing is ever written; closed when this process ends, however that is
                stdout=output,
                stderr=output,
                env=os.environ | dict(self.env),
                start_new_session=True,
            )
        self.started.append(time.monotonic())

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self.process is not None and self.process.poll() is None

    def may_start_again(self) -> bool:
        """Whether it did not die too often lately."""
        lately = [moment for moment in self.started if time.monotonic() - moment < STARTS_SECONDS]
        return len(lately) < MOST_STARTS

    def last_lines(self) -> str:
        """The end of its output."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LAST_LINES:])

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it started, as far as they are there."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def end(programs: Sequence[Program]) -> None:
    """End all of them, and all that they started, within ten seconds."""
    for program in programs:
        program.tell(signal.SIGINT)
    _until(lambda: not any(map(_has_group, programs)), POLITE_SECONDS / 2)
    for program in programs:
        program.tell(signal.SIGTERM)
    _until(lambda: not any(map(_has_group, programs)), POLITE_SECONDS / 2)
    for program in programs:
        program.tell(signal.SIGKILL)
    _until(lambda: not any(map(_has_group, programs)), KILL_SECONDS)


def _has_group(program: Program) -> bool:
    """Whether it, or anything that it started, is still there."""
    if program.process is None:
        return False
    program.process.poll()
    try:
        os.killpg(program.process.pid, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return True


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
