"""When what has to run all the time was last at work, by the database's clock."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from etsy_pipeline.store import clock
from etsy_pipeline.store.tables import SignOfLifeRow
from etsy_pipeline.store.upserts import add_or_change

SENSORS = "sensors"
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
