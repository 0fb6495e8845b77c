"""Who is answered: with the bearer token when there is one, else only programs on this machine, called directly.

A page in a browser can reach loopback too. So without a token the Host has to be loopback's own name (another name is
DNS rebinding), no proxy may stand between (it would make anybody local), and no foreign page may be the sender.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from etsy_pipeline.api.answers import error_answer

OPEN = frozenset(
    [
        ("GET", "/admin/oauth/etsy/callback"),  # the state protects it
        ("POST", "/webhooks/etsy"),  # the signature protects it
        ("GET", "/health"),  # says nothing
    ]
)
OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
HOW_TO_BE_LET_IN = "Set ETSY_PIPELINE_API_TOKEN and send it as `Authorization: Bearer …`."


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, token: SecretStr | None, origins: Sequence[str]) -> None:
        self._app, self._origins = app, frozenset(origins)
        self._token = None if token is None else _digest(token.get_secret_value())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let pass."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) in OPEN:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = self._without_token(scope, headers) if self._token is None else self._with_token(headers)
        if problem is None:
            await self._app(scope, receive, send)
            return
        code, message, hint = problem
        is_token = self._token is not None
        answer = error_answer(
            401 if is_token else 403, "unauthorized" if is_token else "not_allowed", code, message, hint
        )
        if is_token:
            answer.headers["www-authenticate"] = "Bearer"
        await answer(scope, receive, send)

    def _with_token(self, headers: Headers) -> tuple[str, str, str] | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return "api_token_required", "This API needs a bearer token.", HOW_TO_BE_LET_IN
        if not hmac.compare_digest(_digest(token.strip()), self._token or b""):
            return "api_token_wrong", "The bearer token is not the one of this API.", "Compare it with its setting."
        return None

    def _without_token(self, scope: Scope, headers: Headers) -> tuple[str, str, str] | None:
        client = scope.get("client")
        if client is None or not is_loopback(client[0]):
            return (
                "client_not_local",
                "Without a token this API answers only programs on its machine.",
                HOW_TO_BE_LET_IN,
            )
        if any(name in headers for name in OF_PROXIES):
            return "proxy_not_trusted", "Without a token this API answers no proxy.", HOW_TO_BE_LET_IN
        host = headers.get("host", "")
        if not is_loopback(_hostname(host)):
            return "host_not_local", f"The Host {host[:100]!r} is not loopback's.", "Call it http://localhost."
        if not self._is_own_page(headers, host):
            return "origin_not_allowed", "A page of another site may not call this API.", HOW_TO_BE_LET_IN
        return None

    def _is_own_page(self, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        return origin in self._origins or urlsplit(origin).netloc == host


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
