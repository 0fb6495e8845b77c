"""Shops that are connected, and what is known of each as a whole."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table


class EtsyAccountRow(Table):
    """A shop that is, or is about to be, connected. `api_config` is a validated ShopSettings.

    `needs_consent_since` is set while Etsy refuses the refresh token, with its words in `token_problem`.
    `refused_attributes`: property id → when Etsy refused it, in ISO format; for a day it is not tried again.
    """

    __tablename__ = "etsy_account"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    shop_id: Mapped[int | None] = mapped_column(unique=True)
    shop_name: Mapped[str | None]
    shop_url: Mapped[str | None]
    user_id: Mapped[int | None]
    currency_code: Mapped[str | None]
    access_token_encrypted: Mapped[str | None]
    refresh_token_encrypted: Mapped[str | None]
    token_expires_at: Mapped[datetime | None]
    refresh_token_expires_at: Mapped[datetime | None]
    scopes: Mapped[str | None]
    needs_consent_since: Mapped[datetime | None]
    token_problem: Mapped[str | None]
    api_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_active: Mapped[bool] = mapped_column(default=False)
    books_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    refused_attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OauthSessionRow(Table):
    """One attempt to connect a shop: single use, short lived.

    `asked_by` is a fingerprint of the browser or API session that began it; an attempt without an account is its alone.
    """

    __tablename__ = "oauth_session"

    state: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("etsy_account.id"))
    asked_by: Mapped[str | None]
    verifier_encrypted: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccountHoldRow(Table):
    """Why nothing of an account is published until a person has decided (`sync/holds.py`); one row a reason."""

    __tablename__ = "account_hold"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    since: Mapped[datetime]


class ShopReferenceRow(Table):
    """Something that Etsy told of a shop, or of itself (shop 0), as JSON, and when it was asked."""

    __tablename__ = "shop_reference"

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(primary_key=True)
    told: Mapped[str]
    read_at: Mapped[datetime]
