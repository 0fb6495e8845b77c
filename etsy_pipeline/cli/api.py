"""`etsy-pipeline api`: the HTTP API for admin pages and programs."""

import logging
import socket
from typing import Annotated

import typer

from etsy_pipeline import checkup
from etsy_pipeline.accounts import people
from etsy_pipeline.cli.output import console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store

PORT = 9000  # of the default ETSY_REDIRECT_URI
HOST_HELP = "Address to listen on. Others than loopback need people with names, or ETSY_PIPELINE_API_TOKEN."


def api(
    host: Annotated[str, typer.Option(help=HOST_HELP)] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = PORT,
) -> None:
    """Run the HTTP API until Ctrl-C; `dagster dev` (or a daemon) turns its requests into runs."""
    import uvicorn

    from etsy_pipeline.api.app import create_app

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    checkup.require_disk(Settings.load())
    with settings_and_store(begins=True) as (settings, store):
        require_safe(settings, store, host)
        app = create_app(settings, store)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # it would hold the codes of OAuth
            proxy_headers=False,  # anybody can write them
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        with _listening(host, port) as listening:
            shown = listening.getsockname()
            address = f"http://{f'[{shown[0]}]' if ':' in shown[0] else shown[0]}:{shown[1]}"
            console.print(f"{address}  (routes: {address}/docs)\nCtrl-C stops it.", soft_wrap=True)
            uvicorn.Server(config).run(sockets=[listening])


def require_safe(settings: Settings, store: Store, host: str) -> None:
    """Refuse to be reached from elsewhere where nobody would be asked who they are.

    Raises:
        NotConfigured: `api_token_missing`.
    """
    from etsy_pipeline.api.guard import is_loopback

    if not (is_loopback(host) or settings.etsy_pipeline_api_token or people.are_there(store)):
        raise NotConfigured(
            f"On {host} anybody could decide: nobody has a token yet. So the API listens on loopback only.",
            code="api_token_missing",
            hint="Let somebody in first: `etsy-pipeline people add NAME --role administer`; "
            "or set ETSY_PIPELINE_API_TOKEN to 16 characters or more that nobody can guess.",
        )


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise NotConfigured(
            f"The API cannot listen on {host}, port {port}: {error.strerror}.",
            code="api_cannot_listen",
            hint="Stop the program that has the port (often Medusa itself), or choose another with --port.",
        ) from None
