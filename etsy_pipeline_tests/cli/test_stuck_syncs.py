"""A sync that does not go on, in a terminal: `doctor` and `sync status` say how that shows, and what to do."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.plan_runs import PlanRun, note_lost
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.sync.planned import connected


def test_a_stuck_sync_is_named_with_what_to_do(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {})
    settings = Settings.load(etsy_pipeline_home=tmp_path / "state")
    with closing(wiring.store_of(settings)) as store:
        assert runs(terminal)["is_good"]
        account = connected(store)
        job = begin_plan(store, account_id=account.id, transaction_id=None, trigger="ui", run_id="run_1")
        with store.writing() as session:
            jobs.change(session, job.transaction_id, alive_at=clock.now(session) - timedelta(minutes=3))
        found = runs(terminal)
        assert not found["is_good"]
        assert job.transaction_id in str(found["detail"])
        told = " ".join(terminal("sync", "status", job.transaction_id).split())
        assert "no sign of life since" in told
        assert f"etsy-pipeline sync cancel {job.transaction_id}" in told
        assert len(terminal.json("sync", "status", job.transaction_id)["stuck"]) == 1
        longer = {"ETSY_PIPELINE_LOST_AFTER_SECONDS": "600"}
        assert terminal.json("sync", "status", job.transaction_id, env=longer)["stuck"] == []
        note_lost(store, PlanRun("run_1"), "It is gone.")
        assert "One plan run of it died" in " ".join(terminal("sync", "status", job.transaction_id).split())
        assert runs(terminal)["is_good"], "it is about to be planned again"


def runs(terminal: Terminal) -> dict[str, object]:
    """What the doctor says of runs."""
    findings: list[dict[str, object]] = terminal.json("doctor", status=1)
    (found,) = [finding for finding in findings if finding["what"] == "runs"]
    return found
