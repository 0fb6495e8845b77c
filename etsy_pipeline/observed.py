"""A call to Etsy or Medusa, or for a picture, as OpenTelemetry's conventions for HTTP clients have it.

Less its address, which names orders and products: of a query nothing is told, nor of what is sent and answered.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from etsy_pipeline import telemetry

_ID = re.compile(r"(?<=/)[^/]*[\d_][^/]*(?=/|$)")  # no endpoint of theirs has a figure or a low line in its words
_REFUSED = 400


class ObservedCall:
    """A call that is under way."""

    status: int | None = None

    def answered(self, status: int) -> None:
        """The answer is there."""
        self.status = status


@contextmanager
def observed_call(method: str, base_url: str, path: str) -> Iterator[ObservedCall]:
    """A span, and how long the call took by endpoint and outcome. An answer of 400 and above has an `error.type`."""
    if not telemetry.is_told():
        yield ObservedCall()
        return
    template = template_of(path)
    known: dict[str, telemetry.Value] = {
        "http__request__method": method,
        "url__template": template,
        **_server(base_url),
    }
    call, began = ObservedCall(), time.monotonic()
    with telemetry.span(f"{method} {template}", "client", **known) as span:
        try:
            yield call
        except Exception as error:
            known["error__type"] = telemetry.kind_of(error)
            raise
        finally:
            if call.status is not None:
                known["http__response__status_code"] = call.status
                if call.status >= _REFUSED:
                    known["error__type"] = str(call.status)
                span.note(**known)
            telemetry.measure(telemetry.CALL_SECONDS, time.monotonic() - began, **known)


def _server(base_url: str) -> dict[str, telemetry.Value]:
    try:
        server = urlsplit(base_url)
        port = server.port or (443 if server.scheme == "https" else 80)
    except ValueError:
        return {}  # no address: the call itself says so
    return {"server__address": server.hostname or "", "server__port": port}


def template_of(path: str) -> str:
    """An endpoint: the path with {id} for each number, and for each of Medusa's ids (`prod_01J…`), in it."""
    return _ID.sub("{id}", path)
