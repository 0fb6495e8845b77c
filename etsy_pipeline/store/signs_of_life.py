"""When what has to run all the time was last at work, by the database's clock; and runs that look through shops."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.tables.traffic import SignOfLifeRow
from etsy_pipeline.store.upserts import add_or_change

SENSORS = "sensors"
TWO_DAEMONS = "two daemons"
DAEMON = "daemon/"
CODE = "code/"
DAEMONS_KEPT = timedelta(days=1)
RUN = "run/"
RUNS_KEPT = timedelta(hours=1)  # a run without a sign for so long is over, or was ended by somebody
NOTED_EVERY = timedelta(seconds=20)
SILENT_SECONDS = 90.0  # without a sign for so long, it does not run


def note(session: Session, name: str) -> None:
    """It is at work now."""
    now = clock.now(session)
    add_or_change(session, SignOfLifeRow, {"name": name}, added={"seen_at": now}, changed={"seen_at": now})


def is_due(session: Session, name: str) -> bool:
    """Whether its last sign is so old that another one is worth a write."""
    seconds = seconds_since(session, name)
    return seconds is None or seconds >= NOTED_EVERY.total_seconds()


def seconds_since(session: Session, name: str) -> float | None:
    """How long ago its last sign was; None where there was none yet."""
    seen_at = session.scalar(select(SignOfLifeRow.seen_at).where(SignOfLifeRow.name == name))
    return None if seen_at is None else max(0.0, (clock.now(session) - seen_at).total_seconds())


def note_daemon(session: Session, daemon_id: str) -> None:
    """A daemon is at work. One that comes back after another one did was not replaced by it: there are two."""
    mine, now = f"{DAEMON}{daemon_id}", clock.now(session)
    before = session.scalar(select(SignOfLifeRow.seen_at).where(SignOfLifeRow.name == mine))
    others = SignOfLifeRow.name.startswith(DAEMON), SignOfLifeRow.name != mine
    if before is not None and session.scalar(
        select(SignOfLifeRow.name).where(*others, SignOfLifeRow.seen_at > before).limit(1)
    ):
        note(session, TWO_DAEMONS)
    session.execute(delete(SignOfLifeRow).where(*others, SignOfLifeRow.seen_at < now - DAEMONS_KEPT))
    note(session, mine)


def note_code(session: Session, version: str) -> None:
    """A code server of this version is at work."""
    session.execute(delete(SignOfLifeRow).where(SignOfLifeRow.name.startswith(CODE), _is_silent(session)))
    note(session, f"{CODE}{version}")


def codes(session: Session) -> list[str]:
    """The versions of the code servers that are at work; one, where nothing is being upgraded."""
    at_work = SignOfLifeRow.name.startswith(CODE), ~_is_silent(session)
    return [name.removeprefix(CODE) for name in session.scalars(select(SignOfLifeRow.name).where(*at_work))]


def note_run(session: Session, run_id: str) -> None:
    """A run that no sync knows is at work; those of long ago are forgotten."""
    now = clock.now(session)
    old = SignOfLifeRow.name.startswith(RUN), SignOfLifeRow.seen_at < now - RUNS_KEPT
    session.execute(delete(SignOfLifeRow).where(*old))
    note(session, f"{RUN}{run_id}")


def seconds_since_run(session: Session, run_id: str) -> float | None:
    """How long ago such a run gave its last sign; None where it never did."""
    return seconds_since(session, f"{RUN}{run_id}")


def _is_silent(session: Session) -> ColumnElement[bool]:
    return SignOfLifeRow.seen_at < clock.now(session) - timedelta(seconds=SILENT_SECONDS)
