"""Runs one of the jobs in this process, on the instance of this folder's dagster.yaml: where no daemon runs.

    python -m etsy_pipeline.run_job plan_sync ACCOUNT_ID --transaction-id TX
    python -m etsy_pipeline.run_job clean_up

It starts no publication that the sensor would not start: publish_sync refuses a sync that is not approved.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from etsy_pipeline import wiring
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.retention import clean_instance
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG, TRIGGER_TAG
from etsy_pipeline.settings import Settings


@contextmanager
def instance_of_this_folder() -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster dev` uses when it is started here."""
    if os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            yield instance
        return
    with dg.DagsterInstance.from_config(str(Path.cwd())) as instance:
        yield instance


def run_job(job_name: str, account_id: str, transaction_id: str, trigger: str) -> bool:
    """Run a job for one account; whether it succeeded."""
    with instance_of_this_folder() as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account_id])
        result = defs.resolve_job_def(job_name).execute_in_process(
            instance=instance,
            partition_key=account_id,
            tags={TRANSACTION_TAG: transaction_id, TRIGGER_TAG: trigger},
            raise_on_error=False,
        )
    return result.success


def clean_storage() -> None:
    """Remove old runs and ticks from Dagster's storage, without a run; says what was done."""
    settings = Settings.load()
    with instance_of_this_folder() as instance, closing(wiring.store_of(settings)) as store:
        print(*clean_instance(instance, store, settings, datetime.now(UTC)), sep="\n")  # noqa: T201 - for a command


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("plan_sync", "publish_sync", "clean_up"))
    parser.add_argument("account_id", nargs="?")
    parser.add_argument("--transaction-id")
    parser.add_argument("--trigger", default="cli")
    given = parser.parse_args()
    if given.job == "clean_up":
        clean_storage()
        return 0
    if given.account_id is None or given.transaction_id is None:
        parser.error("an account and --transaction-id are needed")
    return 0 if run_job(given.job, given.account_id, given.transaction_id, given.trigger) else 1


if __name__ == "__main__":
    sys.exit(main())
