"""Pictures on their way from the shop to Etsy: each one fetched once in a run, checked, made acceptable (FACTS §8).

`hosts.py` says from where, `network.py` connects, `download.py` fetches, and `conversion.py` makes of it what Etsy
takes.
"""

import hashlib
import threading
from datetime import datetime

import stamina
from cachetools import LRUCache

from etsy_pipeline.errors import Refused, Unavailable
from etsy_pipeline.pictures.conversion import Picture, acceptable
from etsy_pipeline.pictures.download import Downloads, Limits
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.pictures.media import MediaSource, OwnServer
from etsy_pipeline.pictures.network import Resolve, time_limit

__all__ = ["Picture", "PictureSource"]

TRIES = 3
BYTES_OF_A_REFUSAL = 1024  # about; a dead picture that many products show is asked for once as well


class PictureSource:
    """Fetches pictures over HTTP, and keeps the latest ones. Threads may share it.

    Args:
        hosts: hosts of one's own that may be asked beside public ones.
        limits: what one picture may take.
        first_wait_seconds: before a second try.
        resolve: looks names up.
        own: the Medusa server, for files that only its key opens.
    """

    def __init__(
        self,
        hosts: PictureHosts | None = None,
        *,
        limits: Limits | None = None,
        first_wait_seconds: float = 0.5,
        resolve: Resolve | None = None,
        own: OwnServer | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._downloads = Downloads(hosts or PictureHosts(), self._limits, resolve)
        self.media = MediaSource(hosts or PictureHosts(), own, first_wait_seconds=first_wait_seconds, resolve=resolve)
        self._first_wait_seconds = first_wait_seconds
        self._kept: LRUCache[str, Picture | Refused] = LRUCache(self._limits.kept, getsizeof=_size)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._downloads.close()

    def fetch(self, url: str) -> Picture:
        """Fetch a picture and make it acceptable to Etsy.

        Raises:
            Refused: `image_missing`, `image_too_large`, `image_unreadable`, `image_url_malformed`,
                `image_host_forbidden`, `image_redirected_too_often`: for good, as far as this run goes.
            Unavailable: `image_server_unavailable`, `image_too_slow`.
        """
        with self._lock:
            found = self._kept.get(url)
        if found is None:
            try:
                found = acceptable(self._download(url), url)
            except Refused as refusal:
                found = refusal
            self._keep(url, found)
        if isinstance(found, Refused):
            raise Refused(found.message, code=found.code, hint=found.hint)
        return found

    def sha256_if_changed(self, url: str, since: datetime) -> str | None:
        """The fingerprint of a picture as it is now, as in `Picture`; None where its server says it did not change.

        Args:
            url: the picture's address.
            since: a moment in UTC.

        Raises:
            Refused, Unavailable: as `fetch`.
        """
        with time_limit(self._limits.seconds):
            content = self._downloads.get_if_changed(url, since)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def _download(self, url: str) -> bytes:
        retry = stamina.retry_context(
            on=_is_worth_a_try,
            attempts=TRIES,
            timeout=self._limits.seconds,
            wait_initial=self._first_wait_seconds,
            wait_jitter=self._first_wait_seconds,
            wait_max=5.0,
        )
        content = b""
        with time_limit(self._limits.seconds):
            for attempt in retry:
                with attempt:
                    content = self._downloads.get(url)
        return content

    def _keep(self, url: str, found: Picture | Refused) -> None:
        if _size(found) <= self._limits.kept:
            with self._lock:
                self._kept[url] = found


def _size(found: Picture | Refused) -> int:
    return len(found.content) if isinstance(found, Picture) else BYTES_OF_A_REFUSAL


def _is_worth_a_try(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.code != "image_too_slow"
