"""Terminating a run that was given to Celery: it ends as canceled, and its task is revoked."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import DagsterEvent, DagsterEventType

pytest.importorskip("dagster_celery", reason="needs the extra celery")

TASK_TAG = "dagster-celery/task_id"
STARTED, CANCELING, CANCELED = "STARTED", "CANCELING", "CANCELED"


class Celery:
    """An instance of Dagster's whose runs go to Celery, and the tasks that were revoked."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.revoked = instance, list[tuple[str, bool]]()

    def terminate(self, run_id: str) -> bool:
        """As its UI does."""
        return self.instance.run_launcher.terminate(run_id)

    def status(self, run_id: str) -> str:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found.status.value

    def a_run(self, *events: DagsterEventType, **tags: str) -> str:
        """A run with a past; its id."""
        run = self.instance.create_run_for_job(a_job(self), tags=tags)
        for event in events:
            self.instance.report_dagster_event(DagsterEvent(event.value, job_name=run.job_name), run.run_id)
        return run.run_id


def a_job(celery: Celery) -> dg.JobDefinition:
    """Its run is terminated while it is at work, by the signal that a worker sends it."""

    @dg.op
    def work(context: dg.OpExecutionContext) -> None:
        celery.terminate(context.run_id)
        raise DagsterExecutionInterruptedError

    @dg.job(tags={TASK_TAG: "its task"})
    def works() -> None:
        work()

    return works


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    launcher = {
        "module": "etsy_pipeline.orchestration.celery_runs",
        "class": "CeleryRuns",
        "config": {"broker": "memory://", "backend": "cache+memory://", "default_queue": "dagster"},
    }
    with dg.instance_for_test(overrides={"run_launcher": launcher}) as instance:
        found = Celery(instance)

        def revoke(task_id: str, *, terminate: bool, **_: Any) -> None:
            found.revoked.append((task_id, terminate))

        monkeypatch.setattr(instance.run_launcher.celery.control, "revoke", revoke)  # type: ignore[attr-defined]
        yield found


def test_a_run_that_is_at_work_ends_as_canceled_and_not_as_failed(celery: Celery) -> None:
    result = a_job(celery).execute_in_process(instance=celery.instance, raise_on_error=False)
    assert celery.status(result.run_id) == CANCELED
    assert celery.revoked == [("its task", True)]


def test_until_its_worker_says_so_it_is_being_canceled(celery: Celery) -> None:
    run_id = celery.a_run(DagsterEventType.RUN_STARTING, DagsterEventType.RUN_START, **{TASK_TAG: "a task"})
    assert celery.terminate(run_id)
    assert celery.status(run_id) == CANCELING
    assert celery.revoked == [("a task", True)]


def test_a_run_that_no_worker_has_begun_is_canceled_at_once(celery: Celery) -> None:
    """A worker drops a task that was revoked without a word, and a run that was canceled, too."""
    run_id = celery.a_run(DagsterEventType.RUN_STARTING, **{TASK_TAG: "a task"})
    assert celery.terminate(run_id)
    assert celery.status(run_id) == CANCELED
    assert celery.revoked == [("a task", True)]


def test_so_is_one_that_is_about_to_be_given_to_celery(celery: Celery) -> None:
    run_id = celery.a_run(DagsterEventType.RUN_STARTING)
    assert celery.terminate(run_id)
    assert (celery.status(run_id), celery.revoked) == (CANCELED, [])


@pytest.mark.parametrize("end", [DagsterEventType.RUN_SUCCESS, DagsterEventType.RUN_FAILURE])
def test_what_is_over_stays_as_it_ended(celery: Celery, end: DagsterEventType) -> None:
    run_id = celery.a_run(DagsterEventType.RUN_START, end, **{TASK_TAG: "a task"})
    before = celery.status(run_id)
    assert not celery.terminate(run_id)
    assert (celery.status(run_id), celery.revoked) == (before, [])
    assert not celery.terminate("no run")
