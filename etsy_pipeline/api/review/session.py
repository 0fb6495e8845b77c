"""Who reads the review page: a signed, short-lived cookie, got for the API's token, and a token in every form.

Without an API token the Guard lets only this machine in, and nobody has to sign in; the forms' token is checked all
the same. The signing key comes from the database's key and the API token: another token ends all sessions.
"""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import BadRequest

COOKIE = "etsy_pipeline_review"
LASTS_SECONDS = 8 * 60 * 60
LAST_NAME = "name"  # of the session: who decided last, to fill in the form


class SignInNeededError(Exception):
    """Nobody has signed in, or too long ago."""


class Sessions:
    """ASGI middleware: the session, in a cookie that is Secure where the browser came by https.

    A proxy in front says so in `X-Forwarded-Proto`. It is believed for this alone: it makes a cookie stricter.
    Lax and not Strict: a link to a plan in a mail has to work; nothing changes by following links.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._plain, self._secure = (
            SessionMiddleware(
                app, key, COOKIE, max_age=LASTS_SECONDS, path="/review", same_site="lax", https_only=https_only
            )
            for https_only in (False, True)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, with the session."""
        is_https = scope["type"] == "http" and "https" in {
            scope["scheme"],
            Headers(scope=scope).get("x-forwarded-proto", ""),
        }
        await (self._secure if is_https else self._plain)(scope, receive, send)


def signing_key(context: AppContext) -> str:
    """What the cookies are signed with."""
    token = context.settings.etsy_pipeline_api_token
    digest = hashlib.sha256(token.get_secret_value().encode()).hexdigest() if token else "no token"
    return context.store.cipher.key_for(f"review sessions {digest}")


def is_token(context: AppContext, given: str) -> bool:
    """Whether this is the API's token, found out in constant time."""
    token = context.settings.etsy_pipeline_api_token
    wanted = token.get_secret_value() if token else ""
    one, other = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, wanted))
    return bool(wanted) and hmac.compare_digest(one, other)


def begin(request: Request) -> None:
    """Sign in: a session of its own, with another token for its forms."""
    request.session.clear()
    request.session["signed_in"] = True
    csrf_token(request)


def csrf_token(request: Request) -> str:
    """The token for the forms of this session."""
    if "csrf" not in request.session:
        request.session["csrf"] = secrets.token_urlsafe(32)
    return str(request.session["csrf"])


def needs_sign_in(request: Request) -> bool:
    """Whether this installation has a token."""
    context: AppContext = request.app.state.context
    return context.settings.etsy_pipeline_api_token is not None


def _signed_in(request: Request) -> None:
    if needs_sign_in(request) and not request.session.get("signed_in"):
        raise SignInNeededError


def _from_own_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    wanted = str(request.session.get("csrf", ""))
    if not wanted or not hmac.compare_digest(wanted.encode(), csrf.encode("utf-8", "replace")):
        raise BadRequest(
            "This form is not one of your session: it is too old, or another page sent it.",
            code="form_expired",
            hint="Open the page again, and send its form.",
        )


SIGNED_IN = Depends(_signed_in)
OWN_FORM = Depends(_from_own_form)
