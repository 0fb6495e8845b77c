"""The storm of orders: buyers, the owner, plans, publishers and importers at once; all of ours killed together.

What happens in the shops is in `market.py`, who is right in `ledger.py`.
"""

import functools
import mmap
import os
import secrets
import signal
import struct
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import stamina
from catalogue import Pictures
from children import STOOD_BACK, child
from market import Market
from publishers import consent, outcome_of
from storm import FAULTS, Storm

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict, NeedsPerson, PipelineError, StoreUnavailable, TakenOver
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.orders import known
from etsy_pipeline.orders.asking import asking, book_before_stock_is_read
from etsy_pipeline.orders.known import MANY
from etsy_pipeline.orders.rounds import look
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.publishing.source import source_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.scan import ensure_fresh
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import UNDER_WAY
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader

KILLED_AFTER = 25  # calls to Etsy of all of ours together, on average: so a slow machine kills as a quick one does
A_MOMENT = 0.1  # seconds: where between two calls it is
LONGEST_ROUND = 20.0  # seconds
A_FEW = 2  # orders that are dealt with as a day of thousands is
BETWEEN = (5.0, 61.0, 95.0)  # seconds by both clocks until the next ones begin: their turn is free, and answers settled
RIVALS = 0.15  # share of rounds with two importers
PLANNED = 0.5  # share of rounds in which a plan is drawn up, where one is under way already
HAPPENS_EVERY = 0.04  # seconds
MOST_QUIET_ROUNDS = 12
FOR_EVER = 10**9
FIRST_ID = 510_000_011  # of the sample shop's profiles and policies
MODES: dict[str, dict[str, Any]] = {
    "stock": {"orders.mode": "stock"},
    "orders": {
        "orders.mode": "orders", "orders.region_id": "reg_sandbox_etsy",
        "orders.sales_channel_id": "sc_01M83WW4980JFKG0FS3QAZPGM0", "orders.shipping_option_id": "so_sandbox_standard",
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
        """Time goes by."""
        self._put(self._read() + seconds)
        self.control("POST", "clock", {"advance_seconds": seconds})

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


def trade(storm: Trading, market: Market, kills: int) -> None:
    """Everything is on Etsy; from then on buyers buy, and all of ours are killed at one instant, again and again."""
    _required(child(functools.partial(_plan, storm)))
    _note_plan(storm)
    storm.began.append(time.time())
    _publish_all(storm)
    while storm.kills < kills:
        _faults(storm)
        _round(storm, market)
        storm.passes(storm.dice.choice(BETWEEN))
        storm.set_clock()


def calm(storm: Trading, market: Market) -> int:
    """Nothing happens any more: look, plan and publish until there is nothing to do; how many writes that still made.

    Those of the last time are counted, when there was nothing to do the time before, too.
    """
    storm.control("DELETE", "faults")
    market.calms_down()
    is_quiet = False
    for _ in range(MOST_QUIET_ROUNDS):
        storm.passes(max(BETWEEN))
        storm.set_clock()
        before = _writes(market)
        _required(child(functools.partial(_look_and_plan, storm)))
        _note_plan(storm)
        was_quiet, is_quiet = is_quiet, not storm.under_way
        while storm.under_way:
            _publish_all(storm)
        if was_quiet and is_quiet:
            return _writes(market) - before
    return FOR_EVER


def _faults(storm: Trading) -> None:
    storm.control("DELETE", "faults")
    for fault in FAULTS:
        storm.control("POST", "faults", {**fault, "seed": storm.dice.randrange(FOR_EVER)})


def _round(storm: Trading, market: Market) -> None:
    """Importers, publishers and a planner begin; the market goes on; then importers and publishers are killed."""
    storm.began.append(time.time())
    planner = None
    if not storm.under_way or (len(storm.under_way) == 1 and storm.dice.random() < PLANNED):
        planner = child(functools.partial(_plan, storm))
    alive: dict[int, str] = {}
    for _ in range(2 if storm.dice.random() < RIVALS else 1):
        alive[child(functools.partial(_import_on_and_on, storm))] = ""
    for transaction_id in storm.under_way:
        alive[child(functools.partial(_publish, storm, transaction_id))] = transaction_id
    enough, deadline = _calls(market) + storm.dice.expovariate(1 / KILLED_AFTER), time.monotonic() + LONGEST_ROUND
    while _calls(market) < enough and time.monotonic() < deadline:
        market.happens()
        time.sleep(storm.dice.expovariate(1 / HAPPENS_EVERY))
    time.sleep(storm.dice.uniform(0, A_MOMENT))
    for process_id in alive:
        os.kill(process_id, signal.SIGKILL)
    storm.kills += 1
    storm.counts["with a publisher"] += any(alive.values())
    ended = {alive[process_id]: os.waitpid(process_id, 0)[1] for process_id in alive}
    for transaction_id, status in ended.items():
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) not in {0, STOOD_BACK}:
            raise SystemExit("a publisher failed" if transaction_id else "an importer failed")
        if transaction_id and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            _ended(storm, transaction_id)
    if planner is not None:
        _required(planner)
        _note_plan(storm)


def _publish_all(storm: Trading) -> None:
    for transaction_id in list(storm.under_way):
        _required(child(functools.partial(_publish, storm, transaction_id)))
        _ended(storm, transaction_id)
        storm.passes(max(BETWEEN))


def _ended(storm: Trading, transaction_id: str) -> None:
    """Note how a publisher ended by itself; a sync that pauses goes on."""
    outcome = storm.answer(transaction_id)
    if outcome["status"] not in {"processing", "paused"}:
        storm.under_way.remove(transaction_id)
        storm.counts["syncs"] += 1
        storm.counts.update(outcome["errors"])


def _note_plan(storm: Trading) -> None:
    if (transaction_id := storm.answer("plan")) is not None:
        storm.under_way.append(transaction_id)


def _required(process_id: int) -> None:
    if os.waitpid(process_id, 0)[1]:
        raise SystemExit("a step of the harness failed")


def _with_store(storm: Trading, act: Callable[[Store], None]) -> None:
    stamina.set_testing(testing=True, attempts=4)
    with closing(wiring.store_of(Settings.load(), storm.fast_forward(), upgrade=False)) as store:
        act(store)


def _import_on_and_on(storm: Trading) -> None:
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


class _shop:  # noqa: N801 - a context manager
    """The two sides of a look at orders, closed at the end."""

    def __init__(self, storm: Trading, store: Store) -> None:
        settings = Settings.load()
        with store.reading() as session:
            sold_from = settings_of(accounts.get(session, storm.account_id)).sold_from
        self._receipts = wiring.receipt_client(settings, store, storm.account_id, storm.fast_forward())
        self._medusa = wiring.reservations_of(settings, sold_from)

    def __enter__(self) -> tuple[Any, Any]:
        return self._receipts, self._medusa

    def __exit__(self, *_: object) -> None:
        self._receipts.close()
        self._medusa.close()


def _look_and_plan(storm: Trading) -> None:
    def looking(store: Store) -> None:
        _require_consent(storm, store)
        with _shop(storm, store) as (receipts, medusa):
            look(store, receipts, medusa, storm.account_id, at_once=True)

    _with_store(storm, looking)
    _plan(storm)


def _plan(storm: Trading) -> None:
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


def _publish(storm: Trading, transaction_id: str) -> None:
    """What a publisher does, in a process of its own."""

    def publishing(store: Store) -> None:
        settings, at = Settings.load(), storm.fast_forward()
        with store.reading() as session:
            account = accounts.get(session, storm.account_id)
        with (
            closing(wiring.shop_client(settings, store, account.id, at)) as client,
            closing(wiring.catalogue_of(settings)) as catalogue,
        ):
            listings = ProductListings(settings_of(account), lambda: shop_reader(client, account, "major", None))
            try:
                publish(
                    store, client, Pictures(), transaction_id, amount_unit="major", run_id=f"process {os.getpid()}",
                    sleep=at.sleep, now=at.now, most_starts=FOR_EVER,
                    source=source_of(catalogue, Selection(), listings, store.now), ask_orders=_asking(storm, store),
                )  # fmt: skip
            except Conflict as error:
                with store.reading() as session:
                    is_over = jobs.state(session, transaction_id) not in UNDER_WAY
                if error.code != "not_approved" or not is_over:
                    raise
        storm.note(outcome_of(store, transaction_id), transaction_id)

    _with_store(storm, publishing)


def _asking(storm: Trading, store: Store) -> Callable[[], object]:
    settings, at = Settings.load(), storm.fast_forward()
    return asking(store, lambda: wiring.receipt_client(settings, store, storm.account_id, at), storm.account_id)


def _require_consent(storm: Trading, store: Store) -> None:
    try:
        wiring.tokens_of(Settings.load(), store, storm.account_id, storm.fast_forward()).access_token()
    except NeedsPerson:
        consent(store, storm.account_id)


def _calls(market: Market) -> int:
    (row,) = market.rows("SELECT count(*) AS n FROM request_log")
    return int(row["n"])


def _writes(market: Market) -> int:
    """How often Etsy was written to, and what in Medusa moved since."""
    (etsy,) = market.rows("SELECT count(*) AS n FROM request_log WHERE method <> 'GET' AND operation <> 'token'")
    return int(etsy["n"]) + len(market.rows("SELECT n FROM chaos_moved"))
