"""The nightly job takes old runs, their logs and old ticks out of Dagster's own storage, and leaves what is needed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from etsy_pipeline import wiring
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.retention import clean_instance, clean_up
from etsy_pipeline.run_job import clean_storage
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.sync.planned import approve, connected, planned

NOW = datetime.now(UTC)


@dg.op
def _say(context: dg.OpExecutionContext) -> None:
    context.log.info("something")


@dg.job
def some_work() -> None:
    _say()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """On disk, as this project's dagster.yaml has it."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    config = {
        "storage": {"sqlite": {"base_dir": str(folder)}},
        "compute_logs": {
            "module": "dagster.core.storage.local_compute_log_manager", "class": "LocalComputeLogManager",
            "config": {"base_dir": str(folder / "compute_logs")},
        },
        "telemetry": {"enabled": False},
    }  # fmt: skip
    with dg.instance_for_test(temp_dir=str(folder), overrides=config) as opened:
        yield opened


@pytest.fixture
def store() -> Iterator[Store]:
    opened = wiring.store_of(Settings.load())
    yield opened
    opened.close()


def a_run(instance: dg.DagsterInstance, days_ago: float, **tags: str) -> str:
    """A run of some job that ended so long ago."""
    run_id = some_work.execute_in_process(instance=instance, tags=tags).run_id
    with instance.run_storage.connect() as connection:  # type: ignore[attr-defined] # a test may look inside
        then = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
        connection.execute(
            RunsTable.update().where(RunsTable.c.run_id == run_id).values(update_timestamp=then, create_timestamp=then)
        )
    return run_id


def clean(instance: dg.DagsterInstance, store: Store) -> list[str]:
    return clean_instance(instance, store, Settings.load(), NOW)


def files_of(tmp_path: Path, run_id: str) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if run_id in str(path)]


def test_old_runs_go_with_all_their_files_and_young_ones_stay(
    instance: dg.DagsterInstance, store: Store, tmp_path: Path
) -> None:
    old, young = a_run(instance, 31), a_run(instance, 29)
    assert files_of(tmp_path, old)
    assert clean(instance, store)[0] == "1 old runs of Dagster removed."
    assert {run.run_id for run in instance.get_runs()} == {young}
    assert files_of(tmp_path, old) == []
    assert files_of(tmp_path, young)
    assert instance.all_logs(young)
    assert clean(instance, store)[0] == "0 old runs of Dagster removed."


def test_many_runs_are_gone_through_page_by_page(
    instance: dg.DagsterInstance, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etsy_pipeline.orchestration.retention.AT_ONCE", 2)
    for _ in range(5):
        a_run(instance, 40)
    newest = a_run(instance, 1)
    assert clean(instance, store)[0] == "5 old runs of Dagster removed."
    assert [run.run_id for run in instance.get_runs()] == [newest]


def test_the_newest_run_of_each_account_stays_however_old(instance: dg.DagsterInstance, store: Store) -> None:
    a_run(instance, 60, **{"dagster/partition": "one"})
    kept = {a_run(instance, 50, **{"dagster/partition": "one"}), a_run(instance, 70, **{"dagster/partition": "two"})}
    clean(instance, store)
    assert {run.run_id for run in instance.get_runs()} == kept


def test_runs_of_a_sync_that_is_not_over_stay(instance: dg.DagsterInstance, store: Store) -> None:
    """A publication that pauses for weeks is begun again and again: the sensor counts how often."""
    job = planned(store, connected(store), 1)
    approve(store, job)
    tag = {"etsy_pipeline/transaction_id": job.transaction_id}
    begun = {a_run(instance, days, **tag) for days in (60, 50, 40)}
    a_run(instance, 1)
    clean(instance, store)
    assert begun <= {run.run_id for run in instance.get_runs()}
    with store.writing() as session:
        lifecycle.try_move(session, job.transaction_id, Event.CANCEL, who="person")
    clean(instance, store)
    assert not begun & {run.run_id for run in instance.get_runs()}


def test_old_ticks_go(instance: dg.DagsterInstance, store: Store) -> None:
    state = _a_sensor(instance)
    for days in (10, 8, 1):
        then = (NOW - timedelta(days=days)).timestamp()
        instance.create_tick(
            TickData(
                instigator_origin_id=state.instigator_origin_id, selector_id=state.selector_id,
                instigator_name="sent_notices", instigator_type=state.instigator_type, status=TickStatus.SKIPPED,
                timestamp=then,
            )
        )  # fmt: skip
    assert "ticks of 1 sensors" in clean(instance, store)[1]
    assert len(instance.get_ticks(state.instigator_origin_id, state.selector_id)) == 1


def _a_sensor(instance: dg.DagsterInstance) -> InstigatorState:
    location = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="etsy_pipeline.definitions"))
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "sent_notices")
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.AUTOMATICALLY_RUNNING)
    return instance.add_instigator_state(state)


def test_nothing_goes_where_the_settings_keep_it_for_ever(
    instance: dg.DagsterInstance, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PLANS", "RUNS", "TICKS"):
        monkeypatch.setenv(f"ETSY_PIPELINE_KEEP_{name}_DAYS", "0")
    a_run(instance, 400)
    a_run(instance, 300)
    assert clean(instance, store) == []
    assert wiring.clean_up(Settings.load(), store, NOW) == []
    assert len(instance.get_runs()) == 2


def test_the_job_and_the_command_do_it(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(instance, 40)
    a_run(instance, 1)
    assert clean_up.execute_in_process(instance=instance, resources=dict(defs.resources or {})).success
    assert len(instance.get_runs()) == 2, "the young one, and that of the job itself"
    monkeypatch.setenv("DAGSTER_HOME", os.environ.get("DAGSTER_HOME", str(tmp_path / "dagster")))
    clean_storage()
    assert "0 old runs of Dagster removed." in capsys.readouterr().out


def test_it_is_run_every_night() -> None:
    schedules = {item.name: item for item in defs.schedules or ()}
    schedule = schedules["daily_clean_up"]
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.job_name) == ("0 4 * * *", "clean_up")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    context = dg.build_schedule_context(scheduled_execution_time=NOW)
    data = schedule.evaluate_tick(context)
    assert [request.run_key for request in data.run_requests or ()] == [f"clean_up/{NOW.date()}"]
