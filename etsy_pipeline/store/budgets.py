"""What all processes know of an Etsy API key's limits: one row a key, held by one process at a time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.rows import locked_or_made
from etsy_pipeline.store.tables import ApiBudget


@contextmanager
def changing(store: Store, client_id: str) -> Iterator[ApiBudget]:
    """The row of an API key, locked and written back at the end of the block; made on first use."""
    with store.writing() as session:
        yield locked_or_made(session, _empty(_fingerprint(client_id)))


def present(store: Store, client_id: str) -> ApiBudget:
    """The row of an API key as it stands; an empty one before its first call."""
    with store.reading() as session:
        return session.get(ApiBudget, _fingerprint(client_id)) or _empty(_fingerprint(client_id))


def _empty(fingerprint: str) -> ApiBudget:
    return ApiBudget(api_key_fingerprint=fingerprint, turns=[], calls={}, unknown_calls=0)


def _fingerprint(client_id: str) -> str:
    return hashlib.sha256(client_id.encode()).hexdigest()[:16]
