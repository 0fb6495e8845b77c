"""Redis goes away, with runs at work and others that wait, and comes back without knowing anything of them."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from etsy_pipeline import dagster_yaml
from etsy_pipeline.dagster_yaml import require_broker
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.distributed.hosts import redis, until
from etsy_pipeline_tests.distributed.scene import PRODUCTS, Scene, slow_etsy

pytestmark = pytest.mark.distributed

LOOKS = 2  # of Dagster's monitoring, every fifteen seconds


@contextmanager
def without_redis(scene: Scene) -> Iterator[None]:
    """All that it held is lost."""
    scene.redis.kill()
    try:
        yield
    finally:
        scene.redis.start()


def new_titles(scene: Scene) -> None:
    """There is something to publish."""
    for number, product_id in enumerate(scene.world.product_ids("clean")[:PRODUCTS]):
        scene.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": f"Oak shelf {'ABCDEF'[number]} new"}})


def status(scene: Scene, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """How a run stands in Dagster's books."""
    found = scene.instance.get_run_by_id(run.run_id)
    assert found
    return found.status


def until_monitored(scene: Scene, run: dg.DagsterRun) -> None:
    """Dagster's monitoring has asked Celery how that run does, or has given it up."""
    host, asked = scene.cluster.host("daemon"), f"Checking run {run.run_id}"
    before = host.said().count(asked)

    def is_monitored() -> bool:
        return host.said().count(asked) >= before + LOOKS or status(scene, run) is dg.DagsterRunStatus.FAILURE

    until(is_monitored, None, "the monitoring")


def test_what_is_at_work_goes_on_and_what_waits_begins_when_it_is_back(scene: Scene) -> None:
    new_titles(scene)
    publishing, planning, waiting = scene.accounts
    approved = scene.ask(publishing)
    scene.until_state(approved, SyncState.PLANNED)
    with slow_etsy(scene, 5):
        scene.approve(approved)
        publication, _ = scene.begun("publish_sync", publishing, **{TRANSACTION_TAG: approved})
        planned = scene.ask(planning)
        plan, _ = scene.begun("plan_sync", planning, **{TRANSACTION_TAG: planned})
        with without_redis(scene):
            asked = scene.ask(waiting)
            until(lambda: scene.runs("plan_sync", waiting, **{TRANSACTION_TAG: asked}), None, "a run that waits")
            until(lambda: "runs_wait code=broker_unreachable" in scene.cluster.host("daemon").said(), None, "a word")
        until_monitored(scene, plan)
        assert not scene.job(planned).has_plan, "it is still at work"
        assert status(scene, plan) is dg.DagsterRunStatus.STARTED
    scene.until_over(approved)
    scene.until_state(planned, SyncState.PLANNED)
    scene.until_state(asked, SyncState.PLANNED)
    for job_name, transaction_id in (("publish_sync", approved), ("plan_sync", planned), ("plan_sync", asked)):
        runs = scene.runs(job_name, None, **{TRANSACTION_TAG: transaction_id})
        assert len(runs) == 1, "no other one was begun beside it"
    assert {scene.job(transaction_id).plan_attempts for transaction_id in (planned, asked)} == {0}
    assert scene.job(approved).state is SyncState.COMPLETED
    assert list(scene.titles(publishing).values()) == [1] * PRODUCTS
    until(lambda: status(scene, publication) is dg.DagsterRunStatus.SUCCESS, None, "the end of its run")
    assert not scene.overlapping


@pytest.mark.parametrize(
    ("made_so", "told"),
    [
        (("CONFIG", "SET", "maxmemory", "1kb"), "command not allowed when used memory > 'maxmemory'"),
        (("REPLICAOF", "127.0.0.1", "9"), "You can't write against a read only replica"),
    ],
)
def test_a_full_redis_and_a_replica_are_told_and_nothing_is_left_in_one_that_is_well(
    tmp_path: Path, made_so: Sequence[str], told: str
) -> None:
    with redis(tmp_path) as server:

        def cli(*words: str) -> str:
            command = ["redis-cli", "-p", str(server.port), *words]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

        require_broker(server.broker, "BROKER")
        assert dagster_yaml._ask_by_kombu(server.broker, "rediss") is None, "as by TLS, but for that"
        assert cli("DBSIZE") == "0"
        assert cli(*made_so) == "OK"
        with pytest.raises(PipelineError, match=rf"takes no write \([A-Z]+ {told}\).*broker_not_writable"):
            require_broker(server.broker, "BROKER")
        found = dagster_yaml._ask_by_kombu(server.broker, "rediss")
        assert found
        assert found[:2] == (f"takes no write ({told})", "broker_not_writable")
