"""Who asks to connect a shop, so that nobody else finishes it: the API's token, and a cookie where a browser keeps one.

Only marks of both are stored, made with the database's key: whoever reads the database learns neither.
"""

import re
import secrets

from fastapi import Request, Response

from etsy_pipeline.accounts import people
from etsy_pipeline.accounts.attempts import SESSION_MINUTES, THIS_MACHINE, Asker
from etsy_pipeline.api.context import AppContext

COOKIE = "etsy_pipeline_oauth"
PATH = "/admin/oauth"
_KEEP_COOKIES = {"same-origin", "none"}  # Sec-Fetch-Site of requests whose answer's cookies a browser keeps
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")


def who_begins(context: AppContext, request: Request, answer: Response) -> Asker:
    """Who this is; a browser that will send it back gets a cookie, or keeps the one it has."""
    if request.headers.get("sec-fetch-site") not in _KEEP_COOKIES:
        return Asker(_program(context))
    nonce = _nonce(request) or secrets.token_urlsafe(32)
    is_https = "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "")}
    answer.set_cookie(
        COOKIE, nonce, max_age=SESSION_MINUTES * 60, path=PATH, secure=is_https, httponly=True, samesite="lax"
    )
    return Asker(_program(context), _browser(context, nonce))


def who_finishes(context: AppContext, request: Request) -> Asker:
    """Who this is; the Guard has let them in, with the token if there is one."""
    return Asker(_program(context), _browser(context, _nonce(request)))


def who_looks(context: AppContext, request: Request) -> Asker:
    """Who this is, in a browser that needs no token."""
    is_open = context.settings.etsy_pipeline_api_token is None and not people.are_there(context.store)
    program = THIS_MACHINE if is_open else ""
    return Asker(program, _browser(context, _nonce(request)))


def _program(context: AppContext) -> str:
    token = context.settings.etsy_pipeline_api_token
    return context.store.cipher.key_for(f"oauth attempts of {token.get_secret_value()}") if token else THIS_MACHINE


def _browser(context: AppContext, nonce: str) -> str:
    return context.store.cipher.key_for(f"oauth attempts in {nonce}") if nonce else ""


def _nonce(request: Request) -> str:
    sent = request.cookies.get(COOKIE, "")
    return sent if _NONCE.fullmatch(sent) else ""
