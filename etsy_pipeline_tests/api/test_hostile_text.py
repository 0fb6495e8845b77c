"""No page holds what turns text around, hides it, or is obeyed by something that shows it; and markup is text."""

import re

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings

from etsy_pipeline.safe_text import visible_lines
from etsy_pipeline.store import accounts, items, jobs, links, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.builders import a_listing, a_validated_listing
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.hostile import STORABLE, hidden_in
from etsy_pipeline_tests.sync.planned import planned


@pytest.fixture
def account_id(store: Store) -> str:
    return a_connected_account(store)


def a_plan_of(store: Store, account_id: str, text: str) -> str:
    """A plan with one product; wherever others may write something, this text stands."""
    job = request_sync(store, account_id, product_ids=("prod_0",), trigger="api")
    listing = a_listing(title=text, description=text, tags=(text,))
    found = a_validated_listing(product_id="prod_0", product_title=text, listing=listing)
    with store.reading() as session:
        account = accounts.get(session, account_id)
    planned(store, account, transaction_id=job.transaction_id, validated=iter([found]), covers_selection=False)
    with store.writing() as session:
        (item,) = items.matching(session, jobs.get(session, job.transaction_id).id)
        progress.set_items(session, item.sync_job_id, ["prod_0"], reason=text, error_message=text, error_code=text)
        progress.set_link(session, account_id, "prod_0", product_title=text, sync_error=text, etsy_url=text)
        jobs.change(session, job.transaction_id, error_log={"job": text})
        accounts.change(session, account_id, shop_name=text or "Shop")
    return job.transaction_id


@ON_SQLITE
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=STORABLE)
@example("Mug\x1b[2K\u202e\x9b<b>")
def test_no_page_holds_a_raw_control_or_bidi_character(
    visitor: Visitor, store: Store, account_id: str, text: str
) -> None:
    transaction_id = a_plan_of(store, account_id, text)
    for path in (f"/review/{transaction_id}", "/review/", "/review/products", "/review/accounts"):
        page = visitor.open(path)
        assert page.status_code == 200
        assert not hidden_in(page.text.replace("\n", "")), path
        assert "<script>alert" not in page.text
    visitor.open(f"/review/{transaction_id}")
    page = visitor.move(leave=["0"], to="decide")
    assert "Decide on the plan" in page.text
    assert not hidden_in(page.text.replace("\n", ""))
    with store.writing() as session:
        lifecycle.try_move(session, transaction_id, Event.REJECT, who="person")


@ON_SQLITE
def test_what_was_hidden_can_be_read(visitor: Visitor, store: Store, account_id: str) -> None:
    hostile = "Mug\x1b[2K\u202e\x9b"
    visitor.open(f"/review/{a_plan_of(store, account_id, hostile)}")
    assert re.search(r"<h3[^>]*><a [^>]*>" + re.escape(visible_lines(hostile)) + "</a></h3>", visitor.page.text)


@ON_SQLITE
def test_a_note_of_several_lines_keeps_its_lines(visitor: Visitor, store: Store, account_id: str) -> None:
    transaction_id = a_plan_of(store, account_id, "one\r\ntwo\nthree")
    with store.reading() as session:
        assert "prod_0" in links.of_products(session, account_id, ["prod_0"])
    visitor.open(f"/review/{transaction_id}")
    assert "one\ntwo\nthree" in visitor.page.text
