"""`etsy-pipeline sandbox`: a local Etsy and a sample Medusa, for trying out."""

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from etsy_pipeline import state_folder
from etsy_pipeline.cli.output import console
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import SANDBOX_FILE, Settings

ETSY_PORT, MEDUSA_PORT = 8731, 8732  # unassigned ports; stable, so that the pictures' addresses stay the same


def sandbox(
    etsy_port: Annotated[int, typer.Option(help="Port of the local Etsy; 0 takes a free one.")] = ETSY_PORT,
    medusa_port: Annotated[int, typer.Option(help="Port of the sample Medusa; 0 takes a free one.")] = MEDUSA_PORT,
    per_second: Annotated[int, typer.Option(help="Calls per second that it allows, as Etsy would.")] = 5,
    per_day: Annotated[int, typer.Option(help="Calls in 24 hours that it allows.")] = 5000,
) -> None:
    """Run a local Etsy and a sample Medusa until Ctrl-C; other commands in this folder then use them."""
    from etsy_pipeline.sandbox.server import Sandbox, SandboxError, SandboxOptions

    home = Settings.load().etsy_pipeline_home
    options = SandboxOptions(
        state_path=home / "sandbox.db",
        etsy_port=etsy_port,
        medusa_port=medusa_port,
        requests_per_second=per_second,
        requests_per_day=per_day,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Sandbox(options) as running:
            write_settings(home, running.environment())
            console.print(f"Etsy   {running.etsy_url}\nMedusa {running.medusa_url}\nCtrl-C stops it.")
            stop.wait()
    except SandboxError as error:
        raise NotConfigured(
            str(error), code="sandbox_cannot_start", hint="See `etsy-pipeline sandbox --help`."
        ) from None


def write_settings(home: Path, environment: dict[str, str]) -> None:
    """Leave the sandbox's settings where `Settings.load` finds them, readable by their owner only."""
    state_folder.prepare(home)
    lines = [f"{name}={value}" for name, value in (environment | {"USES_SANDBOX": "true"}).items()]
    descriptor = os.open(home / SANDBOX_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
