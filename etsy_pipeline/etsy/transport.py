"""One call to Etsy over HTTP: key, token, pace, retries, and errors that say what to do.

Not here: which endpoints there are (`client.py`), what an answer means (`responses.py`).
"""

import functools
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

import httpx
import stamina

from etsy_pipeline import telemetry
from etsy_pipeline.etsy.errors import EtsyRefused, EtsyUnavailable
from etsy_pipeline.etsy.responses import error_for, is_of_the_key, is_short_wait, retry_after_seconds
from etsy_pipeline.observed import observed_call
from etsy_pipeline.providers.protocols import CallBudget, Purpose
from etsy_pipeline.trust import trusted

logger = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds; uploads of pictures take the longest
ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
REQUEST_UUID = "x-etsy-request-uuid"  # Etsy's support asks for it

# Nothing was sent, so nothing can have happened.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class TokenSource(Protocol):
    """Where the shop's access token comes from."""

    def access_token(self) -> str:
        """A token that is valid for some minutes more."""

    def replace(self, stale: str) -> str:
        """A token newer than the one that Etsy has just refused."""


class _TooFast(Exception):  # noqa: N818 - a signal to the retry loop, never seen outside
    def __init__(self, wait_seconds: float) -> None:
        super().__init__("Etsy asked to slow down")
        self.wait_seconds = wait_seconds


class _Pace(NamedTuple):
    purpose: Purpose
    before_send: Callable[[], None] | None


class _WithoutCookies(httpx.Client):
    """Keeps no cookies: Etsy's API needs none, and looking for them is a tenth of what a call costs us."""

    @property
    def cookies(self) -> httpx.Cookies:
        """Those that are sent: none."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, _: object) -> None:
        raise AssertionError("no cookies are kept")


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """None are kept."""


_NO_COOKIES = _NoCookies()


class EtsyTransport:
    """Sends requests to Etsy's API.

    Args:
        base_url: Etsy's API host.
        client_id: the app's keystring.
        shared_secret: the app's shared secret; both make the x-api-key (FACTS §3).
        budget: calls allowed.
        tokens: the shop's tokens; None for calls that need only the key.
        client: an httpx client to use instead of one's own.
        first_wait_seconds: pause before the first repetition; tests shorten it.
    """

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        shared_secret: str,
        budget: CallBudget,
        tokens: TokenSource | None = None,
        client: httpx.Client | None = None,
        first_wait_seconds: float = FIRST_WAIT_SECONDS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = f"{client_id}:{shared_secret}"
        self._budget = budget
        self._tokens = tokens
        self._client = client or _WithoutCookies(timeout=TIMEOUT, verify=trusted())
        self._first_wait_seconds = first_wait_seconds
        self.calls_made = 0
        self.told_at: datetime | None = None  # Etsy's clock at its last answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        is_repeatable: bool = True,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        purpose: Purpose = "publishing",
        before_send: Callable[[], None] | None = None,
    ) -> Any:
        """Make one call and give the answer's JSON.

        Args:
            method: HTTP method.
            path: below `/v3/application`.
            what: the operation in words, for messages.
            is_repeatable: whether doing it twice is as good as once; a call that is not is never sent again when it may
                have taken effect.
            params: query.
            form: fields of a form.
            json: JSON body.
            files: files of a multipart form (together with `form`).
            purpose: which part of the day's calls it is taken from.
            before_send: asked at the last moment before each try; what it raises ends the call.

        Raises:
            EtsyRefused, EtsyUnauthorized, EtsyUnavailable, EtsyQuotaExhausted: see `responses.py`.
        """
        request = {"params": params, "data": form, "json": json, "files": files}
        pace = _Pace(purpose, before_send)
        once = functools.partial(self._once, method, path, what, request, pace)
        try:
            return once()
        except (_TooFast, EtsyUnavailable, EtsyRefused) as error:
            first: Exception = error
        try:
            return self._again(once, first, is_repeatable=is_repeatable)
        except _TooFast:
            raise EtsyUnavailable(
                f"Etsy kept asking to slow down ({what}).",
                code="etsy_too_fast",
                hint="Another program may use the same API key; sync again later.",
                may_have_happened=False,
                is_too_fast=True,
            ) from None

    def _again(self, once: Callable[[], Any], first: Exception, *, is_repeatable: bool) -> Any:
        """Try again what has failed once, where that makes sense; most calls need none of this, which takes a while."""
        retry = stamina.retry_context(
            on=lambda error: _wait_before_repeating(error, is_repeatable=is_repeatable),
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=self._first_wait_seconds,
            wait_max=LONGEST_WAIT_SECONDS,
        )
        for attempt in retry:
            with attempt:
                if attempt.num == 1:
                    raise first
                return once()
        raise AssertionError("unreachable: the retry loop returns or raises")

    def _once(self, method: str, path: str, what: str, request: Mapping[str, Any], pace: _Pace) -> Any:
        token = self._tokens.access_token() if self._tokens else None
        response = self._send(method, path, what, token, request, pace)
        if response.status_code == httpx.codes.UNAUTHORIZED and self._tokens and token:
            response = self._send(method, path, what, self._tokens.replace(token), request, pace)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and (is_short_wait(response) or is_of_the_key(path)):
            self._budget.hold(retry_after_seconds(response))
            if is_short_wait(response):
                raise _TooFast(retry_after_seconds(response))
        if not response.is_success:
            raise error_for(response, what, path)
        return _json(response, what)

    def _send(
        self, method: str, path: str, what: str, token: str | None, request: Mapping[str, Any], pace: _Pace
    ) -> httpx.Response:
        headers = {"x-api-key": self._api_key} | ({"authorization": f"Bearer {token}"} if token else {})
        asked = time.monotonic()
        self._budget.wait_for_turn(pace.purpose)
        telemetry.measure(telemetry.CALL_WAIT_SECONDS, time.monotonic() - asked, purpose=pace.purpose)
        if pace.before_send:
            pace.before_send()
        with observed_call(method, self._base_url, path) as call:
            response = self._answer(method, path, what, headers, request)
            call.answered(response.status_code)
        self._budget.learn(response.headers)
        self.told_at = _moment(response.headers.get("date", ""))
        return response

    def _answer(
        self, method: str, path: str, what: str, headers: Mapping[str, str], request: Mapping[str, Any]
    ) -> httpx.Response:
        began = time.monotonic()
        self.calls_made += 1
        try:
            response = self._client.request(
                method, f"{self._base_url}/v3/application{path}", headers=headers, **request
            )
        except httpx.HTTPError as error:
            log_call(method, path, f"none:{type(error).__name__}", began)
            raise EtsyUnavailable(
                f"No answer from Etsy to {what} ({type(error).__name__}).",
                code="etsy_unreachable",
                hint=f"Check the network and that {self._base_url} can be reached, then sync again.",
                may_have_happened=not isinstance(error, _NOT_SENT),
            ) from None
        log_call(method, path, response.status_code, began, response.headers.get(REQUEST_UUID))
        return response


def log_call(method: str, path: str, status: int | str, began: float, uuid: str | None = None) -> None:
    """A line for each call: DEBUG where it worked, else a warning. The path alone: a query can hold anything."""
    is_good = isinstance(status, int) and status < httpx.codes.BAD_REQUEST
    logger.log(
        logging.DEBUG if is_good else logging.WARNING,
        "etsy_call method=%s path=%s status=%s ms=%d uuid=%s",
        method,
        path,
        status,
        (time.monotonic() - began) * 1000,
        uuid or "-",
    )


@functools.lru_cache(maxsize=1)  # many answers come within the same second
def _moment(date: str) -> datetime | None:
    """The moment in a `Date` header; None where it tells none. One without a zone is in UTC (RFC 9110 §5.6.7)."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _wait_before_repeating(error: Exception, *, is_repeatable: bool) -> bool | float:
    if isinstance(error, _TooFast):
        return error.wait_seconds
    if isinstance(error, EtsyUnavailable):
        if error.retry_after_seconds and is_repeatable:
            return min(error.retry_after_seconds, LONGEST_WAIT_SECONDS)
        return is_repeatable or not error.may_have_happened
    if isinstance(error, EtsyRefused):
        return error.is_passing  # a 409 says that nothing happened
    return False


def _json(response: httpx.Response, what: str) -> Any:
    if response.status_code == httpx.codes.NO_CONTENT:
        return None
    try:
        return response.json()
    except ValueError:
        raise EtsyUnavailable(
            f"Etsy answered {response.status_code} to {what} with something that is not JSON.",
            code="etsy_unavailable",
            hint="Etsy has a problem; sync again later.",
            may_have_happened=True,
        ) from None
