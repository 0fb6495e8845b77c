"""The tokens of a connected shop: refreshed ahead of time, under a row lock, stored before they are used.

Refresh tokens rotate and the old one must be taken for dead (FACTS §2), so two processes that refresh at once would
lose the shop: whoever holds the account's row refreshes, and whoever waited finds the new pair in the store. When Etsy
refuses the refresh token all the same, the account says so until it is connected again (`connection.py`).
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.errors import NeedsPerson, PipelineError, Unavailable
from etsy_pipeline.providers.protocols import CallBudget, OAuth, Tokens
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount

logger = logging.getLogger(__name__)

REFRESH_AHEAD = timedelta(minutes=5)
IDLE_BELOW = timedelta(days=83)  # left of 90: a new term starts with each refresh, and a week without one is enough
DEAD = "oauth_invalid_grant"

Now = Callable[[], datetime]


class AccountTokens:
    """A `TokenSource` for one account.

    Args:
        store: the database.
        oauth: our app.
        account_id: whose tokens.
        budget: calls allowed; whether Etsy counts those for tokens is unknown (FACTS §12), so they are.
        now: the clock; the database's, unless a test has its own, for processes on several machines share the tokens.
    """

    def __init__(
        self, store: Store, oauth: OAuth, account_id: str, *, budget: CallBudget | None = None, now: Now | None = None
    ) -> None:
        self._store, self._oauth, self._account_id, self._now = store, oauth, account_id, now or store.now
        self._budget = budget
        self._known: tuple[str, datetime] | None = None

    def access_token(self) -> str:
        """A token that is valid for some minutes more."""
        if self._known is None:
            with self._store.reading() as session:
                self._known = self._stored(accounts.get(session, self._account_id))
        token, expires_at = self._known
        if expires_at - REFRESH_AHEAD > self._now():
            return token
        return self.replace(token)

    def replace(self, stale: str) -> str:
        """A token newer than `stale`: the one that another process stored meanwhile, or a refreshed one.

        Raises:
            NeedsPerson: `oauth_invalid_grant`, when the seller has to consent again; the account is marked.
        """
        self._known = self._newer(lambda account: self._stored(account)[0] == stale)
        return self._known[0]

    def renew_if_idle(self) -> None:
        """Refresh a connection that nobody has used for a week, so that its 90 days begin anew."""
        self._known = self._newer(lambda account: _is_idle(account, self._now()))

    def _newer(self, is_stale: Callable[[EtsyAccount], bool]) -> tuple[str, datetime]:
        if self._budget is None:
            return self._newest(is_stale)
        self._budget.wait_for_turn("stock")  # before the row is locked: others write while we wait
        try:
            return self._newest(is_stale)
        finally:
            self._budget.learn({})  # and after it: the budget has a lock of its own, and a row in the same database

    def _newest(self, is_stale: Callable[[EtsyAccount], bool]) -> tuple[str, datetime]:
        refreshed: Tokens | None = None
        now = self._now()
        try:
            with self._store.writing() as session:
                account = accounts.get(session, self._account_id, lock=True)
                if is_stale(account):
                    refreshed = self._refreshed(account)
                    account = accounts.change(session, account.id, **token_columns(self._store, refreshed, now))
                return self._stored(account)
        except NeedsPerson as error:
            if error.code != DEAD:
                raise
            return self._stored_meanwhile(is_stale, error)
        except Unavailable:
            if refreshed is None:
                raise
            return self._kept_again(is_stale, refreshed, now)

    def _refreshed(self, account: EtsyAccount) -> Tokens:
        refresh_token = self._store.cipher.decrypt(account.refresh_token_encrypted or "")
        return self._oauth.refresh(refresh_token, account.scopes or "")

    def _kept_again(
        self, is_stale: Callable[[EtsyAccount], bool], refreshed: Tokens, now: datetime
    ) -> tuple[str, datetime]:
        """The database was lost after Etsy had rotated: without the new pair the shop would be lost as well."""
        with self._store.writing() as session:
            account = accounts.get(session, self._account_id, lock=True)
            if is_stale(account):
                account = accounts.change(session, account.id, **token_columns(self._store, refreshed, now))
            return self._stored(account)

    def _stored_meanwhile(self, is_stale: Callable[[EtsyAccount], bool], error: NeedsPerson) -> tuple[str, datetime]:
        """Etsy refused the refresh token: another process may have stored a newer one; else the account is marked."""
        with self._store.writing() as session:
            account = accounts.get(session, self._account_id, lock=True)
            if not is_stale(account):
                return self._stored(account)
            since = account.needs_consent_since or self._now()
            accounts.change(session, account.id, needs_consent_since=since, token_problem=error.message)
        logger.error("connection_lost account_id=%s code=%s", self._account_id, error.code)
        raise error

    def _stored(self, account: EtsyAccount) -> tuple[str, datetime]:
        if not account.access_token_encrypted or account.token_expires_at is None:
            raise NeedsPerson(
                f"The account {account.id} is not connected to an Etsy shop.",
                code="account_not_connected",
                hint=f"Run `etsy-pipeline accounts connect {account.id}`.",
            )
        return self._store.cipher.decrypt(account.access_token_encrypted), account.token_expires_at


def token_columns(store: Store, tokens: Tokens, now: datetime) -> dict[str, Any]:
    """Tokens as an account's columns, encrypted; with them a lost connection is a good one again.

    Args:
        store: the database.
        tokens: as they were given.
        now: when they were asked for, by the database's clock.
    """
    return {
        "access_token_encrypted": store.cipher.encrypt(tokens.access_token),
        "refresh_token_encrypted": store.cipher.encrypt(tokens.refresh_token),
        "token_expires_at": now + tokens.lasts,
        "refresh_token_expires_at": now + tokens.refresh_lasts,
        "scopes": tokens.scopes,
        "needs_consent_since": None,
        "token_problem": None,
        "updated_at": now,
    }


def idle_accounts(store: Store, *, now: Now | None = None) -> list[str]:
    """The connected accounts that nobody has used for a week.

    A connection that is lost is not among them: only the seller's consent brings it back.
    """
    moment = now() if now else store.now()
    with store.reading() as session:
        return [
            account.id
            for account in accounts.active(session)
            if account.needs_consent_since is None and _is_idle(account, moment)
        ]


def renew(tokens_of: Callable[[str], AccountTokens], account_ids: Sequence[str]) -> dict[str, str]:
    """Refresh these accounts' connections where they are still idle: account id → "renewed", or what went wrong."""
    told = {}
    for account_id in account_ids:
        try:
            tokens_of(account_id).renew_if_idle()
            told[account_id] = "renewed"
        except PipelineError as error:
            told[account_id] = str(error)
    return told


def _is_idle(account: EtsyAccount, now: datetime) -> bool:
    expires_at = account.refresh_token_expires_at
    return expires_at is not None and expires_at - now <= IDLE_BELOW
