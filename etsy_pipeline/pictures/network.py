"""Connections to the hosts of pictures: made to the very address that was judged, and over when the time is up.

The check stands where a socket is opened, below httpx: redirects and new connections pass it as well, and a name that
leads elsewhere the second time (DNS rebinding) gains nothing, for there is no second lookup. TLS still verifies the
name. Proxies of the environment are not used: behind one, no address could be judged.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from etsy_pipeline.errors import Refused
from etsy_pipeline.pictures.hosts import IpAddress, PictureHosts
from etsy_pipeline.trust import trusted

Resolve = Callable[[str, int], Sequence[IpAddress]]

MAX_ADDRESSES = 4  # tried of one name
HINT = (
    "If it is a server of your own, name it in ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS; else replace the picture in Medusa."
)

_ends_at: ContextVar[float] = ContextVar("_ends_at")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End whatever is read or written within, in this thread, after so many seconds in all."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def is_time_up() -> bool:
    """Whether the limit of this thread is passed."""
    return time.monotonic() >= _ends_at.get(float("inf"))


def picture_transport(hosts: PictureHosts, resolve: Resolve | None = None) -> httpx.HTTPTransport:
    """What an httpx client has to use for pictures."""
    return _Transport(_Network(hosts, resolve or addresses_of))


def addresses_of(host: str, port: int) -> list[IpAddress]:
    """Look a name up, once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(item[4][0]).partition("%")[0]) for item in found))


class _Transport(httpx.HTTPTransport):
    def __init__(self, network: httpcore.NetworkBackend) -> None:
        context = trusted()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=network, max_keepalive_connections=10, keepalive_expiry=5.0
        )


class _Network(httpcore.NetworkBackend):
    def __init__(self, hosts: PictureHosts, resolve: Resolve) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("no address")
        for address in self._allowed(host, port)[:MAX_ADDRESSES]:
            try:
                stream = self._sockets.connect_tcp(str(address), port, _left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream)
        raise failed

    def _allowed(self, host: str, port: int) -> list[IpAddress]:
        if not self._hosts.allow_name(host, port):
            raise _forbidden(host, port, "is no public host and port")
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address ({type(error).__name__})") from None
        allowed = [address for address in found if self._hosts.allow_address(host, address, port)]
        if found and not allowed:
            raise _forbidden(host, port, "is not on the public internet")
        return allowed


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None) -> float | None:
    """Seconds that one step may take: httpx's limit, or what is left of the whole."""
    if is_time_up():
        raise httpcore.ReadTimeout("the time is up")
    left = _ends_at.get(float("inf")) - time.monotonic()
    return left if timeout is None else min(left, timeout)


def _forbidden(host: str, port: int, why: str) -> Refused:
    return Refused(f"{host}:{port} {why}.", code="image_host_forbidden", hint=HINT)
