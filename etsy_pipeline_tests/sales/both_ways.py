"""Etsy and Medusa as small models that sell the same pieces, and between them the real rules: plan, last look, guard.

A clock of whole seconds goes on with each thing that happens. What is not modelled here (HTTP, the database, approvals)
has tests of its own.
"""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from etsy_pipeline.catalogue.product import Option
from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.drift_check import require_as_planned, with_ours
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.open_sales import is_open, not_to_be_raised, unseen, with_open_sales
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.source_drift import source_change
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline_tests.builders import a_product, a_shop, a_variant, listing_of, validated

SIZES = ("S", "L")
SHOP = a_shop(orders={"mode": "stock"}, renew_sold_out="auto", renew_expired="auto")
LISTING_ID = 42
BEGIN = datetime(2026, 11, 25, tzinfo=UTC)

SaleState = Literal["unread", "waiting", "needs_link", "booked", "oversold", "returned"]
Pieces = dict[str, int]


@functools.cache
def product(small: int, large: int) -> ValidatedListing:
    """The mug as it is mapped with so many pieces in Medusa."""
    variants = tuple(
        a_variant(id=f"v_{size}", sku=f"MUG-{size}", options={"Size": size}, available=max(0, pieces))
        for size, pieces in zip(SIZES, (small, large), strict=True)
    )
    return validated(a_product(options=(Option(title="Size", values=SIZES),), variants=variants), SHOP)


@dataclass
class Sale:
    """A line of an order on Etsy. `is_reserved`: Medusa has a reservation for it, whether we know or not."""

    size: str
    pieces: int
    at: datetime
    is_clear: bool
    state: SaleState = "unread"
    is_canceled: bool = False
    is_reserved: bool = False
    reserved_at: datetime | None = None
    booked_at: datetime | None = None

    @property
    def is_out_of_medusa(self) -> bool:
        """Whether Medusa's stock is still as if it had not been sold."""
        return not self.is_reserved and not self.is_canceled


@dataclass
class Look:
    """Medusa's stock as it was read, and when that began; with the sales that it lacked then, and those it had."""

    pieces: Pieces
    began: datetime
    lacked: Sequence[Sale] = ()
    had: Sequence[Sale] = ()

    def left(self, size: str) -> int:
        """Pieces that are there, by what was read: of sales that were canceled meanwhile, too."""
        lacking = sum(sale.pieces for sale in self.lacked if sale.size == size and not sale.is_canceled)
        back = sum(sale.pieces for sale in self.had if sale.size == size and sale.is_canceled)
        return self.pieces[size] - lacking + back


@dataclass
class Publication:
    """A publication that is under way: what its looks have seen so far."""

    item: PlanItem
    is_begun: bool = False
    live: LiveListing | None = None
    seen: Pieces = field(default_factory=dict)
    sold_before: int = 0
    is_asked: bool = False
    looked_at: datetime = BEGIN
    are_orders_read: bool = False
    is_source_asked: bool = False
    source: Look | None = None


@dataclass
class World:
    """Both shops, our books, and what is under way."""

    stocked: Pieces
    on_etsy: Pieces
    link: Link
    state: str = "active"
    seconds: int = 0
    calls: int = 0
    sales: list[Sale] = field(default_factory=list)
    orders: list[tuple[str, int]] = field(default_factory=list)
    snapshot: Look | None = None
    seen_for_plan: LiveListing | None = None
    item: PlanItem | None = None
    publication: Publication | None = None
    guilty: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        self.seconds += 1
        return BEGIN + timedelta(seconds=self.seconds)

    def reserved(self, size: str) -> int:
        ours = sum(sale.pieces for sale in self.sales if sale.size == size and sale.is_reserved)
        return ours + sum(pieces for of, pieces in self.orders if of == size)

    def available(self, size: str) -> int:
        return self.stocked[size] - self.reserved(size)

    # Etsy

    def buy(self, size: str, pieces: int, *, is_clear: bool) -> None:
        if self.state != "active" or self.on_etsy[size] < pieces:
            return
        self.on_etsy[size] -= pieces
        self.sales.append(Sale(size, pieces, self.now, is_clear))
        if not any(self.on_etsy.values()):
            self.state = "sold_out"

    def cancel(self, sale: Sale, *, is_restocked: bool) -> None:
        sale.is_canceled = True
        if is_restocked and self.state == "active":
            self.on_etsy[sale.size] += sale.pieces

    def live(self) -> LiveListing:
        cells = []
        for item in self.listing.inventory.offerings:
            pieces = self.on_etsy[item.values[0]]
            cells.append(replace(item, quantity=pieces, is_enabled=pieces > 0, stock=None))
        inventory = replace(self.listing.inventory, offerings=tuple(cells))
        return LiveListing(LISTING_ID, self.state, inventory=inventory)

    @property
    def listing(self) -> Listing:
        assert self.link.published is not None
        return self.link.published

    # Medusa

    def order(self, size: str, pieces: int) -> None:
        if self.available(size) >= pieces:
            self.orders.append((size, pieces))

    def cancel_order(self) -> None:
        del self.orders[-1:]

    def restock(self, size: str, pieces: int) -> None:
        self.stocked[size] += pieces

    def count(self, size: str, pieces: int) -> None:
        self.stocked[size] = pieces

    # Orders come to us, and to Medusa

    def read_orders(self) -> None:
        for sale in self.sales:
            if sale.state == "unread":
                sale.state = "waiting" if sale.is_clear else "needs_link"
            if sale.is_canceled and sale.state != "returned":
                sale.state, sale.is_reserved = "returned", False

    def book(self, sale: Sale, *, is_answered: bool = True) -> None:
        """Look for the reservation, make it where there is none, note it; or no answer comes."""
        if sale.state not in {"waiting", "oversold"}:
            return
        if not sale.is_reserved:
            if self.available(sale.size) < sale.pieces:
                sale.state = "oversold"
                return
            sale.is_reserved = True
        if is_answered:
            sale.state, sale.booked_at = "booked", self.now

    # Our plan and publication

    def look(self, first_sales: int = 0) -> Look:
        """Read Medusa's stock, and remember which of the first so many sales it knows of."""
        known = self.sales[:first_sales]
        return Look(
            {size: self.available(size) for size in SIZES},
            self.now,
            [sale for sale in known if sale.is_out_of_medusa],
            [sale for sale in known if sale.is_reserved],
        )

    def with_sales(self, live: LiveListing, look: Look) -> LiveListing:
        """As `store/open_sales.py` tells it."""
        pieces: Counter[str] = Counter()
        is_frozen = False
        for sale in self.sales:
            if sale.state == "needs_link":
                is_frozen = True
            elif sale.state in {"waiting", "oversold"}:
                pieces[f"v_{sale.size}"] += sale.pieces
            elif sale.state == "booked" and sale.booked_at is not None and sale.booked_at >= look.began:
                is_frozen = True
        found = OpenSales(dict(pieces), is_frozen)
        return with_open_sales(live, found, self.link, product(*look.pieces.values()).identity)

    def read_medusa_for_plan(self) -> None:
        self.snapshot = self.look()

    def read_listing_for_plan(self) -> None:
        self.seen_for_plan = self.live()

    def plan(self, *, are_orders_read: bool) -> None:
        """The rest of a plan: the listing was looked at, then orders were read, or could not be."""
        if self.snapshot is None or self.seen_for_plan is None or self.publication is not None:
            return
        live, self.seen_for_plan = self.seen_for_plan, None
        if are_orders_read:
            self.read_orders()
            live = self.with_sales(live, self.snapshot)
        item = plan_product(product(*self.snapshot.pieces.values()), self.link, live, SHOP, BEGIN)
        self.item = item if item.action in {"update", "deactivate"} else None

    def begin(self) -> None:
        if self.item is not None and self.publication is None:
            self.publication, self.item = Publication(self.item), None

    def look_at_listing(self) -> None:
        if self.publication is not None:
            self.publication.looked_at = self.now
            self.publication.live, self.publication.seen = self.live(), dict(self.on_etsy)
            self.publication.sold_before = len(self.sales)
            self.publication.is_asked = self.publication.is_source_asked = False

    def ask_orders(self, *, is_answered: bool) -> None:
        if self.publication is not None and self.publication.live is not None:
            self.publication.is_asked, self.publication.are_orders_read = True, is_answered
            if is_answered:
                self.read_orders()
                self.publication.seen, self.publication.sold_before = dict(self.on_etsy), len(self.sales)

    def look_at_medusa(self, *, is_answered: bool = True) -> None:
        if self.publication is not None and self.publication.is_asked:
            self.publication.is_source_asked = True
            self.publication.source = self.look(self.publication.sold_before) if is_answered else None

    def send(self, answer: Literal["given", "lost", "never sent"]) -> None:
        """The last look is over: what may be sent is sent, and noted where an answer came."""
        publication = self.publication
        if publication is None or publication.live is None or not publication.is_source_asked:
            return
        item = self.judged(publication, publication.live, publication.source)
        if item is None:
            self.publication = None
            return
        if answer != "never sent":
            self.apply(item, publication)
        if answer != "given":
            self.publication = Publication(item, is_begun=True)
            return
        state = "inactive" if item.action == "deactivate" else "active"
        self.link = replace(
            self.link, published=item.desired or self.link.published, wanted_state=state, listing_state=self.state
        )
        self.publication = None

    def judged(self, publication: Publication, live: LiveListing, source: Look | None) -> PlanItem | None:
        """What the publisher makes of an item after its looks, as `publishing/rounds.py` does."""
        item = publication.item
        if item.action == "deactivate" and publication.is_begun:
            return item
        if publication.are_orders_read:
            live = self.with_sales(live, source or replace(self.look(), began=publication.looked_at))
            if is_open(live):
                live = replace(self.live(), open_sales=live.open_sales)
        begun, seen = item, unseen(live) if publication.is_begun else live
        if source is not None:
            change = source_change(item, self.link, product(*source.pieces.values()), seen, SHOP)
            if change is not None and change.with_less is None:
                return None
            item = change.with_less if change and change.with_less else item
        if publication.is_begun:
            item = with_ours(item, begun, self.link, SHOP)
        if not_to_be_raised(item, live, SHOP, knows_stock=source is not None, is_begun=publication.is_begun):
            return None
        try:
            require_as_planned(begun if publication.is_begun else item, self.link, live, SHOP)
        except Refused:
            return None
        return item

    def apply(self, item: PlanItem, publication: Publication) -> None:
        self.calls += 1
        if item.action == "deactivate":
            self.state = "inactive" if self.state == "active" else self.state
            return
        assert item.desired is not None
        wanted = {offering.values[0]: offering.for_sale for offering in item.desired.inventory.offerings}
        if any(change.part == "inventory" for change in item.differences):
            self.judge(wanted, publication)
            self.on_etsy = wanted
        if any(change.field == "state" and change.new == "active" for change in item.differences):
            self.judge(self.on_etsy, publication, was_on_sale=self.state == "active")
            self.state = "active"
        if self.state == "active" and not any(self.on_etsy.values()):
            self.state = "sold_out"

    def judge(self, wanted: Pieces, publication: Publication, *, was_on_sale: bool = True) -> None:
        """Guilty is who offers more than before, and more than was left when orders were last read.

        What was sold after that look nobody can know: Etsy has no way to change a quantity only if it is still so.
        Where orders could not be read, that look is the one at the listing. Where all sales are known for what they
        are, nobody may be offered more than is left, more than before or not. Where Medusa could not be asked, nobody
        may be offered more than there was at the last look.
        """
        source = publication.source
        is_all_read = publication.are_orders_read and source is not None
        for size in SIZES:
            there = self.on_etsy[size] if is_all_read else max(self.on_etsy[size], publication.seen[size])
            before = there if was_on_sale else 0
            left = source.left(size) if source else 0
            is_more = wanted[size] > before or (source is not None and self.is_clear(publication, source))
            if is_more and wanted[size] > max(0, left):
                self.guilty.append(f"{size}: {before} -> {wanted[size]}, and {left} were left")

    def is_clear(self, publication: Publication, source: Look) -> bool:
        """Whether of each sale that was known at the last look it is certain what Medusa's stock has of it."""
        return publication.are_orders_read and not any(
            sale.state in {"unread", "needs_link"} or (sale.booked_at is not None and sale.booked_at >= source.began)
            for sale in self.sales[: publication.sold_before]
        )


def a_world(small: int, large: int) -> World:
    """Everything agrees."""
    listing = listing_of(product(small, large))
    link = Link(
        "prod_1", product_title="Mug", etsy_listing_id=LISTING_ID, sync_status="synced", listing_state="active",
        wanted_state="active", last_synced_at=BEGIN, published=listing,
    )  # fmt: skip
    pieces = dict(zip(SIZES, (small, large), strict=True))
    return World(dict(pieces), dict(pieces), link)
