"""Sensors: rows in the database → runs. Each reads, lets a pure function decide, and reports.

Dagster: https://docs.dagster.io/guides/automate/sensors
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import dagster as dg

from etsy_pipeline.accounts.tokens import idle_accounts, renew
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.partitions import ACCOUNTS, accounts_partitions, partition_change
from etsy_pipeline.orchestration.resources import EtsyResource, StoreResource
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG, TRIGGER_TAG, failure, transaction_id_of
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.tables import EtsySyncJob
from etsy_pipeline.sync_jobs import decide

HOUR = 3600  # seconds
SECONDS = 1  # between two looks; the daemon looks every five, and would skip every other one if this were five as well
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def plan_requests(pending: Iterable[EtsySyncJob]) -> list[dg.RunRequest]:
    """A plan run for each sync that was asked for and has no plan yet; the run key makes it one run each."""
    return [
        dg.RunRequest(
            run_key=job.transaction_id,
            partition_key=job.etsy_account_id,
            tags={TRANSACTION_TAG: job.transaction_id, TRIGGER_TAG: job.trigger},
        )
        for job in pending
        if job.plan_digest is None
    ]


def publish_requests(approved: Iterable[EtsySyncJob], now: datetime) -> list[dg.RunRequest]:
    """A publication for each approved sync, and again for each paused one whose time has come."""
    requests = []
    for job in approved:
        is_due = job.status == "paused" and job.resume_at is not None and job.resume_at <= now
        if job.status == "confirmed" or is_due:
            suffix = f"@{job.resume_at.isoformat()}" if is_due and job.resume_at else ""
            requests.append(
                dg.RunRequest(
                    run_key=f"{job.transaction_id}{suffix}",
                    partition_key=job.etsy_account_id,
                    tags={TRANSACTION_TAG: job.transaction_id, TRIGGER_TAG: job.trigger},
                )
            )
    return requests


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def account_partitions(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Keeps the partitions equal to the active accounts."""
    with store.opened() as opened, opened.reading() as session:
        active = {account.id for account in accounts.active(session)}
    runs = context.instance.get_runs(dg.RunsFilter(statuses=IN_FLIGHT))
    existing = set(context.instance.get_dynamic_partitions(ACCOUNTS))
    in_flight = {run.tags[tag] for run in runs for tag in ("dagster/partition",) if tag in run.tags}
    change = partition_change(active=active, existing=existing, in_flight=in_flight)
    if not change.add and not change.remove:
        return dg.SkipReason(f"Partitions equal the {len(active)} active accounts.")
    return dg.SensorResult(
        dynamic_partitions_requests=[
            accounts_partitions.build_add_request(sorted(change.add)),
            accounts_partitions.build_delete_request(sorted(change.remove)),
        ]
    )


@dg.sensor(job=plan_sync, minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def requested_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Starts plan_sync for every sync that the command line or the HTTP API asked for."""
    with store.opened() as opened, opened.reading() as session:
        requests = plan_requests(jobs.with_status(session, "pending"))
    return _result(context, requests, "No sync was asked for.")


@dg.sensor(job=publish_sync, minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def approved_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """The gate: starts publish_sync for approved syncs, and for nothing else."""
    with store.opened() as opened, opened.reading() as session:
        requests = publish_requests(jobs.with_status(session, "confirmed", "paused"), datetime.now(UTC))
    return _result(context, requests, "No approved sync waits to be published.")


@dg.sensor(minimum_interval_seconds=HOUR, default_status=dg.DefaultSensorStatus.RUNNING)
def kept_connections(context: dg.SensorEvaluationContext, store: StoreResource, etsy: EtsyResource) -> dg.SkipReason:
    """Refreshes the tokens of shops that nobody has used for a week, so that no connection runs out (90 days)."""
    with store.opened() as opened:
        idle = idle_accounts(opened)
        told = renew(lambda account_id: etsy.tokens(opened, account_id), idle)
    for account_id, outcome in told.items():
        context.log.info("idle_connection account_id=%s outcome=%s", account_id, outcome)
    return dg.SkipReason("; ".join(f"{key}: {outcome}" for key, outcome in told.items()) or "No connection was idle.")


@dg.run_failure_sensor(
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitored_jobs=[plan_sync, publish_sync],
)
def failed_syncs(context: dg.RunFailureSensorContext, store: StoreResource) -> None:
    """Notes on the sync job that its run ended without a word (killed, out of memory), so that nobody waits for it."""
    transaction_id = transaction_id_of(context.dagster_run.tags)
    if transaction_id is None:
        return
    try:
        with store.opened() as opened:
            decide.fail(opened, transaction_id, f"The Dagster run {context.dagster_run.run_id} failed. [run_failed]")
    except PipelineError as error:
        raise failure(error) from None


def _result(
    context: dg.SensorEvaluationContext, requests: Sequence[dg.RunRequest], nothing: str
) -> dg.SensorResult | dg.SkipReason:
    if not requests:
        return dg.SkipReason(nothing)
    existing = set(context.instance.get_dynamic_partitions(ACCOUNTS))
    ready = [request for request in requests if request.partition_key in existing]
    if not ready:
        return dg.SkipReason("Waits for account_partitions to add the account.")
    return dg.SensorResult(run_requests=ready)
