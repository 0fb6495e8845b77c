"""What Medusa said has changed (`medusa_change`), and what its stock says: hints, until a plan has looked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from etsy_pipeline.store.tables.medusa import MedusaChangeRow
from etsy_pipeline.store.upserts import add_or_change

PRODUCT = "product"  # the kind of a product that is to be planned anew
KEPT = timedelta(days=7)  # what says nothing to us


@dataclass(frozen=True, slots=True)
class MedusaChange:
    """Something that changed: `kind` says what the id is of. `changed_at` is when, by Medusa's clock, where it told."""

    kind: str
    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime | None = None


def note(
    session: Session,
    kind: str,
    ids: Iterable[str],
    now: datetime,
    *,
    since: Mapping[str, datetime | None] | None = None,
) -> None:
    """Keep that these changed (a writing session); each once, however often it is told.

    Args:
        session: a writing one.
        kind: what the ids are of.
        ids: what changed.
        now: when it was told.
        since: when it changed, by Medusa's clock, as far as Medusa tells; of what waits already, the first one stays.
    """
    for item in sorted(set(ids)):
        new = {"first_seen_at": now, "last_seen_at": now, "changed_at": (since or {}).get(item)}
        add_or_change(session, MedusaChangeRow, {"kind": kind, "id": item}, added=new, changed={"last_seen_at": now})


def of_kinds(session: Session, kinds: Sequence[str]) -> list[MedusaChange]:
    """Changes of these kinds, the oldest first."""
    query = select(MedusaChangeRow).where(MedusaChangeRow.kind.in_(kinds))
    rows = session.scalars(query.order_by(MedusaChangeRow.first_seen_at, MedusaChangeRow.kind, MedusaChangeRow.id))
    return [MedusaChange(row.kind, row.id, row.first_seen_at, row.last_seen_at, row.changed_at) for row in rows]


def drop(session: Session, changes: Iterable[MedusaChange]) -> None:
    """Forget changes that are dealt with, unless they were told of again meanwhile (a writing session)."""
    for change in changes:
        session.execute(
            delete(MedusaChangeRow)
            .where(MedusaChangeRow.kind == change.kind, MedusaChangeRow.id == change.id)
            .where(MedusaChangeRow.last_seen_at == change.last_seen_at)
        )


def drop_old(session: Session, known: Sequence[str], now: datetime) -> None:
    """Forget what is of no kind that we know and grew old (a writing session)."""
    old = MedusaChangeRow.kind.not_in(known), MedusaChangeRow.last_seen_at < now - KEPT
    session.execute(delete(MedusaChangeRow).where(*old))
