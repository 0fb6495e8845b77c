"""Getting the seller's consent from a terminal: open the page, and catch the redirect or ask for its address."""

import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import typer

from etsy_pipeline.cli.output import console
from etsy_pipeline.errors import Unavailable

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
WAIT_SECONDS = 600  # as long as the attempt is valid

PAGE = b"<!doctype html><title>etsy_pipeline</title><p>You can close this page and go back to the terminal."


def redirect_url(location: str, redirect_uri: str, *, paste: bool, sandbox_shop: int | None) -> str:
    """Have the seller consent; the address to which Etsy sent them back."""
    if sandbox_shop is not None:
        from etsy_pipeline.sandbox.consent import grant

        return grant(location, sandbox_shop)
    console.print("Open this page as the shop's owner and press “Grant access”:\n")
    typer.echo(location)
    webbrowser.open(location)
    server = None if paste else _listener(redirect_uri)
    if server is None:
        return str(typer.prompt("\nThen paste the address that your browser ended up at"))
    console.print(f"\nWaiting at {redirect_uri} …")
    with server:
        server.timeout = WAIT_SECONDS
        server.handle_request()
    if server.caught is None:
        raise Unavailable(
            f"Nobody came back within {WAIT_SECONDS // 60} minutes.", code="oauth_timed_out", hint="Start again."
        )
    return f"{redirect_uri}?{urlsplit(server.caught).query}"


class _Catcher(HTTPServer):
    caught: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Catcher

    def do_GET(self) -> None:
        self.server.caught = self.path
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: the path holds the code."""


def _listener(redirect_uri: str) -> _Catcher | None:
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return None
    try:
        return _Catcher(("127.0.0.1", parts.port or 80), _Handler)
    except OSError:  # the port is in use, often by Medusa itself: then the address is pasted
        return None
