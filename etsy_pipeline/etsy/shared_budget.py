"""Keeps under Etsy's limits together with all other processes that use the API key: takes turns from one ledger.

A turn is free again a second after its call has reached Etsy. When that was is not seen from here: after the call set
out, and some way before it came back. So a call counts from its return, less as much of the way as was the same for
all calls lately; and a call that is still away is taken to arrive a little late.
"""

import secrets
import socket
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from etsy_pipeline.etsy import budget
from etsy_pipeline.etsy.budget import Ledger, Told
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted
from etsy_pipeline.etsy.fair_shares import Asker, Shares, Way
from etsy_pipeline.providers.protocols import Purpose

LONGEST_WAIT_SECONDS = 5.0  # a longer wait is a job's pause, not a call's
MARGIN_SECONDS = 0.005  # clocks and schedulers are that exact
FEW_CALLS = 20  # before that many it is not known how long a call takes
FRESH_SECONDS = 5.0  # an older answer's count of the day's calls is not compared with ours any more
FORGOTTEN_SECONDS = 120.0  # no call takes that long; its answer was lost

Clock = Callable[[], float]
Ledgers = Callable[[], AbstractContextManager[Ledger]]


@dataclass(slots=True)
class _Block:
    """Turns that were taken together."""

    key: str
    purpose: Purpose
    taken_at: float
    usable_until: float
    left: int
    away: int = 0
    returned_at: float = 0.0

    def is_usable(self, purpose: Purpose, now: float) -> bool:
        return self.purpose == purpose and self.left > 0 and now < self.usable_until


class SharedBudget:
    """A `CallBudget` over one API key's ledger, for all threads of this process.

    Args:
        ledger: opens the ledger for one short change, while all others wait.
        reserve_percent: share of the day that only stock updates may use.
        shop: whose calls they are, so that shops share fairly (`fair_shares.py`); "" where it is not known yet.
        weight: of that shop; one with 2 has twice the calls of one with 1 while both wait.
        clock: seconds since the epoch.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        ledger: Ledgers,
        *,
        reserve_percent: int = 0,
        shop: str = "",
        weight: float = 1.0,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger, self._reserve_percent = ledger, reserve_percent
        self._shop, self._weight, self._machine = shop, weight, socket.gethostname()
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._blocks: list[_Block] = []
        self._ways: deque[float] = deque(maxlen=100)
        self._told, self._told_at = Told(), 0.0
        self._limits: tuple[int | None, int | None] = (None, None)
        self._mine = threading.local()

    def wait_for_turn(self, purpose: Purpose = "publishing") -> None:
        """Return when one more call may be made.

        Raises:
            EtsyQuotaExhausted: `etsy_quota_exhausted`, when the day's calls are used up.
        """
        while True:
            with self._lock:
                block, wait = self._take(purpose)
            if wait > 0:
                self._sleep(wait)
            if block is not None:
                self._mine.call = block, self._clock()
                return

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of the limits in an answer's headers; missing or odd ones change nothing."""
        told = budget.told_by(headers)
        with self._lock:
            self._came_back()
            self._told, self._told_at = told, self._clock()
            known_second, known_day = self._limits
            if told.per_second in (None, known_second) and told.per_day in (None, known_day):
                return  # noted with the next turn
            with self._ledger() as ledger:
                ledger.shares = self._catch_up(ledger, self._clock()).plain()

    def hold(self, seconds: float) -> None:
        """Etsy asked to wait so long: no process calls before."""
        with self._lock, self._ledger() as ledger:
            now = self._clock()
            budget.hold(ledger, seconds, now)
            for block in self._blocks:
                block.usable_until = now

    def _take(self, purpose: Purpose) -> tuple[_Block | None, float]:
        """A turn, and how many seconds to wait before it is used; or none, and how many before the next try."""
        now = self._clock()
        block = next((item for item in self._blocks if item.is_usable(purpose, now)), None)
        if block is None:
            with self._ledger() as ledger:
                now = self._clock()
                shares = self._catch_up(ledger, now)
                block, wait, refused = self._ask(ledger, shares, purpose, now)
                ledger.shares = shares.plain()
            if refused is not None:
                raise refused
        if block is None:
            return None, wait
        block.left, block.away = block.left - 1, block.away + 1
        return block, block.taken_at - self._clock()

    def _ask(
        self, ledger: Ledger, shares: Shares, purpose: Purpose, now: float
    ) -> tuple[_Block | None, float, EtsyQuotaExhausted | None]:
        asker, most = self._asker(purpose), budget.per_day(ledger, purpose, self._reserve_percent)
        kept, kept_seconds = shares.kept_from(asker, most, now)
        spent = budget.seconds_until_allowed(ledger, most, now)
        if kept:
            spent = max(spent, min(kept_seconds, budget.seconds_until_allowed(ledger, most - kept, now)))
        if spent > LONGEST_WAIT_SECONDS:
            free = budget.free_again(ledger, most, now)
            shares.refuse(asker, most, free, now)
            return None, 0.0, self._exhausted(most, spent, [(max(spent, at), calls) for at, calls in free])
        soon = now + budget.AHEAD_SECONDS
        wait = spent or budget.seconds_until_turn(ledger, now, shares.ahead_of(asker, now, who_asks_by=soon))
        if wait > budget.AHEAD_SECONDS:
            wait = spent or budget.seconds_until_turn(ledger, now, shares.ahead_of(asker, now))
            return None, shares.wait(asker, wait, now), None
        block = self._new_block(ledger, purpose, most, now + wait)
        shares.serve(asker, block.left, block.taken_at)
        return block, wait, None

    def _asker(self, purpose: Purpose) -> Asker:
        """This thread; it keeps its place in the line until it has had its turn."""
        key: str | None = getattr(self._mine, "key", None)
        self._mine.key = key = key or secrets.token_hex(4)
        return Asker(key, self._shop, self._weight, is_stock=purpose == "stock")

    def _new_block(self, ledger: Ledger, purpose: Purpose, most: int, at: float) -> _Block:
        key = secrets.token_hex(4)
        calls = budget.take_turns(ledger, key, most, at)
        block = _Block(key, purpose, taken_at=at, usable_until=at + budget.BLOCK_SECONDS, left=calls)
        self._blocks.append(block)
        return block

    def _came_back(self) -> None:
        call: tuple[_Block, float] | None = getattr(self._mine, "call", None)
        if call is None:
            return
        block, set_out_at = call
        self._mine.call = None
        block.away, block.returned_at = block.away - 1, self._clock()
        self._ways.append(block.returned_at - set_out_at)

    def _catch_up(self, ledger: Ledger, now: float) -> Shares:
        """Bring the ledger up to date with what this process knows, and with the clock."""
        over = [item for item in self._blocks if not item.away and not item.is_usable(item.purpose, now)]
        shares = Shares.of(ledger.shares, now)
        late = budget.WINDOW_SECONDS + MARGIN_SECONDS - self._steady_way(shares, now)
        for block in over:
            leave_at = block.returned_at + late
            budget.settle_turns(ledger, block.key, unused=block.left, taken_at=block.taken_at, leave_at=leave_at)
            shares.give_back(self._shop, block.left, block.taken_at)
        self._blocks = [item for item in self._blocks if item not in over and item.taken_at > now - FORGOTTEN_SECONDS]
        budget.forget_old(ledger, now)
        if now < self._told_at + FRESH_SECONDS:
            budget.note(ledger, self._told, now)
        self._told = Told()
        self._limits = ledger.limit_per_second, ledger.limit_per_day
        return shares

    def _steady_way(self, shares: Shares, now: float) -> float:
        """There and back, without what varies: that part may have been the way there. New processes ask older ones."""
        if len(self._ways) < FEW_CALLS:
            return min([shares.way_of(self._machine, now), *self._ways])
        shortest = min(self._ways)
        way = max(0.0, shortest - (statistics.median(self._ways) - shortest))
        shares.ways[self._machine] = Way(way, now)
        return way

    def _exhausted(self, most: int, seconds: float, free_again: list[tuple[float, int]]) -> EtsyQuotaExhausted:
        reserved = f", {self._reserve_percent} % are kept for stock updates" if self._reserve_percent else ""
        return EtsyQuotaExhausted(
            f"The day's calls to Etsy are used up ({most} in 24 hours{reserved}).",
            code="etsy_quota_exhausted",
            hint=budget.HINT,
            retry_after_seconds=seconds,
            free_again=free_again,
        )
