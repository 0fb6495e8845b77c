"""An account as JSON, for the command line and the HTTP API. Never a token."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.records import AccountHold, EtsyAccount
from etsy_pipeline.sync.holds import what_to_do


def account_view(account: EtsyAccount, held_by: Sequence[AccountHold]) -> dict[str, Any]:
    """The account, its shop and its settings; and what holds it, with what to do about it.

    Settings that do not fit this version are told as they are stored, with what is wrong: one such shop hides no other.
    """
    connection = connection_of(account, datetime.now(UTC))
    settings, problem = _settings(account)
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
        "holds": [
            {"code": hold.code, "message": hold.message, "what_to_do": what_to_do(hold), "since": _iso(hold.since)}
            for hold in held_by
        ],
        "settings_problem": problem,
        "settings": settings,
    }


def _settings(account: EtsyAccount) -> tuple[dict[str, Any], str | None]:
    try:
        return settings_of(account).model_dump(mode="json"), None
    except BadRequest as error:
        return dict(account.api_config), f"{error.message} {error.hint}"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
