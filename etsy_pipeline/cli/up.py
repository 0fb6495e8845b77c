"""`etsy-pipeline up`: everything that a single machine needs, started and ended together."""

import json
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer

from etsy_pipeline import checkup, state_folder, wiring
from etsy_pipeline.cli.api import HOST_HELP, require_safe
from etsy_pipeline.cli.only_one import only_one
from etsy_pipeline.cli.output import console, tell
from etsy_pipeline.cli.processes import Program, end, python
from etsy_pipeline.cli.sandbox import free_ports
from etsy_pipeline.errors import Conflict, NotConfigured, Unavailable
from etsy_pipeline.settings import DEFAULT_REDIRECT_URI, Settings

UI_PORT, API_PORT = 3000, 9000
LOOPBACK = "127.0.0.1"
SANDBOX, REDIRECT = "sandbox", "ETSY_REDIRECT_URI"
SOCKET, WORKSPACE = "code.sock", "workspace.yaml"
LOCK_FILE = "up.lock"
SANDBOX_PING = "/v3/application/openapi-ping"
READY_SECONDS = 180  # a slow machine imports Dagster for a minute
LOOK_SECONDS = 1.0
CODE = "code server"
OURS = "etsy_pipeline.cli.main"


def up(
    port: Annotated[int, typer.Option(help="Port of Dagster's UI; another one where it is taken.")] = UI_PORT,
    api_port: Annotated[int, typer.Option(help="Port of the pages and the HTTP API.")] = API_PORT,
    host: Annotated[
        str, typer.Option(help=f"{HOST_HELP} Dagster's UI, which asks nobody, stays on loopback.")
    ] = LOOPBACK,
    sandbox: Annotated[
        bool | None, typer.Option(help="The sandbox beside it; unless said, where no shop is configured.")
    ] = None,
) -> None:
    """Run everything on this machine until Ctrl-C: Dagster's UI and daemon, the pages and the HTTP API.

    Where no shop is configured, the sandbox beside it. Logs go to the state folder.
    """
    settings = Settings.load()
    dagster_home = _dagster_home(settings)
    with_sandbox = _needs_sandbox(settings) if sandbox is None else sandbox
    with _only_one(settings):
        _run_all(settings, dagster_home, host, (port, api_port), with_sandbox=with_sandbox)


def _run_all(settings: Settings, dagster_home: Path, host: str, ports: tuple[int, int], *, with_sandbox: bool) -> None:
    home, (port, api_port) = settings.etsy_pipeline_home, ports
    checkup.require_disk(settings)
    with closing(wiring.store_of(settings)) as store:
        wiring.check_snapshots(settings, store)
        require_safe(settings, store, host)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    ui = _free(LOOPBACK, port)
    meeting = _meeting_place()
    local = free_ports() if with_sandbox else None
    programs = _programs(home / "logs", dagster_home, meeting, host, (ui, api_port), local)
    pages = f"http://{LOOPBACK}:{ui}/server_info", f"http://{_named(host)}:{api_port}/health"
    console.print("Starting …")
    try:
        for program in programs:
            program.start()
            if program.name == SANDBOX and local:  # it leaves its settings for the others
                _wait_until_ready([program], stop, lambda: _answers(f"http://{LOOPBACK}:{local[0]}{SANDBOX_PING}"))
            if program.name == CODE:  # who asks it while it is not there yet, asks again after a minute
                _wait_until_ready([program], stop, (meeting / SOCKET).exists)
        _wait_until_ready(programs, stop, lambda: all(map(_answers, pages)))
        if not stop.is_set():
            _tell_where(home, host, ui, api_port)
            _watch(programs, stop)
    finally:
        tell("Ending …", err=True)
        end(programs)
        shutil.rmtree(meeting, ignore_errors=True)


def _only_one(settings: Settings) -> AbstractContextManager[None]:
    """Two daemons would do everything twice."""
    return only_one(settings, LOCK_FILE, _runs_already)


def _runs_already(process: str) -> Conflict:
    return Conflict(
        f"`etsy-pipeline up` runs in this folder already (process {process}).",
        code="up_runs_already",
        hint="End it first, or use another folder.",
    )


def _programs(
    logs: Path, dagster_home: Path, meeting: Path, host: str, ports: tuple[int, int], local: tuple[int, int] | None
) -> list[Program]:
    ui, api = ports
    found = []
    if local:
        etsy, medusa = map(str, local)
        quick = ["--per-second", "50", "--per-day", "100000"]  # a new app's 5 a second would mostly be waiting
        command = python(OURS, "sandbox", "--etsy-port", etsy, "--medusa-port", medusa, *quick)
        back = os.environ.get(REDIRECT) or DEFAULT_REDIRECT_URI.replace(f":{API_PORT}/", f":{api}/")  # to these pages
        found.append(Program(SANDBOX, command, logs / "sandbox.log", {REDIRECT: back}))
    env = {"DAGSTER_HOME": str(dagster_home)}
    code = python("etsy_pipeline.code_server", "--socket", str(meeting / SOCKET))
    where = ["-w", str(meeting / WORKSPACE)]
    listens = ["--host", LOOPBACK, "--port", str(ui)]
    pages = python("dagster_webserver", *where, *listens, "--dagster-log-level", "warning")
    daemon = python("dagster._daemon", "run", *where, "--log-level", "warning")
    found.append(Program(CODE, code, logs / "code_server.log", env))
    found.append(Program("Dagster's UI", pages, logs / "dagster_ui.log", env))
    found.append(Program("Dagster's daemon", daemon, logs / "dagster_daemon.log", env))
    found.append(Program("pages", python(OURS, "api", "--host", host, "--port", str(api)), logs / "api.log"))
    return found


def _meeting_place() -> Path:
    """A private folder, by a short way, with the socket of the code server and the workspace that names it."""
    folder = Path(tempfile.mkdtemp(prefix="etsy_pipeline_"))
    server = {"socket": str(folder / SOCKET), "host": "localhost", "location_name": "etsy_pipeline"}
    (folder / WORKSPACE).write_text(json.dumps({"load_from": [{"grpc_server": server}]}))  # JSON is YAML
    return folder


def _needs_sandbox(settings: Settings) -> bool:
    return settings.uses_sandbox or (settings.medusa_url is None and settings.etsy_client_id is None)


def _dagster_home(settings: Settings) -> Path:
    """DAGSTER_HOME; where it is not set, a folder in the state folder with this folder's dagster.yaml.

    Without one Dagster makes a temporary folder here, and warns that it will be removed.
    """
    named = os.environ.get("DAGSTER_HOME")
    folder = Path(named) if named else Path.cwd()
    if not (folder / "dagster.yaml").exists():
        raise NotConfigured(
            f"There is no {folder / 'dagster.yaml'}.",
            code="dagster_yaml_missing",
            hint="Change to the folder of your installation, where it lies.",
        )
    if named:
        return folder
    home = settings.etsy_pipeline_home
    made = home.resolve() / "dagster_home"
    wiring.prepare_state_folder(settings)
    with wiring.written_in(home):
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


def _wait_until_ready(programs: Sequence[Program], stop: threading.Event, are_ready: Callable[[], bool]) -> None:
    for _ in range(int(READY_SECONDS / LOOK_SECONDS)):
        _require_running([program for program in programs if program.process is not None])
        if are_ready() or stop.wait(LOOK_SECONDS):
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
        ("Dagster's UI", f"http://{LOOPBACK}:{ui}"),
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
