"""For whoever runs this: does it live (`GET /health`), and is all there that work takes (`GET /ready`)?

Anybody may ask, so a word for each thing is all that is told: "ok", an error's code, or what stands below.
"""

import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from etsy_pipeline import checkup, dagster_yaml, wiring
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.monitoring import report_unexpected
from etsy_pipeline.starting import require_key
from etsy_pipeline.store import signs_of_life
from etsy_pipeline.sync.signs_of_life import other_code, two_daemons

router = APIRouter(tags=["about"])

OK = "ok"
SILENT = "silent"  # a sign of life that is too old, or never was
OTHER_CODE = "other_code"  # the code server is of another version than this process
TWO_DAEMONS = "two_daemons"
TIMED_OUT = "timed_out"
BROKEN = "broken"  # an error that nobody expected; Sentry has it

TIMEOUT_SECONDS = 3.0
KEPT_SECONDS = 5.0  # nobody who asks often makes work
SNAPSHOTS_KEPT_SECONDS = 60.0  # something is written for it
REPORTED_SECONDS = 3600.0


class Health(BaseModel):
    """It lives."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether all is there."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str] = Field(
        description="database, tables, key (of the tokens), sensors (Dagster's daemon and code server), dagster (its "
        """storage, and Celery's broker), snapshots, disk: "ok", or what is wrong."""
    )


class Check:
    """Something that is asked in a thread of its own, by one at a time; what was told is good for a while.

    Args:
        ask: gives a word.
        kept_seconds: how long the word is good for.
        timeout_seconds: how long it is waited for.
        clock: seconds.
    """

    def __init__(
        self,
        ask: Callable[[], str],
        *,
        kept_seconds: float = KEPT_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._kept, self._timeout, self._clock = ask, kept_seconds, timeout_seconds, clock
        self._lock, self._done = Lock(), Event()
        self._word, self._began, self._ended = TIMED_OUT, 0.0, float("-inf")
        self._done.set()

    def begin(self) -> None:
        """Ask, where what was told is old and nobody asks already."""
        with self._lock:
            now = self._clock()
            if self._done.is_set() and now - self._ended >= self._kept:
                self._done.clear()
                self._began = now
                Thread(target=self._run, name="ready", daemon=True).start()

    def told(self) -> str:
        """The word; at the latest when the time is over since it was asked."""
        is_done = self._done.wait(max(0.0, self._began + self._timeout - self._clock()))
        return self._word if is_done else TIMED_OUT

    def _run(self) -> None:
        try:
            self._word = self._ask()
        except PipelineError as error:
            self._word = error.code
        except Exception as error:  # noqa: BLE001 - whoever asks is told something in any case
            self._word = BROKEN
            report_unexpected(error, at_most_every=REPORTED_SECONDS, path="/ready")
        finally:
            self._ended = self._clock()
            self._done.set()


def checks_of(context: AppContext) -> Mapping[str, Check]:
    """All that is asked."""
    return {
        "database": Check(lambda: _database(context)),
        "tables": Check(lambda: _tables(context)),
        "key": Check(lambda: _key(context)),
        "sensors": Check(lambda: _sensors(context)),
        "dagster": Check(_dagster),
        "snapshots": Check(lambda: _snapshots(context), kept_seconds=SNAPSHOTS_KEPT_SECONDS),
        "disk": Check(lambda: _disk(context)),
    }


@router.get("/health", summary="Is it there?")
async def health() -> Health:
    """Nothing is looked at: it is there if this is answered."""
    return Health()


@router.get("/ready", summary="Is all there that work takes?", responses={503: {"model": Readiness}})
def ready(request: Request, response: Response) -> Readiness:
    """Database, tables, key, Dagster and its sensors, the place of snapshots, the disk; 503 where one is not right."""
    checks: Mapping[str, Check] = request.app.state.checks
    for check in checks.values():
        check.begin()
    told = {name: check.told() for name, check in checks.items()}
    is_ready = all(word == OK for word in told.values())
    response.status_code = 200 if is_ready else 503
    return Readiness(status="ready" if is_ready else "not_ready", checks=told)


def _database(context: AppContext) -> str:
    context.store.now()
    return OK


def _tables(context: AppContext) -> str:
    state = context.store.state()
    return OK if state == "current" else state


def _key(context: AppContext) -> str:
    require_key(context.store)
    return OK


def _sensors(context: AppContext) -> str:
    with context.store.reading() as session:
        seconds = signs_of_life.seconds_since(session, signs_of_life.SENSORS)
    if seconds is None or seconds > signs_of_life.SILENT_SECONDS:
        return SILENT
    if other_code(context.store):
        return OTHER_CODE
    return OK if two_daemons(context.store) is None else TWO_DAEMONS


def _dagster() -> str:
    file = dagster_yaml.path()
    if file.exists():
        dagster_yaml.check(file)
    return OK


def _snapshots(context: AppContext) -> str:
    wiring.check_snapshots(context.settings, context.store)
    return OK


def _disk(context: AppContext) -> str:
    checkup.disk(context.settings)
    return OK
