"""Dagster's code server as this project runs it: as `dagster api grpc`, but runs begin at once, and sensors wait.

Web server and daemon ask it by a workspace file with `grpc_server`. A run that it starts is forked from a process that
has imported everything already, where Dagster's own imports it anew: two CPU seconds of each run. Its sensors wait for
something to do (`orchestration/waiting.py`) where Dagster's would be asked again and again.

Dagster: https://docs.dagster.io/deployment/code-locations/workspace-yaml
"""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from typing import Any

import click
from dagster._cli.api import api_cli
from dagster._grpc import server

from etsy_pipeline.orchestration.waiting import patience
from etsy_pipeline.starting import may_start

MODULE = "etsy_pipeline.definitions"
LOCATION = "etsy_pipeline"
AT_ONCE = 24  # questions that are answered at once: some sensors wait, and a launch is answered when its run has begun
WARM = "etsy_pipeline.preloaded"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""For numpy and pyarrow, whose threads would hold locks that a forked run waits for in vain."""
FAILURES_AT_ONCE = ("DAGSTER_RUN_STATUS_SENSOR_PROCESS_LIMIT", "25")
"""Failed runs that `failed_syncs` hears of in its turn, each minute: as many as Dagster reads for it; else 5."""


class CodeServer(server.DagsterApiServer):
    """Dagster's, but for how it begins a run, and that whoever waits is told of its end."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        os.environ.update(ONE_THREAD)
        os.environ.setdefault(*FAILURES_AT_ONCE)
        forked = multiprocessing.get_context("forkserver")
        forked.set_forkserver_preload([WARM])
        forked.Process(target=_nothing).start()  # starts the process that runs are forked from
        self._mp_ctx = forked  # type: ignore[assignment] # Dagster's is `spawn`; both are used alike
        patience.begin()

    def cleanup(self) -> None:
        """Let sensors that wait return, so that nothing has to be waited for."""
        patience.end()
        super().cleanup()


def _nothing() -> None:
    pass


def serve(words: Sequence[str]) -> int:
    """Answer until it is ended, by the words that `dagster api grpc` takes; the exit status.

    It does not begin where its sensors and runs could do nothing (`starting.py`).
    """
    if not may_start("The code server"):
        return 1
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background ignores it, and SIGTERM with it
    server.DagsterApiServer = CodeServer  # type: ignore[misc,assignment] # which of them the command makes
    ours = ["--module-name", MODULE, "--location-name", LOCATION, "--max-workers", str(AT_ONCE)]
    try:
        api_cli(["grpc", *ours, "--log-level", "warning", *words], standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        patience.end()
    return 0
