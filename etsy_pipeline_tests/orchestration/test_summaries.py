"""A run on one page in Dagster's UI: whose shop it is, what it costs, what is wrong, and what to do next."""

from dataclasses import replace
from datetime import UTC, datetime

from etsy_pipeline.orchestration.summaries import LONGEST, SHOWN, of_plan, of_publication
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.plan_view import PlanRow, Totals
from etsy_pipeline.store.records import EtsySyncJob, ItemError
from etsy_pipeline.store.sync_states import SyncState

PLANNED = EtsySyncJob(
    "id", "wf_1", "acc", state=SyncState.PLANNED, plan_digest="d", total_products=9,
    totals=Totals(create=3, invalid=6, api_calls=1200, fees_usd_cents=60),
    groups=(("create", "not on Etsy yet", 3), ("invalid", "image_missing", 6), ("skip", "unchanged", 4)),
)  # fmt: skip
INVALID = PlanRow("!", "invalid", "prod_1", "Mug *1*", "It has no picture.", "", 0, "", "Cannot be published")
DONE = replace(PLANNED, state=SyncState.COMPLETED_WITH_ERRORS, synced_count=2, failed_count=7, skipped_count=0)
ERROR = ItemError("prod_2", "Bowl", "image_missing", "No\npicture. " + "x" * LONGEST)


def planned(job: EtsySyncJob = PLANNED, pages: str = "") -> str:
    return of_plan(job, [INVALID] * SHOWN, shop="Ada & Co", pages=pages).md_str or ""


def published(job: EtsySyncJob = DONE) -> str:
    page = of_publication(job, [ERROR], shop="Ada", pages="https://x.test/", calls=31, fees_usd_cents=40)
    return page.md_str or ""


def test_a_plan_says_whose_it_is_what_it_does_and_what_it_costs() -> None:
    told = planned()
    assert told.startswith("### Ada &amp; Co: 3 products would change on Etsy")
    assert "1200 calls to Etsy, $0.60 in fees" in told
    assert "- New: not on Etsy yet (3)" in told
    assert "unchanged" not in told
    assert "Nothing is sent to Etsy before." in told


def test_a_plan_names_the_first_products_that_cannot_be_published_and_how_many_more_there_are() -> None:
    told = planned()
    assert told.count(r"- **Mug \*1\*** (prod_1): It has no picture.") == SHOWN
    assert "- … and 1 more" in told


def test_what_is_dangerous_for_the_whole_plan_stands_before_the_rest() -> None:
    told = planned(replace(PLANNED, brakes=(Brake("many_deactivations", "Half of the shop."),)))
    assert told.index("Half of the shop.") < told.index("not on Etsy yet")


def test_the_page_of_the_sync_is_a_link_where_its_address_is_known() -> None:
    assert "[Open its page](https://x.test/review/wf_1)" in planned(pages="https://x.test")
    assert "`/review/wf_1` of `etsy-pipeline api`" in planned()


def test_a_plan_that_is_approved_already_or_changes_nothing_asks_for_nobody() -> None:
    assert "published within seconds" in planned(replace(PLANNED, state=SyncState.CONFIRMED))
    assert "this sync is over" in planned(replace(PLANNED, state=SyncState.NOTHING_TO_DO))


def test_a_publication_says_what_was_done_what_failed_and_what_to_do() -> None:
    told = published()
    assert told.startswith("### Ada: completed with errors")
    assert "**2 synced, 7 failed, 0 skipped**, of 9 products." in told
    assert "$0.40 of $0.60 planned, 31 calls to Etsy in this run" in told
    assert "- **Bowl** (prod_2): No picture. xxx" in told
    assert "…\n- … and 6 more" in told, "a long text is cut, and the others are counted"
    assert "`etsy-pipeline sync retry wf_1`" in told
    assert "[Open its page](https://x.test/review/wf_1)" in told


def test_a_publication_that_waits_says_for_what() -> None:
    paused = replace(DONE, state=SyncState.PAUSED, deferred_count=4, resume_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert "4 still to do" in published(paused)
    assert "goes on by itself at 2026-01-02 03:04 UTC" in published(paused)
    assert "sync resume wf_1" in published(replace(paused, resume_at=None))
