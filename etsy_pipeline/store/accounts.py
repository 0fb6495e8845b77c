"""Queries on accounts and on attempts to connect them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, false, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from etsy_pipeline.errors import BadRequest, NotFound
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.planning.digest import settings_fingerprint
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.records import EtsyAccount, OauthSession
from etsy_pipeline.store.tables.accounts import EtsyAccountRow, OauthSessionRow
from etsy_pipeline.store.tables.orders import EtsyReceiptRow

SHAPES_NO_LISTING = {
    "adopted_keeps", "adopted_price_and_stock", "approval", "approval_expires_hours", "brakes", "broken_images",
    "changed_while_waiting", "check_live", "create_first", "deactivate_removed", "early_confirm",
    "early_confirm_fees_usd", "image_check", "on_conflict", "orders", "renew_expired", "renew_sold_out",
    "same_refusal_limit", "scan_max_age_hours", "scan_nightly", "schedule_enabled", "share_of_calls",
    "stock_poll_minutes", "tell_medusa",
}  # fmt: skip
"""What may be changed while an approved plan waits: it says how plans are made and carried out, not what is sent."""

OF_POLICY = {"approval", "brakes", "renew_expired", "renew_sold_out"}

REFUSED_FOR = timedelta(days=1)  # a property that Etsy refuses as an attribute is left alone (LISTING_EXTRAS §3)

ID_BEGINS = "etsy_acc_"

MEND_SETTINGS = (
    "`etsy-pipeline accounts configure {} --set NAME=VALUE` replaces a value, `--set NAME=null` drops a setting that "
    "this version does not know; mend all of them in one command."
)

KIND = "sent:"  # begins a fingerprint as it is made now

_FIRST_KIND: Mapping[str, Any] = dict.fromkeys(
    (
        "shipping_profile", "return_policy", "processing_profile", "shop_section", "section_by_category",
        "production_partners", "default_taxonomy_id", "taxonomy_by_category", "title_template", "description_template",
        "alt_text_template", "truncate_title", "truncate_tags", "extra_tags", "styles", "who_made", "when_made",
        "is_supply", "is_customizable", "is_taxable", "type", "personalization", "eu_guarantee", "variation_properties",
        "use_standard_properties", "publish_as", "should_auto_renew", "weight_unit", "dimensions_unit",
        "deactivate_removed", "ownership", "on_conflict", "broken_images", "image_check", "check_live",
        "schedule_enabled",
    ),
    True,
) | {
    "price": {"markup_percent", "markup_fixed", "rounding", "floor", "ceiling"},
    "quantity": {"buffer", "cap", "unmanaged"},
    "selection": {"product_ids", "tag_ids", "collection_ids", "sales_channel_ids", "statuses"},
    "brakes": {"price_change_percent", "deactivations_percent", "shrunk_percent", "fees_usd"},
    "approval": {"auto_approve", "price_change_percent", "most_products"},
}  # fmt: skip
"""What a fingerprint was made of before it had a kind. Never add to it: plans of that time are still approved."""


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
        known = ", ".join(f"{item.id} ({item.name})" for item in every(session)) or "none yet"
        raise NotFound(
            f"There is no account {account_id!r}.",
            code="account_not_found",
            hint=f"Accounts: {known}. Add one with `etsy-pipeline accounts add NAME`.",
        )
    return _account(row)


def called(session: Session, given: str) -> EtsyAccount:
    """The account with this id, or else the only one that has this name, or whose shop has.

    Raises:
        NotFound: `account_not_found`, naming the accounts that there are.
        BadRequest: `account_name_ambiguous`.
    """
    found = [item for item in every(session) if given.strip() in {item.id, item.name, item.shop_name}]
    if len(found) > 1:
        raise BadRequest(
            f"{len(found)} accounts are called {given!r}.",
            code="account_name_ambiguous",
            hint=f"Give the id of one of them: {', '.join(item.id for item in found)}.",
        )
    return found[0] if found else get(session, given)


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


def remove_unused(session: Session, account_id: str) -> bool:
    """Remove an account, and attempts to connect it; False where anything else belongs to it, which stays."""
    session.execute(delete(OauthSessionRow).where(OauthSessionRow.account_id == account_id))
    try:
        with session.begin_nested():
            session.execute(delete(EtsyAccountRow).where(EtsyAccountRow.id == account_id))
    except IntegrityError:
        return False
    return True


def raise_epoch(session: Session, account_id: str, *, above: int = 0) -> EtsyAccount:
    """The books of an account are newer by one, and newer than `above`; the account as it is now."""
    row = session.get_one(EtsyAccountRow, account_id, with_for_update=True, populate_existing=True)
    row.books_epoch = max(row.books_epoch, above) + 1
    session.flush()
    return _account(row)


def refused_attributes(account: EtsyAccount, now: datetime) -> frozenset[int]:
    """The properties that Etsy refused as attributes within the last day: they are not tried again before."""
    known = account.refused_attributes
    return frozenset(int(number) for number, at in known.items() if now - datetime.fromisoformat(at) < REFUSED_FOR)


def refuse_attributes(session: Session, account_id: str, properties: Iterable[int], now: datetime) -> None:
    """Note that Etsy refuses these properties as attributes; what it refused longer ago is forgotten."""
    row = session.get_one(EtsyAccountRow, account_id, with_for_update=True, populate_existing=True)
    still = refused_attributes(_account(row), now)
    kept = {number: at for number, at in row.refused_attributes.items() if int(number) in still}
    row.refused_attributes = kept | {str(number): now.isoformat() for number in properties}
    session.flush()


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


def usable(session: Session) -> list[tuple[EtsyAccount, ShopSettings]]:
    """The active accounts with their settings.

    One whose settings do not fit this version is left out, so that it disturbs no other one: its own runs tell of it.
    """
    found = []
    for account in active(session):
        try:
            found.append((account, settings_of(account)))
        except BadRequest:
            continue
    return found


def of_shop(session: Session, shop_id: int, *, lock: bool = False) -> EtsyAccount | None:
    """The account that holds an Etsy shop.

    Args:
        session: of the store.
        shop_id: Etsy's.
        lock: nobody else looks for its holder so until the transaction ends (a writing session), also where there is
            none yet. Comes before the lock of an account.
    """
    if lock and session.get_bind().dialect.name == "postgresql":  # on SQLite there is one writer at a time
        session.execute(select(func.pg_advisory_xact_lock(shop_id)))
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


def hold_secrets(session: Session) -> bool:
    """Whether there are tokens or buyers' data, which one key alone can read."""
    of_shops = select(EtsyAccountRow.id).where(EtsyAccountRow.refresh_token_encrypted.is_not(None))
    of_buyers = select(EtsyReceiptRow.receipt_id).where(EtsyReceiptRow.details_encrypted.is_not(None))
    return any(session.execute(query.limit(1)).first() for query in (of_shops, of_buyers))


def rotate_secrets(session: Session, cipher: TokenCipher) -> int:
    """Encrypt all accounts' tokens and buyers' data with the first key; of how many accounts.

    Attempts to connect begin anew.

    Raises:
        NotConfigured: `secret_key_wrong` when no key fits one of them.
    """
    accounts = session.scalars(select(EtsyAccountRow).order_by(EtsyAccountRow.id).with_for_update()).all()
    holders = [account for account in accounts if account.refresh_token_encrypted]
    for account in holders:
        account.access_token_encrypted = cipher.rotate(account.access_token_encrypted or "")
        account.refresh_token_encrypted = cipher.rotate(account.refresh_token_encrypted or "")
    buyers = session.scalars(select(EtsyReceiptRow).where(EtsyReceiptRow.details_encrypted.is_not(None)))
    for receipt in buyers.all():
        receipt.details_encrypted = cipher.rotate(receipt.details_encrypted or "")
    session.execute(delete(OauthSessionRow))
    return len(holders)


def settings_of(account: EtsyAccount) -> ShopSettings:
    """The shop's settings.

    Raises:
        BadRequest: `shop_settings_invalid`, naming the shop, when what is stored does not fit this version.
    """
    return parse_settings(
        account.api_config,
        whose=f"The stored settings of {account.label} ({account.id})",
        hint=MEND_SETTINGS.format(account.id),
    )


def share_of_calls(session: Session, account_id: str) -> int:
    """A shop's weight among those that share an API key; of one that is not there, the default."""
    config = session.scalar(select(EtsyAccountRow.api_config).where(EtsyAccountRow.id == account_id)) or {}
    return int(config.get("share_of_calls", ShopSettings().share_of_calls))


def missing_scopes(account: EtsyAccount) -> tuple[str, ...]:
    """The permissions that the account's orders take and the seller has not granted."""
    wanted = settings_of(account).orders.scopes
    granted = (account.scopes or " ".join(wanted)).split()
    return tuple(scope for scope in wanted if scope not in granted)


def fingerprint(account: EtsyAccount, amount_unit: str, *, like: str | None = KIND) -> str:
    """A fingerprint of what shapes every listing of the shop: its settings, currency and the unit of amounts.

    Settings at their defaults are left out, so that one which comes with a new version makes no plan stale.

    Args:
        account: the shop's.
        amount_unit: the unit of Medusa's amounts.
        like: a fingerprint of the kind that is wanted: a plan of an earlier version is compared in its own.
    """
    known = settings_of(account)
    if not (like or "").startswith(KIND):
        settings = known.model_dump(mode="json", include=dict(_FIRST_KIND))
        return settings_fingerprint(json.dumps([settings, account.currency_code], sort_keys=True), amount_unit)
    settings = known.model_dump(mode="json", exclude=SHAPES_NO_LISTING, exclude_defaults=True)
    return KIND + settings_fingerprint(json.dumps([settings, account.currency_code], sort_keys=True), amount_unit)


def policy_fingerprint(account: EtsyAccount) -> str:
    """A fingerprint of what may be approved without a person: the shop's policy, its brakes, and what is renewed."""
    return settings_fingerprint(settings_of(account).model_dump_json(include=OF_POLICY), "")


def _account(row: EtsyAccountRow) -> EtsyAccount:
    return EtsyAccount(**{field.name: getattr(row, field.name) for field in fields(EtsyAccount)})
