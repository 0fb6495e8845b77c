"""Starts the sandbox: a local Etsy and a sample Medusa, two servers in threads of this process, one state file."""

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.sandbox.etsy.app import EtsyApp, new_credentials
from etsy_pipeline.sandbox.etsy.auth import App
from etsy_pipeline.sandbox.etsy.limits import Limits
from etsy_pipeline.sandbox.medusa.app import MedusaApp, seed
from etsy_pipeline.sandbox.state import State

DEFAULT_REDIRECT_URI = "http://localhost:9000/admin/oauth/etsy/callback"
START_SECONDS = 10


class SandboxError(Exception):
    """The sandbox cannot start; says why and what to do."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Where it listens and what it allows. Ports of 0 take free ones; limits are those of a new personal key (§12)."""

    state_path: Path
    host: str = "127.0.0.1"
    etsy_port: int = 0
    medusa_port: int = 0
    allow_remote: bool = False
    requests_per_second: int = 5
    requests_per_day: int = 5000
    redirect_uris: tuple[str, ...] = (DEFAULT_REDIRECT_URI,)
    shops: int = 2
    """Sample shops, of `etsy.shops.SAMPLES`: two that sell in dollars, a third in the EU that sells in euros."""


class Sandbox:
    """A running sandbox; a context manager.

    Raises:
        SandboxError: on start, when it may not or cannot listen.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._servers: list[_Server] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. The app's credentials and the API key are made on the first start, and kept in the state."""
        options = self._options
        _require_loopback(options)
        if options.shops not in range(1, len(shops.SAMPLES) + 1):
            raise SandboxError(f"There are 1 to {len(shops.SAMPLES)} sample shops, not {options.shops}.")
        etsy_socket = _listen(options.host, options.etsy_port)
        try:
            medusa_socket = _listen(options.host, options.medusa_port)
        except SandboxError:
            etsy_socket.close()
            raise
        self.etsy_url, self.medusa_url = _url(etsy_socket), _url(medusa_socket)
        self.state = State(options.state_path)
        self.client_id, self.shared_secret, self.medusa_api_key = _credentials(self.state)
        shops.seed(self.state, self.etsy_url, options.shops)
        seed(self.state)
        limits = Limits(options.requests_per_second, options.requests_per_day)
        app = App(self.client_id, self.shared_secret, options.redirect_uris)
        etsy = EtsyApp(self.state, app, limits, self.etsy_url)
        medusa = MedusaApp(self.state, self.medusa_api_key, self.medusa_url)
        etsy_asgi = etsy.asgi(lambda: shops.seed(self.state, self.etsy_url, options.shops))
        self._servers = [_Server(etsy_asgi, etsy_socket), _Server(medusa.asgi(), medusa_socket)]

    def stop(self) -> None:
        """Stop listening and close the state."""
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.stop()
        self._servers = []
        self.state.close()

    def environment(self) -> dict[str, str]:
        """The environment variables with which etsy_pipeline uses this sandbox."""
        return {
            "ETSY_CLIENT_ID": self.client_id,
            "ETSY_SHARED_SECRET": self.shared_secret,
            "ETSY_API_URL": self.etsy_url,
            "ETSY_OAUTH_URL": f"{self.etsy_url}/oauth/connect",
            "ETSY_TOKEN_URL": f"{self.etsy_url}/v3/public/oauth/token",
            "MEDUSA_URL": self.medusa_url,
            "MEDUSA_API_KEY": self.medusa_api_key,
            "MEDUSA_AMOUNT_UNIT": "major",
            "ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS": self.medusa_url.partition("//")[2],  # it serves its own pictures
        }


class _Server:
    """One uvicorn server in a thread."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        config = uvicorn.Config(
            _knowing_transport(app), log_level="error", access_log=False, lifespan="off", http="h11", ws="none",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._socket = listening
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise SandboxError("A server of the sandbox did not start.")
            time.sleep(0.002)

    def ask_to_stop(self) -> None:
        self._server.should_exit = True

    def stop(self) -> None:
        self._thread.join(START_SECONDS)
        self._socket.close()


def _knowing_transport(app: ASGIApp) -> ASGIApp:
    """Let the app reach the connection, so that a fault can drop it."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        cycle: Any = getattr(send, "__self__", None)  # uvicorn's request-response cycle
        scope.setdefault("extensions", {})["sandbox.transport"] = getattr(cycle, "transport", None)
        await app(scope, receive, send)

    return wrapped


def _require_loopback(options: SandboxOptions) -> None:
    try:
        is_loopback = options.host == "localhost" or ipaddress.ip_address(options.host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not options.allow_remote:
        raise SandboxError(
            f"The sandbox does not listen on {options.host}: it has no protection, so loopback addresses only. "
            "Set allow_remote to do it all the same."
        )


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # or a second sandbox could bind the port as well, and fail in its thread
    except OSError as error:
        listening.close()
        raise SandboxError(
            f"Port {port} on {host} cannot be used ({error.strerror}): another program, perhaps another sandbox, has "
            "it. Stop that one, or choose another port (0 takes a free one)."
        ) from None
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _credentials(state: State) -> tuple[str, str, str]:
    if not state.setting("client_id", ""):
        client_id, shared_secret = new_credentials()
        state.set_setting("client_id", client_id)
        state.set_setting("shared_secret", shared_secret)
        state.set_setting("medusa_api_key", f"sk_{new_credentials()[0]}")
    return state.setting("client_id", ""), state.setting("shared_secret", ""), state.setting("medusa_api_key", "")
