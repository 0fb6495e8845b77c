"""One clock for all machines: the database's. What is kept, and what lasts, is measured by it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import StoreUnavailable
from etsy_pipeline.etsy.budget import BUCKET_SECONDS
from etsy_pipeline.store import accounts, budgets
from etsy_pipeline.store.clock import ASKED_EVERY, Follower
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.sync.planned import approve, connected, planned
from etsy_pipeline_tests.world import World, a_world

START = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def moment(store: Store) -> Callable[[timedelta], datetime]:
    """The database's clock stands where no machine's does; what is given puts it forward."""
    now = START

    def forward(by: timedelta = timedelta(0)) -> datetime:
        nonlocal now
        now += by
        return now

    store.clock = forward
    return forward


def row(store: Store, account_id: str) -> EtsyAccount:
    with store.reading() as session:
        return accounts.get(session, account_id)


def test_a_syncs_time_stamps_are_the_databases(store: Store, moment: Callable[[timedelta], datetime]) -> None:
    account = connected(store)
    asked = request_sync(store, account.id, product_ids=("prod_0",), trigger="cli")
    assert asked.created_at == START
    cancelled_at = moment(timedelta(minutes=1))
    assert approvals.cancel(store, asked.transaction_id).completed_at == cancelled_at
    job = planned(store, account, 1)
    assert job.planned_at == cancelled_at
    approved_at = moment(timedelta(minutes=1))
    assert approve(store, job).confirmed_at == approved_at


def test_an_access_token_lasts_by_the_databases_clock(
    store: Store, world: World, moment: Callable[[timedelta], datetime]
) -> None:
    account = row(store, world.connected(store).id)
    assert account.token_expires_at == START + timedelta(hours=1)
    tokens = wiring.tokens_of(world.settings, store, account.id)
    first = tokens.access_token()
    moment(timedelta(minutes=54))
    assert tokens.access_token() == first
    moment(timedelta(minutes=2))
    assert tokens.access_token() != first
    found = row(store, account.id)
    assert found.token_expires_at == moment(timedelta(0)) + timedelta(hours=1)
    assert found.refresh_token_expires_at == moment(timedelta(0)) + timedelta(days=90)


def test_calls_are_counted_by_the_databases_clock(
    store: Store, world: World, moment: Callable[[timedelta], datetime]
) -> None:
    wiring.call_budget(world.settings, store).wait_for_turn()
    ledger = budgets.present(store, world.sandbox.client_id)
    assert ledger.calls == {str(int(START.timestamp() // BUCKET_SECONDS)): 1}
    per_day = 5000
    assert wiring.quota_of(world.settings, store).left_today == per_day - 1
    moment(timedelta(days=1, minutes=15))
    assert wiring.quota_of(world.settings, store).left_today == per_day


class ADatabase:
    """Its clock, seen from a machine that has another one; an answer takes its time."""

    def __init__(self) -> None:
        self.elapsed, self.ahead, self.takes, self.asked = 100.0, START.timestamp(), 0.002, 0
        self.is_away = False

    def ask(self) -> datetime:
        if self.is_away:
            raise StoreUnavailable("Away.", code="database_unreachable", hint="Start it.")
        self.asked += 1
        self.elapsed += self.takes / 2
        told = datetime.fromtimestamp(self.now, UTC)
        self.elapsed += self.takes / 2
        return told

    @property
    def now(self) -> float:
        return self.ahead + self.elapsed

    def follower(self) -> Follower:
        return Follower(self.ask, lambda: self.elapsed)


def test_the_clock_is_followed_without_being_asked_each_time() -> None:
    database = ADatabase()
    follower = database.follower()
    for _ in range(1000):
        assert follower() == pytest.approx(database.now, abs=1e-6)
        database.elapsed += 0.01
    assert database.asked == 3


def test_a_clock_that_is_set_is_followed_within_a_minute() -> None:
    database = ADatabase()
    follower = database.follower()
    follower()
    database.ahead -= 7200
    database.elapsed += ASKED_EVERY + 1
    assert follower() == pytest.approx(database.now, abs=1e-6)


def test_a_slow_answer_moves_nothing() -> None:
    database = ADatabase()
    follower = database.follower()
    follower()
    database.elapsed += ASKED_EVERY + 1
    database.takes, database.ahead = 2.0, database.ahead + 0.9  # as an answer that came late would have it
    before = database.ahead - 0.9
    assert follower() == pytest.approx(before + database.elapsed, abs=1e-6)


def test_while_the_database_is_away_its_clock_goes_on() -> None:
    database = ADatabase()
    follower = database.follower()
    follower()
    database.is_away, database.elapsed = True, database.elapsed + 2 * ASKED_EVERY
    assert follower() == pytest.approx(database.now, abs=1e-6)


def test_a_database_that_was_never_there_has_no_clock() -> None:
    database = ADatabase()
    database.is_away = True
    with pytest.raises(StoreUnavailable):
        database.follower()()
