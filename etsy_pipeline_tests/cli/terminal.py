"""A shell in which `etsy-pipeline` is typed: each command runs in a process of its own.

The processes are forked from one that has imported the libraries already, which take a second each time.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.embedded import begin

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["etsy_pipeline_tests.cli.imported"])
PATIENCE_SECONDS = 300


class Terminal:
    """A shell with the sandbox's settings."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("ETSY_", "MEDUSA_"))}
        self.env |= {"ETSY_PIPELINE_HOME": str(folder / "state"), "COLUMNS": "80", "MEDUSA_PATIENCE_SECONDS": "0"}
        self.env |= settings

    def begun(self) -> "Terminal":
        """The same, with an empty database: most commands begin none."""
        wiring.store_of(begin(Settings.load(etsy_pipeline_home=self.folder / "state"))).close()
        return self

    def __call__(self, *words: str, status: int = 0, env: dict[str, str] | None = None, answers: str = "") -> str:
        """What the command says; it has to end with this status."""
        typed, said = self.folder / "typed.txt", self.folder / "said.txt"
        typed.write_text(answers)
        process = FORKED.Process(target=_command, args=(words, self.folder, self.env | (env or {}), typed, said))
        process.start()
        process.join(PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
        text = said.read_text()
        assert process.exitcode == status, text
        assert "Traceback" not in text
        return text

    def json(self, *words: str, status: int = 0, env: dict[str, str] | None = None) -> Any:
        return json.loads(self(*words, "--json", status=status, env=env))


def _command(words: Sequence[str], folder: Path, env: Mapping[str, str], typed: Path, said: Path) -> None:
    """The process: as a shell starts it, with its own folder, environment, input and output."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.stdin = typed.open()
    with said.open("w") as output:
        for standard in (1, 2):
            os.dup2(output.fileno(), standard)
    sys.argv = ["etsy-pipeline", *words]
    from etsy_pipeline.cli.main import run

    run()
