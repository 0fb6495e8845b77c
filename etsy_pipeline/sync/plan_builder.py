"""The plan of a sync while it is drawn up: products come batch by batch, and become items, sums and what is sent when.

Items are written some hundred at a time, with no lock held while Etsy is asked.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from etsy_pipeline.collector import collected_seldom
from etsy_pipeline.errors import Conflict, TakenOver
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.content_check import Sha256IfChanged, with_changed_images
from etsy_pipeline.planning import looks
from etsy_pipeline.planning.approval_policy import PolicyReview
from etsy_pipeline.planning.brakes import Brake, of_plan
from etsy_pipeline.planning.currency import in_currency_of, with_first_prices
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.open_sales import with_first_raise
from etsy_pipeline.planning.plan import held_by_words
from etsy_pipeline.planning.plan_item import CHANGING, PlanItem
from etsy_pipeline.planning.plan_view import Totals, groups_of, new_section_of, totals
from etsy_pipeline.planning.rollback import Sent, plan_rollback
from etsy_pipeline.planning.sending_order import Sending, turn_of
from etsy_pipeline.planning.sold import held_back, is_stock_read
from etsy_pipeline.planning.undecided import may_have_moved
from etsy_pipeline.sales.guard import BOOKING
from etsy_pipeline.store import clock, items, jobs, link_candidates, links, medusa_changes, seen_listings, variant_parts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import holds, matching, stock_lane
from etsy_pipeline.sync.matching import Identified, LookThrough, Matches
from etsy_pipeline.sync.open_sales import AskOrders, OpenSalesOfShop
from etsy_pipeline.sync.rollback import sent_by
from etsy_pipeline.sync.stock_lane import Beside

MAX_PRODUCTS_AT_ONCE = 500
LATER = "left for a plan of its own: fewer pieces of other products wait for nobody"

LiveOf = Callable[[Sequence[int]], Mapping[int, LiveListing]]


@dataclass(slots=True)
class PlanBuilder:
    """A plan that is being drawn up, batch by batch, beside other syncs.

    `orders` came in since; `unread` listings may have sold pieces. `month_usd_cents` are fees of this month before it.
    `sending` is what is to be sent, and when. `matches` are the products that may be on Etsy already. `began` is when
    it was looked at first.
    """

    store: Store
    account: EtsyAccount
    job: EtsySyncJob
    settings: ShopSettings
    live_of: LiveOf
    sha256_if_changed: Sha256IfChanged | None
    orders: int
    beside: Beside
    month_usd_cents: int
    review: PolicyReview = field(init=False)
    matches: Matches = field(default_factory=Matches)
    digests: list[str] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    groups: Counter[tuple[str, str]] = field(default_factory=Counter)
    sections: Counter[str] = field(default_factory=Counter)
    categories: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    unread: int = 0
    stock_from: str = ""
    sending: list[Sending] = field(default_factory=list)
    taken_back: Mapping[str, Sent] = field(default_factory=dict)
    began: datetime = field(init=False)
    sales: OpenSalesOfShop = field(init=False)
    stock_read_at: datetime | None = None
    snapshot: str | None = None

    def __post_init__(self) -> None:
        self.began = self.store.now()
        self.review = PolicyReview(self.settings, self.month_usd_cents)

    def know_stock(
        self, stock_from: str, read_at: datetime | None, ask_orders: AskOrders | None, snapshot: str | None
    ) -> None:
        """Whose stock counted, when and from where it was read; how orders are asked for that Medusa does not know."""
        self.stock_from, self.stock_read_at, self.snapshot = stock_from, read_at, snapshot
        self.sales = OpenSalesOfShop(self.store, self.account.id, self.settings, ask_orders)

    @collected_seldom()
    def compare(self, identified: Identified, look_through: LookThrough, *, covers_selection: bool) -> None:
        """Find out which products may be on Etsy already; what is found is kept for a person to decide."""
        self.matches = matching.match(
            self.store, self.job, self.settings, identified, self.beside,
            covers_selection=covers_selection, look_through=look_through,
        )  # fmt: skip
        with self.store.writing() as session:
            self.require_ours(jobs.get(session, self.job.transaction_id))
            holds.require_plannable(session, self.account.id)  # by what the look through the shop found
            now = clock.now(session)
            of_products = None if self.matches.is_whole else self.matches.products
            link_candidates.replace(session, self.account.id, of_products, self.matches.all(), now)

    @collected_seldom()
    def add(self, validated: Iterable[ValidatedListing]) -> None:
        """Plan products, streamed; of one that the snapshot holds twice, the first counts."""
        stream = iter(validated)
        while batch := list(itertools.islice(stream, MAX_PRODUCTS_AT_ONCE)):
            self._add_batch(batch)

    def add_removed(self) -> int:
        """Plan the linked products that no batch had; how many of them would be taken off sale."""
        count = 0
        while True:
            with self.store.reading() as session:
                gone = links.not_in_plan(session, self.account.id, self.job.id)
            if not gone:
                return count
            live = self._live(gone)
            planned = [self._removed(link, live.get(link.etsy_listing_id or 0)) for link in gone]
            self._write(planned)
            count += sum(item.action == "deactivate" for item in planned)

    def brakes_of_all(self, on_sale: int, missing: int) -> Sequence[Brake]:
        """The brakes of the plan as a whole: of so many listings on sale so many are gone."""
        return of_plan(
            on_sale=on_sale,
            missing=missing,
            deactivations=self.totals.deactivate,
            fees_usd_cents=self.totals.fees_usd_cents,
            limits=self.settings.brakes,
            month_usd_cents=self.month_usd_cents,
        )

    @property
    def new_sections(self) -> Sequence[str]:
        """The sections that have to be made in the shop, each once, whatever its capitals."""
        wanted = sorted(title for title, count in self.sections.items() if title and count > 0)
        return list({title.casefold(): title for title in wanted}.values())

    def looks_beside(self, session: Session) -> int:
        """The calls of a publication that only ask, and are no single product's; estimated."""
        account_id, total = self.account.id, self.totals
        there: set[int] = set()
        if total.create:
            there = links.products_by_listing(session, account_id).keys() | seen_listings.present_ids(
                session, account_id
            )
        return looks.beside(
            create=total.create,
            update=total.update,
            deactivate=total.deactivate,
            products=total.products,
            listings=len(there),
            categories=self.categories,
            new_sections=len(self.new_sections),
            reads_orders=self.sales.is_needed,
        )

    def require_ours(self, job: EtsySyncJob) -> None:
        """Refuse to go on where the sync, as it is now, is planned by another run or not at all.

        Raises:
            TakenOver: `plan_taken_over`.
            Conflict: `already_decided`.
        """
        if job.plan_run_id != self.job.plan_run_id or job.state is SyncState.REQUESTED:
            raise taken_over(job.transaction_id)
        if job.state is not SyncState.PLANNING:
            raise cannot_be_planned(job)

    def leave_to(self, session: Session, other: EtsySyncJob) -> None:
        """Leave to a sync that was approved meanwhile what it deals with: its products are none of this plan's."""
        left = stock_lane.leave_to(session, self.job, other, self.began)
        self.beside.held += len(left)
        self._left(session, left, held_by_words(other.transaction_id))

    def lower_first(self, session: Session) -> None:
        """Where pieces are taken off sale, and that needs nobody, it waits for nothing else: the rest is a plan later.

        Only of a plan because stock changed; the rest counts as changed once more, and is planned by itself.
        """
        others, lowered = sorted(self.review.others), self.review.changes - len(self.review.others)
        is_for_nobody = self.settings.approval.lower_stock and self.job.trigger == stock_lane.OF_STOCK
        if is_for_nobody and others and lowered and self.review.objections():
            self._left(session, items.leave(session, self.job.id, others, LATER), LATER)
            medusa_changes.note(session, medusa_changes.PRODUCT, others, clock.now(session))

    def _left(self, session: Session, left: Sequence[SyncItem], why: str) -> None:
        """Items that were taken out of the plan, as they were, are none of its changes."""
        if not left:
            return
        were = [item.plan for item in left]
        skipped = [PlanItem(item.product_id, item.product_title, "skip", why) for item in were]
        for was, now in zip(were, skipped, strict=True):
            self.review.leave_out(was)
            self.groups.subtract(groups_of(was))
            self.sections.subtract([new_section_of(was)])
            self.groups.update(groups_of(now))
        self.groups = +self.groups
        self.totals += totals(skipped) - totals(were)
        positions = {item.position for item in left}
        self.sending = [sending for sending in self.sending if sending.position not in positions]
        self.digests = items.digests(session, self.job.id)

    def _add_batch(self, batch: Sequence[ValidatedListing]) -> None:
        fresh = []
        for item in batch:
            self._require_currency(item)
            if item.product_id not in self.seen:
                self.seen.add(item.product_id)
                fresh.append(item)
        product_ids = [item.product_id for item in fresh]
        with self.store.reading() as session:
            known = links.of_products(session, self.account.id, product_ids)
            images = links.images_of(session, self.account.id, product_ids) if self.sha256_if_changed else {}
            if self.job.rollback_of:
                self.taken_back = sent_by(session, self.job.rollback_of, product_ids)
                fresh = [item for item in fresh if item.product_id in self.taken_back]
        if self.sha256_if_changed and not self.job.rollback_of:
            fresh = with_changed_images(fresh, known, images, self.sha256_if_changed)
        self._note_handles(fresh, known)
        self._note_parts(fresh)
        live = self._live(known.values())
        if self.sales.is_needed and live and self.sales.asked():
            identities = {item.product_id: item.identity for item in fresh}
            live = self.sales.seen(live, known, identities, self.stock_read_at)
        self._write([self._planned(item, known.get(item.product_id), live) for item in fresh])

    def _note_handles(self, batch: Sequence[ValidatedListing], known: Mapping[str, Link]) -> None:
        """Keep what the products are called in the shop: one that is imported anew is known by that, too."""
        handles = {item.product_id: item.identity.handle for item in batch if item.identity.handle}
        new = {key: told for key, told in handles.items() if key in known and known[key].handle != told}
        if new:
            with self.store.writing() as session:
                links.note_handles(session, self.account.id, new)

    def _note_parts(self, batch: Sequence[ValidatedListing]) -> None:
        """Keep of what the products are made: what is sold of one may be what another one is made of."""
        parts = {item.product_id: variant_parts.parts_of(item.identity.variants) for item in batch}
        variant_parts.keep(self.store, parts)

    def _require_currency(self, item: ValidatedListing) -> None:
        """Refuse listings that were mapped for a shop in another currency."""
        found = item.listing.currency_code if item.listing else self.account.currency_code
        if found != self.account.currency_code:
            raise Conflict(
                f"The listings were made for a shop in {found}; this one sells in {self.account.currency_code}.",
                code="prices_in_other_currency",
                hint="Plan anew from the start: ask for a new sync, or materialize validated_listings first.",
            )

    def _planned(self, item: ValidatedListing, link: Link | None, live: Mapping[int, LiveListing]) -> PlanItem:
        found = live.get(link.etsy_listing_id) if link and link.etsy_listing_id else None
        currency_code = self.account.currency_code
        known = in_currency_of(link, found, currency_code)
        if self.job.rollback_of:
            taken_back = plan_rollback(self.taken_back[item.product_id], known, found, item, self.settings)
            return with_first_raise(taken_back, known, found, self.settings)
        if link is not None and (moved := self._moved(link)) is not None:
            return moved
        item = self.matches.judged(item, link)
        planned = held_back(self.beside.plan(item, known, found, self.settings), found, self.orders)
        planned = with_first_raise(planned, known, found, self.settings)
        return with_first_prices(planned, link, found, currency_code)

    def _removed(self, link: Link, live: LiveListing | None) -> PlanItem:
        return self._moved(link) or self.beside.plan_removed(link, live, self.settings)

    def _moved(self, link: Link) -> PlanItem | None:
        """What is planned of a product that is not sold any more while its listing may be a new one's."""
        new = self.matches.moved.get(link.product_id)
        return may_have_moved(link, new) if new and not self.beside.holds(link.product_id) else None

    def _live(self, known: Iterable[Link]) -> Mapping[int, LiveListing]:
        listings = {link.etsy_listing_id: link.product_id for link in known if link.etsy_listing_id is not None}
        ids = [listing_id for listing_id, product_id in listings.items() if product_id not in self.beside.holders]
        found = self.live_of(ids) if ids else {}
        self.unread += sum(not is_stock_read(found.get(listing_id)) for listing_id in listings)
        return found

    def _write(self, planned: Sequence[PlanItem]) -> None:
        first = len(self.digests)
        turns = [turn_of(item, first + number, self.settings.create_first) for number, item in enumerate(planned)]
        with self.store.writing() as session:
            self.require_ours(jobs.get(session, self.job.transaction_id))
            self.digests += items.add(session, self.job.id, first, planned, turns)
        self.sending += [
            Sending(turn, first + number, item.cost.calls)
            for number, (turn, item) in enumerate(zip(turns, planned, strict=True))
            if item.action in CHANGING
        ]
        for item in planned:
            self.review.look_at(item)
            self.groups.update(groups_of(item))
            self.sections.update([new_section_of(item)])
            if item.action in CHANGING and item.desired is not None:
                self.categories.add(item.desired.taxonomy_id)
        self.totals += totals(planned)


def builder_of(
    store: Store,
    session: Session,
    account: EtsyAccount,
    job: EtsySyncJob,
    live_of: LiveOf,
    sha256_if_changed: Sha256IfChanged | None,
    orders: int,
) -> PlanBuilder:
    """What draws up a plan, from its beginning, as the books stand then."""
    items.clear(session, job.id)
    settings, others = settings_of(account), stock_lane.beside(session, job)
    month_usd_cents = items.fees_usd_cents(session, account.id, _begin_of_month(clock.now(session)))
    check = sha256_if_changed if settings.image_check == "content" else None
    read = live_of if settings.check_live or orders or settings.orders.mode in BOOKING else _not_read
    return PlanBuilder(store, account, job, settings, read, check, orders, others, month_usd_cents)


def _begin_of_month(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _not_read(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
    """Where the shop does not want live listings to be read (`check_live`)."""
    del listing_ids
    return {}


def taken_over(transaction_id: str) -> TakenOver:
    """What a run is told that goes on after it was given up for lost: the sync is another run's now."""
    return TakenOver(
        f"This run lost its place: another run draws up the plan of {transaction_id}, or is about to.",
        code="plan_taken_over",
        hint="Look at that run; this one ends here.",
    )


def cannot_be_planned(job: EtsySyncJob) -> Conflict:
    """What whoever plans a sync is told that has its plan, or is over."""
    return Conflict(
        f"The sync {job.transaction_id} cannot be planned any more: it is {job.state}.",
        code="already_decided",
        hint="Ask for a new sync.",
    )
