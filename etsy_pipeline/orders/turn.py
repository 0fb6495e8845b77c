"""One process at a time books an account's sales: between looking for a reservation and making it, nobody else does.

A lease of a minute by the database's clock, like a publisher's, and asked again before each change in Medusa.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from etsy_pipeline.errors import TakenOver
from etsy_pipeline.store import clock, leases
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import Lane

SECONDS = 60.0
RENEWED_BELOW = 40.0  # seconds that are left
LANE = cast(Lane, "orders")


class Turn:
    """The right to book the sales of an account."""

    def __init__(self, store: Store, account_id: str) -> None:
        self._store, self._account_id = store, account_id
        self._holder = secrets.token_hex(8)
        self._until = 0.0

    @contextmanager
    def taken(self) -> Iterator["Turn"]:
        """Ours while the block runs.

        Raises:
            TakenOver: `orders_active`, while another process has it.
        """
        with self._store.writing() as session:
            now = clock.now(session)
            found = leases.taken(session, self._account_id, self._holder, "", now, LANE)
            if found.holder != self._holder and found.expires_at > now:
                raise TakenOver(
                    f"Another process books the sales of the account {self._account_id}.",
                    code="orders_active",
                    hint="Let it finish. If it was killed, its place is free after a minute.",
                )
            self._extend(session, holder=self._holder, transaction_id="", run_id="", starts=0)
        yield self
        with self._store.writing() as session:  # after an error it runs out by itself: what it did is being looked for
            if leases.holder(session, self._account_id, LANE) == self._holder:
                self._change(session, expires_at=clock.now(session))

    def require(self) -> None:
        """Fail unless it is still ours.

        Raises:
            TakenOver: `orders_active`.
        """
        if self._until - self._store.elapsed() > RENEWED_BELOW:
            return
        with self._store.writing() as session:
            if leases.holder(session, self._account_id, LANE) != self._holder:
                raise TakenOver(
                    f"Another process has taken over the sales of the account {self._account_id}.",
                    code="orders_active",
                    hint="Nothing: the other one goes on. Was this machine suspended?",
                )
            self._extend(session)

    def _extend(self, session: Session, **values: Any) -> None:
        self._until = self._store.elapsed() + SECONDS
        self._change(session, expires_at=clock.now(session) + timedelta(seconds=SECONDS), **values)

    def _change(self, session: Session, **values: Any) -> None:
        lease = leases.locked(session, self._account_id, LANE)
        if lease is not None:
            leases.change(session, lease, **values)
