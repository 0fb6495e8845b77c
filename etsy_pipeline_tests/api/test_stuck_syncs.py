"""A sync that does not go on, on its page: how that shows, and what to do."""

from datetime import timedelta

import pytest

from etsy_pipeline.settings import Settings
from etsy_pipeline.store import clock, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.plan_runs import PlanRun, note_lost
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.visitor import Visitor


def a_silent_plan(store: Store, *, silent_minutes: float) -> str:
    """A sync whose plan run gave its last sign of life so long ago."""
    account_id = a_connected_account(store)
    job = begin_plan(store, account_id=account_id, transaction_id=None, trigger="ui", run_id="run_1")
    with store.writing() as session:
        last = clock.now(session) - timedelta(minutes=silent_minutes)
        jobs.change(session, job.transaction_id, alive_at=last)
    return job.transaction_id


@pytest.mark.parametrize(("minutes", "is_stuck"), [(1, False), (3, True)])
def test_the_page_of_a_stuck_sync_says_so(settings: Settings, store: Store, minutes: float, *, is_stuck: bool) -> None:
    transaction_id = a_silent_plan(store, silent_minutes=minutes)
    with serving(settings, store) as url:
        visitor = Visitor(url)
        visitor.sign_in()
        page = visitor.open(f"/review/{transaction_id}").text
        assert ("has given no sign of life" in page) == is_stuck
        assert ("see that `dagster dev`, or the daemon, runs" in page) == is_stuck
        note_lost(store, PlanRun("run_1"), "It is gone.")
        page = visitor.open(f"/review/{transaction_id}").text
        assert "One plan run of it died; it is planned again" in page
        assert "no sign of life" not in page
