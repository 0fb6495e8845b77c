"""Connecting shops by OAuth, keeping their tokens, and their settings. Against the local Etsy, on both databases."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.accounts.attempts import Asker
from etsy_pipeline.accounts.tokens import AccountTokens
from etsy_pipeline.errors import BadRequest, Conflict, NeedsPerson, NotFound, PipelineError
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.store.tables.accounts import OauthSessionRow
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline_tests.world import SHOP_ID, World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def finish(world: World, store: Store, redirected: str) -> EtsyAccount:
    code, state = code_from_redirect(redirected)
    client_for = wiring.client_for(world.settings, store)
    return connect.finish(store, wiring.oauth_of(world.settings), client_for, code=code, state=state)


def consent(world: World, store: Store, account_id: str, **how: Any) -> str:
    return grant(connect.start(store, wiring.oauth_of(world.settings), account_id).location, **how)


def expire_soon(store: Store, account_id: str) -> None:
    with store.writing() as session:
        accounts.change(session, account_id, token_expires_at=datetime.now(UTC) + timedelta(seconds=1))


def test_a_connected_account_knows_its_shop(world: World, store: Store) -> None:
    account = finish(world, store, consent(world, store, configure.add(store, "Mine").id))
    assert (account.shop_name, account.currency_code, account.is_active) == ("DustySpoonStudio", "USD", True)
    assert account.scopes == "listings_r listings_w shops_r"


def test_tokens_and_verifiers_are_stored_encrypted(world: World, store: Store) -> None:
    account = world.connected(store)
    token = AccountTokens(store, wiring.oauth_of(world.settings), account.id).access_token()
    with store.reading() as session:
        verifier = session.query(OauthSessionRow).one().verifier_encrypted
        everything = [
            str(tuple(row))
            for table in Table.metadata.sorted_tables
            for row in session.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608 - our own tables
        ]
    assert token not in "".join(everything)
    assert store.cipher.decrypt(verifier) not in "".join(everything)


def test_connecting_again_keeps_the_account(world: World, store: Store) -> None:
    account = world.connected(store)
    again = finish(world, store, consent(world, store, account.id))
    assert (again.id, again.shop_id) == (account.id, SHOP_ID)


def test_a_shop_belongs_to_one_account(world: World, store: Store) -> None:
    first, second = world.connected(store), configure.add(store, "Second")
    with pytest.raises(Conflict, match=first.id) as caught:
        finish(world, store, consent(world, store, second.id))
    assert caught.value.code == "shop_connected_elsewhere"


class TestTwoFirstConnectionsOfOneShopAtOnce:
    """Two people press the button, or one of them twice: there is one account of the shop, and nobody sees an error."""

    def together(self, world: World, store: Store, acts: int) -> Callable[[str], ShopClient]:
        """Clients with which all have found their shop before any of them goes on."""
        client_for, barrier = wiring.client_for(world.settings, store), threading.Barrier(acts, timeout=30)

        class Met:
            def __init__(self, token: str) -> None:
                self._client = client_for(token)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._client, name)

            def close(self) -> None:
                self._client.close()
                barrier.wait()

        return lambda token: cast(ShopClient, Met(token))

    def test_on_the_page_they_become_one_account(self, world: World, store: Store) -> None:
        oauth, asker = wiring.oauth_of(world.settings), Asker("one", "browser")
        client_for = self.together(world, store, 2)

        def finish_one(redirected: str) -> EtsyAccount:
            code, state = code_from_redirect(redirected)
            on_page = Asker("", "browser")
            return connect.finish_on_page(
                store, oauth, client_for, code=code, state=state, account_id=None, asker=on_page
            )

        redirects = [grant(connect.start(store, oauth, None, asker).location) for _ in range(2)]
        with ThreadPoolExecutor(2) as threads:
            one, other = threads.map(finish_one, redirects)
        assert one.id == other.id
        with store.reading() as session:
            assert len(accounts.every(session)) == 1

    def test_of_two_accounts_the_second_is_told(self, world: World, store: Store) -> None:
        oauth = wiring.oauth_of(world.settings)
        client_for = self.together(world, store, 2)

        def finish_one(redirected: str) -> str:
            code, state = code_from_redirect(redirected)
            try:
                connect.finish(store, oauth, client_for, code=code, state=state)
            except Conflict as error:
                return error.code
            return "connected"

        redirects = [consent(world, store, configure.add(store, name).id) for name in ("One", "Other")]
        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(finish_one, redirects)) == ["connected", "shop_connected_elsewhere"]


def test_an_attempt_without_an_account_is_its_askers(world: World, store: Store) -> None:
    """On the page an account is made of the shop, or found by it; elsewhere the account is named."""
    oauth, client_for = wiring.oauth_of(world.settings), wiring.client_for(world.settings, store)
    asker, stranger = Asker("one", "browser"), Asker("another", "browser")

    def begun() -> dict[str, str]:
        code, state = code_from_redirect(grant(connect.start(store, oauth, None, asker).location))
        return {"code": code, "state": state}

    made = connect.finish_on_page(store, oauth, client_for, account_id=None, asker=Asker("", "browser"), **begun())
    assert (made.name, made.shop_id, made.is_active) == ("DustySpoonStudio", SHOP_ID, True)
    found = connect.finish_on_page(store, oauth, client_for, account_id=None, asker=Asker("", "browser"), **begun())
    assert found.id == made.id
    attempt = begun()
    for who, account_id, code in (
        (asker, None, "oauth_account_needed"),
        (asker, "etsy_acc_nope", "account_not_found"),
        (stranger, made.id, "oauth_state_unknown"),
        (Asker("one"), made.id, "oauth_state_unknown"),
    ):
        with pytest.raises(BadRequest) as caught:
            connect.finish(store, oauth, client_for, account_id=account_id, asker=who, **attempt)
        assert caught.value.code == code
    done = connect.finish(store, oauth, client_for, account_id=made.id, asker=asker, **attempt)
    assert done.id == made.id


def test_a_seller_who_says_no_connects_nothing(world: World, store: Store) -> None:
    account = configure.add(store, "Mine")
    with pytest.raises(BadRequest, match="access_denied") as caught:
        finish(world, store, consent(world, store, account.id, deny=True))
    assert caught.value.code == "oauth_denied"


def test_an_attempt_can_be_used_once(world: World, store: Store) -> None:
    redirected = consent(world, store, configure.add(store, "Mine").id)
    finish(world, store, redirected)
    with pytest.raises(BadRequest) as caught:
        finish(world, store, redirected)
    assert caught.value.code == "oauth_state_unknown"


def test_an_old_attempt_is_refused(world: World, store: Store) -> None:
    redirected = consent(world, store, configure.add(store, "Mine").id)
    with store.writing() as session:
        session.query(OauthSessionRow).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(BadRequest, match="older than 10 minutes"):
        finish(world, store, redirected)


def test_a_code_that_etsy_refuses_says_why(world: World, store: Store) -> None:
    redirected = consent(world, store, configure.add(store, "Mine").id)
    with pytest.raises(NeedsPerson) as caught:
        finish(world, store, redirected.replace("code=", "code=x"))
    assert caught.value.code == "oauth_invalid_grant"


@pytest.mark.parametrize("url", ["", "https://x.test/", "https://x.test/?state=1", "not a url"])
def test_an_address_without_a_code_is_refused(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        code_from_redirect(url)
    assert caught.value.code == "oauth_redirect_malformed"


def test_a_token_that_is_about_to_expire_is_refreshed_once_by_however_many_ask(world: World, store: Store) -> None:
    """FACTS §2: refresh tokens rotate; two refreshes at once would lose the shop."""
    account = world.connected(store)
    oauth = wiring.oauth_of(world.settings)
    before = AccountTokens(store, oauth, account.id).access_token()
    expire_soon(store, account.id)
    tokens: list[str] = []
    askers = [
        threading.Thread(target=lambda: tokens.append(AccountTokens(store, oauth, account.id).access_token()))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(tokens) == 4
    assert len(set(tokens)) == 1
    assert tokens[0] != before


def test_a_refresh_token_that_is_dead_asks_for_a_new_consent(world: World, store: Store) -> None:
    account = world.connected(store)
    world.etsy("POST", "tokens", {"kind": "refresh"})
    expire_soon(store, account.id)
    with pytest.raises(NeedsPerson, match="refresh_token is revoked") as caught:
        AccountTokens(store, wiring.oauth_of(world.settings), account.id).access_token()
    assert "accounts connect" in caught.value.hint


def test_an_account_without_a_shop_has_no_token(world: World, store: Store) -> None:
    account = configure.add(store, "Mine")
    with pytest.raises(NeedsPerson) as caught:
        AccountTokens(store, wiring.oauth_of(world.settings), account.id).access_token()
    assert caught.value.code == "account_not_connected"


def test_settings_are_changed_one_by_one(store: Store) -> None:
    account = configure.add(store, "Mine")
    configure.configure(store, account.id, {"shipping_profile": 1, "price.markup_percent": "12.5"})
    settings = configure.configure(store, account.id, {"price.rounding": "ninety_nine"})
    assert (settings.shipping_profile, str(settings.price.markup_percent)) == (1, "12.5")
    assert settings.price.rounding == "ninety_nine"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"shiping_profile_id": 1}, "shiping_profile_id"),
        ({"quantity.cap": 1000}, "quantity.cap"),
        ({"price.rounding": "up"}, "price.rounding"),
        ({"who_made": "me"}, "who_made"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(store: Store, changes: dict[str, Any], named: str) -> None:
    account = configure.add(store, "Mine")
    with pytest.raises(BadRequest) as caught:
        configure.configure(store, account.id, changes)
    assert named in str(caught.value)
    assert str(next(iter(changes.values()))) in str(caught.value)


def test_an_unknown_account_is_answered_with_the_known_ones(store: Store) -> None:
    account = configure.add(store, "Mine")
    with pytest.raises(NotFound, match="nope") as caught:
        configure.configure(store, "nope", {})
    assert account.id in caught.value.hint


def test_no_error_says_a_secret(world: World, store: Store, tmp_path: Path) -> None:
    del tmp_path
    account = world.connected(store)
    oauth = wiring.oauth_of(world.settings)
    token = AccountTokens(store, oauth, account.id).access_token()
    world.etsy("POST", "tokens", {"kind": "access"})
    world.etsy("POST", "tokens", {"kind": "refresh"})
    with pytest.raises(PipelineError) as caught:
        wiring.shop_client(world.settings, store, account.id).get_me()
    shown = repr(caught.value) + str(caught.value) + repr(caught.value.__cause__) + repr(oauth)
    assert token not in shown
    assert world.sandbox.shared_secret not in shown
