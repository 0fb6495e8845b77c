"""Queries on accounts and on attempts to connect them."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, false, or_, select
from sqlalchemy.orm import Session

from etsy_pipeline.errors import NotFound
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.planning.digest import settings_fingerprint
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.tables import EtsyAccount, OauthSession

SHAPES_NO_LISTING = {"approval_expires_hours"}  # it may be changed while an approved plan waits


def get(session: Session, account_id: str, *, lock: bool = False) -> EtsyAccount:
    """One account.

    Args:
        session: of the store.
        account_id: `etsy_acc_…`.
        lock: hold the row until the transaction ends (a writing session).

    Raises:
        NotFound: `account_not_found`, naming the accounts that there are.
    """
    account = session.get(EtsyAccount, account_id, with_for_update=lock, populate_existing=lock)
    if account is None:
        known = ", ".join(item.id for item in every(session)) or "none yet"
        raise NotFound(
            f"There is no account {account_id!r}.",
            code="account_not_found",
            hint=f"Accounts: {known}. Add one with `etsy-pipeline accounts add NAME`.",
        )
    return account


def every(session: Session) -> Sequence[EtsyAccount]:
    """All accounts, oldest first."""
    return session.scalars(select(EtsyAccount).order_by(EtsyAccount.created_at, EtsyAccount.id)).all()


def page(session: Session, *, is_active: bool | None, first: int, most: int) -> tuple[Sequence[EtsyAccount], int]:
    """Some accounts, oldest first, and how many match in all."""
    found = [account for account in every(session) if is_active is None or account.is_active == is_active]
    return found[first : first + most], len(found)


def active(session: Session) -> Sequence[EtsyAccount]:
    """The accounts that are connected and in use."""
    return [account for account in every(session) if account.is_active]


def of_shop(session: Session, shop_id: int) -> EtsyAccount | None:
    """The account that holds an Etsy shop."""
    return session.scalars(select(EtsyAccount).where(EtsyAccount.shop_id == shop_id)).one_or_none()


def oauth_session(session: Session, state: str) -> OauthSession | None:
    """The attempt to connect with this state, locked until the transaction ends."""
    return session.get(OauthSession, state, with_for_update=True)


def forget_oauth_sessions(session: Session, *, account_id: str | None = None, expired_at: datetime) -> None:
    """Drop attempts to connect that have expired, and all those of an account."""
    of_account = OauthSession.account_id == account_id if account_id else false()
    session.execute(delete(OauthSession).where(or_(OauthSession.expires_at < expired_at, of_account)))


def rotate_secrets(session: Session, cipher: TokenCipher) -> int:
    """Encrypt the tokens of every account with the first key; of how many. Attempts to connect begin anew.

    Raises:
        NotConfigured: `secret_key_wrong` when no key fits one of them.
    """
    accounts = session.scalars(select(EtsyAccount).order_by(EtsyAccount.id).with_for_update()).all()
    holders = [account for account in accounts if account.refresh_token_encrypted]
    for account in holders:
        account.access_token_encrypted = cipher.rotate(account.access_token_encrypted or "")
        account.refresh_token_encrypted = cipher.rotate(account.refresh_token_encrypted or "")
    session.execute(delete(OauthSession))
    return len(holders)


def settings_of(account: EtsyAccount) -> ShopSettings:
    """The shop's settings.

    Raises:
        BadRequest: `shop_settings_invalid` when what is stored does not fit this version.
    """
    return parse_settings(account.api_config)


def fingerprint(account: EtsyAccount, amount_unit: str) -> str:
    """A fingerprint of what shapes every listing of the shop: its settings, currency and the unit of amounts."""
    settings = settings_of(account).model_dump(mode="json", exclude=SHAPES_NO_LISTING)
    return settings_fingerprint(json.dumps([settings, account.currency_code], sort_keys=True), amount_unit)
