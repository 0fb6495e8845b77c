"""`etsy-pipeline up`: everything that a single machine needs, started and ended together."""

import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer

from etsy_pipeline import state_folder, wiring
from etsy_pipeline.cli.output import console, tell
from etsy_pipeline.cli.processes import Program, end
from etsy_pipeline.cli.sandbox import ETSY_PORT
from etsy_pipeline.errors import NotConfigured, Unavailable
from etsy_pipeline.settings import Settings

UI_PORT, API_PORT = 3000, 9000
SANDBOX = "sandbox"
SANDBOX_URL = f"http://127.0.0.1:{ETSY_PORT}/v3/application/openapi-ping"
READY_SECONDS = 180  # a slow machine imports Dagster for a minute
LOOK_SECONDS = 1.0

# Interrupts are taken even where the shell that started us in the background had them ignored.
_DAGSTER = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from dagster._cli import main; main()"
)


def up(
    port: Annotated[int, typer.Option(help="Port of Dagster's UI; another one where it is taken.")] = UI_PORT,
    api_port: Annotated[int, typer.Option(help="Port of the pages and the HTTP API.")] = API_PORT,
    host: Annotated[str, typer.Option(help="Address that both listen on; others than loopback need a token.")] = (
        "127.0.0.1"
    ),
    sandbox: Annotated[
        bool | None, typer.Option(help="The sandbox beside it; unless said, where no shop is configured.")
    ] = None,
) -> None:
    """Run everything on this machine until Ctrl-C: Dagster's UI and daemon, the pages and the HTTP API.

    Where no shop is configured, the sandbox beside it. Logs go to the state folder.
    """
    settings = Settings.load()
    home = settings.etsy_pipeline_home
    dagster_home = _dagster_home(home)
    with_sandbox = _needs_sandbox(settings) if sandbox is None else sandbox
    wiring.store_of(settings).close()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    ui = _free(host, port)
    programs = list(_programs(home / "logs", dagster_home, host, (ui, api_port), with_sandbox=with_sandbox))
    pages = f"http://{_named(host)}:{ui}/server_info", f"http://{_named(host)}:{api_port}/health"
    console.print("Starting …")
    try:
        for program in programs:
            program.start()
            if program.name == SANDBOX:  # it leaves its settings for the others
                _wait_until_ready([program], stop, [SANDBOX_URL])
        _wait_until_ready(programs, stop, pages)
        if not stop.is_set():
            _tell_where(home, host, ui, api_port)
            _watch(programs, stop)
    finally:
        tell("Ending …", err=True)
        end(programs)


def _programs(
    logs: Path, dagster_home: Path, host: str, ports: tuple[int, int], *, with_sandbox: bool
) -> list[Program]:
    ui, api = ports
    ours = [sys.executable, "-m", "etsy_pipeline.cli.main"]
    found = []
    if with_sandbox:
        quick = ["--per-second", "50", "--per-day", "100000"]  # a new app's 5 a second would mostly be waiting
        found.append(Program(SANDBOX, [*ours, "sandbox", *quick], logs / "sandbox.log"))
    dagster = [sys.executable, "-c", _DAGSTER, "dev", "--log-level", "warning", "--host", host, "--port", str(ui)]
    found.append(Program("Dagster", dagster, logs / "dagster.log", {"DAGSTER_HOME": str(dagster_home)}))
    found.append(Program("pages", [*ours, "api", "--host", host, "--port", str(api)], logs / "api.log"))
    return found


def _needs_sandbox(settings: Settings) -> bool:
    return settings.uses_sandbox or (settings.medusa_url is None and settings.etsy_client_id is None)


def _dagster_home(home: Path) -> Path:
    """DAGSTER_HOME; where it is not set, a folder in the state folder with this folder's dagster.yaml.

    Without one Dagster makes a temporary folder here, and warns that it will be removed.
    """
    named = os.environ.get("DAGSTER_HOME")
    folder = Path(named) if named else Path.cwd()
    missing = [str(path) for path in (folder / "dagster.yaml", Path("workspace.yaml")) if not path.exists()]
    if missing:
        raise NotConfigured(
            f"There is no {' and no '.join(missing)}.",
            code="dagster_yaml_missing",
            hint="Change to the folder of your installation, where these files lie.",
        )
    if named:
        return folder
    made = home.resolve() / "dagster_home"
    state_folder.prepare(home)
    state_folder.private_folder(made)
    shutil.copyfile(folder / "dagster.yaml", made / "dagster.yaml")
    return made


def _free(host: str, port: int) -> int:
    """The port, or a free one where it is taken."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotConfigured(f"Nothing can listen on {host}.", code="api_cannot_listen", hint="Choose another --host.")


def _wait_until_ready(programs: Sequence[Program], stop: threading.Event, urls: Sequence[str]) -> None:
    for _ in range(int(READY_SECONDS / LOOK_SECONDS)):
        _require_running(programs)
        if all(map(_answers, urls)) or stop.wait(LOOK_SECONDS):
            return
    raise Unavailable(
        f"Not everything answers after {READY_SECONDS} seconds.",
        code="up_not_ready",
        hint=f"Look at the logs in {programs[0].log.parent}.",
    )


def _require_running(programs: Sequence[Program]) -> None:
    for program in programs:
        if not program.is_running:
            raise Unavailable(
                f"{program.name} ended right away. Its last lines:\n{program.last_lines()}",
                code="up_not_ready",
                hint=f"All of its log: {program.log}",
            )


def _watch(programs: Sequence[Program], stop: threading.Event) -> None:
    """Start again what dies, a few times."""
    while not stop.wait(LOOK_SECONDS):
        for program in programs:
            if program.is_running:
                continue
            if not program.may_start_again():
                raise Unavailable(
                    f"{program.name} ended again and again. Its last lines:\n{program.last_lines()}",
                    code="up_not_ready",
                    hint=f"All of its log: {program.log}",
                )
            tell(f"{program.name} ended, and is started again (log: {program.log}).", err=True)
            program.start()


def _tell_where(home: Path, host: str, ui: int, api: int) -> None:
    rows: tuple[tuple[str, str], ...] = (
        ("Set up, plans, products", f"http://{_named(host)}:{api}/review"),
        ("Dagster's UI", f"http://{_named(host)}:{ui}"),
        ("HTTP API", f"http://{_named(host)}:{api}/docs"),
        ("Logs", str(home / "logs")),
    )
    for what, where in rows:
        console.print(f"{what:<25} [bold]{where}[/]", soft_wrap=True)
    console.print("Ctrl-C ends all of it.")


def _named(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):  # noqa: S310 - our own address
            return True
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
