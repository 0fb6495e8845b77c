"""Sections that a plan makes in the shop are told wherever the plan is shown, before anybody approves it."""

from dataclasses import replace

import pytest

from etsy_pipeline.api.plan import plan_page
from etsy_pipeline.cli import output
from etsy_pipeline.orchestration.metadata import plan_metadata
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import PlanFilter
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.builders import a_listing, a_validated_listing
from etsy_pipeline_tests.sync.planned import planned

TOLD = "In the shop: section 'Bowls' will be made, section 'Mugs' will be made."


@pytest.fixture
def job(sqlite_store: Store) -> EtsySyncJob:
    """A plan of three new listings, of which two need the same section and one another."""
    account_id = a_connected_account(sqlite_store)
    found = [
        a_validated_listing(product_id=f"prod_{number}", listing=a_listing(new_section=title))
        for number, title in enumerate(("Mugs", "mugs", "Bowls"))
    ]
    with sqlite_store.reading() as session:
        account = accounts.get(session, account_id)
    asked = request_sync(sqlite_store, account_id, product_ids=("prod_0",), trigger="api")
    return planned(sqlite_store, account, transaction_id=asked.transaction_id, validated=found, covers_selection=False)


def test_each_is_told_once_whatever_its_capitals(job: EtsySyncJob) -> None:
    assert queries.plan_summary(job).sections.casefold() == TOLD.casefold()


def test_the_api_and_dagster_tell_it(job: EtsySyncJob, sqlite_store: Store) -> None:
    told = queries.plan_summary(job).sections
    assert plan_page(sqlite_store, job.transaction_id, PlanFilter(), 10).sections == told
    assert "will be made" in str(plan_metadata(job, ())["sections"].value)
    assert "sections" not in plan_metadata(replace(job, new_sections=()), ())


def test_a_terminal_tells_it(job: EtsySyncJob) -> None:
    with output.console.capture() as screen:
        output.print_plan((), queries.plan_summary(job))
    assert "section 'Bowls' will be made" in screen.get()


def test_the_review_page_tells_it(settings: Settings, job: EtsySyncJob, sqlite_store: Store) -> None:
    with serving(settings, sqlite_store) as url:
        person = Visitor(url)
        person.sign_in()
        page = person.open(f"/review/{job.transaction_id}").text
    assert "section &#39;Bowls&#39; will be made" in page
