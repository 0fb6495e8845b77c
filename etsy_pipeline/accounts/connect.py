"""Connecting a shop: start, the seller's consent on Etsy's page, finish. The same acts for every way in."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from etsy_pipeline.accounts.tokens import keep
from etsy_pipeline.errors import BadRequest, Conflict, NeedsPerson
from etsy_pipeline.etsy.client import EtsyClient, EtsyShop
from etsy_pipeline.etsy.oauth import Authorization, EtsyOAuth
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount, OauthSession

SESSION_MINUTES = 10

ClientFor = Callable[[str], EtsyClient]  # an access token → a client that uses it


def start(store: Store, oauth: EtsyOAuth, account_id: str) -> Authorization:
    """Begin to connect: remembers state and verifier, and says where to send the seller.

    Raises:
        NotFound: `account_not_found`.
    """
    authorization = oauth.authorization()
    with store.writing() as session:
        accounts.get(session, account_id)
        session.add(
            OauthSession(
                state=authorization.state,
                account_id=account_id,
                verifier_encrypted=store.cipher.encrypt(authorization.code_verifier),
                expires_at=datetime.now(UTC) + timedelta(minutes=SESSION_MINUTES),
            )
        )
    return authorization


def finish(store: Store, oauth: EtsyOAuth, client_for: ClientFor, *, code: str, state: str) -> EtsyAccount:
    """Exchange the code, find the shop, and activate the account.

    Raises:
        BadRequest: `oauth_state_unknown` (never given out, used before, or older than ten minutes).
        Conflict: `shop_connected_elsewhere`.
        NeedsPerson: what Etsy refused, `etsy_user_has_no_shop`.
    """
    account_id, verifier = _redeem(store, state)
    tokens = oauth.exchange(code, verifier)
    with closing(client_for(tokens.access_token)) as client:
        shop = _shop(client)
    with store.writing() as session:
        holder = accounts.of_shop(session, shop.shop_id)
        if holder is not None and holder.id != account_id:
            raise Conflict(
                f"The shop {shop.shop_name} is already connected, as account {holder.id}.",
                code="shop_connected_elsewhere",
                hint=f"Use that account: `etsy-pipeline accounts connect {holder.id}`.",
            )
        account = accounts.get(session, account_id, lock=True)
        keep(store, account, tokens)
        account.shop_id, account.shop_name, account.shop_url = shop.shop_id, shop.shop_name, shop.url
        account.currency_code, account.user_id = shop.currency_code, tokens.user_id
        account.is_active = True
    return account


def _redeem(store: Store, state: str) -> tuple[str, str]:
    now = datetime.now(UTC)
    with store.writing() as session:
        attempt = accounts.oauth_session(session, state)
        if attempt is None or attempt.used_at is not None or attempt.expires_at < now:
            raise BadRequest(
                "This attempt to connect is unknown, was used already, or is older than "
                f"{SESSION_MINUTES} minutes (state {state[:6]}…).",
                code="oauth_state_unknown",
                hint="Start again with `etsy-pipeline accounts connect ACCOUNT`.",
            )
        attempt.used_at = now
        return attempt.account_id, store.cipher.decrypt(attempt.verifier_encrypted)


def _shop(client: EtsyClient) -> EtsyShop:
    user_id, shop_id = client.get_me()
    if shop_id is not None:
        return client.get_shop(shop_id)
    raise NeedsPerson(
        f"The Etsy user {user_id} has no shop.",
        code="etsy_user_has_no_shop",
        hint="Sign in to Etsy as the owner of the shop, then connect again.",
    )
