"""One download of a picture: redirects, size and time are limited, whatever the server does."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit, urlunsplit

import httpx

from etsy_pipeline.errors import Refused, Unavailable
from etsy_pipeline.observed import observed_call
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.pictures.network import Resolve, is_time_up, picture_transport

HINT = "Replace the picture in Medusa, or set broken_images=warn to publish without it; then sync again."
TIMEOUT = httpx.Timeout(20.0, connect=10.0)  # seconds without a word; the whole is limited in `source.py`
TRY_AGAIN = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS}
HEADERS = {
    "user-agent": "etsy-pipeline",
    "accept": "image/jpeg,image/png,image/gif,image/webp;q=0.8,image/*;q=0.5",
    "accept-encoding": "identity",  # pictures are compressed already; an encoding could only hide a bomb
}
TOLD_PATH = "/{picture}"  # of telemetry: their paths name products, or hold a signature


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may take: bytes, seconds in all (tries and redirects included), redirects.

    `kept` is how many bytes of pictures are kept in a run.
    """

    size: int = 40 * 1024 * 1024
    seconds: float = 60.0
    redirects: int = 5
    kept: int = 64 * 1024 * 1024


class Downloads:
    """Fetches bytes over HTTP.

    It uses httpx's transport without its client, which would know cookies, proxies and credentials of the environment,
    read the bodies of redirects, and log whole addresses, signatures included.

    Args:
        hosts: that may be asked.
        limits: what one download may take.
        resolve: looks names up.
        headers_for: what is sent to an address in addition; it is asked anew for each redirect.
    """

    def __init__(
        self,
        hosts: PictureHosts,
        limits: Limits,
        resolve: Resolve | None = None,
        *,
        headers_for: Callable[[httpx.URL], Mapping[str, str]] | None = None,
    ) -> None:
        self._transport = picture_transport(hosts, resolve)
        self._limits = limits
        self._headers_for = headers_for or (lambda _: {})

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(self, address: str) -> bytes:
        """What is at an address, redirects followed one by one.

        Raises:
            As `get_if_changed`.
        """
        found = self.get_if_changed(address, None)
        if found is None:
            raise _unavailable(_url(address), "says that it is unchanged, unasked")
        return found

    def get_if_changed(self, address: str, since: datetime | None) -> bytes | None:
        """What is at an address, redirects followed one by one; None where its server says it is as it was then.

        Raises:
            Refused: `image_missing`, `image_too_large`, `image_unreadable`, `image_url_malformed`,
                `image_host_forbidden`, `image_redirected_too_often`.
            Unavailable: `image_server_unavailable`, `image_too_slow`.
        """
        url = _url(address)
        for _ in range(self._limits.redirects + 1):
            try:
                found = self._get_one(url, since)
            except httpx.HTTPError as error:
                if is_time_up():
                    raise self._too_slow(url) from None
                raise _unavailable(url, f"gave no answer ({type(error).__name__})") from None
            if not isinstance(found, httpx.URL):
                return found
            url = found
        most = self._limits.redirects
        raise Refused(
            f"{shown(address)} redirects more than {most} times.", code="image_redirected_too_often", hint=HINT
        )

    def _too_slow(self, url: httpx.URL) -> Unavailable:
        return Unavailable(
            f"{shown(str(url))} took more than {self._limits.seconds:g} seconds.",
            code="image_too_slow",
            hint="Sync again later, or make the picture smaller.",
        )

    def _get_one(self, url: httpx.URL, since: datetime | None) -> bytes | httpx.URL | None:
        headers = HEADERS | ({"if-modified-since": format_datetime(since, usegmt=True)} if since else {})
        headers |= self._headers_for(url)
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": TIMEOUT.as_dict()})
        with (
            observed_call("GET", str(url), TOLD_PATH) as call,
            closing(self._transport.handle_request(request)) as response,
        ):
            call.answered(response.status_code)
            if response.has_redirect_location:  # its body is not read
                return _url(_joined(url, response.headers["location"]))
            status = response.status_code
            if status == httpx.codes.NOT_MODIFIED:
                return None
            if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in TRY_AGAIN:
                raise _unavailable(url, f"answered {status}")
            if not response.is_success:
                raise Refused(f"{shown(str(url))} answered {status}.", code="image_missing", hint=HINT)
            return self._read(response, url)

    def _read(self, response: httpx.Response, url: httpx.URL) -> bytes:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise Refused(f"{shown(str(url))} comes encoded ({encoding}).", code="image_unreadable", hint=HINT)
        told = response.headers.get("content-length", "0")
        buffer = bytearray()
        if not (told.isdecimal() and int(told) > self._limits.size):
            for chunk in response.iter_raw():
                buffer += chunk
                if len(buffer) > self._limits.size:
                    break
            else:
                return bytes(buffer)
        megabytes = self._limits.size / 1024**2
        raise Refused(f"{shown(str(url))} is larger than {megabytes:g} MB.", code="image_too_large", hint=HINT)


def shown(address: str) -> str:
    """An address as messages tell it: without password and query, which may hold a signature."""
    try:
        parts = urlsplit(address)
        query = "…" if parts.query else ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))
    except ValueError:
        return "An address"


def _joined(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except httpx.InvalidURL:
        return location


def _url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or b"%" in url.raw_host:
        raise Refused(f"{shown(address)!r} is no http or https address.", code="image_url_malformed", hint=HINT)
    if url.userinfo:
        raise Refused(f"{shown(address)} has a name or password in it.", code="image_url_malformed", hint=HINT)
    return url


def _unavailable(url: httpx.URL, what: str) -> Unavailable:
    hint = "Check that the server of the pictures is up, then sync again."
    return Unavailable(f"{shown(str(url))} {what}.", code="image_server_unavailable", hint=hint)
