"""Who reads the pages: a signed, short-lived cookie, got for a token, and a token in every form.

The token is a person's own, and says who they are and what they may; or the installation's, which may everything and
names nobody. Without that one and without people the Guard lets only this machine in, and nobody has to sign in; the
forms' token is checked all the same. The signing key comes from the database's key and the installation's token:
another token ends all sessions. A person is looked up with each request: whoever is removed is out at once.
"""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.people import may
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.who import ADMINISTRATOR, Who, of_person, role_needed, too_low
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.activity import Doer

COOKIE = "etsy_pipeline_review"
LASTS_SECONDS = 8 * 60 * 60
LAST_NAME = "name"  # of the session: who decided last, to fill in the form
SIGNED_IN_WITH = "with"  # of the session: which of their tokens they signed in with
PERSON = "person"  # of the session: the id of who has signed in by name
THROUGH = "review page"
NOBODY_NAMED = "somebody on the review page"
SAFE_NEXT = ("/review/", "/setup")  # where signing in may lead


class SignInNeededError(Exception):
    """Nobody has signed in, or too long ago."""


class Sessions:
    """ASGI middleware: the session, in a cookie that is Secure where the browser came by https.

    A proxy in front says so in `X-Forwarded-Proto`. It is believed for this alone: it makes a cookie stricter.
    Lax and not Strict: a link to a plan in a mail has to work; nothing changes by following links.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._plain, self._secure = (
            SessionMiddleware(app, key, COOKIE, max_age=LASTS_SECONDS, path="/", same_site="lax", https_only=https_only)
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


def who_has(context: AppContext, given: str) -> Who | None:
    """Who signs in with this token; None where it is nobody's. The installation's own is told in constant time."""
    token = context.settings.etsy_pipeline_api_token
    wanted = token.get_secret_value() if token else ""
    one, other = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, wanted))
    if wanted and hmac.compare_digest(one, other):
        return ADMINISTRATOR
    person = people.with_token(context.store, given) if given else None
    return of_person(person) if person else None


def begin(request: Request, found: Who) -> None:
    """Sign in: a session of its own, with another token for its forms."""
    request.session.clear()
    request.session["signed_in"] = True
    request.session[PERSON], request.session[SIGNED_IN_WITH] = found.person_id, found.token_mark
    csrf_token(request)


def csrf_token(request: Request) -> str:
    """The token for the forms of this session."""
    if "csrf" not in request.session:
        request.session["csrf"] = secrets.token_urlsafe(32)
    return str(request.session["csrf"])


def needs_sign_in(request: Request) -> bool:
    """Whether this installation has a token, or people with names."""
    context: AppContext = request.app.state.context
    return context.settings.etsy_pipeline_api_token is not None or people.are_there(context.store)


def signed_in(request: Request) -> Who | None:
    """Who has signed in, and may still; None where they have yet to."""
    if person_id := str(request.session.get(PERSON, "")):
        context: AppContext = request.app.state.context
        person = people.with_id(context.store, person_id)
        has_token = person and hmac.compare_digest(person.token_mark, str(request.session.get(SIGNED_IN_WITH, "")))
        return of_person(person) if person and has_token else None
    is_in = request.session.get("signed_in") and request.app.state.context.settings.etsy_pipeline_api_token
    return ADMINISTRATOR if is_in or not needs_sign_in(request) else None


def name_for(request: Request) -> str:
    """The name that stands in a form: of whoever has signed in by name, else of who decided last in this browser."""
    found: Who = request.state.who
    return found.name or str(request.session.get(LAST_NAME, ""))


def decides_as(request: Request, given: str, otherwise: str = "") -> str:
    """The name that a decision is noted with. Once it is taken, `remember` the name.

    Raises:
        BadRequest: `name_not_yours`.
    """
    found: Who = request.state.who
    return found.decides_as(given, otherwise)


def remember(request: Request, given: str) -> None:
    """Fill a name that was typed into this browser's next forms. Not that of a decision that was refused."""
    found: Who = request.state.who
    if not found.name:
        request.session[LAST_NAME] = given


def _by_browser(request: Request) -> Doer:
    return Doer(name_for(request).strip() or NOBODY_NAMED, THROUGH)


def _signed_in(request: Request) -> None:
    found = signed_in(request)
    if found is None:
        raise SignInNeededError
    request.state.who = found
    needed = role_needed(request.method, request.url.path)
    if not may(found.role, needed):
        raise too_low(found, needed)


def _from_own_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    wanted = str(request.session.get("csrf", ""))
    if not wanted or not hmac.compare_digest(wanted.encode(), csrf.encode("utf-8", "replace")):
        raise BadRequest(
            "This form is not one of your session: it is too old, or another page sent it.",
            code="form_expired",
            hint="Open the page again, and send its form.",
        )


SIGNED_IN = Depends(_signed_in)
ByBrowser = Annotated[Doer, Depends(_by_browser)]
"""Who sends a form, as it is noted with what it changes: who has signed in, or decided last in this browser."""
OWN_FORM = Depends(_from_own_form)
