"""The tokens of a connected shop: refreshed ahead of time, under a row lock, stored before they are used.

Refresh tokens rotate and the old one must be taken for dead (FACTS §2), so two processes that refresh at once would
lose the shop: whoever holds the account's row refreshes, and whoever waited finds the new pair in the store.
"""

from datetime import UTC, datetime, timedelta

from etsy_pipeline.errors import NeedsPerson
from etsy_pipeline.etsy.oauth import EtsyOAuth, Tokens
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount

REFRESH_AHEAD = timedelta(minutes=5)


class AccountTokens:
    """A `TokenSource` for one account."""

    def __init__(self, store: Store, oauth: EtsyOAuth, account_id: str) -> None:
        self._store, self._oauth, self._account_id = store, oauth, account_id
        self._known: tuple[str, datetime] | None = None

    def access_token(self) -> str:
        """A token that is valid for some minutes more."""
        if self._known is None:
            with self._store.reading() as session:
                self._known = self._stored(accounts.get(session, self._account_id))
        token, expires_at = self._known
        if expires_at - REFRESH_AHEAD > datetime.now(UTC):
            return token
        return self.replace(token)

    def replace(self, stale: str) -> str:
        """A token newer than `stale`: the one that another process stored meanwhile, or a refreshed one."""
        with self._store.writing() as session:
            account = accounts.get(session, self._account_id, lock=True)
            token, expires_at = self._stored(account)
            if token == stale:
                refresh_token = self._store.cipher.decrypt(account.refresh_token_encrypted or "")
                tokens = self._oauth.refresh(refresh_token, account.scopes or "")
                keep(self._store, account, tokens)
                token, expires_at = tokens.access_token, tokens.expires_at
        self._known = token, expires_at
        return token

    def _stored(self, account: EtsyAccount) -> tuple[str, datetime]:
        if not account.access_token_encrypted or account.token_expires_at is None:
            raise NeedsPerson(
                f"The account {account.id} is not connected to an Etsy shop.",
                code="account_not_connected",
                hint=f"Run `etsy-pipeline accounts connect {account.id}`.",
            )
        return self._store.cipher.decrypt(account.access_token_encrypted), account.token_expires_at


def keep(store: Store, account: EtsyAccount, tokens: Tokens) -> None:
    """Write tokens to the account's row, encrypted."""
    account.access_token_encrypted = store.cipher.encrypt(tokens.access_token)
    account.refresh_token_encrypted = store.cipher.encrypt(tokens.refresh_token)
    account.token_expires_at = tokens.expires_at
    account.refresh_token_expires_at = tokens.refresh_expires_at
    account.scopes = tokens.scopes
    account.updated_at = datetime.now(UTC)
