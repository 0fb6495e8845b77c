"""What every answer goes through: no larger body than fits, safe headers, one line in the log, no stack trace."""

import logging
import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from etsy_pipeline.api.answers import error_answer, unexpected
from etsy_pipeline.monitoring import report_unexpected

logger = logging.getLogger(__name__)

FAULT = 500  # of ours
LARGEST_BODY = 8_000_000  # bytes; 100,000 product ids of Medusa's length are a half of it
SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
    "referrer-policy": "no-referrer",  # an address can hold a code
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class RequestMiddleware:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whatever happens; the log gets method, path and status, since a query can hold a code."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the last one who can answer
            answer = unexpected(error)
            if not status:
                await answer(scope, receive, sending)
            if answer.status_code == FAULT:
                await run_in_threadpool(report_unexpected, error, method=scope["method"], path=_path(scope))
        milliseconds = round((time.monotonic() - began) * 1000)
        logger.info("request method=%s path=%s status=%s ms=%s", scope["method"], _path(scope), status, milliseconds)


def _path(scope: Scope) -> str:
    return str(scope["path"]).encode("unicode_escape").decode()


class BodyLimit:
    """ASGI middleware: refuses a body before it is read, or as soon as it is too large."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on, and count it."""
        length = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if length.isdecimal() and int(length) > self._largest:
            hint = "Send fewer products at once."
            message = f"The body has {length} bytes; {self._largest} are allowed."
            answer = error_answer(413, "invalid_data", code="request_too_large", message=message, hint=hint)
            await answer(scope, receive, send)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._largest:
                raise HTTPException(413, f"The body has more than {self._largest} bytes")
            return message

        await self._app(scope, receiving, send)
