"""A person at the Dagster UI, on an instance of its own: what they press, and what they read."""

from typing import Any

import dagster as dg

from etsy_pipeline.definitions import defs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.world import World


class Dagster:
    """A person at the Dagster UI."""

    def __init__(self, world: World, store: Store, account: EtsyAccount, instance: dg.DagsterInstance) -> None:
        self.world, self.store, self.account, self.instance = world, store, account, instance

    def materialize(self, *assets: str, **run: Any) -> dg.ExecuteInProcessResult:
        """Press Materialize on some assets of the account."""
        selection = [dg.AssetKey(name) for name in assets]
        job = defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=selection,
            partition_key=self.account.id,
            raise_on_error=False,
            **run,
        )

    def run(self, job: str, **tags: str) -> dg.ExecuteInProcessResult:
        """A run of a job, as a sensor starts it."""
        return defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=self.account.id, tags=tags, raise_on_error=False
        )

    def newest(self) -> EtsySyncJob:
        return queries.latest_jobs(self.store, most=1)[0]


def why(result: dg.ExecuteInProcessResult) -> str:
    """What the failed run says."""
    assert not result.success
    errors = [event.event_specific_data.error for event in result.get_step_failure_events()]  # type: ignore[union-attr]
    return " ".join(str(error) for error in errors)


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = [item for item in result.get_asset_materialization_events() if item.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    (found,) = [item for item in result.get_asset_check_evaluations() if item.check_name == name]
    return found
