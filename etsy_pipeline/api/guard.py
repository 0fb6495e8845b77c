"""Who is answered: with a bearer token when there is one, else only programs on this machine, called directly.

The token is the installation's own, which may everything, or a person's, which may what their role says (`who.py`).
As soon as there are people with names, nobody is answered without a token.

A page in a browser reaches loopback too. So without a token and people the Host has to be loopback's own name (another
name is DNS rebinding), no proxy may stand between (it would make anybody local), and no foreign page may be the sender.

The pages for people ask them to sign in with the token itself (`review/session.py`): a browser sends no bearer token.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.people import may
from etsy_pipeline.api.answers import error_answer, status_of
from etsy_pipeline.api.who import ADMINISTRATOR, Who, of_person, role_needed, too_low
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store.engine import Store

OPEN = frozenset(
    [
        ("GET", "/admin/oauth/etsy/callback"),  # the state protects it
        ("POST", "/admin/oauth/etsy/callback/finish"),  # the same: the form of the page that this shows
        ("POST", "/webhooks/etsy"),  # the signature protects it
        ("POST", "/webhooks/medusa"),  # the same
        ("GET", "/health"),  # says nothing
        ("GET", "/"),  # the way to the pages
        ("GET", "/ready"),  # a word for each thing, whose values are known
    ]
)
REVIEW = "/review"
FOR_PEOPLE = (REVIEW, "/setup")  # pages: they have a sign-in of their own
OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
HOW_TO_BE_LET_IN = (
    "Send `Authorization: Bearer …` with ETSY_PIPELINE_API_TOKEN, or with a token of `etsy-pipeline people add NAME`."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    message: str
    code: str
    status: int = 403
    type: str = "not_allowed"
    headers: Mapping[str, str] = field(default_factory=dict)
    hint: str = HOW_TO_BE_LET_IN


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, token: SecretStr | None, origins: Sequence[str], store: Store) -> None:
        self._app, self._origins, self._store = app, frozenset(origins), store
        self._token = None if token is None else _digest(token.get_secret_value())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let pass."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) in OPEN:
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        answer = error_answer(
            refusal.status, refusal.type, code=refusal.code, message=refusal.message, hint=refusal.hint
        )
        answer.headers.update(refusal.headers)
        await answer(scope, receive, send)

    async def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        try:
            refusal = None if self._token else self._without_token(scope, headers)
            if refusal and not await run_in_threadpool(people.are_there, self._store):
                return refusal  # where there are people, everybody shows who they are, wherever they come from
            if is_for_people(scope["path"]):
                return None
            found = await run_in_threadpool(self._who, headers)
        except PipelineError as error:  # the database is away
            return Refusal(error.message, error.code, *status_of(error), hint=error.hint)
        if isinstance(found, Refusal):
            return found
        needed = role_needed(scope["method"], scope["path"])
        if not may(found.role, needed):
            told = too_low(found, needed)
            return Refusal(told.message, told.code, hint=told.hint)
        scope.setdefault("state", {})["who"] = found
        return None

    def _who(self, headers: Headers) -> Who | Refusal:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        if not token:
            is_open = self._token is None and not people.are_there(self._store)
            return (
                ADMINISTRATOR if is_open else _unauthorized("This API needs a bearer token.", code="api_token_required")
            )
        if self._token is not None and hmac.compare_digest(_digest(token), self._token):
            return ADMINISTRATOR
        person = people.with_token(self._store, token)
        if person is not None:
            return of_person(person)
        if self._token is None and not people.are_there(self._store):
            return ADMINISTRATOR  # where no token is needed, a wrong one is none
        return _unauthorized("The bearer token is not the one of this API, nor a person's.", code="api_token_wrong")

    def _without_token(self, scope: Scope, headers: Headers) -> Refusal | None:
        client = scope.get("client")
        if client is None or not is_loopback(client[0]):
            message = "Without a token this API answers only programs on its machine."
            return Refusal(message, code="client_not_local")
        if any(name in headers for name in OF_PROXIES):
            return Refusal("Without a token this API answers no proxy.", code="proxy_not_trusted")
        host = headers.get("host", "")
        if not is_loopback(_hostname(host)):
            return Refusal(f"The Host {host[:100]!r} is not loopback's.", code="host_not_local")
        if not (self._is_own_page(headers, host) or _is_link_to_page(scope, headers)):
            return Refusal("A page of another site may not call this API.", code="origin_not_allowed")
        return None

    def _is_own_page(self, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        if (
            origin == "null"
        ):  # of forms on our own pages, too: they send no referrer. No page can write the other header
            return headers.get("sec-fetch-site") == "same-origin"
        return origin in self._origins or origin in {f"http://{host}", f"https://{host}"}


def _unauthorized(message: str, code: str) -> Refusal:
    return Refusal(message, code, status=401, type="unauthorized", headers={"www-authenticate": "Bearer"})


def is_for_people(path: str) -> bool:
    """Whether this is a page: those let nobody in who has not signed in, and have a token in every form."""
    return any(path == page or path.startswith(f"{page}/") for page in FOR_PEOPLE)


def _is_link_to_page(scope: Scope, headers: Headers) -> bool:
    """Somebody follows a link to a page; what it shows stays unreadable for the page with the link."""
    is_followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return scope["method"] == "GET" and is_followed and "origin" not in headers and is_for_people(scope["path"])


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, to itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
