"""How close to Etsy's limits we publish, and what keeping to them costs. Over real HTTP against the sandbox.

    python bench/publishing.py [--seconds 30] [--calls 500] [--database-url postgresql://…]

Prints calls made ÷ calls permitted at 5 and 10 calls a second, with one and two processes that share the API key
(goal: at least 0.97, no 429), and, where the limit is far away, the time of our calls ÷ that of a bare httpx loop
(goal: at most 1.25).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import new_key

START_IN_SECONDS = 6.0  # until all processes have imported what they need
WARM_UP_SECONDS = 2.0  # the first second allows a burst, and a new limit has to be learned
FAR_AWAY = 1000  # calls a second
ROUNDS = 5
TOO_MANY = 429


@contextmanager
def a_connected_shop(database_url: str | None) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox, the environment pointing at it, and an account that is connected to it."""
    with tempfile.TemporaryDirectory() as folder:
        options = SandboxOptions(state_path=Path(folder) / "sandbox.db", requests_per_day=1_000_000)
        with Sandbox(options) as sandbox:
            os.environ |= sandbox.environment() | {"ETSY_PIPELINE_HOME": folder}
            if database_url:
                os.environ |= {"ETSY_PIPELINE_DATABASE_URL": database_url, "ETSY_PIPELINE_SECRET_KEY": new_key()}
            settings = Settings.load()
            with closing(wiring.store_of(settings, upgrade=True)) as store:
                account, oauth = configure.add(store, "Bench"), wiring.oauth_of(settings)
                code, state = code_from_redirect(grant(connect.start(store, oauth, account.id).location, 1))
                connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
            yield sandbox, account.id


@contextmanager
def the_shops_client(account_id: str) -> Iterator[EtsyClient]:
    """The client as a publisher has it."""
    settings = Settings.load()
    with (
        closing(wiring.store_of(settings)) as store,
        closing(wiring.shop_client(settings, store, account_id)) as client,
    ):
        yield client


def call_until(account_id: str, start_at: float, end_at: float) -> None:
    """One process: call as fast as the limiter allows."""
    with the_shops_client(account_id) as client:
        time.sleep(max(0.0, start_at - time.time()))
        while time.time() < end_at:
            client.get_me()


def made_of_permitted(sandbox: Sandbox, account_id: str, per_second: int, processes: int, seconds: float) -> None:
    """Print one line of the first table."""
    set_limit(sandbox, per_second)
    start_at = time.time() + START_IN_SECONDS
    end_at = start_at + WARM_UP_SECONDS + seconds
    command = [sys.executable, __file__, "--child", account_id, str(start_at), str(end_at)]
    for child in [subprocess.Popen(command) for _ in range(processes)]:
        if child.wait() != 0:
            raise SystemExit("a process failed")
    since = start_at + WARM_UP_SECONDS
    statuses = [
        row["status"] for row in sandbox.state.rows("SELECT * FROM request_log WHERE at >= ? AND at < ?", since, end_at)
    ]
    refused, permitted = statuses.count(TOO_MANY), per_second * seconds
    made = len(statuses) - refused
    share = f"{made:>5} of {permitted:>5.0f}  {made / permitted:.3f}"
    print(f"{per_second:>4}/s  {processes} processes  {share}  {refused} × 429")


def cost_of_a_call(sandbox: Sandbox, account_id: str, calls: int) -> None:
    """Print how long our calls take, and bare ones, in turns so that both meet the same machine."""
    set_limit(sandbox, FAR_AWAY)
    url = f"{sandbox.etsy_url}/v3/application/users/me"
    with the_shops_client(account_id) as client, httpx.Client() as bare:
        client.get_me()  # learns the limit, and has a valid token
        headers = {
            "x-api-key": f"{sandbox.client_id}:{sandbox.shared_secret}",
            "authorization": f"Bearer {a_token(account_id)}",
        }
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds_of(lambda: bare.get(url, headers=headers).raise_for_status().json(), calls))
            ours.append(seconds_of(client.get_me, calls))
    mine, bare_seconds = statistics.median(ours) / calls, statistics.median(theirs) / calls
    both = f"ours {mine * 1000:.2f} ms a call, bare httpx {bare_seconds * 1000:.2f} ms"
    print(f"{FAR_AWAY}/s  {both}: {mine / bare_seconds:.2f}")


def a_token(account_id: str) -> str:
    """The account's access token."""
    settings = Settings.load()
    with closing(wiring.store_of(settings)) as store:
        return wiring.tokens_of(settings, store, account_id).access_token()


def seconds_of(act: Callable[[], object], times: int) -> float:
    """How long doing something so many times takes."""
    started = time.perf_counter()
    for _ in range(times):
        act()
    return time.perf_counter() - started


def set_limit(sandbox: Sandbox, per_second: int) -> None:
    """What the local Etsy allows from now on."""
    httpx.post(f"{sandbox.etsy_url}/sandbox/limits", json={"per_second": per_second}).raise_for_status()


def main() -> None:
    """The command."""
    if sys.argv[1:2] == ["--child"]:
        call_until(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--calls", type=int, default=500, help="in each round of the second table")
    parser.add_argument("--database-url", help="default: SQLite")
    given = parser.parse_args()
    with a_connected_shop(given.database_url) as (sandbox, account_id):
        print("limit   processes    made of permitted")
        for per_second in (5, 10):
            for processes in (1, 2):
                made_of_permitted(sandbox, account_id, per_second, processes, given.seconds)
        cost_of_a_call(sandbox, account_id, given.calls)


if __name__ == "__main__":
    main()
