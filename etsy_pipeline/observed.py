"""A call to Etsy as OpenTelemetry's conventions for HTTP clients have it, less its address: that names orders.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from etsy_pipeline import telemetry

_ID = re.compile(r"(?<=/)[^/]*\d[^/]*(?=/|$)")


class ObservedCall:
    """A call that is under way."""

    status: int | None = None

    def answered(self, status: int) -> None:
        """Etsy's answer is there."""
        self.status = status


@contextmanager
def observed_call(method: str, base_url: str, path: str) -> Iterator[ObservedCall]:
    """A span, and how long the call took by endpoint and outcome. An answer of 400 and above has an `error.type`."""
    if not telemetry.is_told():
        yield ObservedCall()
        return
    template, server = template_of(path), urlsplit(base_url)
    known: dict[str, telemetry.Value] = {
        "http__request__method": method,
        "url__template": template,
        "server__address": server.hostname or "",
        "server__port": server.port or (443 if server.scheme == "https" else 80),
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
                if call.status >= httpx.codes.BAD_REQUEST:
                    known["error__type"] = str(call.status)
                span.note(**known)
            telemetry.measure(telemetry.CALL_SECONDS, time.monotonic() - began, **known)


def template_of(path: str) -> str:
    """An endpoint: the path with {id} for each number in it."""
    return _ID.sub("{id}", path)
