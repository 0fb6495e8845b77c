"""A database that is locked or away, or the place of snapshots, fails a run, and not its sync: another run goes on."""

from typing import Any

import dagster as dg
import pytest

from etsy_pipeline.errors import PipelineError, Refused, StoreUnavailable
from etsy_pipeline.orchestration.failed_runs import _is_lost
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG, failure, part_of_publication
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, why
from etsy_pipeline_tests.orchestration.lost import asked_for, now
from etsy_pipeline_tests.sync.planned import approve, connected, planned

LOCKED = StoreUnavailable("The database stayed locked for 300 seconds.", code="database_locked", hint="Close it.")
SNAPSHOTS = StoreUnavailable("The object store gives no answer.", code="snapshots_unreachable", hint="Start it.")
OTHER = Refused("No.", code="refused")


@ON_SQLITE
@pytest.mark.parametrize(("error", "state"), [(LOCKED, SyncState.PROCESSING), (OTHER, SyncState.FAILED)])
def test_the_sync_is_left_for_the_next_publisher(store: Store, error: PipelineError, state: SyncState) -> None:
    job = approve(store, planned(store, connected(store)))
    with store.writing() as session:
        lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher")
    with pytest.raises(dg.Failure, match=error.code), part_of_publication(store, job.transaction_id):
        raise error
    with store.reading() as session:
        assert jobs.state(session, job.transaction_id) is state


@pytest.mark.parametrize(
    ("error", "is_lost"), [(LOCKED, True), (SNAPSHOTS, True), (OTHER, False), (ValueError("bug"), False)]
)
def test_such_a_run_is_taken_for_lost_and_begun_again(error: Exception, is_lost: bool) -> None:  # noqa: FBT001
    @dg.asset
    def failing() -> None:
        raise (failure(error) if isinstance(error, PipelineError) else error)

    with dg.instance_for_test() as instance:
        done = dg.materialize([failing], instance=instance, raise_on_error=False)
        steps = [event for event in done.all_node_events if event.is_step_failure]
    assert len(steps) == 1
    assert _is_lost(steps) is is_lost


def test_a_plan_in_whose_middle_snapshots_cannot_be_read_is_left_for_another_run(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [keeping.reading]

    def reading(*args: Any, **more: Any) -> Any:
        if not answers:
            raise SNAPSHOTS
        return answers.pop()(*args, **more)

    dagster.world.keep_only(*dagster.world.product_ids("clean")[:1])
    monkeypatch.setattr(keeping, "reading", reading)
    asked = asked_for(dagster)
    assert "snapshots_unreachable" in why(dagster.run("plan_sync", **{TRANSACTION_TAG: asked.transaction_id}))
    assert now(dagster, asked).state is SyncState.PLANNING
