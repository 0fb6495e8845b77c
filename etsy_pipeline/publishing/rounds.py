"""The loop over a plan's items: a last look, carrying out, reading back, a hundred at a time, and again what is left.

Products are carried out side by side, a few at a time; what becomes of them is settled one by one (`outcomes.py`).
"""

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from etsy_pipeline import telemetry
from etsy_pipeline.errors import PipelineError, Refused, StoreUnavailable, Unavailable
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.brakes import of_plan
from etsy_pipeline.planning.currency import in_currency_of
from etsy_pipeline.planning.drift_check import require_as_planned, with_ours
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.open_sales import is_open, not_to_be_raised, unseen
from etsy_pipeline.planning.plan_item import Action, PlanItem
from etsy_pipeline.planning.read_back import not_applied
from etsy_pipeline.planning.rollback import sold_meanwhile
from etsy_pipeline.planning.sending import sent_parts
from etsy_pipeline.planning.source_drift import SourceChange, source_change
from etsy_pipeline.providers.errors import QuotaExhausted, RemoteRefused, RemoteUnavailable
from etsy_pipeline.publishing import translations
from etsy_pipeline.publishing.bounded_parallel import bounded_parallel
from etsy_pipeline.publishing.guard import Guard
from etsy_pipeline.publishing.item import ItemPublisher
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.outcomes import OutcomeRecorder, Stop
from etsy_pipeline.publishing.source import Source
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.open_sales import OpenSalesOfShop

logger = logging.getLogger(__name__)

BATCH_SIZE = 100  # the most that one of Etsy's batched reads takes (FACTS §10)
SETTLE_SECONDS = 2.0  # before what was sent a second time is read back

Live = Mapping[int, LiveListing]
SourceNow = Mapping[str, ValidatedListing]


@dataclass(slots=True)
class Rounds:
    """One publication of a job.

    Args:
        journal: of the job.
        publishing: publishes products.
        stock: publishes updates of stock and price, and deactivations, with the calls that are reserved for them.
        settings: the shop's.
        excluded: products that the approval leaves out.
        outcomes: what becomes of them.
        guard: looks after the shop and the books.
        at_once: products that are carried out side by side.
        source: products as Medusa has them now.
        sales: what is sold on Etsy that Medusa does not know of yet.
        taken_off: listings that are taken off sale though the plan was to change them, for no piece is left.
    """

    journal: Journal
    publishing: ItemPublisher
    stock: ItemPublisher
    settings: ShopSettings
    excluded: frozenset[str]
    outcomes: OutcomeRecorder
    guard: Guard
    at_once: int
    source: Source
    sales: OpenSalesOfShop
    taken_off: int = 0

    def publish(self) -> EtsySyncJob:
        """Carry out all that is not finished, in rounds: each leaves only what Etsy gave no usable answer on."""
        waiting = self.journal.waiting()
        self.outcomes.total = len(waiting)
        try:
            self._leave_out([product_id for product_id in waiting if product_id in self.excluded])
            self.guard.begin()
            while self.journal.waiting():
                self._round_or_end()
                self.outcomes.require_progress(len(self.journal.waiting()))
        except Stop as stop:
            return self.journal.finish(stop.event, message=stop.message, resume_at=stop.resume_at)
        return self.journal.finish(self.journal.end())

    def _leave_out(self, product_ids: Sequence[str]) -> None:
        """What was not approved is settled at once: it would be told as still to do for as long as the rest takes."""
        for start in range(0, len(product_ids), BATCH_SIZE):
            self.outcomes.skipped(self.journal.take_up(product_ids[start : start + BATCH_SIZE]))

    def _round_or_end(self) -> None:
        """A round; nobody is waited for where it sent the last there was."""
        try:
            self._round()
        except Stop as stop:
            if not stop.is_for_a_person or self.journal.has_unsent():
                raise

    def _round(self) -> None:
        """Every product that waits, once; each batch is asked for anew, for a person may have changed what is next."""
        seen: set[str] = set()
        while batch := self._next(seen):
            seen.update(batch)
            self._batch(batch)

    def _next(self, seen: AbstractSet[str]) -> list[str]:
        """What comes next; in a pause only what may have calls of its own (`is_stock`)."""
        actions: tuple[Action, ...] = ("deactivate", "update") if self.outcomes.pause else ()
        left = (product_id for product_id in self.journal.waiting(actions) if product_id not in seen)
        return list(itertools.islice(left, BATCH_SIZE))

    def _batch(self, product_ids: Sequence[str]) -> None:
        self.guard.begin_batch()
        works = self._without_quiet_ones(self.journal.take_up(product_ids))
        for is_stock, group in itertools.groupby(works, key=lambda work: work.is_stock):
            if is_stock or self.outcomes.pause is None:
                self._carry_out(self.stock if is_stock else self.publishing, list(group))

    def _without_quiet_ones(self, works: Sequence[ItemInProgress]) -> list[ItemInProgress]:
        """The products for which something is sent; the others are settled."""
        quiet = [work for work in works if work.item.plan.action == "skip"]
        self.outcomes.skipped(quiet)
        rest = [work for work in works if work not in quiet]
        for work in rest:
            if work.item.plan.action == "invalid":
                self.outcomes.failed(work, work.item.plan.error_code, work.item.plan.reason)
        return [work for work in rest if work.item.plan.action != "invalid"]

    def _carry_out(self, publisher: ItemPublisher, works: list[ItemInProgress]) -> None:
        """A batch of one kind. What was sent is read back even where the job ends in the middle."""
        works = list(self._with_sections(publisher, works))
        known = {work.product_id: work.listing_id or 0 for work in works if work.has_planned_listing}
        begun_as = {work.product_id: work.plan for work in works if not work.is_untouched}
        looked_at = self.sales.store.now()
        live = self._live(publisher, known, [work for work in works if work.product_id in known])
        for work in works:
            planned, seen = work.plan.desired, live.get(known.get(work.product_id, 0))
            work.before = in_currency_of(work.before, seen, planned.currency_code) if planned else work.before
        stops: list[Stop] = []
        sends_stock = any(sent_parts(work.plan) & {"inventory", "state"} for work in works)
        are_orders_read, stock_read_at = sends_stock and self.sales.asked(), self.sales.store.now()
        source, works = self._look_at_source(works)
        if are_orders_read:
            since = looked_at if source is None else stock_read_at  # nothing else tells of what was booked meanwhile
            live = self._with_open_sales(publisher, works, known, live, source, since)
        works = [work for work in works if work.product_id not in known or known[work.product_id] in live]
        if source is not None:
            works = self._as_in_source(
                works, {work.product_id: live.get(known.get(work.product_id, 0)) for work in works}, source
            )
        works = list(self._not_raised_too_soon(works, known, live, source))
        works = list(self.guard.not_there(works))
        sent = list(self._sent(publisher, self._as_planned(works, known, live, begun_as), stops))
        if not any(stop.event is Event.FAIL for stop in stops):
            self._read_back(publisher, sent)
        if stops:
            raise stops[0]

    def _with_open_sales(
        self,
        publisher: ItemPublisher,
        works: list[ItemInProgress],
        known: Mapping[str, int],
        live: Live,
        source: SourceNow | None,
        since: datetime,
    ) -> Live:
        """The listings with their sales that Medusa's stock lacks; orders were read after them, before the stock.

        Those with open sales are looked at once more: what was sold between the two looks is among the orders, and not
        in what was seen.
        """
        links = {work.product_id: work.before for work in works if work.before is not None}
        identities = {product_id: found.identity for product_id, found in (source or {}).items()}
        seen = dict(self.sales.seen(live, links, identities, since))
        again = [work for work in works if (there := seen.get(known.get(work.product_id, 0))) and is_open(there)]
        newer = self._live(publisher, known, again)
        for work in again:
            before = seen.pop(known[work.product_id])
            if (now := newer.get(before.listing_id)) is not None:
                seen[before.listing_id] = replace(now, open_sales=before.open_sales)
        return seen

    def _not_raised_too_soon(
        self, works: list[ItemInProgress], known: Mapping[str, int], live: Live, source: SourceNow | None
    ) -> Iterator[ItemInProgress]:
        """Those that may be sent, whatever was sold on Etsy meanwhile; the others leave the sync."""
        for work in works:
            seen, knows_stock = live.get(known.get(work.product_id, 0)), source is not None
            why = not_to_be_raised(
                work.plan,
                seen,
                self.settings,
                knows_stock=knows_stock,
                is_begun=not work.is_untouched,
                is_doubted=work.before is not None and work.before.stock_doubted,
            )
            if why:
                self.outcomes.left_out(work, why)
            else:
                yield work

    def _with_sections(self, publisher: ItemPublisher, works: list[ItemInProgress]) -> Iterator[ItemInProgress]:
        """The products, each with the new section that it needs where that was made by now."""
        for work in works:
            with self.outcomes.handling_errors([work]):
                publisher.sections.recall(work)
                yield work

    def _look_at_source(self, works: list[ItemInProgress]) -> tuple[SourceNow | None, list[ItemInProgress]]:
        """The products as they are now, and those that may go on.

        Where Medusa is down what was approved is published, and there is nothing to compare with. Where the look fails
        otherwise (Etsy is down or out of calls, say), nothing is known of the products, and they are not published.
        """
        following = [work for work in works if work.follows_source]
        if not following:
            return None, works
        try:
            return self.source([work.product_id for work in following]), works
        except StoreUnavailable:
            raise
        except PipelineError as error:
            if isinstance(error, Unavailable) and not isinstance(error, RemoteUnavailable | QuotaExhausted):
                logger.warning("source_not_read products=%s code=%s", len(following), error.code)
                return None, works
            self.outcomes.judge(following, error)
            return None, [work for work in works if not work.follows_source]

    def _as_in_source(
        self, works: list[ItemInProgress], live: Mapping[str, LiveListing | None], source: SourceNow
    ) -> list[ItemInProgress]:
        """Those that Medusa has as the plan saw them; where only stock fell, with the pieces that are left.

        Where none is left of what is on sale, it is taken off. What else changed leaves the sync: a person is asked
        about it (`changed_while_waiting`).
        """
        going, lowered = [], []
        changes = {work.product_id: self._change(work, live, source) for work in works if work.follows_source}
        too_many = self._too_many_taken_off(changes.values())
        for work in works:
            change = changes.get(work.product_id)
            less = change.with_less if change and self.settings.changed_while_waiting == "fewer_pieces" else None
            if change is None:
                going.append(work)
            elif less is None or (too_many and less.action == "deactivate"):
                self.outcomes.left_out(work, f"{change.told}. {too_many}" if less else change.told)
            else:
                if not work.is_untouched:
                    less = with_ours(less, work.plan, work.before, self.settings)
                lowered.append((work, less, change.told))
                going.append(work)
        if lowered:
            self.journal.send_as_now(lowered)
        return going

    def _change(
        self, work: ItemInProgress, live: Mapping[str, LiveListing | None], source: SourceNow
    ) -> SourceChange | None:
        seen = live[work.product_id]
        if not work.is_untouched:  # what Etsy has by now may be ours
            seen = unseen(seen)
        if self.journal.job.rollback_of:
            return sold_meanwhile(work.item.plan, work.before, source[work.product_id], seen, self.settings)
        return source_change(work.item.plan, work.before, source[work.product_id], seen, self.settings)

    def _too_many_taken_off(self, changes: Iterable[SourceChange | None]) -> str:
        """Why these are too many to be taken off sale without a person, as in a plan; blank where they are not."""
        lowered = [change.with_less for change in changes if change and change.with_less]
        count = sum(item.action == "deactivate" for item in lowered)
        if not count:
            return ""
        found = of_plan(
            on_sale=self.journal.on_sale_count(),
            missing=0,
            deactivations=self.taken_off + count,
            fees_usd_cents=0,
            limits=self.settings.brakes,
        )
        if not found:
            self.taken_off += count
        return " ".join(brake.message for brake in found)

    def _as_planned(
        self, works: list[ItemInProgress], known: Mapping[str, int], live: Live, begun_as: Mapping[str, PlanItem]
    ) -> Iterator[ItemInProgress]:
        """Those whose listings are as the plan saw them, or as they were begun; the others are settled."""
        for work in works:
            seen = work.found = live.get(known.get(work.product_id, 0))
            with self.outcomes.handling_errors([work]):
                if seen is not None and work.before is not None:
                    planned = begun_as.get(work.product_id, work.plan)
                    require_as_planned(planned, work.before, seen, self.settings)
                yield work

    def _sent(
        self, publisher: ItemPublisher, works: Iterator[ItemInProgress], stops: list[Stop]
    ) -> Iterator[ItemInProgress]:
        """Send each product, side by side; those that were. Nothing more is begun once the job is to stop."""

        def until_stop() -> Iterator[ItemInProgress]:
            for work in works:
                if stops or (self.outcomes.pause and publisher is self.publishing):
                    return
                if not work.is_untouched and self._is_called_off(stops):  # others are asked about with their intent
                    return
                yield work

        def send(work: ItemInProgress) -> None:
            _send(publisher, work)

        for work, error in bounded_parallel(send, until_stop(), self.at_once, meanwhile=self.outcomes.keep):
            if error is None:
                self.outcomes.written(work)
                yield work
                continue
            if not work.is_under_way and self._is_called_off(stops):
                continue  # it stays as it was, though its pictures, say, cannot be had
            try:
                self.outcomes.judge([work], error)
            except Stop as stop:
                stops.append(stop)
        self.outcomes.keep()

    def _is_called_off(self, stops: list[Stop]) -> bool:
        if not self.journal.is_called_off():
            return False
        stops.append(Stop(None))
        return True

    def _read_back(self, publisher: ItemPublisher, works: list[ItemInProgress]) -> None:
        """Compare with what was meant; what Etsy accepted and did not apply is sent once more."""
        again: list[ItemInProgress] = []
        for work, missing in self._different(publisher, works):
            logger.warning("not_applied product_id=%s fields=%s", work.product_id, ",".join(missing))
            with self.outcomes.handling_errors([work]):
                publisher.publish(work, is_again=True)
                self.journal.keep_sent()
                again.append(work)
        if again:
            publisher.sleep(SETTLE_SECONDS)
        for work, missing in self._different(publisher, again):
            self.outcomes.failed(work, "not_applied", str(_was_not_applied(missing)))
        if works:
            self.journal.count()  # what agreed is synced only now

    def _different(
        self, publisher: ItemPublisher, works: list[ItemInProgress]
    ) -> list[tuple[ItemInProgress, list[str]]]:
        """Note what is as it was meant; what is not, with the fields that differ."""
        ids = {work.product_id: work.listing_id or 0 for work in works}
        reader = self.stock if self.outcomes.pause else publisher  # or what is on Etsy would count as waiting for a day
        live = self._live(reader, ids, works)
        found, agreed = [], []
        for work in works:
            seen = live.get(ids[work.product_id])
            if seen is None:
                continue
            work.seen = seen
            if missing := _missing(work, seen):
                found.append((work, missing))
            else:
                agreed.append((work, seen.state))
        self.outcomes.synced(agreed)
        return found

    def _live(self, publisher: ItemPublisher, ids: Mapping[str, int], works: list[ItemInProgress]) -> Live:
        """Listings as they are; where Etsy cannot tell of all together, one by one, without those it cannot tell."""
        if not works:
            return {}
        try:
            return publisher.client.live_listings([ids[work.product_id] for work in works])
        except (RemoteUnavailable, RemoteRefused):
            found: dict[int, LiveListing] = {}
            for work in works:
                with self.outcomes.handling_errors([work]):
                    found |= publisher.client.live_listings([ids[work.product_id]])
                    self.outcomes.answered()
            return found
        except PipelineError as error:
            self.outcomes.judge(works, error)
            return {}


def _send(publisher: ItemPublisher, work: ItemInProgress) -> None:
    if not work.is_written:
        with telemetry.span("publish product", product=work.product_id, action=work.plan.action):
            publisher.publish(work)


def _missing(work: ItemInProgress, live: LiveListing) -> list[str]:
    published = work.before.published if work.before else None
    images = work.images if "images" in sent_parts(work.plan) else {}
    image_ids = [image.etsy_image_id for _, image in sorted(images.items())]
    before = published.inventory if published else None
    found = not_applied(work.plan, before, image_ids, live, ended_before=work.ended_before)
    return found + translations.missing(work, live)


def _was_not_applied(missing: Sequence[str]) -> Refused:
    return Refused(
        f"Etsy accepted the listing twice and did not apply all of it: {', '.join(missing)} differ from what was sent.",
        code="not_applied",
        hint="Look at the listing on Etsy, then sync again.",
    )
