"""What each of ours does in the storm of orders, in a process of its own: import, plan, publish, hear of orders."""

import fcntl
import mmap
import os
import secrets
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import stamina
from publishers import consent, publish_and_note
from storm import Storm

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict, NeedsPerson, PipelineError, StoreUnavailable, TakenOver
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.orders import known
from etsy_pipeline.orders.asking import asking, book_before_stock_is_read
from etsy_pipeline.orders.known import MANY
from etsy_pipeline.orders.rounds import look
from etsy_pipeline.providers.protocols import ReceiptClient
from etsy_pipeline.publishing.source import source_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.scan import ensure_fresh
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader
from etsy_pipeline.sync.sold import OrderEvent, note_event

A_FEW = 2  # orders that are dealt with as a day of thousands is
FIRST_ID = 510_000_011  # of the sample shop's profiles and policies
NEWEST = 30  # events of Etsy's, of which some are delivered, in any order
AT_ONCE = 2  # events
REPEATED = (1, 1, 2, 3)  # times
RENUMBERED = 0.1  # share of deliveries that have an id of their own
BETWEEN_EVENTS = 0.4  # seconds
MODES: dict[str, dict[str, Any]] = {
    "stock": {"orders.mode": "stock"},
    "orders": {
        "orders.mode": "orders", "orders.region_id": "reg_sandbox_etsy",
        "orders.sales_channel_id": "sc_01M83WW4980JFKG0FS3QAZPGM0", "orders.shipping_option_id": "so_sandbox_standard",
        "orders.send_tracking": True,
    },
}  # fmt: skip


@dataclass
class Trading(Storm):
    """A storm in which both shops sell. Its clock is one for all of our processes, however they wait."""

    mode: str = "stock"
    under_way: list[str] = field(default_factory=list)
    began: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The dice, and a place for the clock that children share; what counts as many orders in every other seed."""
        super().__post_init__()
        known.MANY = A_FEW if self.seed % 2 else MANY
        self._ahead = mmap.mmap(-1, 8)
        self.set_clock()

    def set_clock(self) -> None:
        """As the sandbox's clock stands."""
        self._put(float(self.control("GET", "clock")["now"]) - time.time())

    def fast_forward(self) -> wiring.Time:
        """The clock of all: who waits puts it forward, for everybody."""
        return wiring.Time(clock=lambda: time.time() + self._read(), sleep=self.passes)

    def passes(self, seconds: float) -> None:
        """Time goes by: first at Etsy, for who is killed in between must not leave a turn that is taken for hours.

        Locked, as of two who move our clock at once one would be forgotten; who is killed lets go.
        """
        with (self.folder / "clock.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.control("POST", "clock", {"advance_seconds": seconds})
            self._put(self._read() + seconds)

    def _read(self) -> float:
        found: float = struct.unpack("d", self._ahead[:8])[0]
        return found

    def _put(self, seconds: float) -> None:
        self._ahead[:8] = struct.pack("d", seconds)


def connected(storm: Trading, store: Store) -> str:
    """An account in one of the modes, connected to the local Etsy."""
    account = configure.add(store, "Chaos")
    storm.account_id = account.id
    first = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), FIRST_ID)
    chosen = {"orders.since": "2020-01-01T00:00:00Z", "orders.poll_minutes": 1, "renew_sold_out": "auto"}
    configure.configure(store, account.id, {**first, **chosen, **MODES[storm.mode]})
    consent(store, account.id)
    return account.id


def import_on_and_on(storm: Trading) -> None:
    """An importer: looks at orders again and again, until it is killed."""

    def importing(store: Store) -> None:
        while True:
            with _shop(storm, store) as (receipts, medusa):
                try:
                    look(store, receipts, medusa, storm.account_id, at_once=storm.dice.random() < 0.5)
                except TakenOver:
                    time.sleep(0.05)

    storm.dice.seed(os.getpid())
    _with_store(storm, importing)


def hear_on_and_on(storm: Trading) -> None:
    """Etsy's events of orders are noted: in any order, some of them never, some again and again, until it is killed."""

    def hearing(store: Store) -> None:
        while True:
            events = storm.control("GET", "webhooks")["events"][-NEWEST:]
            for event in storm.dice.sample(events, min(AT_ONCE, len(events))):
                for _ in range(storm.dice.choice(REPEATED)):
                    note_event(store, _told(storm, event))
            time.sleep(BETWEEN_EVENTS)

    storm.dice.seed(os.getpid())
    _with_store(storm, hearing)


def look_and_plan(storm: Trading) -> None:
    """One look at orders, and then a plan."""

    def looking(store: Store) -> None:
        _require_consent(storm, store)
        with _shop(storm, store) as (receipts, medusa):
            look(store, receipts, medusa, storm.account_id, at_once=True)

    _with_store(storm, looking)
    plan(storm)


def plan(storm: Trading) -> None:
    """A plan of everything, approved; its answer is the sync, where there is something to do."""

    def planning(store: Store) -> None:
        _require_consent(storm, store)
        try:
            storm.note(_planned(storm, store), "plan")
        except StoreUnavailable:
            raise
        except PipelineError as error:  # its lane is not free, Etsy is away: another time
            storm.note(None, "plan")
            if not isinstance(error, Conflict):
                print(f"  not planned: {error.code}", flush=True)

    _with_store(storm, planning)


def publish_once(storm: Trading, transaction_id: str) -> None:
    """What a publisher does."""

    def publishing(store: Store) -> None:
        settings, at = Settings.load(), storm.fast_forward()
        with store.reading() as session:
            account = accounts.get(session, storm.account_id)
        with (
            closing(wiring.shop_client(settings, store, account.id, at)) as client,
            closing(wiring.catalogue_of(settings)) as catalogue,
        ):
            listings = ProductListings(settings_of(account), lambda: shop_reader(client, account, "major", None))
            source = source_of(catalogue, Selection(), listings, store.now)
            publish_and_note(storm, store, client, transaction_id, at, source, _asking(storm, store))

    _with_store(storm, publishing)


def _with_store(storm: Trading, act: Callable[[Store], None]) -> None:
    stamina.set_testing(testing=True, attempts=4)
    with closing(wiring.store_of(Settings.load(), storm.fast_forward(), upgrade=False)) as store:
        act(store)


@contextmanager
def _shop(storm: Trading, store: Store) -> Iterator[tuple[ReceiptClient, Reservations]]:
    """The two sides of a look at orders, closed at the end."""
    settings = Settings.load()
    with store.reading() as session:
        sold_from = settings_of(accounts.get(session, storm.account_id)).sold_from
    with (
        closing(wiring.receipt_client(settings, store, storm.account_id, storm.fast_forward())) as receipts,
        closing(wiring.reservations_of(settings, sold_from)) as medusa,
    ):
        yield receipts, medusa


def _told(storm: Trading, event: dict[str, Any]) -> OrderEvent:
    number = f"msg_{event['event_id']}"
    number += f"_{secrets.token_hex(4)}" if storm.dice.random() < RENUMBERED else ""
    address = f"{storm.etsy_url}/v3/application/shops/{event['shop_id']}/receipts/{event['receipt_id']}"
    return OrderEvent(number, event["event_type"], event["shop_id"], address)


def _planned(storm: Trading, store: Store) -> str | None:
    settings, at = Settings.load(), storm.fast_forward()
    with store.reading() as session:
        account = accounts.get(session, storm.account_id)
    whose, ask = settings_of(account).sold_from, _asking(storm, store)
    book_before_stock_is_read(
        store, lambda: wiring.receipt_client(settings, store, account.id, at),
        lambda: wiring.reservations_of(settings, whose), account.id,
    )  # fmt: skip
    read_at = store.now()
    with (
        closing(wiring.shop_client(settings, store, account.id, at)) as client,
        closing(wiring.catalogue_of(settings)) as catalogue,
    ):
        products = [item for page in catalogue.pages(Selection(), whose, read_at) for item in page.products]
        listings = ProductListings(settings_of(account), lambda: shop_reader(client, account, "major", print))
        job = build_plan(
            store, account_id=account.id, transaction_id=None, trigger="cli", validated=list(listings.of(products)),
            identified=lambda: map(identified, listings.of(products)), covers_selection=True, amount_unit="major",
            look_through=lambda: ensure_fresh(store, client, account.id), live_of=client.live_listings,
            run_id=f"chaos {secrets.token_hex(4)}", ask_orders=ask, stock_read_at=read_at,
        )  # fmt: skip
    if job.is_over:
        return None
    approvals.approve(store, job.transaction_id, decided_by="chaos", through="cli", amount_unit="major")
    return job.transaction_id


def _asking(storm: Trading, store: Store) -> Callable[[], object]:
    settings, at = Settings.load(), storm.fast_forward()
    return asking(store, lambda: wiring.receipt_client(settings, store, storm.account_id, at), storm.account_id)


def _require_consent(storm: Trading, store: Store) -> None:
    try:
        wiring.tokens_of(Settings.load(), store, storm.account_id, storm.fast_forward()).access_token()
    except NeedsPerson:
        consent(store, storm.account_id)
