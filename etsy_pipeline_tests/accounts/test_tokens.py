"""Tokens that many processes use: rotated once, stored first, and a lost connection says so. On both databases."""

import dataclasses
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.accounts.tokens import AccountTokens, idle_accounts, renew
from etsy_pipeline.errors import NotConfigured, PipelineError, Unavailable
from etsy_pipeline.etsy.errors import EtsyUnauthorized, EtsyUnavailable
from etsy_pipeline.etsy.oauth import EtsyOAuth
from etsy_pipeline.providers.protocols import Tokens
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline_tests.world import World, a_world

PROCESSES = 3
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def row(store: Store, account_id: str) -> EtsyAccount:
    with store.reading() as session:
        return accounts.get(session, account_id)


def change(store: Store, account_id: str, **columns: object) -> None:
    with store.writing() as session:
        accounts.change(session, account_id, **columns)


def access_token_in_a_process(url: str, cipher: TokenCipher, settings: Settings, account_id: str) -> str:
    store = open_store(url, cipher, upgrade=False)
    try:
        return wiring.tokens_of(settings, store, account_id).access_token()
    finally:
        store.close()


def rotations(world: World) -> int:
    return world.calls().get("token", 0)


def test_processes_that_refresh_at_once_rotate_once(world: World, store: Store) -> None:
    """FACTS §2: refresh tokens rotate; two refreshes at once would lose the shop."""
    account = world.connected(store)
    change(store, account.id, token_expires_at=datetime.now(UTC) + timedelta(seconds=1))
    before, url = rotations(world), store.engine.url.render_as_string(hide_password=False)
    given = (url, store.cipher, world.settings, account.id)
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        asked = [pool.submit(access_token_in_a_process, *given) for _ in range(PROCESSES)]
        tokens = {future.result() for future in asked}
    assert (len(tokens), rotations(world) - before) == (1, 1)


def test_the_new_pair_is_stored_before_it_is_used(world: World, store: Store) -> None:
    account = world.connected(store)
    tokens = wiring.tokens_of(world.settings, store, account.id)
    newer = tokens.replace(tokens.access_token())
    assert store.cipher.decrypt(row(store, account.id).access_token_encrypted or "") == newer


def test_a_connection_that_etsy_refuses_marks_the_account_until_it_is_connected_again(
    world: World, store: Store
) -> None:
    account = world.connected(store)
    tokens = wiring.tokens_of(world.settings, store, account.id)
    world.etsy("POST", "tokens", {"kind": "refresh"})
    for _ in range(2):
        with pytest.raises(EtsyUnauthorized, match="revoked"):
            tokens.replace(tokens.access_token())
    marked = row(store, account.id)
    connection = connection_of(marked, datetime.now(UTC))
    assert (connection.state, connection.needs_consent_since) == ("needs consent", marked.needs_consent_since)
    assert "refresh_token is revoked" in str(connection)
    change(store, account.id, shop_id=None)
    again = row(store, world.connected(store).id)
    assert (again.needs_consent_since, connection_of(again, datetime.now(UTC)).is_good) == (None, True)


def test_a_token_endpoint_in_trouble_marks_nothing_and_means_that_the_call_was_not_made(
    world: World, store: Store
) -> None:
    account = world.connected(store)
    tokens = wiring.tokens_of(world.settings, store, account.id)
    world.etsy("POST", "faults", {"operation": "token", "kind": "html", "times": 1})
    with pytest.raises(EtsyUnavailable) as caught:
        tokens.replace(tokens.access_token())
    assert (caught.value.code, caught.value.may_have_happened) == ("etsy_token_unavailable", False)
    assert row(store, account.id).needs_consent_since is None
    assert tokens.replace(tokens.access_token()), "FACTS §2: the same request then works"


@dataclasses.dataclass(frozen=True)
class CutOff(EtsyOAuth):
    """While it refreshes, our connection to PostgreSQL is cut; another process may refresh first."""

    store: Store = dataclasses.field(kw_only=True)
    other: AccountTokens | None = None

    def refresh(self, refresh_token: str, scopes: str = "") -> Tokens:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        with self.store.engine.begin() as connection:
            connection.execute(text(cut))
        if self.other:
            self.other.replace(self.other.access_token())
        return super().refresh(refresh_token, scopes)


def cut_off(world: World, store: Store, account_id: str, other: AccountTokens | None = None) -> AccountTokens:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("a process cannot lose its SQLite file and live")
    oauth = wiring.oauth_of(world.settings)
    values = {field.name: getattr(oauth, field.name) for field in dataclasses.fields(oauth)}
    return AccountTokens(store, CutOff(**values, store=store, other=other), account_id)


def test_a_new_pair_is_kept_even_if_the_database_was_lost_meanwhile(world: World, store: Store) -> None:
    account = world.connected(store)
    mine = cut_off(world, store, account.id)
    newer = mine.replace(mine.access_token())
    assert wiring.tokens_of(world.settings, store, account.id).access_token() == newer
    assert wiring.tokens_of(world.settings, store, account.id).replace(newer) != newer, "the refresh token is good"


def test_whoever_lost_the_lock_finds_what_the_other_stored(world: World, store: Store) -> None:
    account = world.connected(store)
    other = AccountTokens(store, wiring.oauth_of(world.settings), account.id)
    mine = cut_off(world, store, account.id, other)
    stale = mine.access_token()
    with pytest.raises(Unavailable):
        mine.replace(stale)
    assert mine.replace(stale) == other.access_token()
    assert row(store, account.id).needs_consent_since is None


@pytest.mark.parametrize(
    ("days", "consent_since", "state", "told"),
    [
        (None, None, "not connected", "not connected"),
        (89, None, "connected", "connected, 89 days left"),
        (13, None, "expires soon", "expires soon, 13 days left"),
        (0, None, "needs consent", "expired"),
        (89, NOW, "needs consent", "needs consent since 2026-11-23 12:00 UTC: Etsy said no."),
    ],
)
def test_how_a_connection_stands(days: int | None, consent_since: datetime | None, state: str, told: str) -> None:
    account = EtsyAccount(
        id="etsy_acc_1",
        name="Mine",
        is_active=True,
        refresh_token_expires_at=None if days is None else NOW + timedelta(days=days),
        needs_consent_since=consent_since,
        token_problem="Etsy said no." if consent_since else None,
    )
    connection = connection_of(account, NOW)
    assert (connection.state, told in str(connection)) == (state, True)


def test_a_connection_that_is_idle_for_a_week_is_refreshed(world: World, store: Store) -> None:
    account = world.connected(store)
    assert idle_accounts(store) == []
    assert idle_accounts(store, now=lambda: datetime.now(UTC) + timedelta(days=7)) == [account.id]
    change(store, account.id, refresh_token_expires_at=datetime.now(UTC) + timedelta(days=82))
    told = renew(lambda account_id: wiring.tokens_of(world.settings, store, account_id), idle_accounts(store))
    assert told == {account.id: "renewed"}
    assert idle_accounts(store) == []
    assert connection_of(row(store, account.id), datetime.now(UTC)).days_left == 89


def test_what_hinders_one_refresh_does_not_hinder_the_others(world: World, store: Store) -> None:
    first, second = world.connected(store, shop=1), world.connected(store, shop=2)
    for account in (first, second):
        change(store, account.id, refresh_token_expires_at=datetime.now(UTC) + timedelta(days=82))
    change(store, first.id, refresh_token_encrypted=store.cipher.encrypt("1.dead"))
    told = renew(lambda account_id: wiring.tokens_of(world.settings, store, account_id), idle_accounts(store))
    assert ("oauth_invalid_grant" in told[first.id], told[second.id]) == (True, "renewed")
    assert idle_accounts(store) == [], "only the seller brings a lost one back"


def test_a_new_key_takes_over_all_tokens(world: World, store: Store) -> None:
    account = world.connected(store)
    token = wiring.tokens_of(world.settings, store, account.id).access_token()
    old, new = new_key(), new_key()
    with_old, both, only_new = (Store(store.engine, TokenCipher(keys)) for keys in (old, f"{new},{old}", new))
    with store.writing() as session:
        access, refresh = with_old.cipher.encrypt(token), with_old.cipher.encrypt("1.refresh")
        accounts.change(session, account.id, access_token_encrypted=access, refresh_token_encrypted=refresh)
    with pytest.raises(NotConfigured), only_new.writing() as session:
        accounts.rotate_secrets(session, only_new.cipher)
    with both.writing() as session:
        assert accounts.rotate_secrets(session, both.cipher) == 1
    assert wiring.tokens_of(world.settings, only_new, account.id).access_token() == token
    with pytest.raises(PipelineError, match="secret_key_wrong"):
        wiring.tokens_of(world.settings, with_old, account.id).access_token()
