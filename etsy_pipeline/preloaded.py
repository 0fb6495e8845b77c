"""Imported once by the process that runs are forked from (`code_server.py`): all that a run needs before it begins.

What Dagster imports only when it carries out a run is named here; a version of Dagster that has it elsewhere takes a
moment longer for each run.
"""

import gc
from contextlib import suppress
from importlib import import_module

import dagster as dg

from etsy_pipeline.definitions import defs
from etsy_pipeline.trust import trusted

OF_RUNS = (
    "dagster._grpc.impl", "dagster._core.workspace.context", "dagster._daemon.asset_daemon",
    "dagster._core.execution.plan.active", "dagster._core.executor.in_process", "dagster._core.execution.telemetry",
    "upath.implementations.local", "pyarrow.pandas_compat", "pandas.core.methods.to_dict",
)  # fmt: skip

for name in OF_RUNS:
    with suppress(ImportError):
        import_module(name)
defs.get_repository_def().get_all_jobs()
trusted()
with suppress(Exception), dg.DagsterInstance.get():  # its storage is of the instance's choice; a run says what is wrong
    pass
gc.collect()
gc.freeze()  # what is shared stays shared: no run's collector touches it
