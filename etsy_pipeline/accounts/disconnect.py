"""Disconnecting a shop: its tokens are wiped, its history stays."""

from datetime import UTC, datetime

from etsy_pipeline.store import accounts, activity
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync.lifecycle import cancel_all


def disconnect(store: Store, account_id: str, *, by: Doer | None = None) -> EtsyAccount:
    """Forget the tokens, and call off what is under way. The shop, its links, syncs and approvals stay.

    Etsy has no way to revoke a grant (FACTS §2): the seller can end it on Etsy, under Settings → Apps.

    Raises:
        NotFound: `account_not_found`.
    """
    now = datetime.now(UTC)
    with store.writing() as session:
        accounts.get(session, account_id, lock=True)
        accounts.forget_oauth_sessions(session, account_id=account_id, expired_at=now)
        called_off = ", ".join(job.transaction_id for job in cancel_all(session, account_id))
        activity.note(session, by, "disconnected", account_id=account_id, about=called_off)
        return accounts.change(
            session,
            account_id,
            access_token_encrypted=None,
            refresh_token_encrypted=None,
            token_expires_at=None,
            refresh_token_expires_at=None,
            needs_consent_since=None,
            token_problem=None,
            scopes=None,
            is_active=False,
            updated_at=now,
        )
