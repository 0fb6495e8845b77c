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
from etsy_pipeline.orchestration import gauges
from etsy_pipeline.orchestration.jobs import plan_sync, publish_sync
from etsy_pipeline.orchestration.long_runs import is_long_plan, is_long_publication, large_shops
from etsy_pipeline.orchestration.order_assets import orders_due, read_orders
from etsy_pipeline.orchestration.partitions import ACCOUNTS, accounts_partitions, partition_change
from etsy_pipeline.orchestration.resources import EtsyResource, StoreResource
from etsy_pipeline.orchestration.run_tags import PARTITION_TAG, slot
from etsy_pipeline.orchestration.runs import ATTEMPT_TAG, TRANSACTION_TAG, TRIGGER_TAG, reporting
from etsy_pipeline.orchestration.shop_assets import asked_scans, scan_shop
from etsy_pipeline.orchestration.waiting import first_answer, has_run, patience
from etsy_pipeline.publishing.lease import cut_short
from etsy_pipeline.settings import AmountUnit, Settings
from etsy_pipeline.store import accounts, jobs, leases, signs_of_life
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob, Lane
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync.code_version import this_code
from etsy_pipeline.sync.expiry import end_expired
from etsy_pipeline.sync.policy_turn import approve_waiting
from etsy_pipeline.sync.turns import waits_for

HOUR = 3600  # seconds
SENSOR_DAEMON = "SENSOR"  # as Dagster calls it
NOTICE_SECONDS = 90
SECONDS = 1  # between two waits of a sensor (`waiting.py`); the daemon asks every five
TIME_TO_BEGIN = 120  # seconds in which a run that was started takes its lease, however slow the machine
NO_NAMES: Mapping[str, str] = MappingProxyType({})
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def plan_requests(
    requested: Iterable[EtsySyncJob],
    under_way: Sequence[EtsySyncJob] = (),
    shops: Mapping[str, str] = NO_NAMES,
    large: Collection[str] = (),
) -> list[dg.RunRequest]:
    """A plan run for each sync that was asked for and that no run has begun to plan; the run key makes it one each.

    Where earlier ones were lost, it is another key: `wf_…#1`. A sync of named products waits for its turn (`turns.py`).
    Runs carry the shop's name, by account in `shops`; the accounts of large shops are named in `large`.
    """
    return [
        dg.RunRequest(
            run_key=f"{job.transaction_id}#{job.plan_attempts}" if job.plan_attempts else job.transaction_id,
            job_name=plan_sync.name,
            partition_key=job.etsy_account_id,
            tags={
                TRANSACTION_TAG: job.transaction_id,
                TRIGGER_TAG: job.trigger,
                ATTEMPT_TAG: str(job.plan_attempts),
                **slot(
                    job.etsy_account_id, "plan", shops.get(job.etsy_account_id, ""), is_long=is_long_plan(job, large)
                ),
            },
        )
        for job in requested
        if job.state is SyncState.REQUESTED and waits_for(job, under_way) is None
    ]  # fmt: skip


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
        else:  # had no run yet, or one that died; Dagster may know of none where its own database was lost
            is_free = (job.etsy_account_id, job.lane) not in held and not so_far.is_alive
            is_due = is_free and job.state in {SyncState.CONFIRMED, SyncState.PROCESSING}
            suffix = f"#{so_far.count}" if so_far.count else ""
        if is_due:
            requests.append(
                dg.RunRequest(
                    run_key=f"{job.transaction_id}{suffix}",
                    partition_key=job.etsy_account_id,
                    tags={
                        TRANSACTION_TAG: job.transaction_id,
                        TRIGGER_TAG: job.trigger,
                        **slot(
                            job.etsy_account_id, job.lane, shops.get(job.etsy_account_id, ""),
                            is_long=is_long_publication(job),
                        ),
                    },
                )
            )  # fmt: skip
    return requests


@dg.sensor(
    jobs=[plan_sync, scan_shop, read_orders],
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
@reporting
def requested_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Starts what was asked for or is due: plans, looks through a shop, looks at its orders; nothing that publishes.

    Keeps the partitions equal to the active accounts, of which each run has one.
    """
    with store.opened() as opened:
        return first_answer(
            opened,
            lambda: _asked_for(context, opened),
            "No sync was asked for, or it waits until another one of its shop is over.",
        )


def _asked_for(context: dg.SensorEvaluationContext, store: Store) -> dg.SensorResult | Sequence[str]:
    with store.reading() as session:
        active = {account.id for account in accounts.active(session)}
        asked = jobs.in_state(session, SyncState.REQUESTED)
        under_way = jobs.in_state(session, *UNDER_WAY) if asked else []
        large = large_shops(session, {job.etsy_account_id for job in asked})
        requests = plan_requests(asked, under_way, _names(session) if asked else NO_NAMES, large)
        requests += asked_scans(session)
    of_orders, told = orders_due(store)
    for words in told:
        context.log.warning("orders_not_read %s", words)
    requests += of_orders
    existing = set(context.instance.get_dynamic_partitions(ACCOUNTS))
    change = partition_change(active=active, existing=existing, in_flight=_in_flight(context, active, existing))
    is_change = bool(change.add or change.remove)
    here = (request for request in requests if request.partition_key in existing)
    ready = patience.not_taken_yet(here, lambda run_key: has_run(context.instance, run_key))
    if not ready and not is_change:
        return told
    return dg.SensorResult(
        run_requests=ready,
        dynamic_partitions_requests=[
            accounts_partitions.build_add_request(sorted(change.add)),
            accounts_partitions.build_delete_request(sorted(change.remove)),
        ]
        if is_change
        else [],
    )


def _in_flight(context: dg.SensorEvaluationContext, active: Collection[str], existing: Collection[str]) -> set[str]:
    """The accounts that have a run; asked only where one of the partitions is to go."""
    if set(existing) <= set(active):
        return set()
    runs = context.instance.get_runs(dg.RunsFilter(statuses=IN_FLIGHT))
    return {run.tags[PARTITION_TAG] for run in runs if PARTITION_TAG in run.tags}


@dg.sensor(job=publish_sync, minimum_interval_seconds=SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
@reporting
def approved_syncs(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """The gate: starts publish_sync for approved syncs, also in place of a run that died, and for nothing else.

    A sync whose approval has expired is called off instead. A plan that a shop's policy lets pass, and that had to wait
    for another sync of its lane, is approved in the policy's name when its turn has come.
    """
    with store.opened() as opened:
        return first_answer(opened, lambda: _approved(context, opened), "No approved sync waits to be published.")


def _approved(context: dg.SensorEvaluationContext, store: Store) -> dg.SensorResult | Sequence[str]:
    now = store.now()
    told = [*approve_waiting(store, amount_unit=_amount_unit, now=now), *end_expired(store, now)]
    cut_short(store)
    _note_alive(context.instance, store)
    with store.reading() as session:
        held = leases.held(session, now)
        waiting = jobs.in_state(session, *UNDER_WAY)
        held |= leases.held(session, now)  # a publisher that begins or ends meanwhile is at work, not dead
        shops = _names(session) if waiting else NO_NAMES
    begun = {job.transaction_id: _runs_so_far(context.instance, job, held, now) for job in waiting}
    requests = publish_requests(waiting, now, runs=begun, held=held, shops=shops)
    existing = set(context.instance.get_dynamic_partitions(ACCOUNTS)) if requests else set()
    ready = [request for request in requests if request.partition_key in existing]
    if not ready:
        return [*told, *(["Waits until the account has a partition."] if requests else [])]
    for words in told:
        context.log.warning(words)
    return dg.SensorResult(run_requests=ready)


def _amount_unit() -> AmountUnit:
    return Settings.load().medusa()[2]


def _names(session: Session) -> Mapping[str, str]:
    return {account.id: account.label for account in accounts.every(session)}


def _note_alive(instance: dg.DagsterInstance, store: Store) -> None:
    """Dagster's sensors are at work, and whose: people see where nothing would go on, and where two daemons are."""
    with store.reading() as session:
        is_due = signs_of_life.is_due(session, signs_of_life.SENSORS)
    if is_due:
        gauges.tell_how_things_stand(store)
        with store.writing() as session:
            signs_of_life.note(session, signs_of_life.SENSORS)
            signs_of_life.note_code(session, this_code())
            daemon = instance.get_daemon_heartbeats().get(SENSOR_DAEMON)
            if daemon is not None and daemon.daemon_id is not None:
                signs_of_life.note_daemon(session, daemon.daemon_id)


def _runs_so_far(
    instance: dg.DagsterInstance, job: EtsySyncJob, held: Collection[tuple[str, Lane]], now: datetime
) -> RunsSoFar:
    """What became of a sync's publication runs; one that Dagster still takes for alive and is not, is reported."""
    wanted = dg.RunsFilter(job_name=publish_sync.name, tags={TRANSACTION_TAG: job.transaction_id})
    records = list(instance.get_run_records(wanted))
    if job.publish_run_id not in {None, *(record.dagster_run.run_id for record in records)}:  # a person's, in the UI
        records += instance.get_run_records(dg.RunsFilter(run_ids=[str(job.publish_run_id)]))
    is_alive = False
    for record in records:
        if record.dagster_run.status not in IN_FLIGHT:
            continue
        is_held = (job.etsy_account_id, job.lane) in held
        had_it = job.publish_run_id == record.dagster_run.run_id
        is_dead = not is_held and not _is_put_off(job, now) and (had_it or _has_had_time(record, now))
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
