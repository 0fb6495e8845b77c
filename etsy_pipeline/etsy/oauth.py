"""Etsy's OAuth 2: authorization code with PKCE (S256), and refreshing. No client secret is sent (FACTS §2)."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError

with warnings.catch_warnings():  # Authlib would rather use httpx2, which this project does not
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.etsy.errors import EtsyUnauthorized, EtsyUnavailable
from etsy_pipeline.etsy.transport import REQUEST_UUID, log_call
from etsy_pipeline.observed import observed_call
from etsy_pipeline.providers.protocols import Authorization, Tokens
from etsy_pipeline.trust import trusted

REFRESH_TOKEN_DAYS = 90  # FACTS §2; a new term starts with each refresh
TIMEOUT_SECONDS = 20
ENDPOINT = "/oauth/token"  # as it is told to whoever watches
LONGEST_WORDS = 200  # characters of Etsy's text that are kept

# RFC 6749 §5.2, and Etsy's own word for a token that is over. Any other "error" is a gateway's or a limiter's.
REFUSALS = frozenset(
    ("invalid_grant", "invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type",
     "invalid_scope", "invalid_token", "access_denied")
)  # fmt: skip
CONNECT_AGAIN = "Connect the shop again: `etsy-pipeline accounts connect ACCOUNT`."

_DENIALS = {  # RFC 6749 §4.1.2.1
    "access_denied": "Start again and press “Grant access” on Etsy's page.",
    "invalid_scope": "Correct ETSY_SCOPE: Etsy refuses all when one scope is unknown (FACTS §2).",
    "unauthorized_client": "The app is not approved (yet): look at etsy.com/developers/your-apps.",
}
_REFUSALS = (  # words in Etsy's answer → what to do
    ("redirect_uri", "Register ETSY_REDIRECT_URI with the app to the letter, and connect again with the same one."),
    ("client_id", "Set ETSY_CLIENT_ID to the keystring of your Etsy app."),
    ("code", f"A code works once, for some minutes. {CONNECT_AGAIN}"),
)


@dataclass(frozen=True, slots=True)
class EtsyOAuth:
    """One Etsy app's side of the OAuth conversation."""

    client_id: str
    redirect_uri: str
    scope: str
    authorize_url: str
    token_url: str

    def asking_for(self, more: Sequence[str]) -> Self:
        """The same, asking for these permissions as well."""
        return replace(self, scope=" ".join(dict.fromkeys([*self.scope.split(), *more])))

    def authorization(self) -> Authorization:
        """Start: a fresh state and verifier, and the consent page's address."""
        verifier = generate_token(64)  # FACTS §2: 43 to 128 characters
        with self._client() as client:
            location, state = client.create_authorization_url(self.authorize_url, code_verifier=verifier)
        return Authorization(location, state, verifier)

    def exchange(self, code: str, code_verifier: str) -> Tokens:
        """Turn the code that the seller came back with into tokens.

        Raises:
            EtsyUnauthorized: `oauth_invalid_grant` (code used, expired, or wrong verifier) and other OAuth codes.
            EtsyUnavailable: `etsy_token_unavailable`.
        """
        return self._tokens(
            "exchange the code", code=code, code_verifier=code_verifier, grant_type="authorization_code"
        )

    def refresh(self, refresh_token: str, scopes: str = "") -> Tokens:
        """Get a new pair of tokens; the old refresh token must be taken for dead afterwards (FACTS §2).

        Raises:
            EtsyUnauthorized: `oauth_invalid_grant` when the refresh token is revoked or expired.
            EtsyUnavailable: `etsy_token_unavailable`.
        """
        return self._tokens("refresh the token", refresh_token=refresh_token, known_scopes=scopes)

    def _client(self, on_response: Sequence[Callable[[httpx.Response], None]] = ()) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            scope=self.scope,
            token_endpoint_auth_method="none",  # noqa: S106 - PKCE: there is no secret
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
            verify=trusted(),
            event_hooks={"response": list(on_response)},
        )

    def _tokens(self, what: str, known_scopes: str = "", **grant: str) -> Tokens:
        began, path = time.monotonic(), urlsplit(self.token_url).path

        def log(response: httpx.Response) -> None:
            call.answered(response.status_code)
            log_call("POST", path, response.status_code, began, response.headers.get(REQUEST_UUID))

        try:
            with observed_call("POST", self.token_url, ENDPOINT) as call, self._client([log]) as client:
                if "refresh_token" in grant:
                    answer = client.refresh_token(self.token_url, grant["refresh_token"])
                else:
                    answer = client.fetch_token(self.token_url, **grant)
        except OAuthError as error:
            if error.error not in REFUSALS:  # a limit that is used up, say, in Etsy's own words
                raise _unusable(what, error.error) from None
            raise EtsyUnauthorized(
                f"Etsy refused to {what}: {error.error}: {error.description or 'no reason given'}.",
                code=f"oauth_{error.error}",
                hint=next((hint for words, hint in _REFUSALS if words in str(error.description)), CONNECT_AGAIN),
            ) from None
        except (
            httpx.HTTPError,
            ValueError,
        ) as error:  # FACTS §2: the endpoint sometimes answers 500, and gateways answer HTML
            if isinstance(error, httpx.TransportError):
                log_call("POST", path, f"none:{type(error).__name__}", began)
            raise _unusable(what, "no answer that can be read") from None
        return _parse(answer, known_scopes)


def _unusable(what: str, words: str) -> EtsyUnavailable:
    return EtsyUnavailable(
        f"Etsy's token endpoint did not {what}: {' '.join(words.split())[:LONGEST_WORDS]}.",
        code="etsy_token_unavailable",
        hint="Try again in a minute.",
        may_have_happened=False,  # the call that needed the token was not sent
    )


def code_from_redirect(url: str) -> tuple[str, str]:
    """The (code, state) in the address to which Etsy sent the seller back.

    Raises:
        BadRequest: as `granted` does.
    """
    return granted({name: values[0] for name, values in parse_qs(urlsplit(url.strip()).query).items()})


def granted(query: Mapping[str, str]) -> tuple[str, str]:
    """The (code, state) that Etsy sent the seller back with.

    Raises:
        BadRequest: `oauth_denied` when the seller said no (or Etsy, FACTS §2), `oauth_redirect_malformed` when there is
            no code.
    """
    if query.get("error"):
        why = (query.get("error_description") or "no reason given").rstrip(".")
        raise BadRequest(
            f"Etsy did not connect the shop: {query['error']}: {why}.",
            code="oauth_denied",
            hint=_DENIALS.get(query["error"], "Start again; if it stays so, check the app at etsy.com/developers."),
        )
    if not query.get("code") or not query.get("state"):
        raise BadRequest(
            "This address has no code and state in it.",
            code="oauth_redirect_malformed",
            hint="Copy the whole address from the browser after pressing “Grant access”.",
        )
    return query["code"], query["state"]


def _parse(answer: Mapping[str, Any], known_scopes: str) -> Tokens:
    try:
        user_id = answer["access_token"].partition(".")[0]  # FACTS §2: Etsy puts it before the dot of a token
        return Tokens(
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            lasts=timedelta(seconds=int(answer["expires_in"])),
            refresh_lasts=timedelta(days=REFRESH_TOKEN_DAYS),
            scopes=str(answer.get("scope") or known_scopes),
            user_id=int(user_id) if user_id.isdecimal() else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _unusable("give tokens", "it answered without them") from None
