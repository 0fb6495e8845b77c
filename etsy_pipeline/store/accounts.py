"""Queries on accounts and on attempts to connect them."""

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, false, or_, select, update
from sqlalchemy.orm import Session

from etsy_pipeline.errors import NotFound
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.planning.digest import settings_fingerprint
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.records import EtsyAccount, OauthSession
from etsy_pipeline.store.tables import EtsyAccountRow, OauthSessionRow

SHAPES_NO_LISTING = {
    "approval_expires_hours", "early_confirm", "early_confirm_fees_usd", "same_refusal_limit", "create_first",
    "changed_while_waiting",
}  # fmt: skip
"""What may be changed while an approved plan waits."""


def get(session: Session, account_id: str, *, lock: bool = False) -> EtsyAccount:
    """One account.

    Args:
        session: of the store.
        account_id: `etsy_acc_…`.
        lock: hold the row until the transaction ends (a writing session).

    Raises:
        NotFound: `account_not_found`, naming the accounts that there are.
    """
    row = session.get(EtsyAccountRow, account_id, with_for_update=lock, populate_existing=lock)
    if row is None:
        known = ", ".join(item.id for item in every(session)) or "none yet"
        raise NotFound(
            f"There is no account {account_id!r}.",
            code="account_not_found",
            hint=f"Accounts: {known}. Add one with `etsy-pipeline accounts add NAME`.",
        )
    return _account(row)


def add(session: Session, account: EtsyAccount) -> None:
    """A new account."""
    session.add(EtsyAccountRow(**{field.name: getattr(account, field.name) for field in fields(EtsyAccount)}))
    session.flush()


def change(session: Session, account_id: str, **values: Any) -> EtsyAccount:
    """Write columns of an account; the account as it is now."""
    row = session.get_one(EtsyAccountRow, account_id)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return _account(row)


def every(session: Session) -> list[EtsyAccount]:
    """All accounts, oldest first."""
    rows = session.scalars(select(EtsyAccountRow).order_by(EtsyAccountRow.created_at, EtsyAccountRow.id))
    return [_account(row) for row in rows]


def page(session: Session, *, is_active: bool | None, first: int, most: int) -> tuple[list[EtsyAccount], int]:
    """Some accounts, oldest first, and how many match in all."""
    found = [account for account in every(session) if is_active is None or account.is_active == is_active]
    return found[first : first + most], len(found)


def active(session: Session) -> list[EtsyAccount]:
    """The accounts that are connected and in use."""
    return [account for account in every(session) if account.is_active]


def of_shop(session: Session, shop_id: int) -> EtsyAccount | None:
    """The account that holds an Etsy shop."""
    row = session.scalars(select(EtsyAccountRow).where(EtsyAccountRow.shop_id == shop_id)).one_or_none()
    return None if row is None else _account(row)


def add_oauth_session(session: Session, attempt: OauthSession) -> None:
    """Remember an attempt to connect."""
    session.add(OauthSessionRow(**{field.name: getattr(attempt, field.name) for field in fields(OauthSession)}))
    session.flush()


def oauth_session(session: Session, state: str) -> OauthSession | None:
    """The attempt to connect with this state, locked until the transaction ends."""
    row = session.get(OauthSessionRow, state, with_for_update=True)
    if row is None:
        return None
    return OauthSession(**{field.name: getattr(row, field.name) for field in fields(OauthSession)})


def use_oauth_session(session: Session, state: str, now: datetime) -> None:
    """An attempt to connect is over, be it with success: its state is worth nothing any more."""
    unused = update(OauthSessionRow).where(OauthSessionRow.state == state, OauthSessionRow.used_at.is_(None))
    session.execute(unused.values(used_at=now))


def forget_oauth_sessions(session: Session, *, account_id: str | None = None, expired_at: datetime) -> None:
    """Drop attempts to connect that have expired, and all those of an account."""
    of_account = OauthSessionRow.account_id == account_id if account_id else false()
    session.execute(delete(OauthSessionRow).where(or_(OauthSessionRow.expires_at < expired_at, of_account)))


def rotate_secrets(session: Session, cipher: TokenCipher) -> int:
    """Encrypt the tokens of every account with the first key; of how many. Attempts to connect begin anew.

    Raises:
        NotConfigured: `secret_key_wrong` when no key fits one of them.
    """
    accounts = session.scalars(select(EtsyAccountRow).order_by(EtsyAccountRow.id).with_for_update()).all()
    holders = [account for account in accounts if account.refresh_token_encrypted]
    for account in holders:
        account.access_token_encrypted = cipher.rotate(account.access_token_encrypted or "")
        account.refresh_token_encrypted = cipher.rotate(account.refresh_token_encrypted or "")
    session.execute(delete(OauthSessionRow))
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


def _account(row: EtsyAccountRow) -> EtsyAccount:
    return EtsyAccount(**{field.name: getattr(row, field.name) for field in fields(EtsyAccount)})
