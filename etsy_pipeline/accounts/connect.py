"""Connecting a shop: start, the seller's consent on Etsy's page, finish. The same acts for every way in."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from etsy_pipeline.accounts.tokens import token_columns
from etsy_pipeline.errors import BadRequest, Conflict, NeedsPerson
from etsy_pipeline.providers.protocols import Authorization, OAuth, RemoteShop, ShopClient
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, OauthSession

SESSION_MINUTES = 10

ClientFor = Callable[[str], ShopClient]  # an access token → a client that uses it


def start(store: Store, oauth: OAuth, account_id: str) -> Authorization:
    """Begin to connect: remembers state and verifier, and says where to send the seller.

    Raises:
        NotFound: `account_not_found`.
    """
    authorization = oauth.authorization()
    with store.writing() as session:
        accounts.get(session, account_id)
        accounts.forget_oauth_sessions(session, expired_at=datetime.now(UTC))
        attempt = OauthSession(
            state=authorization.state,
            account_id=account_id,
            verifier_encrypted=store.cipher.encrypt(authorization.code_verifier),
            expires_at=datetime.now(UTC) + timedelta(minutes=SESSION_MINUTES),
        )
        accounts.add_oauth_session(session, attempt)
    return authorization


def finish(
    store: Store, oauth: OAuth, client_for: ClientFor, *, code: str, state: str, account_id: str | None = None
) -> EtsyAccount:
    """Exchange the code, find the shop, and activate the account that the attempt was started for.

    Args:
        store: the database.
        oauth: our app.
        client_for: a client for an access token.
        code: what Etsy sent the seller back with.
        state: of the attempt.
        account_id: refuse the attempt of another account.

    Raises:
        BadRequest: `oauth_state_unknown` (never given out, used before, older than ten minutes, another account's).
        Conflict: `shop_connected_elsewhere`, `account_holds_another_shop`.
        NeedsPerson: what Etsy refused, `etsy_scope_missing`, `etsy_user_has_no_shop`.
    """
    account_id, verifier = _redeem(store, state, account_id)
    tokens = oauth.exchange(code, verifier)
    _require_scopes(oauth.scope, tokens.scopes)
    with closing(client_for(tokens.access_token)) as client:
        shop = _shop(client)
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        _require_its_shop(account, shop, accounts.of_shop(session, shop.shop_id))
        return accounts.change(
            session,
            account_id,
            shop_id=shop.shop_id,
            shop_name=shop.shop_name,
            shop_url=shop.url,
            currency_code=shop.currency_code,
            user_id=tokens.user_id,
            is_active=True,
            **token_columns(store, tokens),
        )


def abandon(store: Store, state: str) -> None:
    """The seller said no: the attempt is over, and its state worth nothing."""
    with store.writing() as session:
        accounts.use_oauth_session(session, state, datetime.now(UTC))


def _redeem(store: Store, state: str, account_id: str | None) -> tuple[str, str]:
    now = datetime.now(UTC)
    with store.writing() as session:
        attempt = accounts.oauth_session(session, state)
        is_open = attempt is not None and attempt.used_at is None and attempt.expires_at >= now
        if attempt is None or not is_open or account_id not in {None, attempt.account_id}:
            raise BadRequest(
                "This attempt to connect is unknown, another account's, was used already, or is older than "
                f"{SESSION_MINUTES} minutes (state {state[:6]}…).",
                code="oauth_state_unknown",
                hint="Start again with `etsy-pipeline accounts connect ACCOUNT`.",
            )
        accounts.use_oauth_session(session, state, now)
        return attempt.account_id, store.cipher.decrypt(attempt.verifier_encrypted)


def _require_scopes(asked: str, granted: str) -> None:
    lacking = sorted(set(asked.split()) - set((granted or asked).split()))  # FACTS §2: it may be fewer than asked
    if lacking:
        raise NeedsPerson(
            f"Etsy granted fewer permissions than were asked for; missing: {' '.join(lacking)}.",
            code="etsy_scope_missing",
            hint="Connect the shop again and grant what ETSY_SCOPE asks for.",
        )


def _require_its_shop(account: EtsyAccount, shop: RemoteShop, holder: EtsyAccount | None) -> None:
    if holder is not None and holder.id != account.id:
        raise Conflict(
            f"The shop {shop.shop_name} is already connected, as account {holder.id}.",
            code="shop_connected_elsewhere",
            hint=f"Use that account: `etsy-pipeline accounts connect {holder.id}`.",
        )
    if account.shop_id not in {None, shop.shop_id}:
        raise Conflict(
            f"The account {account.id} belongs to the shop {account.shop_name}; {shop.shop_name} granted access.",
            code="account_holds_another_shop",
            hint=f"Sign in to Etsy as the owner of {account.shop_name}, or add an account for {shop.shop_name}.",
        )


def _shop(client: ShopClient) -> RemoteShop:
    user_id, shop_id = client.get_me()
    if shop_id is not None:
        return client.get_shop(shop_id)
    raise NeedsPerson(
        f"The Etsy user {user_id} has no shop.",
        code="etsy_user_has_no_shop",
        hint="Sign in to Etsy as the owner of the shop, then connect again.",
    )
