"""Many shops, planned and published by Dagster: time, CPU, memory and fairness, and what a thousand shops would need.

    python bench/shops.py                     100 shops with 12 products each: plans
    python bench/shops.py --shops 20 --publish
    python bench/shops.py --schedule --large 2 --large-products 20000 --publish

All of `etsy-pipeline up` runs, with a local Etsy and a sample Medusa in another process. A plan is asked for every shop
at once; with `--schedule` it is the daily sync that does so, at 02:00 of the time zone in which that is the next whole
hour: start it a few minutes before, as many as it takes to connect the shops. With `--publish` all plans are approved
then, the large shops' first. `--large` of the shops have the whole catalogue, with `--large-products`. The measure of
the publications ends when the last small one is published, with `--to-the-end` when all are. How much longer the small
shops waited than without large ones tells how fair that is: run it a second time with so many shops fewer.
Linux only: it reads /proc.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from many_shops import PER_SECOND, allow, calls_by_shop, catalogue, etsy_and_medusa
from processes import Tree, everything_up, used

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import OVER, SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync

PRODUCTS = 12
A_THOUSAND, CORES = 1000, 2
WARM_UP = 20  # seconds
LOOK_SECONDS = 2
TWO_O_CLOCK, EASTERNMOST = 2, 14
IS_PLANNED = frozenset({SyncState.PLANNED, *OVER})

When = Callable[[EtsySyncJob], datetime | None]


@dataclass(slots=True)
class Place:
    """All that runs, and the accounts: those of large shops, and the others."""

    folder: Path
    store: Store
    beside: Tree
    tree: Tree = field(default_factory=lambda: Tree(0))
    large: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)

    def jobs(self) -> list[EtsySyncJob]:
        """The syncs that there are, one of each shop."""
        return list(queries.latest_jobs(self.store, most=10 * A_THOUSAND))

    def of(self, account_ids: Iterable[str]) -> list[EtsySyncJob]:
        """The syncs of some shops."""
        wanted = set(account_ids)
        return [job for job in self.jobs() if job.etsy_account_id in wanted]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--large", type=int, default=0, help="so many of the shops have the whole catalogue")
    parser.add_argument("--large-products", type=int, default=20_000)
    parser.add_argument("--schedule", action="store_true", help="let the daily sync begin, at the next whole hour")
    parser.add_argument("--per-second", type=int, default=PER_SECOND, help="calls that Etsy lets through")
    parser.add_argument("--publish", action="store_true", help="publish the plans, too")
    parser.add_argument("--to-the-end", action="store_true", help="wait until the large shops are published")
    given = parser.parse_args()
    begins = _next_hour(datetime.now(UTC))
    products = given.large_products if given.large else PRODUCTS
    with (
        tempfile.TemporaryDirectory() as name,
        etsy_and_medusa(Path(name), given.shops, products) as beside,
    ):
        os.environ |= {"ETSY_PIPELINE_HOME": str(Path(name) / ".etsy_pipeline")}
        if given.schedule:
            os.environ |= {"ETSY_PIPELINE_TIMEZONE": _zone_where_it_is_two(begins)}
        with closing(wiring.store_of(Settings.load(), upgrade=True)) as store:
            place = Place(Path(name), store, beside)
            _connect_all(place, given.shops, given.large)
            allow(given.per_second)
            with everything_up(Path(name)) as place.tree:
                _plan(place, begins if given.schedule else None)
                if given.publish:
                    _publish(place, to_the_end=given.to_the_end)


def _plan(place: Place, begins: datetime | None) -> None:
    accounts = [*place.large, *place.small]
    if begins is None:
        time.sleep(WARM_UP)
    elif (seconds := (begins - datetime.now(UTC)).total_seconds()) > WARM_UP:
        time.sleep(seconds)
    else:
        raise SystemExit("The hour came before all was up: start it earlier.")
    started = begins or datetime.now(UTC)
    measure = _Measure(place, started)
    if begins is None:
        for account_id in accounts:
            request_sync(place.store, account_id, product_ids=None, trigger="schedule")
    measure.until(lambda: sum(job.state in IS_PLANNED for job in place.jobs()) == len(accounts))
    measure.tell("planned", lambda job: job.planned_at)


def _publish(place: Place, *, to_the_end: bool) -> None:
    started = datetime.now(UTC)
    measure = _Measure(place, started)
    for account_id in (*place.large, *place.small):
        for job in place.of([account_id]):
            if job.state is SyncState.PLANNED:
                approvals.approve(
                    place.store, job.transaction_id, decided_by="bench", through="cli", amount_unit="major"
                )
    print(f"approved within {(datetime.now(UTC) - started).total_seconds():.0f} s")
    measure.until(lambda: all(job.is_over for job in place.of(place.small)))
    measure.tell("published", lambda job: job.completed_at)
    _tell_shares(place, started, max(job.completed_at or started for job in place.of(place.small)))
    if place.large and to_the_end:
        measure.until(lambda: all(job.is_over for job in place.jobs()))
        measure.tell("published", lambda job: job.completed_at)


class _Measure:
    """Time, CPU and memory from a moment on."""

    def __init__(self, place: Place, started: datetime) -> None:
        self._place, self._started = place, started
        self._cpu, self._beside, self._memory = place.tree.cpu(), place.beside.cpu(), place.tree.memory()

    def until(self, is_done: Callable[[], bool]) -> None:
        """Look on until something is so."""
        while not is_done():
            time.sleep(LOOK_SECONDS)
            self._memory = max(self._memory, self._place.tree.memory())
            states = Counter(job.state.value for job in self._place.jobs())
            print(f"\r{dict(states)} {'':20}", end="", file=sys.stderr, flush=True)

    def tell(self, what: str, when: When) -> None:
        """Print what it took; `when` tells the moment at which a sync had come so far."""
        place, cpu, beside = self._place, self._place.tree.cpu(), self._place.beside.cpu()
        load = ", ".join(f"{one:.0f}" for one in os.getloadavg())
        print(f"\r{what}: {self._memory:.0f} MB at most; load {load}")
        for kind, accounts in (("small", place.small), ("large", place.large)):
            if accounts:
                self._tell_of(f"{len(accounts)} {kind} shops", place.of(accounts), when)
        count = len(place.small) + len(place.large)
        of_them, of_others = used(self._cpu, cpu) / count, used(self._beside, beside) / count
        print(f"  CPU seconds a shop: {of_them:.2f}; of the local Etsy and Medusa beside it {of_others:.2f}")
        for process in sorted(cpu):
            print(f"    {process:<40} {(cpu[process] - self._cpu.get(process, 0.0)) / count:6.2f}")
        print(f"  {A_THOUSAND} shops: {of_them * A_THOUSAND / CORES / 60:.1f} minutes of {CORES} cores for them alone")

    def _tell_of(self, whose: str, jobs: list[EtsySyncJob], when: When) -> None:
        states = dict(Counter(job.state.value for job in jobs))
        waited = sorted((at - self._started).total_seconds() for job in jobs if (at := when(job)))
        if waited:
            moments = (
                f"the first after {waited[0]:.0f} s, half after {median(waited):.0f} s, all after {waited[-1]:.0f} s"
            )
            print(f"  {whose}: {moments}; {states}")
        else:
            print(f"  {whose}: none yet; {states}")
        for message, number in Counter(text for job in jobs for text in job.error_log.values()).most_common(3):
            print(f"    {number} times: {message}")


def _tell_shares(place: Place, since: datetime, until: datetime) -> None:
    """Print how far the large shops are, and who made how many of the calls meanwhile."""
    calls = calls_by_shop(place.folder, since.timestamp(), until.timestamp())
    large = {shops.FIRST_SHOP + number for number in range(len(place.large))}
    of_large = sum(number for shop, number in calls.items() if shop in large)
    seconds = (until - since).total_seconds()
    print(f"  {calls.total()} calls meanwhile, {calls.total() / seconds:.0f} a second; {of_large} of large shops")
    for job in place.of(place.large):
        progress = queries.progress_of(place.store, job.transaction_id)
        print(f"  a large one then: {job.state.value}, {progress.done} of {progress.total} products")


def _connect_all(place: Place, count: int, large: int) -> None:
    started = time.monotonic()
    wanted = [product["id"] for product in catalogue(PRODUCTS)]
    for number in range(count):
        selection = {} if number < large else {"product_ids": wanted}
        accounts = place.large if number < large else place.small
        accounts.append(_connected(place.store, number, {"selection": selection, "schedule_enabled": True}))
    print(f"{count} shops connected within {time.monotonic() - started:.0f} s", flush=True)


def _connected(store: Store, number: int, settings: dict[str, object]) -> str:
    account, oauth = configure.add(store, f"Shop {number}"), wiring.oauth_of(Settings.load())
    code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, number + 1))
    connect.finish(store, oauth, wiring.client_for(Settings.load(), store), code=code, state=state)
    first = (shops.FIRST_SHOP + number) * 10 + 1
    ids = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), first)
    configure.configure(store, account.id, ids | settings)
    return account.id


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _zone_where_it_is_two(at: datetime) -> str:
    """A time zone by its offset, which has the sign that POSIX gives it: Etc/GMT-2 is two hours before Greenwich."""
    east = (TWO_O_CLOCK - at.hour) % 24
    return f"Etc/GMT{-east if east <= EASTERNMOST else 24 - east:+d}"


if __name__ == "__main__":
    main()
