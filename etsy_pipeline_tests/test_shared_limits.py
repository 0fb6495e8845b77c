"""Processes that share an API key share its limits, through the database. On both kinds."""

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted
from etsy_pipeline.etsy.fair_shares import Shares, Shop
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import budgets
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline_tests.world import a_world

PROCESSES = 2
PER_SECOND, PER_DAY = 20, 60


def call_until_the_day_is_spent(url: str, cipher: TokenCipher, settings: Settings, account_id: str) -> int:
    """One process; how many calls it made."""
    store, calls = open_store(url, cipher, upgrade=False), 0
    client = wiring.shop_client(settings, store, account_id)
    try:
        while True:
            client.get_me()
            calls += 1
    except EtsyQuotaExhausted:
        return calls
    finally:
        client.close()
        store.close()


def test_processes_share_the_day_and_no_call_is_refused_by_etsy(store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path, per_second=PER_SECOND, per_day=PER_DAY) as world:
        account = world.connected(store)
        world.sandbox.state.run("DELETE FROM calls")  # among them the exchange of the code, which only Etsy counts
        time.sleep(1.1)  # and the second in which it counts it is over
        given = (store.engine.url.render_as_string(hide_password=False), store.cipher, world.settings, account.id)
        with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
            asked = [pool.submit(call_until_the_day_is_spent, *given) for _ in range(PROCESSES)]
            made = [future.result() for future in asked]
        statuses = Counter(item["status"] for item in world.sandbox.state.rows("SELECT status FROM request_log"))
        assert wiring.quota_of(world.settings, store).left_today == 0
        assert statuses[429] == 0
        assert sum(made) + 2 == PER_DAY, "all that is allowed, with the two that connected the shop"
        assert all(made), "each had its share"


def test_what_was_learned_survives_a_restart(store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path, per_second=17, per_day=1234) as world:
        world.connected(store)
        url = store.engine.url.render_as_string(hide_password=False)
        again = open_store(url, store.cipher, upgrade=False)
        row = budgets.present(again, world.sandbox.client_id)
        assert (row.limit_per_second, row.limit_per_day) == (17, 1234)
        assert wiring.quota_of(world.settings, again).left_today == 1231, (
            "two that read the shop, and the exchange of the code"
        )
        again.close()


def test_the_key_itself_is_not_stored(store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.connected(store)
        with store.reading() as session:
            rows = session.execute(text("SELECT * FROM api_budget")).all()
        assert world.sandbox.client_id not in str(rows)


def test_a_shops_calls_are_kept_with_its_name_and_weight(store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path, per_second=5) as world:
        account = world.connected(store)
        configure(store, account.id, {"share_of_calls": 3})
        budget = wiring.call_budget(world.settings, store, account_id=account.id)
        before = shares_of(store, world.sandbox.client_id)
        budget.wait_for_turn()
        budget.learn({})
        budget.wait_for_turn()
    found = shares_of(store, world.sandbox.client_id)
    mine, was = found.shops[account.id], before.shops.get(account.id, Shop())
    assert mine.weight == 3
    assert mine.calls_today() == was.calls_today() + 2
    assert not found.line


def shares_of(store: Store, client_id: str) -> Shares:
    return Shares.of(budgets.present(store, client_id).shares, store.seconds())
