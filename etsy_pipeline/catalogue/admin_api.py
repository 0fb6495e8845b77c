"""One question to Medusa's Admin API and its answer: what is waited for, what is told, and to whom the key is sent."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, Literal

import httpx

from etsy_pipeline.catalogue.patience import Passing, Patience
from etsy_pipeline.catalogue.price_lists import NotShown
from etsy_pipeline.catalogue.stock_places import unreadable
from etsy_pipeline.errors import BadRequest, NeedsPerson, NotConfigured, PipelineError, Refused, Unavailable
from etsy_pipeline.observed import observed_call
from etsy_pipeline.trust import trusted

TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # seconds; a page of 50 takes about half a second
MOST_REDIRECTS = 3
ALWAYS_THERE = ("products", "stock-locations")  # where another list is not shown, its reader knows what that means
LONGEST_SHOWN = 100  # characters of a foreign page's title, or of an address
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,500})", re.IGNORECASE)

logger = logging.getLogger(__name__)

Query = Sequence[tuple[str, str]]


class WriteRefused(Refused):
    """Medusa said no to a change, and nothing of it happened. `kind` is its word for why (`not_allowed`)."""

    def __init__(self, message: str, *, kind: str, status: int) -> None:
        hint = "Look at the order, and at the product's stock in Medusa's admin."
        super().__init__(message, code="medusa_write_refused", hint=hint)
        self.kind, self.status = kind, status


class WriteUnanswered(Unavailable):
    """No usable answer to a change: it may have happened all the same, unless nothing was sent."""

    def __init__(self, message: str, *, may_have_happened: bool) -> None:
        hint = "It is looked for before it is tried again. Look at Medusa's own log."
        super().__init__(message, code="medusa_write_unanswered", hint=hint)
        self.may_have_happened = may_have_happened


class AdminApi:
    """Asks one Medusa server.

    Args:
        base_url: the server's address.
        api_key: a secret API key; sent as the user name of Basic authentication, and to this host only.
        patience: for how long one answer is waited for.
        client: an httpx client to use instead of one's own.
    """

    def __init__(self, base_url: str, api_key: str, patience: Patience, client: httpx.Client | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._asked_at = self.base_url
        self._auth = httpx.BasicAuth(api_key, "")
        self._patience = patience
        self._client = client or httpx.Client(timeout=TIMEOUT, verify=trusted())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, what: str, query: Query) -> dict[str, Any]:
        """A list of things.

        Args:
            what: the list, as in the address ("stock-locations").
            query: its parameters.

        Returns:
            The answer: the list by its name, and `count`. Numbers with decimals are Decimal.

        Raises:
            NeedsPerson: `medusa_unauthorized`, `stock_locations_unreadable`, `medusa_not_shown`.
            NotConfigured: `not_a_medusa`, `medusa_moved`.
            BadRequest: `medusa_refused`.
            Unavailable: `medusa_unreachable`, `medusa_error`, `medusa_maintenance`, `medusa_answer_broken`.
        """
        return self._patience.outlast(lambda: self._once(what, query))

    def send(
        self, method: Literal["POST", "DELETE"], path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Change something, once: it is never sent a second time by itself.

        Args:
            method: POST or DELETE.
            path: below `/admin/` ("reservations").
            body: as JSON.

        Returns:
            The answer. Numbers with decimals are Decimal.

        Raises:
            WriteRefused: `medusa_write_refused`; nothing happened.
            WriteUnanswered: `medusa_write_unanswered`; it may have happened.
            NeedsPerson: `medusa_unauthorized`.
        """
        try:
            response = self._ask(method, path, json=body)
        except httpx.HTTPError as error:
            was_sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            told = f"Medusa at {self.base_url} gave no answer to a change ({type(error).__name__})."
            raise WriteUnanswered(told, may_have_happened=was_sent) from None
        if response.status_code in {401, 403}:
            raise self._unauthorized(response)
        answer = _object(response)
        if response.is_success and answer is not None:
            return answer
        if response.is_client_error and answer is not None and isinstance(answer.get("message"), str):
            told = f"Medusa at {self.base_url} refused a change ({response.status_code}): {answer['message'][:300]}"
            raise WriteRefused(told, kind=str(answer.get("type") or ""), status=response.status_code)
        told = f"Medusa at {self.base_url} answered {response.status_code} to a change, and not in a way we understand."
        raise WriteUnanswered(told, may_have_happened=not response.has_redirect_location)

    def _once(self, what: str, query: Query) -> dict[str, Any]:
        response = self._response(what, query)
        if response.status_code == httpx.codes.FORBIDDEN and what == "stock-locations":
            raise unreadable(f"Medusa at {self.base_url} does not show its stock locations (403).")
        if response.status_code in {403, 404} and what not in ALWAYS_THERE:
            raise NotShown(what, response.status_code)
        if response.status_code in {401, 403}:
            raise self._unauthorized(response)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            raise Passing(self._trouble(response), _retry_after(response))
        return self._answer(response, what.replace("-", "_"))

    def _response(self, what: str, query: Query) -> httpx.Response:
        for _ in range(MOST_REDIRECTS):
            response = self._sent(what, query)
            if not response.has_redirect_location:
                return response
            self._follow(response, what)
        raise self._moved(response, "again and again")

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        with observed_call(method, self._asked_at, f"/admin/{path}") as call:
            url = f"{self._asked_at}/admin/{path}"
            response = self._client.request(method, url, auth=self._auth, follow_redirects=False, **request)
            call.answered(response.status_code)
        return response

    def _sent(self, what: str, query: Query) -> httpx.Response:
        try:
            return self._ask("GET", what, params=list(query))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError, OverflowError):  # of a host, of a port
            raise self._not_a_medusa("is no http or https address") from None
        except httpx.RemoteProtocolError as error:
            raise Passing(self._unreachable(f"broke off its answer ({type(error).__name__})")) from None
        except httpx.HTTPError as error:
            raise Passing(self._unreachable(f"cannot be reached ({type(error).__name__})")) from None

    def _follow(self, response: httpx.Response, what: str) -> None:
        """Ask the same server at another address from now on.

        The key goes to the host that it is meant for, and never from https to http.
        """
        before = response.request.url
        try:
            after = before.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            raise self._moved(response, "to an address that is none") from None
        path, is_same = after.path.rstrip("/"), before.host == after.host and after.scheme in {before.scheme, "https"}
        if not is_same or not path.endswith(f"/admin/{what}"):
            raise self._moved(response, "elsewhere")
        self._asked_at = str(after.copy_with(path=path.removesuffix(f"/admin/{what}"), query=None)).rstrip("/")
        logger.warning("medusa_redirected to=%s: set MEDUSA_URL to it", self._asked_at)

    def _answer(self, response: httpx.Response, name: str) -> dict[str, Any]:
        try:
            answer = json.loads(response.content, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise self._no_json(response) from None
        if not isinstance(answer, dict):
            raise self._not_a_medusa(f"answered {response.status_code} without an object")
        if response.status_code in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}:  # a Medusa has this route
            raise self._not_a_medusa(f"answered {response.status_code}")
        if response.is_client_error and isinstance(answer.get("type"), str) and isinstance(answer.get("message"), str):
            raise BadRequest(
                f"Medusa at {self.base_url} refused the selection ({response.status_code}): {answer['message'][:300]}",
                code="medusa_refused",
                hint="Correct the shop's selection of products.",
            )
        if not isinstance(answer.get(name), list) or not isinstance(answer.get("count"), int):
            raise self._not_a_medusa(f"answered {response.status_code} without {name}")
        return answer

    def _no_json(self, response: httpx.Response) -> Exception:
        """Half an object, or a page where an answer should be, may be another one soon."""
        if response.is_success and response.content.lstrip()[:1] == b"{":
            return Passing(
                Unavailable(
                    f"Medusa at {self.base_url} broke off in the middle of its JSON "
                    f"({len(response.content)} bytes came).",
                    code="medusa_answer_broken",
                    hint="Look at Medusa's own log, and at proxies between it and here; then sync again.",
                )
            )
        if response.is_success and _is_page(response):
            wrong = self._not_a_medusa(
                f"answered {response.status_code} with a web page{_title(response)}; unless it is under maintenance"
            )
            return Passing(wrong)
        return self._not_a_medusa(f"answered {response.status_code} without JSON")

    def _trouble(self, response: httpx.Response) -> Unavailable:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return self._unavailable(f"asks to be asked more slowly ({status})", code="medusa_error")
        if _is_page(response):
            what = f"shows a page{_title(response)} in place of an answer ({status}): it restarts or is maintained"
            return self._unavailable(what, code="medusa_maintenance")
        return self._unavailable(f"answered {status}", code="medusa_error")

    def _unauthorized(self, response: httpx.Response) -> NeedsPerson:
        return NeedsPerson(
            f"Medusa at {self.base_url} does not accept the API key ({response.status_code}).",
            code="medusa_unauthorized",
            hint="Set MEDUSA_API_KEY to a secret API key (Medusa admin → Settings → Secret API Keys).",
        )

    def _unavailable(self, what: str, *, code: str) -> Unavailable:
        hint = "Look at Medusa's own log, then sync again."
        return Unavailable(f"Medusa at {self.base_url} {what}.", code=code, hint=hint)

    def _unreachable(self, what: str) -> Unavailable:
        return Unavailable(
            f"Medusa at {self.base_url} {what}.",
            code="medusa_unreachable",
            hint="Check that the server runs and that MEDUSA_URL is right.",
        )

    def _moved(self, response: httpx.Response, where: str) -> PipelineError:
        target = response.headers["location"].partition("?")[0][:LONGEST_SHOWN]
        return NotConfigured(
            f"{self.base_url} redirects {where} ({response.status_code}): to {target!r}. The key is not sent there.",
            code="medusa_moved",
            hint="Set MEDUSA_URL to the address at which Medusa itself answers, without /admin or /app.",
        )

    def _not_a_medusa(self, problem: str) -> NotConfigured:
        return NotConfigured(
            f"{self.base_url} {problem}: this is not the Admin API of a Medusa v2 server.",
            code="not_a_medusa",
            hint="Set MEDUSA_URL to the address of the server, without /admin or /app.",
        )


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        answer = json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _is_page(response: httpx.Response) -> bool:
    return response.content.lstrip()[:1] == b"<"


def _title(response: httpx.Response) -> str:
    found = _TITLE.search(response.content[:10_000])
    text = " ".join(unescape(found[1].decode(errors="replace")).split()) if found else ""
    return f" ({text[:LONGEST_SHOWN]!r})" if text else ""


def _retry_after(response: httpx.Response) -> float:
    """Seconds that the server asks for, as a number or as a moment; 0 where it names none."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    until, now = _moment(text), _moment(response.headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else 0.0


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
