"""Watching a sync until it is over: one changing line in a terminal, else a line for each change, within 80 columns."""

import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from etsy_pipeline.cli.output import colored
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import SyncProgress

POLL_SECONDS = 1.0
BAR_WIDTH = 14
MINUTE = 60

Clock = Callable[[], float]


def watch(
    store: Store,
    transaction_id: str,
    console: Console,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Clock = time.monotonic,
) -> EtsySyncJob:
    """Show how a sync goes on until it is over or waits for a person, and give it as it is then."""
    progress, pace = queries.progress_of(store, transaction_id), Pace(clock)
    told = ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while not (progress.job.is_over or _waits_for_a_person(progress.job)):
            line = words(progress)
            if console.is_terminal:
                live.update(drawn(progress, pace.left(progress)), refresh=True)
            elif line != told:
                console.print(line, soft_wrap=True)
            told = line
            sleep(POLL_SECONDS)
            progress = queries.progress_of(store, transaction_id)
    return progress.job


class Pace:
    """How long the rest will take, judged by what was done since the last start or pause."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None

    def left(self, progress: SyncProgress) -> str:
        """The time left in words; nothing while there is no telling."""
        if progress.job.state is not SyncState.PROCESSING:
            self._began = None
            return ""
        now = self._clock()
        began, done_before = self._began = self._began or (now, progress.done)
        done = progress.done - done_before
        return _about((now - began) / done * (progress.total - progress.done)) if done > 0 else ""


def words(progress: SyncProgress) -> str:
    """How it stands, on a line."""
    job = progress.job
    told = [f"{job.transaction_id} {job.state.words}", _until(progress)]
    if progress.total:
        told.append(f"{progress.done} of {progress.total} done")
    told.append(f"{progress.failed} failed" if progress.failed else "")
    return ", ".join(part for part in told if part)


def drawn(progress: SyncProgress, left: str) -> RenderableType:
    """The same with a bar, and the time that is left."""
    cells: list[RenderableType] = [progress.job.transaction_id, colored(progress.job.state.words)]
    if progress.job.state is SyncState.PROCESSING:
        cells.append(ProgressBar(total=progress.total or 1, completed=progress.done, width=BAR_WIDTH))
    if progress.job.state in {SyncState.PROCESSING, SyncState.PAUSED}:
        cells += [f"{progress.done}/{progress.total}", f"[red]{progress.failed} failed[/]" if progress.failed else ""]
        cells.append(_until(progress) or left)
    grid = Table.grid(padding=(0, 1))
    for _ in cells:
        grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_row(*cells)
    return grid


def goes_on(job: EtsySyncJob) -> str:
    """When a paused sync goes on, in words."""
    return f"goes on at {job.resume_at:%Y-%m-%d %H:%M} UTC" if job.resume_at else "waits for a person"


def _waits_for_a_person(job: EtsySyncJob) -> bool:
    return job.state is SyncState.PAUSED and job.resume_at is None


def _until(progress: SyncProgress) -> str:
    if progress.job.state is not SyncState.PAUSED:
        return ""
    at = progress.job.resume_at
    return f"until {at:%d %b %H:%M} UTC" if at else "waits for a person"


def _about(seconds: float) -> str:
    return "< 1 min" if seconds < MINUTE else f"~ {seconds / MINUTE:.0f} min"
