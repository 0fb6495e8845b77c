"""The loop over a plan's items: a last look, carrying out, reading back, a hundred at a time, and again what is left.

Products are carried out side by side, a few at a time; what becomes of them is judged here, one by one.
One product's failure stops only that product. What concerns all of them pauses the job (no calls left, Etsy down) or
stops it (credentials).
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from etsy_pipeline.errors import NeedsPerson, PipelineError, Refused, TakenOver
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyRefused, EtsyUnavailable
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.last_look import require_as_planned
from etsy_pipeline.publishing.publish_item import ItemPublisher
from etsy_pipeline.publishing.read_back import not_applied
from etsy_pipeline.publishing.side_by_side import side_by_side
from etsy_pipeline.publishing.work import Work
from etsy_pipeline.store.tables import EtsySyncJob

logger = logging.getLogger(__name__)

AT_ONCE = 100  # the most that one of Etsy's batched reads takes (FACTS §10)
COUNT_EVERY_SECONDS = 2.0  # between two updates of the job's counts
MOST_FAILURES = 3  # rounds without a usable answer, each with its repetitions, after which a product is left alone
UNAVAILABLE_IN_A_ROW = 5  # Etsy is down, not one product poisoned
PAUSE_WHEN_DOWN = timedelta(minutes=10)
PAUSE_BEFORE_RETRY = timedelta(minutes=1)
SETTLE_SECONDS = 2.0  # before what was sent a second time is read back

Live = Mapping[int, LiveListing]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a publication has come."""

    done: int
    total: int
    product_title: str
    outcome: str


class _Stop(Exception):  # noqa: N818 - a signal to the loop, never seen outside
    """The job ends or pauses here."""

    def __init__(self, status: str, message: str = "", resume_at: datetime | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.resume_at = status, message, resume_at


@dataclass(slots=True)
class Batches:
    """One publication of a job.

    Args:
        journal: of the job.
        publishing: publishes products.
        stock: publishes updates of stock and price, with the calls that are reserved for them.
        settings: the shop's.
        excluded: products that the approval leaves out.
        on_progress: told of each product.
        now: the clock.
        at_once: products that are carried out side by side.
    """

    journal: Journal
    publishing: ItemPublisher
    stock: ItemPublisher
    settings: ShopSettings
    excluded: frozenset[str]
    on_progress: Callable[[Progress], None]
    now: Callable[[], datetime]
    at_once: int
    pause: _Stop | None = None
    done: int = 0
    counted_at: float = 0.0
    successes: int = 0
    last_words: str = ""
    total: int = 0
    unavailable: list[str] = field(default_factory=list)

    def publish(self) -> EtsySyncJob:
        """Carry out all that is not finished, in rounds: each leaves only what Etsy gave no usable answer on."""
        waiting = self.journal.waiting()
        self.total = len(waiting)
        try:
            while waiting:
                self.successes = 0
                for start in range(0, len(waiting), AT_ONCE):
                    self._batch(waiting[start : start + AT_ONCE])
                waiting = self.journal.waiting()
                self._require_progress(len(waiting))
        except _Stop as stop:
            return self.journal.finish(stop.status, message=stop.message, resume_at=stop.resume_at)
        return self.journal.finish("failed" if self.journal.has_nothing_worked() else "completed")

    def _require_progress(self, waiting: int) -> None:
        if self.pause:
            raise self.pause
        if waiting and not self.successes:
            message = f"Etsy gave no usable answer on {waiting} products. {self.last_words}"
            raise self._paused(message, PAUSE_BEFORE_RETRY)

    def _batch(self, product_ids: Sequence[str]) -> None:
        works = self._without_quiet_ones(self.journal.take_up(product_ids))
        for is_stock in (False, True):
            group = [work for work in works if work.is_stock == is_stock]
            if group and (is_stock or self.pause is None):
                self._carry_out(self.stock if is_stock else self.publishing, group)

    def _without_quiet_ones(self, works: Sequence[Work]) -> list[Work]:
        """The products for which something is sent; the others are settled."""
        quiet = [work for work in works if work.product_id in self.excluded or work.item.action == "skip"]
        if quiet:
            self.journal.skipped([work.product_id for work in quiet])
        for work in quiet:
            self._tell(work, "skipped")
        rest = [work for work in works if work not in quiet]
        for work in rest:
            if work.item.action == "invalid":
                self._fail(work, "invalid", work.item.reason)
        return [work for work in rest if work.item.action != "invalid"]

    def _carry_out(self, publisher: ItemPublisher, works: list[Work]) -> None:
        """A batch of one kind. What was sent is read back even where the job ends in the middle."""
        known = {work.product_id: work.listing_id or 0 for work in works if _is_untouched(work)}
        live = self._live(publisher, known, [work for work in works if work.product_id in known])
        stops: list[_Stop] = []
        sent = list(self._sent(publisher, self._as_planned(works, known, live), stops))
        if not any(stop.status == "failed" for stop in stops):
            self._read_back(publisher, sent)
        if stops:
            raise stops[0]

    def _as_planned(self, works: list[Work], known: Mapping[str, int], live: Live) -> Iterator[Work]:
        """Those whose listings are as the plan saw them; the others are settled, or wait where Etsy did not say."""
        for work in works:
            seen = live.get(known.get(work.product_id, 0))
            if work.product_id not in known:
                yield work
            elif seen is not None and work.before is not None:
                with self._minding([work]):
                    require_as_planned(work.item, work.desired(), work.before, seen, self.settings)
                    yield work

    def _sent(self, publisher: ItemPublisher, works: Iterator[Work], stops: list[_Stop]) -> Iterator[Work]:
        """Send each product, side by side; those that were. Nothing more is begun once the job is to stop."""

        def until_stop() -> Iterator[Work]:
            for work in works:
                if stops or (self.pause and publisher is self.publishing) or self._is_called_off(stops):
                    return
                yield work

        for work, error in side_by_side(lambda work: _send(publisher, work), until_stop(), self.at_once):
            if error is None:
                self.unavailable.clear()
                self._tell(work, "written")
                yield work
                continue
            try:
                self._judge([work], error)
            except _Stop as stop:
                stops.append(stop)

    def _is_called_off(self, stops: list[_Stop]) -> bool:
        if self.journal.is_cancelled():
            stops.append(_Stop("cancelled"))
        return bool(stops)

    def _read_back(self, publisher: ItemPublisher, works: list[Work]) -> None:
        """Compare with what was meant; what Etsy accepted and did not apply is sent once more."""
        again: list[Work] = []
        for work, missing in self._different(publisher, works):
            logger.warning("not_applied product_id=%s fields=%s", work.product_id, ",".join(missing))
            with self._minding([work]):
                publisher.publish(work, is_again=True)
                again.append(work)
        if again:
            publisher.sleep(SETTLE_SECONDS)
        for work, missing in self._different(publisher, again):
            self._fail(work, "not_applied", str(_was_not_applied(missing)))
        if works:
            self.journal.count()  # what agreed is synced only now

    def _different(self, publisher: ItemPublisher, works: list[Work]) -> list[tuple[Work, list[str]]]:
        """Note what is as it was meant; what is not, with the fields that differ."""
        ids = {work.product_id: work.listing_id or 0 for work in works}
        live = self._live(publisher, ids, works)
        found, agreed = [], []
        for work in works:
            seen = live.get(ids[work.product_id])
            if seen is None:
                continue
            if missing := _missing(work, seen):
                found.append((work, missing))
            else:
                agreed.append((work, seen.state))
        self.journal.synced(agreed)
        self.successes += len(agreed)
        return found

    def _live(self, publisher: ItemPublisher, ids: Mapping[str, int], works: list[Work]) -> Live:
        """Listings as they are; where Etsy cannot tell of all together, one by one, without those it cannot tell."""
        if not works:
            return {}
        try:
            return publisher.client.live_listings([ids[work.product_id] for work in works])
        except (EtsyUnavailable, EtsyRefused):
            found: dict[int, LiveListing] = {}
            for work in works:
                with self._minding([work]):
                    found |= publisher.client.live_listings([ids[work.product_id]])
                    self.unavailable.clear()
            return found
        except PipelineError as error:
            self._judge(works, error)
            return {}

    @contextmanager
    def _minding(self, works: list[Work]) -> Iterator[None]:
        """Turn an error of the block into what happens to these products, or to the job."""
        try:
            yield
        except PipelineError as error:
            self._judge(works, error)

    def _judge(self, works: list[Work], error: PipelineError) -> None:
        if isinstance(error, TakenOver):
            raise error
        if isinstance(error, NeedsPerson):
            logger.error("publication_stopped code=%s", error.code)
            raise _Stop("failed", str(error)) from error
        if isinstance(error, EtsyQuotaExhausted):
            self._judge_quota(works, error)
            return
        for work in works:
            if isinstance(error, EtsyUnavailable):
                self._judge_unavailable(work, error)
            else:
                self._fail(work, error.code, str(error))

    def _judge_quota(self, works: list[Work], error: EtsyQuotaExhausted) -> None:
        if self.pause is None:
            resume_at = self.now() + timedelta(seconds=error.retry_after_seconds)
            self.pause = _Stop("paused", f"{error} It goes on at {resume_at:%Y-%m-%d %H:%M} UTC.", resume_at)
        if all(work.is_stock for work in works):
            raise self.pause

    def _judge_unavailable(self, work: Work, error: EtsyUnavailable) -> None:
        self.last_words = str(error)
        self.unavailable.append(work.product_id)
        if len(self.unavailable) >= UNAVAILABLE_IN_A_ROW:
            self.journal.pardon(self.unavailable)
            raise self._paused(f"Etsy is down: {error}", PAUSE_WHEN_DOWN)
        if self.journal.unanswered(work) >= MOST_FAILURES:
            quarantined = _was_quarantined(error)
            self._fail(work, quarantined.code, str(quarantined))

    def _paused(self, message: str, pause: timedelta) -> _Stop:
        resume_at = self.now() + pause
        return _Stop("paused", f"{message} It goes on at {resume_at:%Y-%m-%d %H:%M} UTC.", resume_at)

    def _fail(self, work: Work, code: str, message: str) -> None:
        self.journal.failed(work, code, message)
        self.successes += 1  # it is settled, too
        self._tell(work, "failed")

    def _tell(self, work: Work, outcome: str) -> None:
        self.done += 1
        self.on_progress(Progress(min(self.done, self.total), self.total, work.item.product_title, outcome))
        if time.monotonic() - self.counted_at > COUNT_EVERY_SECONDS:
            self.journal.count()
            self.counted_at = time.monotonic()


def _send(publisher: ItemPublisher, work: Work) -> None:
    if not work.is_written:
        publisher.publish(work)


def _is_untouched(work: Work) -> bool:
    """Whether the product's listing is still the one that the plan knew, and nothing was sent completely."""
    planned = work.item.etsy_listing_id
    return planned is not None and work.listing_id == planned and not work.is_written


def _missing(work: Work, live: LiveListing) -> list[str]:
    desired, published = work.desired(), work.before.published if work.before else None
    sends_images = work.item.action == "create" or any(change["part"] == "images" for change in work.item.differences)
    rows = work.images if desired and desired.images and sends_images else {}
    image_ids = [row.etsy_image_id for _, row in sorted(rows.items())]
    return not_applied(work.item, desired, published.inventory if published else None, image_ids, live)


def _was_not_applied(missing: Sequence[str]) -> Refused:
    return Refused(
        f"Etsy accepted the listing twice and did not apply all of it: {', '.join(missing)} differ from what was sent.",
        code="not_applied",
        hint="Look at the listing on Etsy, then sync again.",
    )


def _was_quarantined(error: EtsyUnavailable) -> Refused:
    return Refused(
        f"Etsy failed on this product {MOST_FAILURES} times, so it was left alone: {error.message}",
        code="etsy_item_quarantined",
        hint="Sync again later; if it stays so, look at the listing on Etsy or ask Etsy's support.",
    )
