"""Queries on requests that carry an Idempotency-Key."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import clock
from etsy_pipeline.store.tables.traffic import ApiRequestRow
from etsy_pipeline.store.upserts import add_once

KEPT = timedelta(days=7)  # nobody repeats a request for longer


def claim(session: Session, idempotency_key: str, body_hash: str, transaction_id: str) -> str:
    """The transaction that this key stands for: the given one when the key is new, the earlier one when it is not.

    Raises:
        Conflict: `idempotency_key_reused` when the earlier request asked for something else.
    """
    now = clock.now(session)
    session.execute(delete(ApiRequestRow).where(ApiRequestRow.created_at < now - KEPT))
    values = {"idempotency_key": idempotency_key, "body_hash": body_hash, "transaction_id": transaction_id}
    if add_once(session, ApiRequestRow, **values, created_at=now):
        return transaction_id
    earlier = session.get_one(ApiRequestRow, idempotency_key)
    if earlier.body_hash != body_hash:
        raise Conflict(
            f"The Idempotency-Key {idempotency_key!r} was used for another request (it became "
            f"{earlier.transaction_id}).",
            code="idempotency_key_reused",
            hint="Use a new key for each new request; the same one only to repeat it.",
        )
    return earlier.transaction_id
