"""Dagster's launcher for Celery: a run that Celery has forgotten is not lost, and one that is terminated is canceled.

A broker that was started again knows of nothing that is under way. Celery calls such a run pending, and Dagster's
monitoring would end it in its books: another one would be begun beside it, while it goes on at its worker. Whether a
run is alive is seen by our own sensors (`failed_runs.py`, `approved_syncs`).

Dagster's own launchers note that a run is to be canceled before they end its process; the one for Celery does not, and
the run counts as failed, so that another one is begun in its place.
"""

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus  # what the method of the base gives
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

BEGUN = {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}


class CeleryRuns(CeleryRunLauncher):  # type: ignore[misc] # of the extra celery, which need not be there
    """`dagster.yaml` names it (`deploy/dagster/celery.yaml`)."""

    def terminate(self, run_id: str) -> bool:
        """End a run for good, wherever it is; whether there was anything to end.

        One that a worker has begun says itself that it is canceled, or Dagster's monitoring does after three minutes
        (`cancel_timeout_seconds`). One that waits in Celery never would: it is canceled at once, and a worker that is
        given it all the same leaves it alone.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        if run.status not in BEGUN:
            self._instance.report_run_canceled(run)
        if DAGSTER_CELERY_TASK_ID_TAG in run.tags:  # else it is about to be handed to Celery
            super().terminate(run_id)
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """How a run's worker does, as far as Celery knows."""
        found: CheckRunHealthResult = super().check_run_worker_health(run)
        return CheckRunHealthResult(WorkerStatus.RUNNING) if found.status is WorkerStatus.UNKNOWN else found
