"""Sensors: rows in the database → runs. Each reads, lets a pure function decide, and reports.

Dagster: https://docs.dagster.io/guides/automate/sensors
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import dagster as dg

from etsy_pipeline import wiring
from etsy_pipeline.accounts.tokens import idle_accounts, renew
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.partitions import ACCOUNTS, accounts_partitions, partition_change
from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
from etsy_pipeline.orchestration.run_queue import PARTITION_TAG, slot
from etsy_pipeline.orchestration.runs import ATTEMPT_TAG, TRANSACTION_TAG, TRIGGER_TAG, reporting
from etsy_pipeline.publishing.lease import cut_short
from etsy_pipeline.safe_text import visible
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, jobs, leases, signs_of_life
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync.expiry import end_expired
from etsy_pipeline.sync.policy_turn import approve_waiting
from etsy_pipeline.sync.turns import waits_for

HOUR = 3600  # seconds
NOTICE_SECONDS = 20
TURN_SECONDS = 20
SECONDS = 1  # between two looks; the daemon looks every five, and would skip every other one if this were five as well
TIME_TO_BEGIN = 120  # seconds in which a run that was started takes its lease, however slow the machine
SHOP_TAG = "etsy_pipeline/shop"
NO_NAMES: Mapping[str, str] = MappingProxyType({})
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def _shop_tag(shops: Mapping[str, str], job: EtsySyncJob) -> dict[str, str]:
    """What the shop is called, for people: Dagster's partitions are accounts' ids."""
    name = shops.get(job.etsy_account_id)
    return {SHOP_TAG: visible(name)} if name else {}


def plan_requests(
    requested: Iterable[EtsySyncJob], under_way: Sequence[EtsySyncJob] = (), shops: Mapping[str, str] = NO_NAMES
) -> list[dg.RunRequest]:
    """A plan run for each sync that was asked for and that no run has begun to plan; the run key makes it one each.

    Where earlier ones were lost, it is another key: `wf_…#1`. A sync of named products waits for its turn (`turns.py`).
    Runs carry the shop's name, by account in `shops`.
    """
    return [
        dg.RunRequest(
            run_key=f"{job.transaction_id}#{job.plan_attempts}" if job.plan_attempts else job.transaction_id,
            partition_key=job.etsy_account_id,
            tags={
                TRANSACTION_TAG: job.transaction_id,
                TRIGGER_TAG: job.trigger,
                ATTEMPT_TAG: str(job.plan_attempts),
                **_shop_tag(shops, job),
                **slot(job.etsy_account_id, "plan"),
            },
        )
        for job in requested
        if job.state is SyncState.REQUESTED and waits_for(job, under_way) is None
    ]


@dataclass(frozen=True, slots=True)
class RunsSoFar:
    """The publication runs that a sync had: how many, and whether one of them may yet begin or go on."""

    count: int = 0
    is_alive: bool = False


NO_RUNS = RunsSoFar()


def publish_requests(
    approved: Iterable[EtsySyncJob],
    now: datetime,
    *,
    runs: Mapping[str, RunsSoFar] = MappingProxyType({}),
    held: Collection[tuple[str, Lane]] = (),
    shops: Mapping[str, str] = NO_NAMES,
) -> list[dg.RunRequest]:
    """A publication for each approved sync; again for a paused one whose time has come; again where a publisher died.

    Args:
        approved: syncs that are not finished.
        now: the moment.
        runs: by transaction id.
        held: accounts and lanes in which a publisher is at work: its lease has not run out.
        shops: what they are called, by account.
    """
    requests = []
    for job in approved:
        so_far = runs.get(job.transaction_id, NO_RUNS)
        if job.state is SyncState.PAUSED:
            is_due = job.resume_at is not None and job.resume_at <= now and not so_far.is_alive
            suffix = f"@{job.resume_at.isoformat()}" if is_due and job.resume_at else ""
            suffix += f"#{so_far.count}" if so_far.count else ""
        else:  # a sync that is confirmed had no run, or one that died before it began
            was_begun = job.state is SyncState.PROCESSING
            is_free = (job.etsy_account_id, job.lane) not in held and not so_far.is_alive
            is_due = is_free and (so_far.count > 0 if was_begun else job.state is SyncState.CONFIRMED)
            suffix = f"#{so_far.count}" if so_far.count else ""
        if is_due:
            requests.append(
                dg.RunRequest(
                    run_key=f"{job.transaction_id}{suffix}",
                    partition_key=job.etsy_account_id,
                    tags={
                        TRANSACTION_TAG: job.transaction_id,
                        TRIGGER_TAG: job.trigger,
                        **_shop_tag(shops, job),
                        **slot(job.etsy_account_id, job.lane),
                    },
                )
            )
    return requests


@dg.sensor(minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def account_partitions(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Keeps the partitions equal to the active accounts."""
    with store.opened() as opened, opened.reading() as session:
        active = {account.id for account in accounts.active(session)}
    runs = context.instance.get_runs(dg.RunsFilter(statuses=IN_FLIGHT))
    existing = set(context.instance.get_dynamic_partitions(ACCOUNTS))
    in_flight = {run.tags[tag] for run in runs for tag in (PARTITION_TAG,) if tag in run.tags}
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
@reporting
def requested_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Starts plan_sync for every sync that the command line or the HTTP API asked for."""
    with store.opened() as opened, opened.reading() as session:
        asked, under_way = jobs.in_state(session, SyncState.REQUESTED), jobs.in_state(session, *UNDER_WAY)
        requests = plan_requests(asked, under_way, _names(session) if asked else NO_NAMES)
    return _result(context, requests, "No sync was asked for, or it waits until another one of its shop is over.")


@dg.sensor(job=publish_sync, minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def approved_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """The gate: starts publish_sync for approved syncs, also in place of a run that died, and for nothing else.

    A sync whose approval has expired is called off instead.
    """
    with store.opened() as opened:
        now = opened.now()
        expired = end_expired(opened, now)
        cut_short(opened)
        _note_alive(opened)
        with opened.reading() as session:
            waiting = jobs.in_state(session, *UNDER_WAY)
            held = leases.held(session, now)
            shops = _names(session) if waiting else NO_NAMES
    for words in expired:
        context.log.warning(words)
    begun = {job.transaction_id: _runs_so_far(context.instance, job, held, now) for job in waiting}
    requests = publish_requests(waiting, now, runs=begun, held=held, shops=shops)
    return _result(context, requests, " ".join(expired) or "No approved sync waits to be published.")


def _names(session: Session) -> Mapping[str, str]:
    return {account.id: account.label for account in accounts.every(session)}


def _note_alive(store: Store) -> None:
    """Dagster's sensors are at work: people see it where nothing would go on without them."""
    with store.reading() as session:
        is_due = signs_of_life.is_due(session, signs_of_life.SENSORS)
    if is_due:
        with store.writing() as session:
            signs_of_life.note(session, signs_of_life.SENSORS)


@dg.sensor(minimum_interval_seconds=TURN_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def policy_approvals(
    context: dg.SensorEvaluationContext, store: StoreResource, medusa: MedusaResource
) -> dg.SkipReason:
    """Approves, in the name of a shop's policy, what it lets pass and what had to wait for another sync of its lane."""
    with store.opened() as opened:
        told = approve_waiting(opened, amount_unit=medusa.unit, now=opened.now())
    for words in told:
        context.log.info("policy_turn %s", words)
    return dg.SkipReason(" ".join(told) or "No plan waits for its turn.")


def _runs_so_far(
    instance: dg.DagsterInstance, job: EtsySyncJob, held: Collection[tuple[str, Lane]], now: datetime
) -> RunsSoFar:
    """What became of a sync's publication runs; one that Dagster still takes for alive and is not, is reported."""
    wanted = dg.RunsFilter(job_name=publish_sync.name, tags={TRANSACTION_TAG: job.transaction_id})
    records = instance.get_run_records(wanted)
    is_alive = False
    for record in records:
        if record.dagster_run.status not in IN_FLIGHT:
            continue
        is_held = (job.etsy_account_id, job.lane) in held
        is_dead = not is_held and not _is_put_off(job, now) and _has_had_time(record, now)
        if is_dead:
            instance.report_run_failed(record.dagster_run, "Its process is gone: it holds no publisher's lease.")
        is_alive = is_alive or not is_dead
    return RunsSoFar(len(records), is_alive)


def _is_put_off(job: EtsySyncJob, now: datetime) -> bool:
    """Whether a sync waits for Etsy's next day: the run that paused it is about to end by itself."""
    return job.state is SyncState.PAUSED and (job.resume_at is None or job.resume_at > now)


def _has_had_time(record: dg.RunRecord, now: datetime) -> bool:
    """Whether a run was started so long ago that it would have taken the lease."""
    return record.start_time is not None and now.timestamp() - record.start_time > TIME_TO_BEGIN


@dg.sensor(minimum_interval_seconds=HOUR, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def kept_connections(context: dg.SensorEvaluationContext, store: StoreResource, etsy: EtsyResource) -> dg.SkipReason:
    """Refreshes the tokens of shops that nobody has used for a week, so that no connection runs out (90 days)."""
    with store.opened() as opened:
        idle = idle_accounts(opened)
        told = renew(lambda account_id: etsy.tokens(opened, account_id), idle)
    for account_id, outcome in told.items():
        context.log.info("idle_connection account_id=%s outcome=%s", account_id, outcome)
    return dg.SkipReason("; ".join(f"{key}: {outcome}" for key, outcome in told.items()) or "No connection was idle.")


@dg.sensor(minimum_interval_seconds=NOTICE_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def sent_notices(store: StoreResource) -> dg.SkipReason:
    """Tells people of syncs that await approval, pause, end or fail; a dead receiver stands in nobody's way."""
    settings = Settings.load()
    if settings.etsy_pipeline_notify is None:
        return dg.SkipReason("ETSY_PIPELINE_NOTIFY is not set: nobody is told.")
    with store.opened() as opened:
        told = wiring.send_notices(settings, opened)
    return dg.SkipReason("; ".join(told) or "There is no news.")


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
