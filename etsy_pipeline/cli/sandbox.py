"""`etsy-pipeline sandbox`: a local Etsy and a sample Medusa, for trying out."""

import os
import signal
import socket
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from etsy_pipeline import state_folder
from etsy_pipeline.cli.only_one import only_one
from etsy_pipeline.cli.output import console
from etsy_pipeline.errors import Conflict, NotConfigured
from etsy_pipeline.settings import SANDBOX_FILE, Settings

ETSY_PORT, MEDUSA_PORT = 8731, 8732  # unassigned ports; stable, so that the pictures' addresses stay the same
TRIED = 40
LOCK_FILE = "sandbox.lock"


def free_ports() -> tuple[int, int]:
    """Ports for the local Etsy and the sample Medusa: the first pair that nobody has, mostly the same one each time.

    Raises:
        NotConfigured: `sandbox_cannot_start`.
    """
    for etsy, medusa in ((ETSY_PORT + shift, MEDUSA_PORT + shift) for shift in range(0, TRIED, 2)):
        if _is_free(etsy) and _is_free(medusa):
            return etsy, medusa
    raise NotConfigured(
        f"No port from {ETSY_PORT} to {ETSY_PORT + TRIED} on 127.0.0.1 is free.",
        code="sandbox_cannot_start",
        hint="End sandboxes that are not used any more, then try again.",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def sandbox(
    etsy_port: Annotated[int, typer.Option(help="Port of the local Etsy; 0 takes a free one.")] = ETSY_PORT,
    medusa_port: Annotated[int, typer.Option(help="Port of the sample Medusa; 0 takes a free one.")] = MEDUSA_PORT,
    per_second: Annotated[int, typer.Option(help="Calls per second that it allows, as Etsy would.")] = 5,
    per_day: Annotated[int, typer.Option(help="Calls in 24 hours that it allows.")] = 5000,
) -> None:
    """Run a local Etsy and a sample Medusa until Ctrl-C; other commands in this folder then use them."""
    from etsy_pipeline.sandbox.server import Sandbox, SandboxError, SandboxOptions

    settings = Settings.load()
    home, comes_back_to = settings.etsy_pipeline_home, settings.etsy_redirect_uri
    options = SandboxOptions(
        state_path=home / "sandbox.db",
        etsy_port=etsy_port,
        medusa_port=medusa_port,
        requests_per_second=per_second,
        requests_per_day=per_day,
        redirect_uris=(comes_back_to,),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with the_only_sandbox(settings), Sandbox(options) as running:
            write_settings(home, running.environment() | {"ETSY_REDIRECT_URI": comes_back_to})
            console.print(f"Etsy   {running.etsy_url}\nMedusa {running.medusa_url}\nCtrl-C stops it.")
            stop.wait()
    except SandboxError as error:
        raise NotConfigured(
            str(error), code="sandbox_cannot_start", hint="See `etsy-pipeline sandbox --help`."
        ) from None


def the_only_sandbox(settings: Settings) -> AbstractContextManager[None]:
    """A second one would change the first one's shops behind its back, and take the folder's settings from it.

    Raises:
        Conflict: `sandbox_runs_already`.
    """

    def runs_already(process: str) -> Conflict:
        where = f" The settings of this folder point at it: {settings.etsy_api_url}." if settings.uses_sandbox else ""
        return Conflict(
            f"A sandbox runs in {settings.etsy_pipeline_home.resolve()} already (process {process}).{where}",
            code="sandbox_runs_already",
            hint="Use that one, or end it (`etsy-pipeline up` ends its own); or name another folder in "
            "ETSY_PIPELINE_HOME.",
        )

    return only_one(settings, LOCK_FILE, runs_already)


def write_settings(home: Path, environment: dict[str, str]) -> None:
    """Leave the sandbox's settings where `Settings.load` finds them, readable by their owner only."""
    state_folder.prepare(home)
    lines = [f"{name}={value}" for name, value in (environment | {"USES_SANDBOX": "true"}).items()]
    descriptor = os.open(home / SANDBOX_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
