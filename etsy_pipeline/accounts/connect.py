"""Connecting a shop: start, the seller's consent on Etsy's page, finish. The same acts for every way in."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from etsy_pipeline.accounts import attempts
from etsy_pipeline.accounts.attempts import Asker
from etsy_pipeline.accounts.configure import new_account
from etsy_pipeline.accounts.tokens import token_columns
from etsy_pipeline.errors import Conflict, NeedsPerson
from etsy_pipeline.providers.protocols import Authorization, OAuth, RemoteShop, ShopClient, Tokens
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import holds

UNNAMED = "Etsy shop"  # an account's name where nobody gave one, until Etsy tells the shop's
NOBODY = Asker()  # known by name, as on the command line: an attempt is one account's there
ClientFor = Callable[[str], ShopClient]  # an access token → a client that uses it


def start(
    store: Store, oauth: OAuth, account_id: str | None, asker: Asker = NOBODY, *, by: Doer | None = None
) -> Authorization:
    """Begin to connect: remembers state and verifier, and says where to send the seller.

    What the account's orders take is asked for with the rest (`orders.mode`); without an account, only the rest is.

    Args:
        store: the database.
        oauth: our app.
        account_id: the account to be connected; None: whoever finishes the attempt says which.
        asker: who begins; only they finish an attempt without an account.
        by: the same by name, where it is a person.

    Raises:
        NotFound: `account_not_found`.
    """
    if account_id is not None:
        with store.reading() as session:
            oauth = oauth.asking_for(settings_of(accounts.get(session, account_id)).orders.scopes)
    authorization = oauth.authorization()
    attempts.remember(store, authorization, account_id, asker, by)
    return authorization


def finish(
    store: Store,
    oauth: OAuth,
    client_for: ClientFor,
    *,
    code: str,
    state: str,
    account_id: str | None = None,
    asker: Asker = NOBODY,
) -> EtsyAccount:
    """Exchange the code, find the shop, and activate the account.

    Args:
        store: the database.
        oauth: our app.
        client_for: a client for an access token.
        code: what Etsy sent the seller back with.
        state: of the attempt.
        account_id: the account. An attempt that was begun for another one is refused; one that was begun for none
            needs it.
        asker: who finishes; an attempt without an account has to be theirs.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `oauth_state_unknown` (never given out, used before, older than ten minutes, another account's or
            session's), `oauth_account_needed`.
        Conflict: `shop_connected_elsewhere`, `account_holds_another_shop`.
        NeedsPerson: what Etsy refused, `etsy_scope_missing`, `etsy_user_has_no_shop`.
    """
    account_id, verifier = attempts.redeem(store, state, account_id, asker)
    granted = _granted(store, oauth, client_for, code, verifier)
    with store.writing() as session:
        holder = accounts.of_shop(session, granted.shop.shop_id, lock=True)
        account = accounts.get(session, account_id, lock=True)
        return _connected(store, session, account, granted, holder)


def finish_on_page(
    store: Store,
    oauth: OAuth,
    client_for: ClientFor,
    *,
    code: str,
    state: str,
    account_id: str | None,
    asker: Asker,
) -> EtsyAccount:
    """The same for an attempt without an account, in the seller's browser.

    The account is the one that was chosen there; else the one that holds the shop; else a new one, named after it.

    Raises:
        The same as `finish`.
    """
    verifier = attempts.redeem_on_page(store, state, account_id, asker)
    granted = _granted(store, oauth, client_for, code, verifier)
    with store.writing() as session:
        holder = accounts.of_shop(session, granted.shop.shop_id, lock=True)
        chosen = account_id or (holder.id if holder else None)
        if chosen is None:
            account = new_account(granted.shop.shop_name)
            accounts.add(session, account)
        else:
            account = accounts.get(session, chosen, lock=True)
        return _connected(store, session, account, granted, holder)


@dataclass(frozen=True, slots=True)
class _Granted:
    """What the seller has given us, and when it was asked for, by the database's clock."""

    tokens: Tokens
    at: datetime
    shop: RemoteShop


def _granted(store: Store, oauth: OAuth, client_for: ClientFor, code: str, verifier: str) -> _Granted:
    now = store.now()
    tokens = oauth.exchange(code, verifier)
    _require_scopes(oauth.scope, tokens.scopes)
    with closing(client_for(tokens.access_token)) as client:
        return _Granted(tokens, now, _shop(client))


def _connected(
    store: Store, session: Session, account: EtsyAccount, granted: _Granted, holder: EtsyAccount | None
) -> EtsyAccount:
    """A new currency of a known shop is not taken over here: the next plan asks about it (`shop/identity.py`)."""
    tokens, shop = granted.tokens, granted.shop
    _require_its_shop(account, shop, holder)
    holds.lift(session, account.id, "shop_replaced", "shop_renamed")
    return accounts.change(
        session,
        account.id,
        name=shop.shop_name if account.name == UNNAMED else account.name,
        shop_id=shop.shop_id,
        shop_name=shop.shop_name,
        shop_url=shop.url,
        currency_code=account.currency_code or shop.currency_code,
        user_id=tokens.user_id,
        is_active=True,
        **token_columns(store, tokens, granted.at),
    )


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
