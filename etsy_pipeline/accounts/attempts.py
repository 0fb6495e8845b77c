"""Attempts to connect a shop: a state each, good for one try within ten minutes; who began it, and who may finish it.

An attempt that was begun for an account is that account's. One without an account belongs to whoever began it.
"""

from dataclasses import dataclass
from datetime import timedelta

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.providers.protocols import Authorization
from etsy_pipeline.store import accounts, activity, clock
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsyAccount, OauthSession

SESSION_MINUTES = 10
THIS_MACHINE = "this machine"  # whoever asks where no token is needed


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks over HTTP: fingerprints of the token and of the browser's cookie, from which neither can be told.

    `program` is empty for a page that was opened without a token, `browser` where there is no cookie.
    """

    program: str = ""
    browser: str = ""

    @property
    def mark(self) -> str:
        """What is kept with an attempt."""
        return f"{self.program}.{self.browser}"

    def has_begun(self, attempt: OauthSession) -> bool:
        """Whether it is the same session: the same token, and the same browser where one was known."""
        program, browser = _mark_of(attempt)
        return bool(program) and program == self.program and browser in {"", self.browser}

    def may_finish_on_page(self, attempt: OauthSession) -> bool:
        """Whether the page may go on: in the browser that began it, or in any where a program did, for its seller."""
        return _mark_of(attempt)[1] in {"", self.browser}

    def may_choose(self, attempt: OauthSession) -> bool:
        """Whether the page may show the accounts: to the browser that began it, or on a machine that needs no token."""
        program, browser = _mark_of(attempt)
        return self.browser == browser if browser else program == self.program == THIS_MACHINE


def remember(
    store: Store, authorization: Authorization, account_id: str | None, asker: Asker, by: Doer | None = None
) -> None:
    """Keep state and verifier of an attempt.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.writing() as session:
        now = clock.now(session)
        if account_id is not None:
            accounts.get(session, account_id)
        accounts.forget_oauth_sessions(session, expired_at=now)
        attempt = OauthSession(
            state=authorization.state,
            account_id=account_id,
            verifier_encrypted=store.cipher.encrypt(authorization.code_verifier),
            expires_at=now + timedelta(minutes=SESSION_MINUTES),
            asked_by=asker.mark if account_id is None else None,
        )
        accounts.add_oauth_session(session, attempt)
        activity.note(session, by, "connecting", account_id=account_id)


def redeem(store: Store, state: str, account_id: str | None, asker: Asker) -> tuple[str, str]:
    """The account that an attempt is finished for, and the verifier. The state is worth nothing from here on.

    Raises:
        NotFound: `account_not_found`; the attempt stays open.
        BadRequest: `oauth_state_unknown`; `oauth_account_needed`, and the attempt stays open.
    """
    with store.writing() as session:
        attempt = _open(session, state)
        if attempt.account_id is not None and account_id not in {None, attempt.account_id}:
            raise _unknown(state)
        if attempt.account_id is None and account_id is None:
            raise _account_needed()
        if attempt.account_id is None and not asker.has_begun(attempt):
            raise _unknown(state)
        account = accounts.get(session, account_id or attempt.account_id or "")
        return account.id, _used(store, session, attempt)


def redeem_on_page(store: Store, state: str, account_id: str | None, asker: Asker) -> str:
    """The verifier of an attempt without an account, which its seller finishes in a browser.

    Raises:
        NotFound: `account_not_found`; the attempt stays open.
        BadRequest: `oauth_state_unknown`.
    """
    with store.writing() as session:
        attempt = _open_on_page(session, state, asker)
        if account_id is not None:
            if not asker.may_choose(attempt):
                raise _unknown(state)
            accounts.get(session, account_id)
        return _used(store, session, attempt)


def accounts_to_choose(store: Store, state: str, asker: Asker) -> list[EtsyAccount]:
    """The accounts without a shop, for the page on which an attempt is finished; none where nobody may see them.

    Raises:
        BadRequest: `oauth_state_unknown`.
    """
    with store.writing() as session:
        attempt = _open_on_page(session, state, asker)
        every = accounts.every(session) if asker.may_choose(attempt) else []
    return [account for account in every if account.shop_id is None]


def needs_account(store: Store, state: str) -> bool:
    """Whether this is an open attempt that was begun without an account."""
    with store.writing() as session:
        attempt = accounts.oauth_session(session, state)
        return attempt is not None and _is_open(session, attempt) and attempt.account_id is None


def abandon(store: Store, state: str) -> None:
    """The seller said no: the attempt is over, and its state worth nothing."""
    with store.writing() as session:
        accounts.use_oauth_session(session, state, clock.now(session))


def _open(session: Session, state: str) -> OauthSession:
    attempt = accounts.oauth_session(session, state)
    if attempt is None or not _is_open(session, attempt):
        raise _unknown(state)
    return attempt


def _open_on_page(session: Session, state: str, asker: Asker) -> OauthSession:
    attempt = _open(session, state)
    if attempt.account_id is not None or not asker.may_finish_on_page(attempt):
        raise _unknown(state)
    return attempt


def _is_open(session: Session, attempt: OauthSession) -> bool:
    return attempt.used_at is None and attempt.expires_at >= clock.now(session)


def _used(store: Store, session: Session, attempt: OauthSession) -> str:
    accounts.use_oauth_session(session, attempt.state, clock.now(session))
    return store.cipher.decrypt(attempt.verifier_encrypted)


def _mark_of(attempt: OauthSession) -> tuple[str, str]:
    program, _, browser = (attempt.asked_by or "").partition(".")
    return program, browser


def _unknown(state: str) -> BadRequest:
    return BadRequest(
        "This attempt to connect is unknown, another account's or session's, was used already, or is older than "
        f"{SESSION_MINUTES} minutes (state {state[:6]}…).",
        code="oauth_state_unknown",
        hint="Start again: in the browser, by `etsy-pipeline accounts connect ACCOUNT`, or GET /admin/oauth/etsy.",
    )


def _account_needed() -> BadRequest:
    return BadRequest(
        "This attempt to connect was begun without an account.",
        code="oauth_account_needed",
        hint="POST {id, code, state} to this address: id is the account's. The state can still be used.",
    )
