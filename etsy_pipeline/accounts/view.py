"""An account as JSON, for the command line and the HTTP API. Never a token."""

from datetime import UTC, datetime
from typing import Any

from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.tables import EtsyAccount


def account_view(account: EtsyAccount) -> dict[str, Any]:
    """The account, its shop and its settings."""
    expires_at = account.refresh_token_expires_at
    return {
        "id": account.id,
        "name": account.name,
        "is_active": account.is_active,
        "shop_id": account.shop_id,
        "shop_name": account.shop_name,
        "shop_url": account.shop_url,
        "currency_code": account.currency_code,
        "scopes": account.scopes,
        "refresh_token_expires_at": expires_at.isoformat() if expires_at else None,
        "connection_days_left": days_left(account, datetime.now(UTC)),
        "settings": settings_of(account).model_dump(mode="json"),
    }


def days_left(account: EtsyAccount, now: datetime) -> int | None:
    """How long the connection lasts if nothing refreshes it; None when there is none."""
    return None if account.refresh_token_expires_at is None else max(0, (account.refresh_token_expires_at - now).days)
