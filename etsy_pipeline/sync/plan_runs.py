"""A Dagster run that draws up a plan, and the sync that it does so for: what becomes of the one when the other fails.

Such a run begins the plan of its sync (`build_plan.begin_plan`) before it reads anything. One that was started for a
requested sync is told its transaction id; any other run finds its sync by its own id.
"""

from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event


def fail_plan(store: Store, *, run_id: str, transaction_id: str | None, message: str) -> bool:
    """Note on its sync that a plan run failed. A complete plan stays, and so does one that another run draws up.

    Args:
        store: the database.
        run_id: the run.
        transaction_id: of the sync that the run was started for, if it was.
        message: why.

    Returns:
        Whether there is a sync for which the run drew up a plan.
    """
    with store.writing() as session:
        job = _job(session, run_id, transaction_id)
        if job is not None and job.state in BEING_PLANNED and job.plan_run_id in {None, run_id}:
            errors = {**job.error_log, "job": message}
            lifecycle.try_move(session, job.transaction_id, Event.FAIL, who="planner", error_log=errors)
    return job is not None


def _job(session: Session, run_id: str, transaction_id: str | None) -> EtsySyncJob | None:
    if transaction_id is None:
        job = jobs.of_plan_run(session, run_id)
        transaction_id = job.transaction_id if job else None
    return jobs.find(session, transaction_id, lock=True) if transaction_id else None
