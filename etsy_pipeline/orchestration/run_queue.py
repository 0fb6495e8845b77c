"""The queue in which Dagster's runs wait: which ones wait for each other, and how many are carried out at once.

Of an account one plan is drawn up at a time, and one publication of each lane is carried out: these may go on side by
side, two of a kind never. Of all accounts together there are so many of each kind as the machine has cores
(`ETSY_PIPELINE_RUNS_AT_ONCE`); those that will take long (`long_runs.py`) leave half of the places to the others.
`dagster.yaml` names this queue; web server and daemon load it, so it imports little.

Dagster: https://docs.dagster.io/deployment/execution/run-coordinators
"""

import logging
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Self, get_args

import dagster as dg
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig  # what the method of the base gives
from dagster._serdes import ConfigurableClassData  # named in the signature that Dagster documents

from etsy_pipeline.dagster_yaml import DRIVER, require_broker
from etsy_pipeline.errors import NotConfigured, PipelineError
from etsy_pipeline.orchestration.run_tags import LONG_TAG, PARTITION_TAG, SLOT_TAG, WORK_TAG, Work, slot, work_of
from etsy_pipeline.settings import LEAST_RUNS_AT_ONCE, Settings

APPROVALS_AT_ONCE = 2  # runs of no kind: a moment each

logger = logging.getLogger(__name__)


class RunQueue(dg.QueuedRunCoordinator):
    """Dagster's own queue, with our limits; a run that comes without a slot (from the UI, a backfill) is given one."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """The queue as `dagster.yaml` has it, with limits that follow the machine."""
        return super().from_config_value(inst_data, {**config_value, **limits(runs_at_once())})

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Take one's place in an instance, where its storage can be used.

        Raises:
            NotConfigured: `dagster_storage_driver`.
        """
        super().register_instance(instance)
        require_usable(instance)

    def get_run_queue_config(self) -> RunQueueConfig:
        """The limits of this moment; Dagster's daemon asks in each turn.

        While Celery's broker does not answer there is room for no run: each would fail as it is launched.
        """
        found = super().get_run_queue_config()
        launcher = self._instance.run_launcher
        try:
            for name in ("broker", "backend"):
                if url := getattr(launcher, name, None):
                    require_broker(url, f"`{name}` in dagster.yaml")
        except PipelineError as error:
            logger.warning("runs_wait code=%s %s", error.code, error)
            return found._replace(max_concurrent_runs=0)
        return found

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Put a run into the queue."""
        run = context.dagster_run
        account_id, work = run.tags.get(PARTITION_TAG), work_of(run)
        if account_id and work and SLOT_TAG not in run.tags:
            tags = slot(account_id, work, is_long=_will_take_long(account_id, work))
            self._instance.add_run_tags(run.run_id, tags)
        return super().submit_run(context)


def require_usable(instance: dg.DagsterInstance) -> None:
    """Refuse a PostgreSQL that is spoken to by psycopg 3, on which each of Dagster's events fails.

    SQLAlchemy 2.1 takes psycopg 3 for `postgresql://`, which dagster-postgres builds, too; its NOTIFY has a parameter.

    Raises:
        NotConfigured: `dagster_storage_driver`.
    """
    engine = getattr(instance.event_log_storage, "_engine", None)
    if engine is not None and engine.dialect.driver == "psycopg":
        raise NotConfigured(
            "Dagster's storage is reached by psycopg 3, with which no run can note anything (NOTIFY … $1).",
            code="dagster_storage_driver",
            hint=DRIVER,
        )


def limits(most: int) -> dict[str, Any]:
    """The queue's limits, where so many runs of each kind are carried out at once."""
    of_a_slot = {"key": SLOT_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    kinds = get_args(Work)
    of_a_kind = [{"key": WORK_TAG, "value": work, "limit": most} for work in kinds]
    long_ones = [{"key": LONG_TAG, "value": work, "limit": most // 2} for work in kinds if most > 1]
    return {
        "max_concurrent_runs": most * len(kinds) + APPROVALS_AT_ONCE,
        "tag_concurrency_limits": [of_a_slot, *of_a_kind, *long_ones],
    }


def _will_take_long(account_id: str, work: Work) -> bool:
    """Asked of our database, which this process else does not need; where it cannot be read, a run counts as long."""
    from etsy_pipeline import wiring
    from etsy_pipeline.orchestration.long_runs import will_take_long

    try:
        with closing(wiring.store_of(Settings.load())) as store, store.reading() as session:
            return will_take_long(session, account_id, work)
    except PipelineError as error:
        logger.warning("counts_as_long account_id=%s code=%s", account_id, error.code)
        return True


def runs_at_once() -> int:
    """How many runs of each kind are carried out at once; where no setting can be read, runs themselves will say so."""
    try:
        return Settings.load().runs_at_once
    except NotConfigured as error:
        logger.warning("runs_at_once=%s code=%s %s", LEAST_RUNS_AT_ONCE, error.code, error)
        return LEAST_RUNS_AT_ONCE
