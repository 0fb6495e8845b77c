"""Videos and files of downloads on their way to Etsy: fetched as safely as pictures, sent as they are, kept nowhere.

Files are the goods, and their addresses may be signed: no message or log line has one, only names. Where they lie on
the Medusa server itself, its key is sent along, to that server and to no other.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import httpx
import stamina

from etsy_pipeline.errors import PipelineError, Refused, Unavailable
from etsy_pipeline.pictures.download import Downloads, Limits, shown
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.pictures.network import Resolve, time_limit

TRIES = 3
OF_VIDEOS = Limits(size=100 * 1024 * 1024, seconds=600.0)  # Etsy's help (LISTING_EXTRAS §2); not in its document
OF_FILES = Limits(size=20 * 1024 * 1024, seconds=300.0)  # likewise (LISTING_EXTRAS §4)
HINT = "Correct its address in the product's metadata in Medusa, then sync again."

_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_WEB_PAGES = (".html", ".htm")

_WHY: Mapping[str, str] = {
    "image_missing": "its server does not have it, or does not give it to us",
    "image_too_large": "it is larger than {megabytes:g} MB",
    "image_unreadable": "it comes in an encoding that is not read",
    "image_url_malformed": "it has no http or https address",
    "image_host_forbidden": "it is on no public host, nor on one of ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS",
    "image_redirected_too_often": "it redirects too often",
    "image_server_unavailable": "its server gives no answer",
    "image_too_slow": "it takes longer than {seconds:g} seconds",
}


@dataclass(frozen=True, slots=True)
class Media:
    """The bytes of a video or a file, and their fingerprint."""

    content: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class OwnServer:
    """The Medusa server, and the key that opens what it does not show to everybody."""

    url: str
    api_key: str = field(repr=False)

    def headers_for(self, url: httpx.URL) -> Mapping[str, str]:
        """What is sent to an address in addition: the key, to this very server."""
        own = httpx.URL(self.url)
        if (url.scheme, url.host, _port(url)) != (own.scheme, own.host, _port(own)):
            return {}
        return {"authorization": "Basic " + base64.b64encode(f"{self.api_key}:".encode()).decode()}


class MediaSource:
    """Fetches videos and files. Threads may share it.

    Args:
        hosts: hosts of one's own that may be asked beside public ones.
        own: the Medusa server; None: nothing needs a key.
        first_wait_seconds: before a second try.
        resolve: looks names up.
    """

    def __init__(
        self,
        hosts: PictureHosts,
        own: OwnServer | None = None,
        *,
        first_wait_seconds: float = 0.5,
        resolve: Resolve | None = None,
    ) -> None:
        self._hosts, self._own, self._resolve = hosts, own, resolve
        self._first_wait_seconds = first_wait_seconds

    def video(self, url: str) -> Media:
        """A video.

        Raises:
            Refused: `media_not_fetched`; Unavailable: `media_server_unavailable`, `media_too_slow`.
        """
        what = f"The video {shown(url)}"
        return _no_web_page(self._fetched(self._videos, OF_VIDEOS, url, what), what)

    def file(self, url: str, name: str) -> Media:
        """A file of a download; raises as `video`, without its address."""
        what = f"The file {name!r}"
        found = self._fetched(self._files, OF_FILES, url, what)
        return found if name.casefold().endswith(_WEB_PAGES) else _no_web_page(found, what)

    @cached_property
    def _videos(self) -> Downloads:
        return Downloads(self._hosts, OF_VIDEOS, self._resolve, headers_for=_any_kind)

    @cached_property
    def _files(self) -> Downloads:
        own = self._own
        return Downloads(self._hosts, OF_FILES, self._resolve, headers_for=_with_key(own) if own else _any_kind)

    def _fetched(self, downloads: Downloads, limits: Limits, url: str, what: str) -> Media:
        retry = stamina.retry_context(
            on=_is_worth_a_try,
            attempts=TRIES,
            timeout=limits.seconds,
            wait_initial=self._first_wait_seconds,
            wait_jitter=self._first_wait_seconds,
            wait_max=5.0,
        )
        content = b""
        with time_limit(limits.seconds):
            for attempt in retry:
                with attempt:
                    content = _got(downloads, url, limits, what)
        if not content:
            raise Refused(f"{what} is empty.", code="media_not_fetched", hint=HINT)
        return Media(content, hashlib.sha256(content).hexdigest())


def _no_web_page(found: Media, what: str) -> Media:
    """What is asked to sign in, or told that nothing is there, gets a page with 200: no buyer is to have that."""
    if _WEB_PAGE.match(found.content):
        why = "its server answers with a web page"
        raise Refused(f"{what} cannot be fetched: {why}.", code="media_not_fetched", hint=HINT)
    return found


def _got(downloads: Downloads, url: str, limits: Limits, what: str) -> bytes:
    """The bytes at an address; errors are told anew right here, for whoever tries again may log them."""
    try:
        return downloads.get(url)
    except (Refused, Unavailable) as error:
        raise _told(error, limits, what) from None


def _told(error: PipelineError, limits: Limits, what: str) -> PipelineError:
    """The same without the address that the download's own words have."""
    why = _WHY.get(error.code, "").format(megabytes=limits.size / 1024**2, seconds=limits.seconds) or error.code
    if error.code == "image_too_slow":
        return Unavailable(f"{what} cannot be fetched: {why}.", code="media_too_slow", hint="Sync again later.")
    if isinstance(error, Unavailable):
        return Unavailable(
            f"{what} cannot be fetched: {why}.", code="media_server_unavailable", hint="Sync again later."
        )
    return Refused(f"{what} cannot be fetched: {why}.", code="media_not_fetched", hint=HINT)


def _any_kind(_: httpx.URL) -> Mapping[str, str]:
    return {"accept": "*/*"}


def _with_key(own: OwnServer) -> Callable[[httpx.URL], Mapping[str, str]]:
    return lambda url: {"accept": "*/*", **own.headers_for(url)}


def _is_worth_a_try(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.code != "media_too_slow"


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
