"""Dagster's launcher for Celery, with one difference: a run that Celery has forgotten is not lost.

A broker that was started again knows of nothing that is under way. Celery calls such a run pending, and Dagster's
monitoring would end it in its books: another one would be begun beside it, while it goes on at its worker. Whether a
run is alive is seen by our own sensors (`failed_runs.py`, `approved_syncs`).
"""

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus  # what the method of the base gives
from dagster_celery.launcher import CeleryRunLauncher


class CeleryRuns(CeleryRunLauncher):  # type: ignore[misc] # of the extra celery, which need not be there
    """`dagster.yaml` names it (`deploy/dagster/celery.yaml`)."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """How a run's worker does, as far as Celery knows."""
        found: CheckRunHealthResult = super().check_run_worker_health(run)
        return CheckRunHealthResult(WorkerStatus.RUNNING) if found.status is WorkerStatus.UNKNOWN else found
