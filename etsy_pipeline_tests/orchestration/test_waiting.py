"""Sensors that wait: they answer as soon as there is something to do, and otherwise when their time is over."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType

from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.sensors import sent_notices
from etsy_pipeline.orchestration.waiting import BELIEVED_SECONDS, RUN_KEY_TAG, SECONDS, Patience, first_answer, has_run
from etsy_pipeline.store import signs_of_life
from etsy_pipeline.store.engine import Store

REQUEST = dg.RunRequest(run_key="wf_1")
TO_DO = dg.SensorResult(run_requests=[REQUEST])
A_DAY, ASKED_EVERY = 86_400, 5  # seconds; Dagster's daemon asks so often at most
DAGSTERS_LIMIT = 60  # seconds for a sensor


class Pauses(Patience):
    """A patience for which no time passes: what happens in each pause is told. At the end the process ends."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__()
        self.begin()
        self.happens = list(happens)

    def is_over_after(self, seconds: float) -> bool:
        """Let the next thing happen."""
        assert seconds > 0
        if not self.happens:
            return True
        self.happens.pop(0)()
        return False


class Looks:
    """What a sensor sees at its looks; the last answer stays."""

    def __init__(self, *answers: dg.SensorResult | Sequence[str]) -> None:
        self.answers, self.count = list(answers), 0

    def __call__(self) -> dg.SensorResult | Sequence[str]:
        self.count += 1
        return self.answers[min(self.count, len(self.answers)) - 1]


def nothing() -> None:
    pass


def written(store: Store) -> Callable[[], object]:
    def write() -> None:
        with store.writing() as session:
            signs_of_life.note(session, "somebody else")

    return write


def answer(store: Store, look: Looks, *happens: Callable[[], object], **how: Any) -> Any:
    return first_answer(store, look, "Nothing to do.", of=Pauses(*happens), **how)


def test_what_is_to_be_done_is_answered_at_once(sqlite_store: Store) -> None:
    look = Looks(TO_DO)
    assert answer(sqlite_store, look, nothing).run_requests == [REQUEST]
    assert look.count == 1


def test_it_looks_again_when_somebody_wrote_and_not_before(sqlite_store: Store) -> None:
    look = Looks((), TO_DO)
    assert answer(sqlite_store, look, nothing, nothing, written(sqlite_store)).run_requests == [REQUEST]
    assert look.count == 2
    look = Looks((), TO_DO)
    assert isinstance(answer(sqlite_store, look, nothing, nothing), dg.SkipReason)
    assert look.count == 1


def test_it_looks_again_after_a_while_as_time_alone_makes_things_due(sqlite_store: Store) -> None:
    assert answer(sqlite_store, Looks((), TO_DO), nothing, again=0).run_requests == [REQUEST]


def test_what_is_not_in_the_database_is_looked_at_by_time_alone(sqlite_store: Store) -> None:
    look = Looks((), TO_DO)
    assert isinstance(answer(sqlite_store, look, written(sqlite_store), at_changes=False), dg.SkipReason)
    assert look.count == 1


def test_when_its_time_is_over_it_tells_what_it_saw_once(sqlite_store: Store) -> None:
    assert answer(sqlite_store, Looks(()), nothing, seconds=0).skip_message == "Nothing to do."
    told = answer(sqlite_store, Looks(["One waits."], ["One waits.", "Two wait."]), nothing, again=0)
    assert told.skip_message == "One waits. Two wait."


def test_elsewhere_than_in_our_code_server_and_when_that_ends_nobody_waits(sqlite_store: Store) -> None:
    patience, look = Patience(), Looks(())
    first_answer(sqlite_store, look, "", of=patience)
    patience.begin()
    patience.end()
    first_answer(sqlite_store, look, "", of=patience)
    assert look.count == 2


def test_a_run_is_asked_for_until_dagster_has_it_and_not_while_it_waits_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patience, another, moment = Patience(), dg.RunRequest(run_key="wf_2"), [0.0]
    monkeypatch.setattr("etsy_pipeline.orchestration.waiting.time.monotonic", lambda: moment[0])
    runs, asked = set[str](), list[str]()

    def is_taken(run_key: str) -> bool:
        asked.append(run_key)
        return run_key in runs

    assert patience.not_taken_yet([REQUEST], is_taken) == [REQUEST], "nobody waits"
    patience.begin()
    assert patience.not_taken_yet([REQUEST], is_taken) == patience.not_taken_yet([REQUEST], is_taken) == [REQUEST]
    runs.add("wf_1")
    asked.clear()
    assert patience.not_taken_yet([REQUEST, another], is_taken) == [another]
    assert patience.not_taken_yet([REQUEST, another], is_taken) == [another]
    assert sorted(asked) == ["wf_1", "wf_2", "wf_2"], "what has a run is not looked up again and again"
    runs.clear()
    moment[0] = BELIEVED_SECONDS
    assert patience.not_taken_yet([REQUEST], is_taken) == [REQUEST], "Dagster's database was lost"


@pytest.mark.parametrize(("happened", "is_there"), [(None, False), (DagsterEventType.RUN_STARTING, True)])
def test_a_run_that_dagster_could_not_put_into_its_queue_is_asked_for_again(
    happened: DagsterEventType | None, *, is_there: bool
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert not has_run(instance, "wf_1")
        run = instance.create_run_for_job(defs.resolve_job_def("plan_sync"), tags={RUN_KEY_TAG: "wf_1"})
        if happened:
            instance.report_dagster_event(DagsterEvent(happened.value, job_name=run.job_name), run.run_id)
        assert has_run(instance, "wf_1") is is_there


def test_a_day_has_at_most_ten_thousand_ticks() -> None:
    """Those that wait take their time; the others are asked as often as they say."""
    wait = {"requested_syncs": SECONDS, "approved_syncs": SECONDS, "lost_runs": SECONDS, "stock_changes": 40.0}
    sensors = {sensor.name: sensor.minimum_interval_seconds or 0 for sensor in defs.sensors or ()}
    assert wait.keys() <= sensors.keys()
    every = [wait.get(name, seconds) + ASKED_EVERY / 2 for name, seconds in sensors.items()]
    assert sum(A_DAY / seconds for seconds in every) <= 10_000
    assert max(wait.values()) < DAGSTERS_LIMIT
    assert sent_notices.minimum_interval_seconds


@pytest.mark.parametrize("name", ["requested_syncs", "lost_runs", "stock_changes"])
def test_nothing_but_the_gate_starts_a_publication(name: str) -> None:
    sensor = defs.resolve_sensor_def(name)
    assert "publish_sync" not in {target.job_name for target in sensor.targets}
