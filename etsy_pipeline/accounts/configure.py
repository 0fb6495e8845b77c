"""Adding an account and choosing its shop's settings."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings, unknown_in
from etsy_pipeline.sales.guard import BOOKING
from etsy_pipeline.store import accounts, activity, clock, links, receipt_feeds
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount


class Back(Enum):
    """In place of a value."""

    TO_DEFAULT = "back to the default, whatever it will be"


def add(store: Store, name: str, *, by: Doer | None = None) -> EtsyAccount:
    """Make an account that is yet to be connected."""
    if not name.strip():
        raise BadRequest("An account needs a name.", code="account_name_empty", hint="Name it after the shop.")
    account = new_account(name)
    with store.writing() as session:
        accounts.add(session, account)
        activity.note(session, by, "account_added", account_id=account.id, about=account.name)
    return account


def require_new_name(store: Store, name: str, *, of: str = "") -> None:
    """No other account than `of` is called so: people tell shops apart by their names.

    Raises:
        Conflict: `account_name_taken`.
    """
    with store.reading() as session:
        taken = [item for item in accounts.every(session) if name.strip() in {item.name, item.shop_name}]
    other = next((item for item in taken if item.id != of), None)
    if other is not None:
        raise Conflict(
            f"There is an account {name.strip()!r} already: {other.id}.",
            code="account_name_taken",
            hint=f"Use that one, or take another name; `etsy-pipeline accounts rename {other.id} NAME` frees this one.",
        )


def rename(store: Store, account_id: str, name: str, *, by: Doer | None = None) -> EtsyAccount:
    """Give an account another name. Its shop's name on Etsy stays, and is what people see once it is connected.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `account_name_empty`.
    """
    if not name.strip():
        raise BadRequest("An account needs a name.", code="account_name_empty", hint="Name it after the shop.")
    with store.writing() as session:
        before = accounts.get(session, account_id, lock=True)
        told = f"{before.name} → {name.strip()}"
        activity.note(session, by, "account_renamed", account_id=account_id, about=told)
        return accounts.change(session, account_id, name=name.strip(), updated_at=clock.now(session))


def remove(store: Store, account_id: str, *, by: Doer | None = None) -> None:
    """Remove an account that was never used: one with a history is disconnected instead, and keeps it.

    Raises:
        NotFound: `account_not_found`.
        Conflict: `account_has_history`.
    """
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        if account.shop_id is not None or not accounts.remove_unused(session, account_id):
            raise Conflict(
                f"{account.label} has a history: decisions and outcomes are never removed.",
                code="account_has_history",
                hint=f"`etsy-pipeline accounts disconnect {account_id}` wipes its tokens and calls off its syncs.",
            )
        activity.note(session, by, "account_removed", account_id=account_id, about=account.name)


def new_account(name: str) -> EtsyAccount:
    """An account without a shop, with an id of its own; it is yet to be stored."""
    now = datetime.now(UTC)
    return EtsyAccount(
        id=f"{accounts.ID_BEGINS}{secrets.token_hex(6)}", name=name.strip(), created_at=now, updated_at=now
    )


def configure(
    store: Store,
    account_id: str,
    changes: Mapping[str, Any],
    *,
    seen: str | None = None,
    by: Doer | None = None,
) -> ShopSettings:
    """Change settings of a shop; what is not named stays. Nested settings are named with dots (`price.rounding`).

    Args:
        store: the database.
        account_id: whose settings.
        changes: setting → value, or `Back.TO_DEFAULT`. None also drops what is stored and is no setting of this
            version: what counts is that all settings fit afterwards.
        seen: the mark (`mark_of`) of the settings that whoever changes them has seen; None: any.
        by: the person who changes them, where it is one.

    Raises:
        BadRequest: `shop_settings_invalid`, naming each field that is wrong.
        Conflict: `settings_changed_meanwhile`.
    """
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        if seen not in {None, mark_of(account)}:
            raise Conflict(
                "The settings were changed meanwhile, in another window or by somebody else.",
                code="settings_changed_meanwhile",
                hint="Look at them again, then change what you want.",
            )
        wanted = with_changes(account.api_config, _dropping(changes, unknown_in(account.api_config)))
        settings = _since_now(_fitting(wanted, account), account, clock.now(session))
        config = settings.model_dump(mode="json", exclude_unset=True)
        accounts.change(session, account_id, api_config=config, updated_at=datetime.now(UTC))
        activity.note(session, by, "settings_changed", account_id=account_id, about=", ".join(changes))
        if _begins_to_book(account, settings):
            links.doubt_stock(session, account_id)
        if _begins_to_read(account, settings):
            receipt_feeds.change(session, account_id, cursor=None, polled_at=None, swept_at=None)
    return settings


def _dropping(changes: Mapping[str, Any], unknown: Collection[str]) -> dict[str, Any]:
    return {name: Back.TO_DEFAULT if value is None and name in unknown else value for name, value in changes.items()}


def _fitting(wanted: Mapping[str, Any], account: EtsyAccount) -> ShopSettings:
    """The settings as they will be; where something that was stored before is in their way, how it is mended."""
    try:
        accounts.settings_of(account)
    except BadRequest:
        return parse_settings(wanted, hint=accounts.MEND_SETTINGS.format(account.id))
    return parse_settings(wanted)


def _since_now(settings: ShopSettings, account: EtsyAccount, now: datetime) -> ShopSettings:
    """Orders of before the moment at which they are switched on are left alone, unless a moment is named with it."""
    stored = account.api_config.get("orders")
    before: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    orders, was_on = settings.orders, before.get("mode", "off") != "off"
    is_named = orders.since is not None and orders.model_dump(mode="json")["since"] != before.get("since")
    if not orders.is_on or was_on or is_named:
        return settings
    return settings.model_copy(update={"orders": orders.model_copy(update={"since": now})})


def _begins_to_book(account: EtsyAccount, settings: ShopSettings) -> bool:
    """Whether sales on Etsy come to Medusa from now on, or since another moment: what was sold before is in no book."""
    was_on = _orders_before(account).get("mode", "off") in BOOKING
    return settings.orders.mode in BOOKING and not (was_on and _since_is_same(account, settings))


def _begins_to_read(account: EtsyAccount, settings: ShopSettings) -> bool:
    """Whether orders are read from another moment on: all of them are looked at anew, those that are known as well."""
    return settings.orders.is_on and not _since_is_same(account, settings)


def _since_is_same(account: EtsyAccount, settings: ShopSettings) -> bool:
    return bool(_orders_before(account).get("since") == settings.orders.model_dump(mode="json")["since"])


def _orders_before(account: EtsyAccount) -> Mapping[str, Any]:
    stored = account.api_config.get("orders")
    return stored if isinstance(stored, Mapping) else {}


def mark_of(account: EtsyAccount) -> str:
    """A mark of the settings as they are stored: another one when any of them changed."""
    return hashlib.sha256(json.dumps(account.api_config, sort_keys=True).encode()).hexdigest()[:16]


def value_of(text: str) -> Any:
    """A setting's value as a person types it: JSON, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def with_changes(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings with changes, as `configure` takes them; nothing is judged."""
    merged: dict[str, Any] = json.loads(json.dumps(present))
    for name, value in changes.items():
        *parents, last = name.split(".")
        target = merged
        for parent in parents:
            inner = target.get(parent)
            target[parent] = dict(inner) if isinstance(inner, dict) else {}
            target = target[parent]
        if value is Back.TO_DEFAULT:
            target.pop(last, None)
        else:
            target[last] = value
    return merged
