"""Telling people of a sync: what is sent to whom, once, by real HTTP and mail servers on this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from etsy_pipeline.errors import NotConfigured, Refused, Unavailable
from etsy_pipeline.notices.notice import Notice
from etsy_pipeline.notices.receivers import Receiver, receivers, send
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsySyncJob
from etsy_pipeline.sync_jobs import decide
from etsy_pipeline.sync_jobs.notify import MOST_ATTEMPTS, send_what_is_due
from etsy_pipeline_tests.sync_jobs.test_sync_jobs import approve, connected, planned

NOTICE = Notice("completed", "wf_1", "My shop", "completed", "3 synced, 1 failed.", 3, 1)


@contextmanager
def a_server(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server that takes what is posted to it."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook-with-a-secret", taken
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_the_facts_as_json() -> None:
    with a_server() as (url, taken):
        send(Receiver(url), NOTICE, smtp_url=None)
    assert taken == [NOTICE.as_dict()]
    assert taken[0]["subject"] == "etsy_pipeline: My shop: sync wf_1 completed"


def test_a_mail_goes_to_the_address_by_the_mail_server() -> None:
    taken: list[Any] = []

    class Inbox:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            taken.append(envelope)
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        send(Receiver("mailto:me@example.com"), NOTICE, smtp_url=f"smtp://127.0.0.1:{port}")
    finally:
        controller.stop()
    [envelope] = taken
    assert envelope.rcpt_tos == ["me@example.com"]
    assert message_from_bytes(envelope.content)["Subject"] == NOTICE.subject


@pytest.mark.parametrize(("status", "error"), [(500, Unavailable), (429, Unavailable), (404, Refused), (302, Refused)])
def test_what_a_receiver_answers_says_whether_it_is_tried_again(status: int, error: type[Exception]) -> None:
    with a_server(status) as (url, _), pytest.raises(error) as caught:
        send(Receiver(url), NOTICE, smtp_url=None)
    assert "hook-with-a-secret" not in str(caught.value)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(Unavailable):
        send(Receiver("http://127.0.0.1:1/x"), NOTICE, smtp_url=None)
    with pytest.raises(Unavailable):
        send(Receiver("mailto:me@example.com"), NOTICE, smtp_url="smtp://127.0.0.1:1")
    with pytest.raises(NotConfigured, match="mail server"):
        send(Receiver("mailto:me@example.com"), NOTICE, smtp_url=None)


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


def finish(store: Store, job: EtsySyncJob, status: str, **changes: Any) -> None:
    with store.writing() as session:
        row = session.get_one(EtsySyncJob, job.id)
        row.status, row.completed_at = status, datetime.now(UTC)
        for name, value in changes.items():
            setattr(row, name, value)


def test_each_change_of_state_is_told_once_to_each_receiver(store: Store) -> None:
    box, both = Mailbox(), [Receiver("a"), Receiver("b")]
    tell = partial(send_what_is_due, store, both, box)
    job = planned(store, connected(store))
    tell(), tell()
    assert box.taken == ["a awaits approval", "b awaits approval"]
    approve(store, job)
    tell()
    finish(store, job, "paused", completed_at=None, resume_at=datetime.now(UTC) + timedelta(hours=3))
    tell(), tell()
    finish(store, job, "completed")
    tell(), tell()
    assert box.taken[2:] == ["a paused", "b paused", "a completed", "b completed"]


def test_a_receiver_that_is_down_is_tried_again_later_and_at_last_given_up(store: Store) -> None:
    box, now = Mailbox(), datetime.now(UTC)
    finish(store, planned(store, connected(store)), "failed")
    box.is_down = True
    assert send_what_is_due(store, [Receiver("a")], box)[0].endswith("Down.")
    assert send_what_is_due(store, [Receiver("a")], box) == [], "not before a minute has passed"
    box.is_down = False
    send_what_is_due(store, [Receiver("a")], box, now=lambda: now + timedelta(minutes=2))
    assert box.taken == ["a failed"]
    box.is_down = True
    for hours in range(1, MOST_ATTEMPTS + 3):
        send_what_is_due(store, [Receiver("b")], box, now=partial((now + timedelta(hours=hours)).astimezone, UTC))
    box.is_down = False
    assert send_what_is_due(store, [Receiver("b")], box, now=lambda: now + timedelta(hours=20)) == []


def test_what_is_old_or_was_called_off_is_no_news(store: Store) -> None:
    box, account = Mailbox(), connected(store)
    decide.cancel(store, planned(store, account).transaction_id)
    finish(store, planned(store, account), "completed", completed_at=datetime.now(UTC) - timedelta(days=2))
    assert send_what_is_due(store, [Receiver("a")], box) == []
