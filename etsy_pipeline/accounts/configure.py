"""Adding an account and choosing its shop's settings."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount


def add(store: Store, name: str) -> EtsyAccount:
    """Make an account that is yet to be connected."""
    if not name.strip():
        raise BadRequest("An account needs a name.", code="account_name_empty", hint="Name it after the shop.")
    account = new_account(name)
    with store.writing() as session:
        accounts.add(session, account)
    return account


def new_account(name: str) -> EtsyAccount:
    """An account without a shop, with an id of its own; it is yet to be stored."""
    now = datetime.now(UTC)
    return EtsyAccount(id=f"etsy_acc_{secrets.token_hex(6)}", name=name.strip(), created_at=now, updated_at=now)


def configure(store: Store, account_id: str, changes: Mapping[str, Any]) -> ShopSettings:
    """Change settings of a shop; what is not named stays. Nested settings are named with dots (`price.rounding`).

    Raises:
        BadRequest: `shop_settings_invalid`, naming each field that is wrong.
    """
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        wanted = _merged(account.api_config, changes)
        settings = parse_settings(wanted)
        config = settings.model_dump(mode="json", exclude_unset=True)
        accounts.change(session, account_id, api_config=config, updated_at=datetime.now(UTC))
    return settings


def value_of(text: str) -> Any:
    """A setting's value as a person types it: JSON, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _merged(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = json.loads(json.dumps(present))
    for name, value in changes.items():
        *parents, last = name.split(".")
        target = merged
        for parent in parents:
            inner = target.get(parent)
            target[parent] = dict(inner) if isinstance(inner, dict) else {}
            target = target[parent]
        target[last] = value
    return merged
