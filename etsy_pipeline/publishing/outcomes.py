"""What becomes of a product, and of the whole job, when something was done or failed.

One product's failure stops only that product. What concerns all of them pauses the job (no calls left, Etsy down) or
stops it (credentials). The same refusal for many products in a row concerns all of them, too: the job waits for a
person, instead of being told it again for each of the rest.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from etsy_pipeline import telemetry
from etsy_pipeline.errors import Conflict, NeedsPerson, PipelineError, Refused, StoreUnavailable, TakenOver
from etsy_pipeline.providers.errors import QuotaExhausted, RemoteUnavailable
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import CalledOff, Journal, TakenOut
from etsy_pipeline.sync.holds import AccountHeld
from etsy_pipeline.sync.lifecycle import Event, goes_on_at

logger = logging.getLogger(__name__)

KEEP_EVERY_SECONDS = 0.5  # what ended since is sent once more, in part, where the publisher is killed
COUNT_EVERY_SECONDS = 2.0  # between two updates of the job's counts
MAX_FAILURES = 3  # rounds without a usable answer, each with its repetitions, after which a product is left alone
UNAVAILABLE_IN_A_ROW = 5  # Etsy is down, not one product poisoned
PAUSE_WHEN_DOWN = timedelta(minutes=10)
PAUSE_BEFORE_RETRY = timedelta(minutes=1)
FEWEST_CALLS, LEAST_PERCENT = 50, 5  # of the day: a pause for quota ends when so many calls are free, the larger number
CALLS_BESIDE = 10  # of a run that goes on, where its plan, of an earlier version, does not foresee its looks

# What differs between two refusals for the same reason: addresses, what stands in quotes, and whatever has a digit.
_OF_ONE_PRODUCT = re.compile(r"""https?://\S+|"[^"]*"|\S*\d\S*""")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a publication has come."""

    done: int
    total: int
    product_title: str
    outcome: str


class Stop(Exception):  # noqa: N818 - a signal to the loop, never seen outside
    """The job ends or pauses here; with no event, somebody else has ended it; without a moment, a person resumes it."""

    def __init__(self, event: Event | None, message: str = "", resume_at: datetime | None = None) -> None:
        super().__init__(message)
        self.event, self.message, self.resume_at = event, message, resume_at

    @property
    def is_for_a_person(self) -> bool:
        """Whether the job would wait for a person."""
        return self.event is Event.PAUSE and self.resume_at is None


@dataclass(slots=True)
class OutcomeRecorder:
    """Settles products, and says when the job is to stop.

    Args:
        journal: of the job.
        on_progress: told of each product.
        now: the clock.
        same_refusal_limit: products in a row that may be refused for the same reason; None for any number.
        total: products that are not finished.
        pause: where the job has to pause, though updates of stock may go on.
        successes: products that were settled in this round.
    """

    journal: Journal
    on_progress: Callable[[Progress], None]
    now: Callable[[], datetime]
    same_refusal_limit: int | None = None
    total: int = 0
    pause: Stop | None = None
    successes: int = 0
    _done: int = 0
    _counted_at: float = 0.0
    _kept_at: float = 0.0
    _last_words: str = ""
    _unavailable: list[str] = field(default_factory=list)
    _refusal: tuple[str, str] | None = None
    _refused_alike: int = 0

    def synced(self, found: Sequence[tuple[ItemInProgress, str]]) -> None:
        """These were read back, each in its state, and are as approved."""
        self.journal.synced(found)
        telemetry.count(telemetry.PRODUCTS, len(found), outcome="synced")
        self.successes += len(found)

    def skipped(self, works: Sequence[ItemInProgress]) -> None:
        """There was nothing to do for these."""
        if works:
            self.journal.skipped([work.product_id for work in works])
        telemetry.count(telemetry.PRODUCTS, len(works), outcome="skipped")
        for work in works:
            self.tell(work, "skipped")

    def failed(self, work: ItemInProgress, code: str, message: str) -> None:
        """This one could not be published."""
        has_failed = self.journal.failed(work, code, message)
        self.successes += 1  # it is settled, too
        if has_failed:
            telemetry.count(telemetry.PRODUCTS, outcome="failed", error__type=code)
            self.tell(work, "failed")

    def left_out(self, work: ItemInProgress, told: str) -> None:
        """This one changed since the plan, in words: a person is asked about it."""
        self.journal.leave_changed(work, told)
        telemetry.count(telemetry.PRODUCTS, outcome="left out")
        self.successes += 1
        self.tell(work, "left out")

    def written(self, work: ItemInProgress) -> None:
        """Everything was sent for this one, and accepted; the books are told with others that end soon after it."""
        if time.monotonic() - self._kept_at > KEEP_EVERY_SECONDS:
            self.keep()
        self.answered()
        self._refusal = None
        self.tell(work, "written")

    def keep(self) -> None:
        """Tell the books of all that was sent completely."""
        self.journal.keep_sent()
        self._kept_at = time.monotonic()

    def answered(self) -> None:
        """Etsy gave a usable answer: it is not down."""
        self._unavailable.clear()

    def tell(self, work: ItemInProgress, outcome: str) -> None:
        """Let whoever watches know."""
        self._done += 1
        self.on_progress(Progress(min(self._done, self.total), self.total, work.item.plan.product_title, outcome))
        if time.monotonic() - self._counted_at > COUNT_EVERY_SECONDS:
            self.journal.count()
            self._counted_at = time.monotonic()

    def require_progress(self, waiting: int) -> None:
        """Stop where another round makes no sense now.

        Raises:
            Stop: the job pauses.
        """
        if self.pause:
            raise self.pause
        if waiting and not self.successes:
            message = f"Etsy gave no usable answer on {waiting} products. {self._last_words}"
            raise self._paused(message, PAUSE_BEFORE_RETRY)
        self.successes = 0

    @contextmanager
    def handling_errors(self, works: list[ItemInProgress]) -> Iterator[None]:
        """Turn an error of the block into what happens to these products, or to the job."""
        try:
            yield
        except PipelineError as error:
            self.judge(works, error)

    def judge(self, works: list[ItemInProgress], error: PipelineError) -> None:
        """What an error means for these products.

        Raises:
            Stop: it concerns the whole job.
            TakenOver: another publisher is at work.
            StoreUnavailable: the database is locked or away, and no product's fault.
        """
        if isinstance(error, TakenOver | StoreUnavailable):
            raise error
        self.keep()  # what is left to be sent is asked for below
        if isinstance(error, AccountHeld | CalledOff):
            raise Stop(Event.PAUSE if isinstance(error, AccountHeld) else None, str(error)) from error
        if isinstance(error, TakenOut):
            self.successes += 1  # it is settled, too
            return
        if isinstance(error, NeedsPerson):
            logger.error("publication_stopped code=%s", error.code)
            raise Stop(Event.FAIL, str(error)) from error
        if isinstance(error, QuotaExhausted):
            self._judge_quota(works, error)
            return
        if isinstance(error, RemoteUnavailable) and error.is_too_fast:
            raise self._paused(str(error), PAUSE_BEFORE_RETRY)  # whoever else uses the key: no product's fault
        for work in works:
            if isinstance(error, RemoteUnavailable):
                self._judge_unavailable(work, error)
            else:
                self.failed(work, error.code, str(error))
                if not isinstance(error, Conflict):
                    self._count_refusal(error)

    def _count_refusal(self, error: PipelineError) -> None:
        """Stop where this is what the products before were told as well, as many as the shop allows."""
        refusal = error.code, _OF_ONE_PRODUCT.sub("…", error.message)
        self._refused_alike = self._refused_alike + 1 if refusal == self._refusal else 1
        self._refusal = refusal
        if self._refused_alike == self.same_refusal_limit and self.journal.has_unsent():
            logger.error("publication_waits_for_a_person code=%s products=%s", error.code, self._refused_alike)
            raise Stop(Event.PAUSE, _refused_alike(self._refused_alike, error, self.journal.job.transaction_id))

    def _judge_quota(self, works: list[ItemInProgress], error: QuotaExhausted) -> None:
        """Pause until enough is free for a while, or for all that is left: each run that goes on costs calls itself."""
        if self.pause is None:
            batch = max(FEWEST_CALLS, error.calls_a_day * LEAST_PERCENT // 100)
            beside = self.journal.job.totals.looks or CALLS_BESIDE
            wait = error.seconds_until(min(batch, self.journal.calls_left() + beside))
            self.pause = self._paused(str(error), timedelta(seconds=wait))
        if all(work.is_stock for work in works):
            raise self.pause

    def _judge_unavailable(self, work: ItemInProgress, error: RemoteUnavailable) -> None:
        self._last_words = str(error)
        self._unavailable.append(work.product_id)
        if len(self._unavailable) >= UNAVAILABLE_IN_A_ROW:
            self.journal.reset_failures(self._unavailable)
            raise self._paused(f"Etsy is down: {error}", PAUSE_WHEN_DOWN)
        if self.journal.unanswered(work) >= MAX_FAILURES:
            quarantined = _was_quarantined(error)
            self.failed(work, quarantined.code, str(quarantined))

    def _paused(self, message: str, pause: timedelta) -> Stop:
        resume_at = self.now() + pause
        return Stop(Event.PAUSE, f"{message} {goes_on_at(resume_at)}", resume_at)


def _refused_alike(count: int, error: PipelineError, transaction_id: str) -> str:
    return (
        f"{count} products in a row were refused for the same reason ({error.code}): {error.message} Nothing more is "
        f"sent: the rest waits for a person. Mend the cause, then run `etsy-pipeline sync resume {transaction_id}`, or "
        "cancel it. [same_refusal]"
    )


def _was_quarantined(error: RemoteUnavailable) -> Refused:
    return Refused(
        f"Etsy failed on this product {MAX_FAILURES} times, so it was left alone: {error.message}",
        code="etsy_item_quarantined",
        hint="Sync again later; if it stays so, look at the listing on Etsy or ask Etsy's support.",
    )
