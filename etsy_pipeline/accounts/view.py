"""An account as JSON, for the command line and the HTTP API. Never a token."""

from datetime import UTC, datetime
from typing import Any

from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.records import EtsyAccount


def account_view(account: EtsyAccount) -> dict[str, Any]:
    """The account, its shop and its settings."""
    connection = connection_of(account, datetime.now(UTC))
    return {
        "id": account.id,
        "name": account.name,
        "is_active": account.is_active,
        "shop_id": account.shop_id,
        "shop_name": account.shop_name,
        "shop_url": account.shop_url,
        "currency_code": account.currency_code,
        "scopes": account.scopes,
        "refresh_token_expires_at": _iso(account.refresh_token_expires_at),
        "connection": connection.state,
        "days_left": connection.days_left,
        "needs_consent_since": _iso(connection.needs_consent_since),
        "token_problem": connection.problem,
        "settings": settings_of(account).model_dump(mode="json"),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
