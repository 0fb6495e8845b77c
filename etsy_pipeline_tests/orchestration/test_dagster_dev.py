"""The command line and Dagster's own, with a real `dagster dev` beside them: requests, approvals and backfills by sensor."""

import subprocess
import sys
from pathlib import Path

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.dagster_dev import dagster_dev, partitions, until
from etsy_pipeline_tests.world import World


@pytest.mark.long
def test_two_shops_are_asked_for_approved_and_backfilled_from_the_command_line(
    world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.connected(store, shop=1), world.connected(store, shop=2)
    world.keep_only(*world.product_ids("clean")[:2])

    def etsy_pipeline(*words: str) -> str:
        code = "from etsy_pipeline.cli.main import run; run()"
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with dagster_dev(tmp_path) as url:
        until(lambda: {first.id, second.id} <= set(partitions(url)), "the accounts' partitions")

        transaction_id = etsy_pipeline("sync", "start", "--account", first.id, "--all", "--wait")
        assert "2 new" in etsy_pipeline("sync", "plan", transaction_id)
        assert world.listings() == []
        etsy_pipeline("sync", "approve", transaction_id, "--by", "Ada")
        assert "2 synced" in etsy_pipeline("sync", "status", transaction_id, "--watch")
        assert [item["state"] for item in world.listings()] == ["active", "active"]

        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
        command = [sys.executable, "-m", "dagster", "job", "backfill", "-j", "plan_sync", "--all", "--noprompt"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

        def planned() -> dict[str, str]:
            jobs = queries.latest_jobs(store, most=5)
            return {
                job.etsy_account_id: queries.plan_summary(job).headline
                for job in jobs
                if job.has_plan and job.trigger == "backfill"
            }

        until(lambda: {first.id, second.id} <= set(planned()), "both plans")
        assert "Nothing to do" in planned()[first.id]
        assert "2 new" in planned()[second.id]
    assert len(world.listings()) == 2, "a backfill plans; it publishes nothing"
