"""The review page as a person without scripts meets it: look, leave out, decide, see what became of it."""

import re
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.api.review.plan_query import SHOWN
from etsy_pipeline.planning.brakes import BRAKES
from etsy_pipeline.store import accounts, items, jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Approval, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import activity
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, find_nothing, publish, wait_for_a_person
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.builders import a_product, a_validated_listing, validated
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.sync.planned import approve, planned

MARKUP = '<script>alert("x")</script>'


def a_plan(store: Store, count: int = 2) -> str:
    """A sync of a shop of its own, with the plan of so many products."""
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="api")
    draw_up(store, job.transaction_id, count)
    return job.transaction_id


def change(store: Store, transaction_id: str, position: int, **columns: Any) -> None:
    """Something about one item that a plan has no simple way to make."""
    with store.writing() as session:
        job = jobs.get(session, transaction_id)
        (item,) = items.at_positions(session, job.id, [position])
        progress.set_items(session, job.id, [item.product_id], **columns)


def job_of(store: Store, transaction_id: str) -> EtsySyncJob:
    with store.reading() as session:
        return jobs.get(session, transaction_id)


def decision_on(store: Store, transaction_id: str) -> Approval:
    with store.reading() as session:
        found = jobs.approval(session, transaction_id)
    assert found is not None
    return found


def scripts_on(page: httpx.Response) -> Sequence[str]:
    """The scripts of a page; one that is written into it has a name that no file has."""
    return re.findall(r'<script(?: src="/review/([a-z.]+)\?v=[0-9a-f]+" defer></script>)?', page.text)


def products_on(page: httpx.Response) -> Sequence[str]:
    return re.findall(r'<span class="small"><code>(prod_\w+)</code>', page.text)


@ON_SQLITE
def test_a_plan_is_shown_with_shop_totals_fees_and_products(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    assert visitor.open(f"/review/{transaction_id}").status_code == 200
    for told in (
        "Shop awaiting approval",
        "2 new. Etsy&#39;s fees: $0.40.",
        "$0.40",
        "Stoneware Mug",
        "29.99 USD",
        "fee $0.20",
        "Decide…",
        "every plan waits for a person",
        "UTC by a program",
    ):
        assert told in visitor.text
    for jargon in ("approval.auto_approve", "API call", "by api"):
        assert jargon not in visitor.text
    assert "trademark of Etsy" in visitor.text


def test_what_is_dangerous_stands_first_with_all_sides(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store, 3)
    brake = {"code": "price_moved", "message": "A price moves by +90 %."}
    sides = {"field": "price", "part": "inventory", "old": "31", "new": "57", "published": "30", "live": "31"}
    conflict = {"field": "title", "published": "Mug", "live": "Last mug", "new": "Mug", "outcome": "overwritten"}
    change(store, transaction_id, 2, brakes=[brake], differences=[sides], care=0)
    change(store, transaction_id, 1, conflicts=[conflict], care=1)
    page = visitor.open(f"/review/{transaction_id}")
    assert products_on(page) == ["prod_2", "prod_1", "prod_0"]
    assert re.findall(r'<option value="(\w+)">Brake:', page.text) == ["price_moved"], "no brake that the plan has not"
    for told in ("Brake: A price moves", "Last published 30", "On Etsy now 31", "Will be 57", "from Mug to Last mug"):
        assert told in visitor.text
    assert products_on(visitor.move(only="brakes")) == ["prod_2"]
    assert products_on(visitor.move(show="conflicts", to="0")) == ["prod_1"]
    assert products_on(visitor.move(show="all", q="prod_0", to="0")) == ["prod_0"]


@ON_SQLITE
def test_a_plan_is_approved_by_a_named_person(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    visitor.open(f"/review/{transaction_id}")
    visitor.move(to="decide")
    assert "Decide on the plan for Shop" in visitor.text
    visitor.send(f"/review/{transaction_id}/approve", decided_by="Ada", note="fine")
    assert "It is being published" in visitor.text
    assert '<meta http-equiv="refresh" content="5">' in visitor.page.text
    record = decision_on(store, transaction_id)
    assert (record.decision, record.decided_by, record.note) == ("approved", "Ada", "fine")
    assert (record.decided_through, record.excluded_products) == ("review page", ())
    visitor.open(f"/review/{transaction_id}")
    assert "refresh" not in visitor.page.text.split("</head>")[0], "unless it is asked for"


@ON_SQLITE
def test_a_plan_says_which_snapshot_it_was_made_from_where_dagster_drew_it_up(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    visitor.open(f"/review/{transaction_id}")
    assert "made from the snapshot" not in visitor.text
    with store.writing() as session:
        jobs.change(session, transaction_id, snapshot="validated_listings/a.run.parquet")
    visitor.open(f"/review/{transaction_id}")
    assert "made from the snapshot validated_listings/a.run.parquet" in visitor.text


@ON_SQLITE
def test_a_plan_is_rejected(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    visitor.open(f"/review/{transaction_id}/decide")
    visitor.send(f"/review/{transaction_id}/reject", decided_by="Ada", note="too dear")
    assert "Rejected by Ada" in visitor.text
    assert "“too dear”" in visitor.text
    assert job_of(store, transaction_id).state is SyncState.REJECTED


def test_what_is_ticked_is_left_out_from_page_to_page(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store, 120)
    visitor.open(f"/review/{transaction_id}")
    visitor.move(leave=["3", "7"], to="50")
    visitor.move(leave=["60"], to="100")
    visitor.move(to="50")
    assert visitor.fields(f"/review/{transaction_id}")["leave"] == ["60"], "the box is still ticked"
    visitor.move(to="0", leave=[])
    visitor.move(leave=["3"], only="create")  # the other box of this page was unticked
    visitor.move(to="decide", leave=["3"])
    chosen = visitor.fields(f"/review/{transaction_id}/approve")["left_out"].split()
    assert chosen == [product_at(store, transaction_id, 3)]
    assert "saves 4 calls to Etsy and $0.20" in visitor.text
    visitor.send(f"/review/{transaction_id}/approve", decided_by="Ada", left_out="\n".join([*chosen, "prod_9"]))
    assert set(decision_on(store, transaction_id).excluded_products) == {*chosen, "prod_9"}


def product_at(store: Store, transaction_id: str, position: int) -> str:
    with store.reading() as session:
        (item,) = items.at_positions(session, jobs.get(session, transaction_id).id, [position])
    return item.product_id


@ON_SQLITE
def test_a_plan_that_changed_meanwhile_is_not_approved_and_told(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store, 2)
    visitor.open(f"/review/{transaction_id}")
    visitor.move(to="decide", leave=["1"])
    draw_up(store, transaction_id, 3)
    assert visitor.send(f"/review/{transaction_id}/approve", decided_by="Ada").status_code == 409
    assert "plan_changed" in visitor.text
    assert job_of(store, transaction_id).state is SyncState.PLANNED


@ON_SQLITE
@pytest.mark.parametrize("count", [2, 3])
def test_ticks_of_an_earlier_plan_are_not_taken_for_those_of_this_one(
    visitor: Visitor, store: Store, count: int
) -> None:
    """Also where the plan says the same again: the order of its products may be another one."""
    transaction_id = a_plan(store, 2)
    visitor.open(f"/review/{transaction_id}")
    draw_up(store, transaction_id, count)
    visitor.move(to="decide", leave=["1"])
    assert "The plan was drawn up again" in visitor.text
    assert "Your name" not in visitor.text
    assert "leave" not in visitor.fields(f"/review/{transaction_id}")
    visitor.move(to="decide")
    assert "Your name" in visitor.text, "once it was seen, it can be decided on"


@ON_SQLITE
@pytest.mark.parametrize(
    ("values", "status", "code"),
    [({"left_out": "prod_nope"}, 404, "product_not_in_plan"), ({"decided_by": " "}, 400, "approver_missing")],
)
def test_what_cannot_be_approved_is_told_and_nothing_typed_is_lost(
    visitor: Visitor, store: Store, values: dict[str, str], status: int, code: str
) -> None:
    transaction_id = a_plan(store)
    visitor.open(f"/review/{transaction_id}/decide")
    sent = {"decided_by": "Ada", "note": "as agreed"} | values
    assert visitor.send(f"/review/{transaction_id}/approve", **sent).status_code == status
    assert code in visitor.text
    assert visitor.fields(f"/review/{transaction_id}/approve")["note"] == "as agreed"


def ada_was_first(visitor: Visitor, store: Store) -> str:
    """Somebody has the form open, and Ada approves meanwhile; the sync."""
    transaction_id = a_plan(store)
    visitor.open(f"/review/{transaction_id}/decide")
    form = visitor.page
    visitor.send(f"/review/{transaction_id}/approve", decided_by="Ada")
    visitor.page = form
    return transaction_id


@ON_SQLITE
def test_who_comes_second_sees_what_was_decided(visitor: Visitor, store: Store) -> None:
    transaction_id = ada_was_first(visitor, store)
    assert visitor.send(f"/review/{transaction_id}/reject", decided_by="Bob").status_code == 409
    assert "already_decided" in visitor.text
    assert "Ada approved the plan" in visitor.text
    assert "Approve and publish" not in visitor.text
    assert "Reject the whole plan" not in visitor.text, "nothing is left to press"
    visitor.open(f"/review/{transaction_id}/decide")
    assert "Approved by Ada" in visitor.text


@ON_SQLITE
def test_the_name_in_a_decision_that_was_refused_does_nothing_afterwards(visitor: Visitor, store: Store) -> None:
    transaction_id = ada_was_first(visitor, store)
    visitor.send(f"/review/{transaction_id}/reject", decided_by="Rita")
    visitor.open(f"/review/{transaction_id}")
    visitor.send(f"/review/{transaction_id}/cancel")
    done = [(one.done_by, one.deed) for one in activity.of_sync(store, transaction_id)]
    assert done[-1] == ("Ada", "cancelled")


def test_results_name_what_failed_and_lead_to_a_new_sync(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    publish(store, transaction_id, failed=("prod_1",))
    change(store, transaction_id, 1, error_message="Etsy refused <b>it</b>.", error_code="etsy_refused")
    visitor.open(f"/review/{transaction_id}")
    for told in (
        "Shop completed with errors",
        "1 done, 1 failed",
        "Etsy refused &lt;b&gt;it&lt;/b&gt;.",
        "etsy_refused",
    ):
        assert told in visitor.text
    assert products_on(visitor.move(show="failed", to="0")) == ["prod_1"]
    visitor.send(f"/review/{transaction_id}/retry")
    assert "Its plan is being drawn up" in visitor.text
    again = visitor.page.url.path
    visitor.send(f"{again}/cancel")
    assert job_of(store, again.rsplit("/", 1)[-1]).state is SyncState.CANCELLED


@ON_SQLITE
def test_markup_in_texts_is_shown_as_text(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store, 1)
    listing = validated(a_product(id="prod_x", title=MARKUP, description=MARKUP)).listing
    found = a_validated_listing(product_id="prod_x", product_title=MARKUP, listing=listing)
    with store.reading() as session:
        account = accounts.get(session, jobs.get(session, transaction_id).etsy_account_id)
    planned(store, account, transaction_id=transaction_id, validated=[found], covers_selection=False)
    change(store, transaction_id, 0, reason=MARKUP)
    for path in ("", "/decide"):
        assert scripts_on(visitor.open(f"/review/{transaction_id}{path}")) == ["pages.js"]
    visitor.open(f"/review/{transaction_id}")
    assert "&lt;script&gt;" in visitor.page.text
    visitor.move(leave=["0"], to="decide")
    visitor.send(f"/review/{transaction_id}/reject", decided_by=MARKUP, note=MARKUP)
    assert scripts_on(visitor.page) == ["pages.js"]


@ON_SQLITE
def test_ten_thousand_products_can_be_paged_through_and_all_left_out(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store, 10_000)
    page = visitor.open(f"/review/{transaction_id}")
    assert (len(products_on(page)), len(page.content) < 200_000) == (50, True)
    assert "10,000" in visitor.text
    last = visitor.move(to="9950")
    assert (len(products_on(last)), "Next →" in visitor.text) == (50, False)
    assert last.elapsed.total_seconds() < 5
    ids = "\n".join(f"prod_{number}" for number in range(1, 10_000))
    visitor.open(f"/review/{transaction_id}/decide")
    visitor.send(f"/review/{transaction_id}/approve", decided_by="Ada", left_out=ids)
    assert len(decision_on(store, transaction_id).excluded_products) == 9_999


def test_syncs_are_listed_and_filtered(visitor: Visitor, store: Store) -> None:
    first = a_plan(store)
    publish(store, first, failed=("prod_1",))
    account_id = job_of(store, first).etsy_account_id
    second = request_sync(store, account_id, product_ids=("prod_0",), trigger="cli").transaction_id
    visitor.open("/review")
    assert (first in visitor.text, second in visitor.text) == (True, True)
    assert "1–2 of 2" in visitor.text
    visitor.open("/review/", status="completed with errors")
    assert (first in visitor.text, second in visitor.text) == (True, False)
    assert "1 done, 1 failed" in visitor.text
    visitor.open("/review/", status="being planned")
    assert (first in visitor.text, second in visitor.text) == (False, True)
    visitor.open("/review/", status="completed")
    assert "No sync is in this state" in visitor.text, "the filter says what the badge says"
    assert visitor.open("/review/", status="exploded").status_code == 400


def test_a_sync_that_waits_for_a_person_has_a_button_to_go_on(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    address = f"/review/{transaction_id}"
    visitor.open(address)
    assert "Go on now" not in visitor.text
    wait_for_a_person(store, transaction_id)
    visitor.open(address)
    for words in ("It waits for a person", "does not go on by itself", "[same_refusal]", "Call it off"):
        assert words in visitor.text
    visitor.send(f"{address}/resume")
    assert "It goes on by itself" in visitor.text
    assert "Let go on by somebody on the review page" in visitor.text


@pytest.mark.parametrize("invalid", [True, False])
def test_where_there_is_nothing_to_do_there_is_nothing_to_decide(visitor: Visitor, store: Store, invalid: bool) -> None:  # noqa: FBT001
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="api")
    find_nothing(store, job.transaction_id, invalid=invalid)
    address = f"/review/{job.transaction_id}"
    visitor.open(address)
    told = "Nothing would be sent to Etsy: 1 stays as it is" + (", 1 cannot be published." if invalid else ".")
    for words in ("Shop nothing to do", told, "There is nothing to decide"):
        assert words in visitor.text
    assert ("Decide…" in visitor.text, "Call it off" in visitor.text) == (False, False)
    visitor.open("/review/")
    assert told in visitor.text
    assert visitor.open(f"{address}/decide").url.path == address, "there is no such page for it"
    if invalid:
        assert "prod_1" in visitor.text, "what is wrong stands there"
        visitor.send(f"{address}/retry")
        assert "Its plan is being drawn up" in visitor.text
    else:
        assert "Try them again" not in visitor.text


def test_each_brake_of_a_product_can_be_chosen_by_words() -> None:
    named = {code: rule.words for code, rule in BRAKES.items() if not rule.is_of_plan}
    assert {code: SHOWN[code] for code in named} == {code: f"Brake: {words}" for code, words in named.items()}
    assert "stock_unread" in named
    assert not [words for words in named.values() if "_" in words or not words]


@ON_SQLITE
def test_a_state_of_another_version_is_shown_as_unknown(visitor: Visitor, store: Store) -> None:
    transaction_id = a_plan(store)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
        connection.exec_driver_sql("UPDATE etsy_sync_job SET state = 'postponed'")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")
    visitor.open(f"/review/{transaction_id}")
    assert "Shop unknown" in visitor.text
    assert ("Decide…" in visitor.text, "Call it off" in visitor.text) == (False, False)
    assert "unknown" in visitor.open("/review/").text


@ON_SQLITE
def test_a_shop_is_added_connected_looked_at_and_disconnected(visitor: Visitor, store: Store) -> None:
    account_id = a_connected_account(store)
    visitor.open("/review/accounts")
    visitor.send("/review/accounts", name="Second")
    assert "Second" in visitor.text
    visitor.send("/review/accounts", name=" Second ")
    assert "account_name_taken" in visitor.text, "people tell shops apart by their names"
    visitor.open("/review/accounts")
    visitor.client.follow_redirects = False
    connecting = visitor.send(f"/review/accounts/{account_id}/connect")
    assert connecting.status_code == 303
    assert "code_challenge_method=S256" in connecting.headers["location"]
    visitor.client.follow_redirects = True
    visitor.open(f"/review/accounts/{account_id}")
    assert "price.<wbr>rounding" in visitor.page.text, "a phone breaks it between words"
    visitor.open(f"/review/accounts/{account_id}/disconnect")
    visitor.send(f"/review/accounts/{account_id}/disconnect")
    with store.reading() as session:
        assert accounts.get(session, account_id).is_active is False


@ON_SQLITE
@pytest.mark.parametrize("path", ["/review/wf_nope", "/review/accounts/nope", "/review/a/b/c", "/review/wf_%00"])
def test_what_is_not_there_is_a_page_too(visitor: Visitor, path: str) -> None:
    answer = visitor.open(path)
    assert answer.status_code in {404, 422}
    assert "That did not work" in visitor.text


@ON_SQLITE
def test_a_hint_sets_its_commands_apart(visitor: Visitor) -> None:
    assert "<code>etsy-pipeline sync status</code> lists" in visitor.open("/review/wf_nope").text


@ON_SQLITE
@pytest.mark.parametrize("out", ["!!", "AAAA", "eJw", "é"])
def test_an_address_that_was_cut_is_told(visitor: Visitor, store: Store, out: str) -> None:
    assert visitor.open(f"/review/{a_plan(store)}", out=out).status_code == 400
    assert "left_out_unreadable" in visitor.text


@ON_SQLITE
def test_a_confirmation_before_the_plan_is_told_and_why_it_was_not_applied(visitor: Visitor, store: Store) -> None:
    account_id = a_connected_account(store)
    job = request_sync(store, account_id, product_ids=("prod_0",), trigger="api")
    approve(store, job)
    page = visitor.open(f"/review/{job.transaction_id}").text
    assert "Ada confirmed it before the plan. That takes effect by itself if the plan has no brake" in page
    configure.configure(store, account_id, {"early_confirm_fees_usd": 0})
    draw_up(store, job.transaction_id)
    page = visitor.open(f"/review/{job.transaction_id}").text
    assert "Ada confirmed it before the plan; that was not applied: Etsy&#39;s fees would be $0.40" in page
    assert "Withheld" not in page
    assert "Decide…" in page, "it waits for a second one"
