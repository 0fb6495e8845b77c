"""One publisher at a time for an account and lane: a lease that a living process renews and a dead one loses.

Whoever lost it writes nothing more: the journal checks the holder in each of its transactions (`confirm`), the client
before each call that changes something at Etsy (`require`). What is left is a process that stands still between that
check and its bytes on the wire for longer than the lease; docs/reliability.md says what happens then.

It lasts by the database's clock, so that machines whose clocks disagree can share a database. Where that clock is set
back, leases that are left of before are cut short (`cut_short`).
"""

import contextlib
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from etsy_pipeline.errors import PipelineError, TakenOver
from etsy_pipeline.store import clock, leases
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.leases import Standing
from etsy_pipeline.store.records import EtsySyncJob, Lane, PublisherLease

logger = logging.getLogger(__name__)

SECONDS = 60.0  # a publisher that was killed is replaced after so long
BEATS = 4  # renewals in that time


def cut_short(store: Store) -> None:
    """Where the database's clock was set back, let leases of before run out as if they were new.

    Whoever lives renews its own; whoever is dead has lost it after a minute, and not after the clock's jump.
    """
    with store.reading() as session:
        latest = clock.now(session) + timedelta(seconds=SECONDS + 1)
        is_needed = leases.are_beyond(session, latest)
    if is_needed:
        with store.writing() as session:
            leases.shorten(session, latest)


class Lease:
    """The right to publish for an account in a lane, while it is renewed.

    Args:
        store: the database.
        account_id: whose.
        lane: that of the sync.
        seconds: how long it lasts without being renewed.
    """

    def __init__(self, store: Store, account_id: str, lane: Lane, *, seconds: float = SECONDS) -> None:
        self._store, self._account_id, self._lane = store, account_id, lane
        self._seconds = seconds
        self._holder = secrets.token_hex(8)
        self._until = store.elapsed()
        self._has_progressed = False

    def take(self, session: Session, job: EtsySyncJob, run_id: str) -> int:
        """Take the lease for a sync; how many publishers of it began since the last progress, with this one.

        Raises:
            TakenOver: `publisher_active`, while another one has it.
        """
        now = clock.now(session)
        found = leases.taken(session, self._account_id, self._holder, job.transaction_id, now, self._lane)
        if found.holder != self._holder and found.expires_at > now:
            raise TakenOver(
                f"Another publisher (run {found.run_id}) is at work for the account {self._account_id}.",
                code="publisher_active",
                hint="Let it finish. If it was killed, its place is free after a minute, and the sensor goes on.",
            )
        starts = found.starts + 1 if found.transaction_id == job.transaction_id else 1
        ours = {"holder": self._holder, "transaction_id": job.transaction_id, "run_id": run_id, "starts": starts}
        self._extend(session, found, **ours)
        return starts

    def confirm(self, session: Session, *, has_progressed: bool = False) -> None:
        """Fail unless the lease is still ours, until the transaction ends; and make it last.

        Args:
            session: a writing one.
            has_progressed: whether something is noted that no later publisher has to do again.

        Raises:
            TakenOver: `lease_lost`.
        """
        self._confirm(session, leases.holder(session, self._account_id, self._lane), has_progressed=has_progressed)

    def standing(self, session: Session, transaction_id: str, *, has_progressed: bool) -> Standing:
        """As `confirm`; and what else has to be right before a call is made for the sync."""
        found = leases.standing(session, self._account_id, self._lane, transaction_id)
        if found is None:
            raise self._lost()
        self._confirm(session, found.holder, has_progressed=has_progressed)
        return found

    def _confirm(self, session: Session, holder: str | None, *, has_progressed: bool) -> None:
        if holder != self._holder:
            raise self._lost()
        is_first_progress = has_progressed and not self._has_progressed
        is_ageing = self._until - self._store.elapsed() < self._seconds * (1 - 1 / BEATS)
        if is_first_progress or is_ageing:
            self._extend(session, self._ours(session), **({"starts": 0} if is_first_progress else {}))
        self._has_progressed = self._has_progressed or has_progressed

    def require(self) -> None:
        """Fail unless the lease is still ours as far as we know; asks the database only when it may have run out.

        Raises:
            TakenOver: `lease_lost`.
        """
        if self._store.elapsed() >= self._until:
            self._renew()

    def release(self, session: Session) -> None:
        """Give it back, in the transaction that ends or pauses the job."""
        leases.change(session, self._ours(session), expires_at=clock.now(session), starts=0)

    def give_up(self) -> None:
        """Give it back without having come to an end, if it is still ours: the next publisher need not wait."""
        with contextlib.suppress(PipelineError), self._store.writing() as session:
            leases.change(session, self._ours(session), expires_at=clock.now(session))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background while the block runs."""
        stopped = threading.Event()
        beats = threading.Thread(target=self._beat, args=(stopped,), name="publisher-lease", daemon=True)
        beats.start()
        try:
            yield
        finally:
            stopped.set()
            beats.join()

    def _beat(self, stopped: threading.Event) -> None:
        while not stopped.wait(self._seconds / BEATS):
            try:
                self._renew()
            except TakenOver:
                return  # the journal and the client find out by themselves
            except PipelineError as error:  # the database is away for a moment, perhaps
                logger.warning("lease_not_renewed account_id=%s code=%s", self._account_id, error.code)

    def _renew(self) -> None:
        with self._store.writing() as session:
            self._extend(session, self._ours(session))

    def _extend(self, session: Session, lease: PublisherLease, **values: Any) -> None:
        until = self._store.elapsed() + self._seconds
        leases.change(session, lease, expires_at=clock.now(session) + timedelta(seconds=self._seconds), **values)
        self._until = until

    def _ours(self, session: Session) -> PublisherLease:
        lease = leases.locked(session, self._account_id, self._lane)
        if lease is None or lease.holder != self._holder:
            raise self._lost()
        return lease

    def _lost(self) -> TakenOver:
        return TakenOver(
            f"This publisher has lost its place for the account {self._account_id} to another one, and stops.",
            code="lease_lost",
            hint="Nothing: the other one goes on. Was this machine suspended, or its database away?",
        )
