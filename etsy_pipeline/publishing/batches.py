"""The loop over a plan's items: a last look, carrying out, reading back, a hundred at a time, and again what is left.

Products are carried out side by side, a few at a time; what becomes of them is settled one by one (`settling.py`).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.errors import PipelineError, Refused, Unavailable
from etsy_pipeline.etsy.errors import EtsyRefused, EtsyUnavailable
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.last_look import require_as_planned
from etsy_pipeline.publishing.publish_item import ItemPublisher
from etsy_pipeline.publishing.read_back import not_applied
from etsy_pipeline.publishing.settling import Settling, Stop
from etsy_pipeline.publishing.side_by_side import side_by_side
from etsy_pipeline.publishing.source import Source, require_source_as_planned
from etsy_pipeline.publishing.work import Work
from etsy_pipeline.store.tables import EtsySyncJob

logger = logging.getLogger(__name__)

AT_ONCE = 100  # the most that one of Etsy's batched reads takes (FACTS §10)
SETTLE_SECONDS = 2.0  # before what was sent a second time is read back

Live = Mapping[int, LiveListing]


@dataclass(slots=True)
class Batches:
    """One publication of a job.

    Args:
        journal: of the job.
        publishing: publishes products.
        stock: publishes updates of stock and price, with the calls that are reserved for them.
        settings: the shop's.
        excluded: products that the approval leaves out.
        settling: what becomes of them.
        at_once: products that are carried out side by side.
        source: products as Medusa has them now.
    """

    journal: Journal
    publishing: ItemPublisher
    stock: ItemPublisher
    settings: ShopSettings
    excluded: frozenset[str]
    settling: Settling
    at_once: int
    source: Source

    def publish(self) -> EtsySyncJob:
        """Carry out all that is not finished, in rounds: each leaves only what Etsy gave no usable answer on."""
        waiting = self.journal.waiting()
        self.settling.total = len(waiting)
        try:
            while waiting:
                for start in range(0, len(waiting), AT_ONCE):
                    self._batch(waiting[start : start + AT_ONCE])
                waiting = self.journal.waiting()
                self.settling.require_progress(len(waiting))
        except Stop as stop:
            return self.journal.finish(stop.status, message=stop.message, resume_at=stop.resume_at)
        return self.journal.finish("failed" if self.journal.has_nothing_worked() else "completed")

    def _batch(self, product_ids: Sequence[str]) -> None:
        works = self._without_quiet_ones(self.journal.take_up(product_ids))
        for is_stock in (False, True):
            group = [work for work in works if work.is_stock == is_stock]
            if group and (is_stock or self.settling.pause is None):
                self._carry_out(self.stock if is_stock else self.publishing, group)

    def _without_quiet_ones(self, works: Sequence[Work]) -> list[Work]:
        """The products for which something is sent; the others are settled."""
        quiet = [work for work in works if work.product_id in self.excluded or work.item.action == "skip"]
        self.settling.skipped(quiet)
        rest = [work for work in works if work not in quiet]
        for work in rest:
            if work.item.action == "invalid":
                self.settling.failed(work, "invalid", work.item.reason)
        return [work for work in rest if work.item.action != "invalid"]

    def _carry_out(self, publisher: ItemPublisher, works: list[Work]) -> None:
        """A batch of one kind. What was sent is read back even where the job ends in the middle."""
        known = {work.product_id: work.listing_id or 0 for work in works if _is_untouched(work)}
        live = self._live(publisher, known, [work for work in works if work.product_id in known])
        stops: list[Stop] = []
        source = self._source(works)
        sent = list(self._sent(publisher, self._as_planned(works, known, live, source), stops))
        if not any(stop.status == "failed" for stop in stops):
            self._read_back(publisher, sent)
        if stops:
            raise stops[0]

    def _source(self, works: list[Work]) -> Mapping[str, ValidatedListing]:
        """The products as they are; where Medusa cannot tell, what was approved is published."""
        untouched = [work for work in works if work.is_untouched]
        with self.settling.minding(untouched):
            try:
                return self.source([work.product_id for work in untouched]) if untouched else {}
            except Unavailable as error:
                logger.warning("source_not_read products=%s code=%s", len(untouched), error.code)
        return {}

    def _as_planned(
        self, works: list[Work], known: Mapping[str, int], live: Live, source: Mapping[str, ValidatedListing]
    ) -> Iterator[Work]:
        """Those that are as the plan saw them; the others are settled, or wait where Etsy did not say how they are."""
        for work in works:
            seen = live.get(known.get(work.product_id, 0))
            if work.product_id in known and seen is None:
                continue
            with self.settling.minding([work]):
                if seen is not None and work.before is not None:
                    require_as_planned(work.item, work.desired(), work.before, seen, self.settings)
                if work.product_id in source:
                    require_source_as_planned(work, source[work.product_id], seen, self.settings)
                yield work

    def _sent(self, publisher: ItemPublisher, works: Iterator[Work], stops: list[Stop]) -> Iterator[Work]:
        """Send each product, side by side; those that were. Nothing more is begun once the job is to stop."""

        def until_stop() -> Iterator[Work]:
            for work in works:
                if stops or (self.settling.pause and publisher is self.publishing) or self._is_called_off(stops):
                    return
                yield work

        for work, error in side_by_side(lambda work: _send(publisher, work), until_stop(), self.at_once):
            if error is None:
                self.settling.answered()
                self.settling.tell(work, "written")
                yield work
                continue
            try:
                self.settling.judge([work], error)
            except Stop as stop:
                stops.append(stop)

    def _is_called_off(self, stops: list[Stop]) -> bool:
        if self.journal.is_cancelled():
            stops.append(Stop("cancelled"))
        return bool(stops)

    def _read_back(self, publisher: ItemPublisher, works: list[Work]) -> None:
        """Compare with what was meant; what Etsy accepted and did not apply is sent once more."""
        again: list[Work] = []
        for work, missing in self._different(publisher, works):
            logger.warning("not_applied product_id=%s fields=%s", work.product_id, ",".join(missing))
            with self.settling.minding([work]):
                publisher.publish(work, is_again=True)
                again.append(work)
        if again:
            publisher.sleep(SETTLE_SECONDS)
        for work, missing in self._different(publisher, again):
            self.settling.failed(work, "not_applied", str(_was_not_applied(missing)))
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
        self.settling.synced(agreed)
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
                with self.settling.minding([work]):
                    found |= publisher.client.live_listings([ids[work.product_id]])
                    self.settling.answered()
            return found
        except PipelineError as error:
            self.settling.judge(works, error)
            return {}


def _send(publisher: ItemPublisher, work: Work) -> None:
    if not work.is_written:
        publisher.publish(work)


def _is_untouched(work: Work) -> bool:
    """Whether the product's listing is still the one that the plan knew, and nothing was sent completely."""
    planned = work.item.etsy_listing_id
    return planned is not None and work.listing_id == planned and not work.is_written


def _missing(work: Work, live: LiveListing) -> list[str]:
    desired, published = work.desired(), work.before.published if work.before else None
    rows = work.images if desired and desired.images and work.sends("images") else {}
    image_ids = [row.etsy_image_id for _, row in sorted(rows.items())]
    return not_applied(work.item, desired, published.inventory if published else None, image_ids, live)


def _was_not_applied(missing: Sequence[str]) -> Refused:
    return Refused(
        f"Etsy accepted the listing twice and did not apply all of it: {', '.join(missing)} differ from what was sent.",
        code="not_applied",
        hint="Look at the listing on Etsy, then sync again.",
    )
