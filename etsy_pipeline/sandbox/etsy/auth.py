"""OAuth with PKCE, API keys and scopes as Etsy has them (FACTS §2, §3)."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from etsy_pipeline.sandbox.etsy.answers import EtsyError, error
from etsy_pipeline.sandbox.state import State

SCOPES = frozenset(
    [
        "address_r",
        "address_w",
        "email_r",
        "listings_d",
        "listings_r",
        "listings_w",
        "profile_r",
        "profile_w",
        "shops_r",
        "shops_w",
        "transactions_r",
        "transactions_w",
    ]
)
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 24 * 3600
CODE_SECONDS = 600  # how long a code lives is not in FACTS; RFC 6749 recommends at most ten minutes
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class App:
    """The one registered app."""

    client_id: str
    shared_secret: str
    redirect_uris: tuple[str, ...]


class ConsentError(Exception):
    """Etsy shows an error to the seller, and does not redirect (FACTS §2)."""


def check_key(app: App, header: str | None) -> None:
    """The x-api-key, before the body is read; the three exact answers of FACTS §3, all 403."""
    keystring, colon, secret = (header or "").partition(":")
    if keystring and not colon and header == app.client_id:
        raise error(403, "Shared secret is required in x-api-key header.")
    if not keystring or not secret:
        raise error(403, "Invalid API key: should be in the format 'keystring:shared_secret'.")
    if not hmac.compare_digest(f"{keystring}:{secret}".encode(), f"{app.client_id}:{app.shared_secret}".encode()):
        raise error(403, "API key not found or not active, or incorrect shared secret for API key.")


def scopes_of(state: State, token: str) -> list[str]:
    """The scopes of a token. The key of the answer is a guess: Etsy's document leaves it out (tokenScopes)."""
    return str(_access_token(state, token)["scope"]).split()


def user_of(state: State, authorization: str | None, scope: str) -> int:
    """The user of the bearer token, who must have granted the scope (FACTS §2: exact texts)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise error(401, f"Access token is required for this request (requires scope: {scope}).")
    row = _access_token(state, token.strip())
    if scope and scope not in row["scope"].split():
        raise error(403, f"Access token lacks scope for this request (requires scope: {scope}).")
    return int(row["user_id"])


def _access_token(state: State, token: str) -> Any:
    row = state.row("SELECT * FROM token WHERE token = ? AND kind = 'access'", token)
    if row is None or row["revoked"]:
        raise EtsyError(401, {"error": "invalid_token", "error_description": "access token is invalid"})
    if row["expires_at"] <= state.now():
        raise EtsyError(401, {"error": "invalid_token", "error_description": "access token is expired"})
    return row


def check_consent(app: App, query: Mapping[str, str]) -> None:
    """The parameters of the consent page."""
    if query.get("client_id") != app.client_id:
        raise ConsentError("Unknown client_id: it must be the app's keystring, without the shared secret.")
    if query.get("redirect_uri") not in app.redirect_uris:  # exact match, to the letter
        raise ConsentError("The redirect_uri is not one that is registered with the app.")
    unknown = set(query.get("scope", "").split()) - SCOPES
    if unknown or not query.get("scope"):
        raise ConsentError(f"Unknown scope: {' '.join(sorted(unknown)) or 'none given'}.")
    required = {"response_type": "code", "code_challenge_method": "S256"}
    for name, value in required.items():
        if query.get(name) != value:
            raise ConsentError(f"{name} must be {value}.")
    if not query.get("state"):
        raise ConsentError("state must not be empty.")
    if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise ConsentError("code_challenge must be the SHA-256 of the verifier, in base64url without padding.")


def redirect_after_consent(state: State, query: Mapping[str, str], user_id: int | None) -> str:
    """Where Etsy sends the seller: with a code, or (None) with the refusal."""
    answer = {"state": query["state"]}
    if user_id is None:
        answer |= {"error": "access_denied", "error_description": "The seller denied the request."}
    else:
        answer["code"] = secrets.token_urlsafe(32)
        state.run(
            "INSERT INTO oauth_code (code, user_id, redirect_uri, challenge, scope, expires_at) VALUES (?,?,?,?,?,?)",
            answer["code"], user_id, query["redirect_uri"], query["code_challenge"], query["scope"],
            state.now() + CODE_SECONDS,
        )  # fmt: skip
    separator = "&" if "?" in query["redirect_uri"] else "?"
    return f"{query['redirect_uri']}{separator}{urlencode(answer)}"


def token(state: State, app: App, form: Mapping[str, str]) -> dict[str, object]:
    """The token endpoint."""
    if form.get("client_id") != app.client_id:
        raise _oauth_error("invalid_client", "client_id is unknown", 401)
    if form.get("grant_type") == "authorization_code":
        return _exchange(state, form)
    if form.get("grant_type") == "refresh_token":
        return _refresh(state, form)
    raise _oauth_error("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")


def _exchange(state: State, form: Mapping[str, str]) -> dict[str, object]:
    row = state.row("SELECT * FROM oauth_code WHERE code = ?", form.get("code", ""))
    if row is None or row["expires_at"] <= state.now():
        raise _oauth_error("invalid_grant", "code is invalid or expired")
    if row["used"]:
        raise _oauth_error("invalid_grant", "code has been used previously")
    if row["redirect_uri"] != form.get("redirect_uri"):
        raise _oauth_error("invalid_grant", "redirect_uri does not match")
    verifier = form.get("code_verifier", "")
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not _VERIFIER.fullmatch(verifier) or challenge != row["challenge"]:
        raise _oauth_error("invalid_grant", "code_verifier does not match")
    state.run("UPDATE oauth_code SET used = 1 WHERE code = ?", row["code"])
    return _issue(state, row["user_id"], row["scope"])


def _refresh(state: State, form: Mapping[str, str]) -> dict[str, object]:
    row = state.row("SELECT * FROM token WHERE token = ? AND kind = 'refresh'", form.get("refresh_token", ""))
    if row is None or row["revoked"]:
        raise _oauth_error("invalid_grant", "refresh_token is revoked")
    if row["expires_at"] <= state.now():
        raise _oauth_error("invalid_grant", "refresh_token is expired")
    # Whether the old one dies at once is uncertain (FACTS §2): here it does.
    state.run("UPDATE token SET revoked = 1 WHERE token = ?", row["token"])
    return _issue(state, row["user_id"], row["scope"])


def _issue(state: State, user_id: int, scope: str) -> dict[str, object]:
    access, refresh = (f"{user_id}.{secrets.token_urlsafe(48)}" for _ in range(2))
    for value, kind, seconds in ((access, "access", ACCESS_SECONDS), (refresh, "refresh", REFRESH_SECONDS)):
        state.run(
            "INSERT INTO token (token, kind, user_id, scope, expires_at) VALUES (?,?,?,?,?)",
            value, kind, user_id, scope, state.now() + seconds,
        )  # fmt: skip
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "scope": scope,
    }


def _oauth_error(code: str, description: str, status: int = 400) -> EtsyError:
    return EtsyError(status, {"error": code, "error_description": description})
