"""A shop to measure with: a local Etsy in a process of its own, as the real one is, and an account connected to it."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import new_key

STATE = "sandbox.db"


@dataclass(frozen=True, slots=True)
class Shop:
    """A running local Etsy, and the account that is connected to a shop of it."""

    folder: Path
    account_id: str

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"{os.environ['ETSY_API_URL']}/v3/application"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a call that is made without us."""
        settings = Settings.load()
        client_id, shared_secret = settings.etsy_app()
        with closing(wiring.store_of(settings)) as store:
            token = wiring.tokens_of(settings, store, self.account_id).access_token()
        return {"x-api-key": f"{client_id}:{shared_secret}", "authorization": f"Bearer {token}"}

    @contextmanager
    def client(self) -> Iterator[EtsyClient]:
        """Its client as a publisher has it."""
        settings = Settings.load()
        with (
            closing(wiring.store_of(settings)) as store,
            closing(wiring.shop_client(settings, store, self.account_id)) as client,
        ):
            yield client

    def allow(self, per_second: int) -> None:
        """What the local Etsy allows from now on."""
        url = f"{os.environ['ETSY_API_URL']}/sandbox/limits"
        httpx.post(url, json={"per_second": per_second}).raise_for_status()

    @contextmanager
    def answering_after(self, seconds: float) -> Iterator[None]:
        """Let every answer come so much later, as over a network."""
        url = f"{os.environ['ETSY_API_URL']}/sandbox/faults"
        fault = {"kind": "delay_after", "operation": "*", "seconds": seconds}
        httpx.post(url, json=fault).raise_for_status()
        try:
            yield
        finally:
            httpx.delete(url).raise_for_status()

    def calls(self) -> Counter[str]:
        """The calls that were made, by operation."""
        return Counter(operation for (operation,) in self.rows("SELECT operation FROM request_log"))

    def statuses(self, since: float, until: float) -> list[int]:
        """The statuses of the calls that came in between two moments (seconds since the epoch)."""
        return [
            status for (status,) in self.rows("SELECT status FROM request_log WHERE at >= ? AND at < ?", since, until)
        ]

    def empty(self) -> None:
        """Take all listings out of the local Etsy, as if they had never been."""
        with closing(sqlite3.connect(self.folder / STATE)) as connection, connection:
            connection.execute("DELETE FROM listing_image")
            connection.execute("DELETE FROM listing")

    def rows(self, query: str, *values: float) -> list[tuple[Any, ...]]:
        """What the local Etsy and Medusa have."""
        with closing(sqlite3.connect(self.folder / STATE)) as connection:
            return connection.execute(query, values).fetchall()


@contextmanager
def a_connected_shop(database_url: str | None) -> Iterator[Shop]:
    """A local Etsy, the environment pointing at it, and an account that is connected to it."""
    with tempfile.TemporaryDirectory() as folder, _local_etsy(Path(folder)) as environment:
        os.environ |= environment | {"ETSY_PIPELINE_HOME": folder}
        if database_url:
            os.environ |= {"ETSY_PIPELINE_DATABASE_URL": database_url, "ETSY_PIPELINE_SECRET_KEY": new_key()}
        settings = Settings.load()
        with closing(wiring.store_of(settings, upgrade=True)) as store:
            account, oauth = configure.add(store, "Bench"), wiring.oauth_of(settings)
            code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, 1))
            connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
        yield Shop(Path(folder), account.id)


@contextmanager
def _local_etsy(folder: Path) -> Iterator[dict[str, str]]:
    """Run this file as the local Etsy; the environment with which it is used."""
    command = [sys.executable, __file__, str(folder / STATE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None:
            raise AssertionError("unreachable: a pipe was asked for")
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.communicate()  # the end of its input ends it


def main() -> None:
    """The local Etsy, until the input ends."""
    with Sandbox(SandboxOptions(state_path=Path(sys.argv[1]), requests_per_day=10_000_000)) as running:
        print(json.dumps(running.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
