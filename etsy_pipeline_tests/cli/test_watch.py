"""`sync status --watch`: what is seen while a sync goes on, in a terminal and elsewhere, and how it ends."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from etsy_pipeline import wiring
from etsy_pipeline.cli.main import app
from etsy_pipeline.cli.watch import Pace, drawn, watch
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.sync.test_syncs import connected, planned

RESUME = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
Step = Callable[[Store, EtsySyncJob], None]


def job_is(state: str, **changes: Any) -> Step:
    def change(store: Store, job: EtsySyncJob) -> None:
        with store.writing() as session:
            row = jobs.get(session, job.transaction_id)
            row.status = state
            for name, value in changes.items():
                setattr(row, name, value)

    return change


def product_is(number: int, **changes: Any) -> Step:
    def change(store: Store, job: EtsySyncJob) -> None:
        with store.writing() as session:
            (item,) = jobs.items_of(session, job.id, [f"prod_{number}"])
            for name, value in changes.items():
                setattr(item, name, value)

    return change


STORY: tuple[Step, ...] = (
    job_is("processing"),
    product_is(0, step="written"),
    product_is(0, step="done", outcome="synced"),  # no change for who looks: it was sent already
    product_is(1, step="done", outcome="failed"),
    job_is("paused", resume_at=RESUME),
    job_is("completed", resume_at=None),
)


def watched(store: Store, *, is_terminal: bool) -> str:
    """What is printed while the story happens, a step each time that the watcher waits."""
    job, text, story = planned(store, connected(store), count=1000), io.StringIO(), iter(STORY)
    console = Console(file=text, force_terminal=is_terminal, width=80, highlight=False, color_system=None)
    ended = watch(store, job.transaction_id, console, sleep=lambda _: next(story)(store, job))
    assert ended.status == "completed"
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


@pytest.mark.parametrize("state", ["pending", "processing", "paused"])
def test_the_longest_line_fits_into_80_columns(state: str) -> None:
    job = EtsySyncJob(transaction_id="wf_0123456789abcdef", status=state, resume_at=RESUME)
    text = io.StringIO()
    console = Console(file=text, width=80, color_system=None)
    console.print(drawn(queries.Standing(job, 9_999, 999, 10_000), "~ 120 min"))
    (line,) = text.getvalue().splitlines()
    assert "…" not in line


def test_the_time_left_is_judged_by_the_pace_since_the_last_start() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])

    def left(done: int, state: str = "processing") -> str:
        return pace.left(queries.Standing(EtsySyncJob(status=state), done, 0, 1000))

    assert left(100) == "", "there is no telling yet"
    now[0] = 60.0
    assert left(200) == "~ 8 min"
    assert left(200, "paused") == ""
    now[0] = 90_000.0
    assert left(200) == "", "the pause does not count"
    now[0] = 90_001.0
    assert left(990) == "< 1 min"


@pytest.mark.parametrize(("state", "exit_status"), [("completed", 0), ("failed", 1), ("rejected", 1), ("cancelled", 1)])
def test_the_command_ends_with_the_syncs_outcome(state: str, exit_status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    store = wiring.store_of(Settings.load())
    job = planned(store, connected(store))
    # the command waits by the real clock; here the sync ends while it does
    monkeypatch.setitem(watch.__kwdefaults__ or {}, "sleep", lambda _: job_is(state)(store, job))
    done = CliRunner().invoke(app, ["sync", "status", job.transaction_id, "--watch", "--json"])
    store.close()
    assert done.exit_code == exit_status, done.output
    assert json.loads(done.stdout)["status"] == state, "the standard output is for the program alone"
    assert "awaiting approval" in done.stderr
