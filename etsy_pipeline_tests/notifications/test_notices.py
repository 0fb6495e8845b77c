"""Telling people of a sync: what is sent to whom, once, by real HTTP and mail servers on this machine."""

import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from etsy_pipeline.errors import NotConfigured, Refused, Unavailable
from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import Receiver, receivers, sender
from etsy_pipeline.planning.shop_changes import Change
from etsy_pipeline.store import accounts, clock, jobs, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.notify import MAX_ATTEMPTS, send_what_is_due
from etsy_pipeline.sync.stock_lane import OF_STOCK
from etsy_pipeline_tests.hostile import hidden_in
from etsy_pipeline_tests.notifications.receiving import a_server
from etsy_pipeline_tests.sync.planned import approve, connected, planned

PUBLISHED = (Event.APPROVE, Event.BEGIN_PUBLICATION)
NOTICE = Notice("completed", "wf_1", "My shop", "completed", "3 synced, 1 failed.", 3, 1)


def to(address: str, notice: Notice = NOTICE, smtp_url: str | None = None) -> None:
    sender(smtp_url)(Receiver(address), notice)


def test_a_webhook_gets_the_facts_as_json() -> None:
    with a_server() as (url, taken):
        to(url)
    assert taken == [NOTICE.as_dict()]
    assert taken[0]["subject"] == "etsy_pipeline: My shop: sync wf_1 completed"


def test_slack_gets_a_text_in_which_nothing_calls_the_channel() -> None:
    with a_server() as (url, taken):
        to(f"slack+{url}", Notice("failed", "wf_1", "Cups & <!channel>", "failed", "No."))
    assert taken == [{"text": "etsy_pipeline: Cups &amp; &lt;!channel&gt;: sync wf_1 failed\nNo."}]


def test_a_repetition_can_be_told_by_its_id() -> None:
    with a_server() as (url, taken):
        for notice in (NOTICE, NOTICE, Notice("failed", "wf_1", "My shop", "failed", "No.")):
            to(url, notice)
    assert taken[0]["id"] == taken[1]["id"] != taken[2]["id"]


@pytest.mark.parametrize(("status", "error"), [(500, Unavailable), (429, Unavailable), (404, Refused), (302, Refused)])
def test_what_a_receiver_answers_says_whether_it_is_tried_again(status: int, error: type[Exception]) -> None:
    with a_server(status) as (url, _), pytest.raises(error) as caught:
        to(url)
    assert "hook-with-a-secret" not in str(caught.value)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(Unavailable):
        to("http://127.0.0.1:1/x")
    with pytest.raises(Unavailable):
        to("mailto:me@example.com", smtp_url="smtp://127.0.0.1:1")
    with pytest.raises(NotConfigured, match="mail server"):
        to("mailto:me@example.com")


def test_an_address_that_is_none_is_told_without_repeating_it() -> None:
    assert [item.kind for item in receivers("mailto:a@b.c, https://hooks.slack.com/services/T/B/x ,https://x.test/y")] == [
        "mail", "Slack", "webhook at x.test"
    ]  # fmt: skip
    with pytest.raises(NotConfigured) as caught:
        receivers("https://x.test, hunter2")
    assert "Number 2" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert "secret" not in repr(Receiver("https://x.test/secret"))


class Mailbox:
    """Takes notices, or is down."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_down = False

    def __call__(self, receiver: Receiver, notice: Notice) -> None:
        if self.is_down:
            raise Unavailable("Down.", code="notice_not_sent")
        self.taken.append(f"{receiver.address} {notice.status}")


def happen(store: Store, job: EtsySyncJob, *events: Event, **changes: Any) -> None:
    """These things happen to a sync, one after the other; the columns are written with the last."""
    with store.writing() as session:
        for event in events:
            written = changes if event is events[-1] else {}
            job = lifecycle.move(session, job, event, who=lifecycle.TRANSITIONS[event].who[0], **written)


def test_each_change_of_state_is_told_once_to_each_receiver(store: Store) -> None:
    box, both = Mailbox(), [Receiver("a"), Receiver("b")]
    tell = partial(send_what_is_due, store, both, box)
    job = planned(store, connected(store))
    tell(), tell()
    assert sorted(box.taken) == ["a awaits approval", "b awaits approval"]
    approve(store, job)
    tell()
    happen(store, job, Event.BEGIN_PUBLICATION, Event.PAUSE, resume_at=datetime.now(UTC) + timedelta(hours=3))
    tell(), tell()
    happen(store, job, Event.BEGIN_PUBLICATION, Event.COMPLETE_WITH_ERRORS)
    tell(), tell()
    assert sorted(box.taken[2:4]) == ["a paused", "b paused"]
    assert sorted(box.taken[4:]) == ["a completed", "b completed"]


def test_what_a_scan_found_and_cannot_wait_is_told_once_in_one_notice(store: Store) -> None:
    account, told = connected(store), list[Notice]()
    alarms = [Change("alarm", after="removed", told="Etsy has taken down 1 listing: 7 'Mug'."), Change("removed", 7)]
    quiet = [Change("new", 8, "Cup", "", "active")]
    with store.writing() as session:
        for changes in (quiet, alarms):
            now = clock.now(session)
            scan_id = seen_listings.begin(session, account.id, now)
            found = [asdict(change) for change in changes]
            seen_listings.finish(session, scan_id, now=now, calls=12, counts={}, changes=found)
    for _ in range(2):
        send_what_is_due(store, [Receiver("a")], lambda _, notice: told.append(notice))
    (notice,) = told
    assert notice.subject.endswith("changed on Etsy, and not by us")
    assert "Etsy has taken down 1 listing: 7 'Mug'." in notice.told
    assert f"etsy-pipeline shop listings {account.id} --changes" in notice.told


def test_a_receiver_that_is_down_is_tried_again_later_and_at_last_given_up(store: Store) -> None:
    box, now = Mailbox(), datetime.now(UTC)
    happen(store, planned(store, connected(store)), *PUBLISHED, Event.FAIL)
    box.is_down = True
    assert send_what_is_due(store, [Receiver("a")], box)[0].endswith("Down.")
    assert send_what_is_due(store, [Receiver("a")], box) == [], "not before a minute has passed"
    box.is_down = False
    send_what_is_due(store, [Receiver("a")], box, now=lambda: now + timedelta(minutes=2))
    assert box.taken == ["a failed"]
    box.is_down = True
    for hours in range(1, MAX_ATTEMPTS + 3):
        send_what_is_due(store, [Receiver("b")], box, now=partial((now + timedelta(hours=hours)).astimezone, UTC))
    box.is_down = False
    assert send_what_is_due(store, [Receiver("b")], box, now=lambda: now + timedelta(hours=20)) == []


def test_a_dead_receiver_is_waited_for_once_and_the_others_are_told_meanwhile(store: Store) -> None:
    account = connected(store)
    for _ in range(5):
        happen(store, planned(store, account), *PUBLISHED, Event.COMPLETE)
    everybody_waits, asked = threading.Barrier(2, timeout=60), list[str]()

    def send(receiver: Receiver, _notice: Notice) -> None:
        asked.append(receiver.address)
        if asked.count(receiver.address) == 1:
            everybody_waits.wait()  # passes only if both are told side by side
        if receiver.address == "dead":
            raise Unavailable("No answer.", code="notice_not_sent")

    send_what_is_due(store, [Receiver("dead"), Receiver("good")], send)
    assert (asked.count("dead"), asked.count("good")) == (1, 5)


def test_two_processes_that_look_at_once_send_a_notice_once(store: Store) -> None:
    happen(store, planned(store, connected(store)), *PUBLISHED, Event.COMPLETE)
    box, both = Mailbox(), threading.Barrier(2, timeout=60)

    def look() -> None:
        both.wait()
        send_what_is_due(store, [Receiver("a")], box)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert box.taken == ["a completed"]


def test_a_notice_repeats_no_secret(store: Store) -> None:
    told: list[str] = []
    secret = {"job": "Bearer 910000001.Ab3dEf6hIj9kLm2nOp5q"}
    happen(store, planned(store, connected(store)), *PUBLISHED, Event.FAIL, error_log=secret)
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: told.append(notice.text))
    assert "[hidden]" in told[0]


def test_a_notice_hides_nothing(store: Store) -> None:
    told: list[str] = []
    account = connected(store)
    with store.writing() as session:
        accounts.change(session, account.id, name="Shop\u202e", shop_name=None)
    hidden = {"job": "Mug\x1b[2K\n\x9b"}
    happen(store, planned(store, account), *PUBLISHED, Event.FAIL, error_log=hidden)
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: told.append(notice.text))
    assert not hidden_in(told[0].replace("\n", ""))
    assert r"Mug\x1b[2K" in told[0]


def test_what_is_old_or_was_called_off_or_changes_nothing_is_no_news(store: Store) -> None:
    box, account = Mailbox(), connected(store)
    approvals.cancel(store, planned(store, account).transaction_id)
    days_ago = datetime.now(UTC) - timedelta(days=2)
    happen(store, planned(store, account), *PUBLISHED, Event.COMPLETE, completed_at=days_ago)
    assert planned(store, account, count=0).state is SyncState.NOTHING_TO_DO
    assert send_what_is_due(store, [Receiver("a")], box) == []


def test_stock_that_followed_medusa_is_no_news_unless_something_failed(store: Store) -> None:
    box, account = Mailbox(), connected(store)
    happen(store, of_stock(store, account), *PUBLISHED, Event.COMPLETE)
    assert send_what_is_due(store, [Receiver("a")], box) == []
    happen(store, of_stock(store, account), *PUBLISHED, Event.COMPLETE_WITH_ERRORS)
    send_what_is_due(store, [Receiver("a")], box)
    assert box.taken == ["a completed"]


def of_stock(store: Store, account: EtsyAccount) -> EtsySyncJob:
    """A plan because Medusa's stock changed."""
    job = planned(store, account)
    with store.writing() as session:
        jobs.change(session, job.transaction_id, trigger=OF_STOCK)
        return jobs.get(session, job.transaction_id)


def test_a_notice_leads_to_the_page_that_matters(store: Store) -> None:
    job = planned(store, connected(store))
    with a_server() as (url, taken):
        send_what_is_due(store, receivers(url), sender(None), pages="https://etsy.example.com/")
        assert taken[0]["page"] == f"https://etsy.example.com/review/{job.transaction_id}"
    with a_server() as (url, taken):
        to(f"slack+{url}", replace(NOTICE, page="https://etsy.example.com/review/wf_1"))
    assert taken[0]["text"].endswith("\nhttps://etsy.example.com/review/wf_1")


def test_on_mondays_the_week_before_is_told_once(store: Store) -> None:
    account, monday = connected(store), datetime(2026, 11, 30, 9, tzinfo=UTC)
    job = approve(store, planned(store, account))
    with store.writing() as session:
        for event in (Event.BEGIN_PUBLICATION, Event.COMPLETE_WITH_ERRORS):
            job = lifecycle.move(session, job, event, who="publisher")
        jobs.change(
            session, job.transaction_id, synced_count=7, failed_count=2, completed_at=monday - timedelta(days=3)
        )

    def told(at: datetime, *, weekly: bool = True) -> list[Any]:
        with a_server() as (url, taken):
            send_what_is_due(store, receivers(url), sender(None), now=lambda: at, weekly=weekly)
            return [item for item in taken if item["event"].startswith("week:")]

    assert told(monday - timedelta(days=1)) == [], "it is Sunday"
    assert told(monday, weekly=False) == [], "nobody wants it"
    (digest,) = told(monday)
    assert digest["subject"] == f"etsy_pipeline: {account.label} in week 48 of 2026"
    assert "1 syncs: 7 products synced, 2 failed." in digest["told"]
    assert "Listing fees: $0.00." in digest["told"]
    assert told(monday + timedelta(days=7)) == [], "nothing was done since"
