"""Disconnecting a shop: its tokens are wiped, its history stays."""

from datetime import UTC, datetime

from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount


def disconnect(store: Store, account_id: str) -> EtsyAccount:
    """Forget the tokens, and call off what is under way. The shop, its links, syncs and approvals stay.

    Etsy has no way to revoke a grant (FACTS §2): the seller can end it on Etsy, under Settings → Apps.

    Raises:
        NotFound: `account_not_found`.
    """
    now = datetime.now(UTC)
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        account.access_token_encrypted = account.refresh_token_encrypted = None
        account.token_expires_at = account.refresh_token_expires_at = None
        account.needs_consent_since, account.token_problem = None, None
        account.scopes, account.is_active, account.updated_at = None, False, now
        accounts.forget_oauth_sessions(session, account_id=account_id, expired_at=now)
        jobs.cancel_all(session, account_id, now)
    return account
