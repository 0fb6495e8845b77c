"""Looks through a shop, and at its orders, that are lost are ended; and workers whose code is of before an upgrade."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.orchestration.code_age import CODE_TAG, require_not_older
from etsy_pipeline.orchestration.run_queue import require_usable
from etsy_pipeline.orchestration.run_tags import slot
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store import clock, signs_of_life
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.code_version import this_code
from etsy_pipeline.sync.signs_of_life import seconds_since
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, why
from etsy_pipeline_tests.orchestration.lost import a_run, approved, asked_for, look, now, report, started, status

NEWER = {CODE_TAG: "99.0.0 mapper 2"}


def gave_a_sign(dagster: Dagster, run: dg.DagsterRun, *, minutes_ago: float) -> None:
    with dagster.store.writing() as session:
        signs_of_life.note_run(session, run.run_id)
        at = (clock.now(session) - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%d %H:%M:%S.%f")
        session.execute(text("UPDATE sign_of_life SET seen_at = :at"), {"at": at})


@pytest.mark.parametrize("job", ["scan_shop", "read_orders"])
def test_a_look_without_a_sign_of_life_is_ended_after_two_minutes(dagster: Dagster, job: str) -> None:
    run = started(dagster, a_run(dagster, name=job), 5)
    gave_a_sign(dagster, run, minutes_ago=1)
    assert look(dagster) == "No run is lost."
    gave_a_sign(dagster, run, minutes_ago=3)
    assert "gave no sign of life for 120 seconds" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE
    assert look(dagster) == "No run is lost."


def test_signs_of_runs_of_long_ago_are_forgotten(dagster: Dagster) -> None:
    first, second = (a_run(dagster, name="scan_shop") for _ in range(2))
    gave_a_sign(dagster, first, minutes_ago=90)
    gave_a_sign(dagster, second, minutes_ago=0)
    assert [seconds_since(dagster.store, run.run_id) is None for run in (first, second)] == [True, False]


def test_a_look_that_died_before_its_first_sign_is_ended_and_one_that_has_just_begun_is_not(dagster: Dagster) -> None:
    run = started(dagster, a_run(dagster, name="scan_shop"), -1)
    assert look(dagster) == "No run is lost.", "it is seen for the first time"
    assert look(dagster) == "No run is lost.", "it has two minutes to begin"
    gave_a_sign(dagster, run, minutes_ago=3)
    assert "no sign of life" in look(dagster)
    assert status(dagster, run) == dg.DagsterRunStatus.FAILURE


def test_a_look_that_somebody_is_about_to_terminate_is_left_to_dagster(dagster: Dagster) -> None:
    run = started(dagster, a_run(dagster, name="scan_shop"), 5)
    report(dagster, run, dg.DagsterEventType.PIPELINE_CANCELING)
    assert look(dagster) == "No run is lost."


def test_a_look_gives_signs_of_life_while_it_works(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def scanned(*args: Any) -> Any:
        (run,) = dagster.instance.get_runs()
        seen.append(seconds_since(dagster.store, run.run_id))
        return scan(*args)

    monkeypatch.setattr("etsy_pipeline.orchestration.shop_assets.scan", scanned)
    assert dagster.run("scan_shop").success
    assert seen[0] is not None


@pytest.mark.parametrize("job", ["scan_shop", "read_orders"])
def test_a_worker_with_older_code_refuses_a_look(dagster: Dagster, job: str) -> None:
    assert "worker_outdated" in why(dagster.run(job, **NEWER))


def test_a_worker_with_older_code_refuses_a_plan_and_its_sync_is_left_for_another_one(dagster: Dagster) -> None:
    asked = asked_for(dagster)
    assert "worker_outdated" in why(dagster.run("plan_sync", **{TRANSACTION_TAG: asked.transaction_id}, **NEWER))
    assert now(dagster, asked).state is SyncState.REQUESTED


def test_a_worker_with_older_code_refuses_a_publication_and_leaves_it_approved(dagster: Dagster) -> None:
    job, before = approved(dagster), dagster.world.calls()
    assert "worker_outdated" in why(dagster.run("publish_sync", **{TRANSACTION_TAG: job.transaction_id}, **NEWER))
    assert (now(dagster, job).state, now(dagster, job).message) == (SyncState.CONFIRMED, "")
    assert dagster.world.calls() == before


@pytest.mark.parametrize(
    ("started_by", "is_refused"),
    [
        (None, False),
        ("?", False),
        (this_code(), False),
        ("0.0.9 mapper 1", False),
        ("0.1.1 mapper 2", True),
        ("0.10 mapper 2", True),
        ("0.1.0 mapper 3", True),
    ],
)
def test_what_newer_code_has_started_is_refused_and_nothing_else(started_by: str | None, *, is_refused: bool) -> None:
    tags = {CODE_TAG: started_by} if started_by else {}
    if is_refused:
        with pytest.raises(NotConfigured, match="worker_outdated"):
            require_not_older(tags)
    else:
        require_not_older(tags)


def test_every_run_that_has_a_slot_tells_whose_code_started_it() -> None:
    assert slot("a", "plan")[CODE_TAG] == this_code()


@pytest.mark.parametrize(("driver", "is_usable"), [("psycopg2", True), ("psycopg", False)])
def test_a_storage_on_which_every_event_fails_is_refused_at_the_start(driver: str, *, is_usable: bool) -> None:
    """SQLAlchemy 2.1 takes psycopg 3 for `postgresql://`, and dagster-postgres notifies with a parameter."""
    engine = SimpleNamespace(dialect=SimpleNamespace(driver=driver))
    instance: Any = SimpleNamespace(event_log_storage=SimpleNamespace(_engine=engine))
    if is_usable:
        require_usable(instance)
    else:
        with pytest.raises(NotConfigured, match=r"postgresql\+psycopg2.*dagster_storage_driver"):
            require_usable(instance)


def test_psycopg_3_is_what_sqlalchemy_takes() -> None:
    """Where this is no longer so, the check above has nothing to do."""
    assert create_engine("postgresql://nobody@localhost/nothing").dialect.driver == "psycopg"
