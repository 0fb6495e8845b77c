"""What all processes know of an Etsy API key's limits: one row a key, held by one process at a time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ApiBudget
from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables.traffic import ApiBudgetRow


@contextmanager
def changing(store: Store, client_id: str) -> Iterator[ApiBudget]:
    """What is known of an API key, locked and written back at the end of the block; made on first use."""
    with store.writing() as session:
        row = locked_or_made(session, _empty(client_id))
        budget = _budget(row)
        yield budget
        for column in fields(budget):
            setattr(row, column.name, getattr(budget, column.name))


def present(store: Store, client_id: str) -> ApiBudget:
    """What is known of an API key; nothing before its first call."""
    with store.reading() as session:
        row = session.get(ApiBudgetRow, _fingerprint(client_id))
        return ApiBudget() if row is None else _budget(row)


def _budget(row: ApiBudgetRow) -> ApiBudget:
    return ApiBudget(
        row.limit_per_second,
        row.limit_per_day,
        list(row.turns),
        dict(row.calls),
        row.unknown_calls,
        row.told_at,
        row.held_until,
        row.shares,
    )


def _empty(client_id: str) -> ApiBudgetRow:
    return ApiBudgetRow(api_key_fingerprint=_fingerprint(client_id), turns=[], calls={}, unknown_calls=0, shares={})


def _fingerprint(client_id: str) -> str:
    return hashlib.sha256(client_id.encode()).hexdigest()[:16]
