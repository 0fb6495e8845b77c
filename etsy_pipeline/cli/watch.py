"""Watching a sync until it is over: one changing line in a terminal, else a line for each change, within 80 columns."""

import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from etsy_pipeline.cli.output import colored
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import Standing

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
    """Show how a sync goes on until it is over, and give it as it ended."""
    standing, pace = queries.standing(store, transaction_id), Pace(clock)
    told = ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while not standing.is_over:
            line = words(standing)
            if console.is_terminal:
                live.update(drawn(standing, pace.left(standing)), refresh=True)
            elif line != told:
                console.print(line, soft_wrap=True)
            told = line
            sleep(POLL_SECONDS)
            standing = queries.standing(store, transaction_id)
    return standing.job


class Pace:
    """How long the rest will take, judged by what was done since the last start or pause."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None

    def left(self, standing: Standing) -> str:
        """The time left in words; nothing while there is no telling."""
        if standing.job.status != "processing":
            self._began = None
            return ""
        now = self._clock()
        began, done_before = self._began = self._began or (now, standing.done)
        done = standing.done - done_before
        return _about((now - began) / done * (standing.total - standing.done)) if done > 0 else ""


def words(standing: Standing) -> str:
    """How it stands, on a line."""
    job = standing.job
    told = [f"{job.transaction_id} {standing.state}", _until(standing)]
    if standing.total:
        told.append(f"{standing.done} of {standing.total} done")
    told.append(f"{standing.failed} failed" if standing.failed else "")
    return ", ".join(part for part in told if part)


def drawn(standing: Standing, left: str) -> RenderableType:
    """The same with a bar, and the time that is left."""
    cells: list[RenderableType] = [standing.job.transaction_id, colored(standing.state)]
    if standing.job.status == "processing":
        cells.append(ProgressBar(total=standing.total or 1, completed=standing.done, width=BAR_WIDTH))
    if standing.job.status in {"processing", "paused"}:
        cells += [f"{standing.done}/{standing.total}", f"[red]{standing.failed} failed[/]" if standing.failed else ""]
        cells.append(_until(standing) or left)
    grid = Table.grid(padding=(0, 1))
    for _ in cells:
        grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_row(*cells)
    return grid


def _until(standing: Standing) -> str:
    at = standing.job.resume_at
    return f"until {at:%d %b %H:%M} UTC" if standing.job.status == "paused" and at else ""


def _about(seconds: float) -> str:
    return "< 1 min" if seconds < MINUTE else f"~ {seconds / MINUTE:.0f} min"
