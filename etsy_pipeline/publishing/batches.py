"""The loop over a plan's items: a last look, carrying out, reading back, a hundred at a time, and again what is left.

One product's failure stops only that product. What concerns all of them pauses the job (no calls left, Etsy down) or
stops it (credentials).
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from etsy_pipeline.errors import NeedsPerson, PipelineError, Refused, TakenOver
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyRefused, EtsyUnavailable
from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.publishing.journal import WRITTEN, Journal
from etsy_pipeline.publishing.last_look import require_as_planned
from etsy_pipeline.publishing.publish_item import ItemPublisher
from etsy_pipeline.publishing.read_back import not_applied
from etsy_pipeline.store.tables import EtsySyncJob, SyncItem

logger = logging.getLogger(__name__)

AT_ONCE = 100  # the most that one of Etsy's batched reads takes (FACTS §10)
COUNT_EVERY = 10  # items between two updates of the job's counts
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
    """

    journal: Journal
    publishing: ItemPublisher
    stock: ItemPublisher
    settings: ShopSettings
    excluded: frozenset[str]
    on_progress: Callable[[Progress], None]
    now: Callable[[], datetime]
    pause: _Stop | None = None
    done: int = 0
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
        items = self._without_quiet_ones(self.journal.items(product_ids))
        for is_stock in (False, True):
            group = [item for item in items if _is_stock(item) == is_stock]
            if group and (is_stock or self.pause is None):
                self._carry_out(self.stock if is_stock else self.publishing, group)

    def _without_quiet_ones(self, items: Sequence[SyncItem]) -> list[SyncItem]:
        """The items for which something is sent; the others are settled."""
        quiet = [item for item in items if item.product_id in self.excluded or item.action == "skip"]
        rest = [item for item in items if item not in quiet]
        if quiet:
            self.journal.skipped(quiet)
        for item in quiet:
            self._tell(item, "skipped")
        for item in rest:
            if item.action == "invalid":
                self._fail(item, "invalid", item.reason)
        return [item for item in rest if item.action != "invalid"]

    def _carry_out(self, publisher: ItemPublisher, items: list[SyncItem]) -> None:
        """A batch of one kind. What was sent is read back even where the job ends in the middle."""
        links = self.journal.links([item.product_id for item in items])
        known = [item for item in items if item.etsy_listing_id and _is_untouched(item, links)]
        live = self._live(publisher, {item.product_id: item.etsy_listing_id or 0 for item in known}, known)
        sent: list[SyncItem] = []
        try:
            for item in items:
                if item in known and item.etsy_listing_id not in live:
                    continue  # Etsy did not say how it is
                self._require_not_cancelled()
                self._send(publisher, item, links.get(item.product_id), live if item in known else {}, sent)
                if self.pause and publisher is self.publishing:
                    break
        except _Stop as stop:
            if stop.status != "failed":
                self._read_back(publisher, sent, links)
            raise
        self._read_back(publisher, sent, links)

    def _send(
        self, publisher: ItemPublisher, item: SyncItem, link: Link | None, live: Live, sent: list[SyncItem]
    ) -> None:
        with self._minding([item]):
            if item.step != WRITTEN:
                seen = live.get(item.etsy_listing_id or 0)
                if seen is not None and link is not None:
                    require_as_planned(item, _desired(item), link, seen, self.settings)
                publisher.publish(item)
                self.unavailable.clear()
                self._tell(item, "written")
            sent.append(item)

    def _read_back(self, publisher: ItemPublisher, items: list[SyncItem], before: Mapping[str, Link]) -> None:
        """Compare with what was meant; what Etsy accepted and did not apply is sent once more."""
        again: list[SyncItem] = []
        for item, missing in self._different(publisher, items, before):
            logger.warning("not_applied product_id=%s fields=%s", item.product_id, ",".join(missing))
            with self._minding([item]):
                publisher.publish(item, is_again=True)
                again.append(item)
        if again:
            publisher.sleep(SETTLE_SECONDS)
        for item, missing in self._different(publisher, again, before):
            self._fail(item, "not_applied", str(_was_not_applied(missing)))
        if items:
            self.journal.count()  # what agreed is synced only now

    def _different(
        self, publisher: ItemPublisher, items: list[SyncItem], before: Mapping[str, Link]
    ) -> list[tuple[SyncItem, list[str]]]:
        """Note what is as it was meant; what is not, with the fields that differ."""
        if not items:
            return []
        links = self.journal.links([item.product_id for item in items])
        ids = {item.product_id: links[item.product_id].etsy_listing_id or 0 for item in items}
        live = self._live(publisher, ids, items)
        found = []
        for item in items:
            seen = live.get(ids[item.product_id])
            if seen is None:
                continue
            if missing := self._missing(item, before.get(item.product_id), seen):
                found.append((item, missing))
            else:
                self.journal.synced(item, seen.state)
                self.successes += 1
        return found

    def _missing(self, item: SyncItem, before: Link | None, live: LiveListing) -> list[str]:
        desired = _desired(item)
        published = before.published.inventory if before and before.published else None
        sends_images = item.action == "create" or any(change["part"] == "images" for change in item.differences)
        rows = self.journal.images(item.product_id) if desired and desired.images and sends_images else {}
        image_ids = [row.etsy_image_id for _, row in sorted(rows.items())]
        return not_applied(item, desired, published, image_ids, live)

    def _live(self, publisher: ItemPublisher, ids: Mapping[str, int], items: list[SyncItem]) -> Live:
        """Listings as they are; where Etsy cannot tell of all together, one by one, without those it cannot tell."""
        if not items:
            return {}
        try:
            return publisher.client.live_listings([ids[item.product_id] for item in items])
        except (EtsyUnavailable, EtsyRefused):
            found: dict[int, LiveListing] = {}
            for item in items:
                with self._minding([item]):
                    found |= publisher.client.live_listings([ids[item.product_id]])
                    self.unavailable.clear()
            return found
        except PipelineError as error:
            self._judge(items, error)
            return {}

    @contextmanager
    def _minding(self, items: list[SyncItem]) -> Iterator[None]:
        """Turn an error of the block into what happens to these items, or to the job."""
        try:
            yield
        except PipelineError as error:
            self._judge(items, error)

    def _judge(self, items: list[SyncItem], error: PipelineError) -> None:
        if isinstance(error, TakenOver):
            raise error
        if isinstance(error, NeedsPerson):
            logger.error("publication_stopped code=%s", error.code)
            raise _Stop("failed", str(error)) from error
        if isinstance(error, EtsyQuotaExhausted):
            self._judge_quota(items, error)
            return
        for item in items:
            if isinstance(error, EtsyUnavailable):
                self._judge_unavailable(item, error)
            else:
                self._fail(item, error.code, str(error))

    def _judge_quota(self, items: list[SyncItem], error: EtsyQuotaExhausted) -> None:
        if self.pause is None:
            resume_at = self.now() + timedelta(seconds=error.retry_after_seconds)
            self.pause = _Stop("paused", f"{error} It goes on at {resume_at:%Y-%m-%d %H:%M} UTC.", resume_at)
        if all(_is_stock(item) for item in items):
            raise self.pause

    def _judge_unavailable(self, item: SyncItem, error: EtsyUnavailable) -> None:
        self.last_words = str(error)
        self.unavailable.append(item.product_id)
        if len(self.unavailable) >= UNAVAILABLE_IN_A_ROW:
            self.journal.pardon(self.unavailable)
            raise self._paused(f"Etsy is down: {error}", PAUSE_WHEN_DOWN)
        if self.journal.unanswered(item) >= MOST_FAILURES:
            quarantined = _was_quarantined(error)
            self._fail(item, quarantined.code, str(quarantined))

    def _paused(self, message: str, pause: timedelta) -> _Stop:
        resume_at = self.now() + pause
        return _Stop("paused", f"{message} It goes on at {resume_at:%Y-%m-%d %H:%M} UTC.", resume_at)

    def _fail(self, item: SyncItem, code: str, message: str) -> None:
        self.journal.failed(item, code, message)
        self.successes += 1  # it is settled, too
        self._tell(item, "failed")

    def _tell(self, item: SyncItem, outcome: str) -> None:
        self.done += 1
        self.on_progress(Progress(min(self.done, self.total), self.total, item.product_title, outcome))
        if self.done % COUNT_EVERY == 0:
            self.journal.count()

    def _require_not_cancelled(self) -> None:
        if self.journal.is_cancelled():
            raise _Stop("cancelled")


def _desired(item: SyncItem) -> Listing | None:
    return listing_from_json(item.desired) if item.desired else None


def _is_untouched(item: SyncItem, links: Mapping[str, Link]) -> bool:
    """Whether the product's listing is still the one that the plan knew, and nothing was sent completely."""
    link = links.get(item.product_id)
    return item.step != WRITTEN and link is not None and link.etsy_listing_id == item.etsy_listing_id


def _is_stock(item: SyncItem) -> bool:
    return item.action == "update" and {difference["part"] for difference in item.differences} == {"inventory"}


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
