"""`sync status --watch`: what is seen while a sync goes on, in a terminal and elsewhere, and how it ends."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from etsy_pipeline import wiring
from etsy_pipeline.cli.main import app
from etsy_pipeline.cli.watch import Pace, drawn, watch
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import activity, lifecycle, queries
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.queries import SyncProgress
from etsy_pipeline_tests.api.planned import draw_up, find_nothing
from etsy_pipeline_tests.embedded import begin
from etsy_pipeline_tests.sync.planned import connected, planned

RESUME = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
Step = Callable[[Store, EtsySyncJob], None]


@pytest.fixture
def store() -> Iterator[Store]:
    """The embedded database, where the command finds it."""
    with closing(wiring.store_of(begin(Settings.load()))) as opened:
        yield opened


def there_is(*events: Event, **changes: Any) -> Step:
    """These things happen to the sync, one after the other."""

    def change(store: Store, job: EtsySyncJob) -> None:
        with store.writing() as session:
            for event in events:
                who = lifecycle.TRANSITIONS[event].who[0]
                values = changes if event is events[-1] else {}
                lifecycle.move(session, jobs.get(session, job.transaction_id), event, who=who, **values)

    return change


def product_is(number: int, **changes: Any) -> Step:
    def change(store: Store, job: EtsySyncJob) -> None:
        with store.writing() as session:
            progress.set_items(session, job.id, [f"prod_{number}"], **changes)

    return change


STORY: tuple[Step, ...] = (
    there_is(Event.APPROVE, Event.BEGIN_PUBLICATION),
    product_is(0, step="written"),
    product_is(0, step="done", outcome="synced"),  # no change for who looks: it was sent already
    product_is(1, step="done", outcome="failed"),
    there_is(Event.PAUSE, resume_at=RESUME),
    there_is(Event.BEGIN_PUBLICATION, Event.COMPLETE_WITH_ERRORS),
)


def watched(store: Store, *, is_terminal: bool) -> str:
    """What is printed while the story happens, a step each time that the watcher waits."""
    job, text, story = planned(store, connected(store), count=1000), io.StringIO(), iter(STORY)
    console = Console(file=text, force_terminal=is_terminal, width=80, highlight=False, color_system=None)
    ended = watch(store, job.transaction_id, console, sleep=lambda _: next(story)(store, job))
    assert ended.state is SyncState.COMPLETED_WITH_ERRORS
    return text.getvalue().replace(job.transaction_id, "wf_0123456789abcdef")


def test_elsewhere_than_in_a_terminal_there_is_a_line_for_each_change(sqlite_store: Store) -> None:
    assert watched(sqlite_store, is_terminal=False).splitlines() == [
        "wf_0123456789abcdef awaiting approval, 0 of 1000 done",
        "wf_0123456789abcdef processing, 0 of 1000 done",
        "wf_0123456789abcdef processing, 1 of 1000 done",
        "wf_0123456789abcdef processing, 2 of 1000 done, 1 failed",
        "wf_0123456789abcdef paused, until 24 Nov 02:30 UTC, 2 of 1000 done, 1 failed",
    ]


def test_in_a_terminal_one_line_changes_and_is_gone_at_the_end(sqlite_store: Store) -> None:
    text = watched(sqlite_store, is_terminal=True)
    assert "processing" in text
    assert "until 24 Nov 02:30 UTC" in text
    assert "\x1b[2K" in text, "the line is written over"
    assert text.rstrip("\r").endswith(("\x1b[2K", "\x1b[?25h")), "nothing of it stays"
    assert text.count("\n") <= len(STORY), "never more than one line"


def a_job(state: SyncState) -> EtsySyncJob:
    return EtsySyncJob("sync_job_1", "wf_0123456789abcdef", "etsy_acc_1", state=state, resume_at=RESUME)


@pytest.mark.parametrize("state", SyncState)
def test_the_longest_line_fits_into_80_columns(state: SyncState) -> None:
    text = io.StringIO()
    console = Console(file=text, width=80, color_system=None)
    console.print(drawn(SyncProgress(a_job(state), 9_999, 999, 10_000), "~ 120 min"))
    (line,) = text.getvalue().splitlines()
    assert "…" not in line


def test_the_time_left_is_judged_by_the_pace_since_the_last_start() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])

    def left(done: int, state: SyncState = SyncState.PROCESSING) -> str:
        return pace.left(SyncProgress(a_job(state), done, 0, 1000))

    assert left(100) == "", "there is no telling yet"
    now[0] = 60.0
    assert left(200) == "~ 8 min"
    assert left(200, SyncState.PAUSED) == ""
    now[0] = 90_000.0
    assert left(200) == "", "the pause does not count"
    now[0] = 90_001.0
    assert left(990) == "< 1 min"


PUBLISHED = Event.APPROVE, Event.BEGIN_PUBLICATION


@pytest.mark.parametrize(
    ("events", "status", "exit_status"),
    [
        ((*PUBLISHED, Event.COMPLETE), "completed", 0),
        ((*PUBLISHED, Event.COMPLETE_WITH_ERRORS), "completed", 1),
        ((*PUBLISHED, Event.FAIL), "failed", 1),
        ((*PUBLISHED, Event.PAUSE), "paused", 1),
        ((Event.REJECT,), "rejected", 1),
        ((Event.CANCEL,), "cancelled", 1),
    ],
)
def test_the_command_ends_with_the_syncs_outcome(
    events: tuple[Event, ...], status: str, exit_status: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(store, connected(store))
    # the command waits by the real clock; here the sync ends while it does
    monkeypatch.setitem(watch.__kwdefaults__ or {}, "sleep", lambda _: there_is(*events)(store, job))
    done = CliRunner().invoke(app, ["sync", "status", job.transaction_id, "--watch", "--json"])
    assert done.exit_code == exit_status, done.output
    assert json.loads(done.stdout)["status"] == status, "the standard output is for the program alone"
    assert "awaiting approval" in done.stderr


def waited(
    store: Store, goes_on: Callable[[EtsySyncJob], None], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[Result, EtsySyncJob]:
    """What `sync start --wait` says, and its sync, with which something goes on each time that the command waits."""
    account = connected(store)
    monkeypatch.setattr("etsy_pipeline.cli.sync.time.sleep", lambda _: goes_on(queries.latest_jobs(store)[0]))
    done = CliRunner().invoke(app, ["sync", "start", "--account", account.id, "--all", "--wait", *words])
    (job,) = queries.latest_jobs(store)
    assert done.stdout.strip() == job.transaction_id, "the standard output is for scripts"
    return done, job


@pytest.mark.parametrize(
    ("events", "words", "exit_status"),
    [
        ((), "", 0),
        ((*PUBLISHED, Event.COMPLETE), "completed; 2 products", 0),
        ((*PUBLISHED, Event.COMPLETE_WITH_ERRORS), "completed with errors; 2 products", 1),
        ((*PUBLISHED, Event.FAIL), "failed; 2 products", 1),
        ((*PUBLISHED, Event.PAUSE), "paused; 2 products: 0 synced, 0 failed, 0 skipped; waits for a person", 1),
        ((Event.CANCEL,), "cancelled; 2 products", 1),
    ],
)
def test_who_waits_for_a_sync_that_needs_no_approval_is_told_its_outcome(
    events: tuple[Event, ...], words: str, exit_status: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(job: EtsySyncJob) -> None:
        if job.state is SyncState.REQUESTED:
            draw_up(store, job.transaction_id)
            there_is(*events[:1])(store, job)  # approved at once, as by a policy
        else:
            there_is(*events[1:])(store, job)

    done, _ = waited(store, go_on, monkeypatch)
    assert done.exit_code == exit_status, done.output
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize("invalid", [0, 1])
def test_who_waits_for_a_plan_is_told_that_there_is_nothing_to_do(
    invalid: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(job: EtsySyncJob) -> None:
        find_nothing(store, job.transaction_id, invalid=bool(invalid))

    done, _ = waited(store, plan, monkeypatch)
    assert done.exit_code == invalid, done.output
    assert f"Nothing to do on Etsy: 1 unchanged or not for sale, {invalid} cannot be published." in done.stderr


def test_a_script_waits_and_approves_by_name_and_both_are_noted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("URL", "http://medusa.test"), ("API_KEY", "sk_1"), ("AMOUNT_UNIT", "major")):
        monkeypatch.setenv(f"MEDUSA_{name}", value)

    def go_on(job: EtsySyncJob) -> None:
        if job.state is SyncState.REQUESTED:
            draw_up(store, job.transaction_id)
        else:
            there_is(Event.BEGIN_PUBLICATION, Event.COMPLETE)(store, job)

    done, job = waited(store, go_on, monkeypatch, "--approve-as", "Ada")
    noted = [(found.done_by, found.deed) for found in activity.of_sync(store, job.transaction_id)]
    assert done.exit_code == 0, done.output
    assert noted[:2] == [("Ada", "asked"), ("Ada", "conditional")]
    assert job.state is SyncState.COMPLETED
