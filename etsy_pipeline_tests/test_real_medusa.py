"""The main path from a real Medusa v2 server to the local Etsy: `MEDUSA_URL=… MEDUSA_API_KEY=… scripts/test -m medusa -s`.

Prints its figures. Nothing is written to Medusa.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from etsy_pipeline import wiring
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import PUBLISHED
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.world import World, a_world

pytestmark = [
    pytest.mark.medusa,
    pytest.mark.skipif(
        not (os.environ.get("MEDUSA_URL") and os.environ.get("MEDUSA_API_KEY")),
        reason="needs a real Medusa: MEDUSA_URL and MEDUSA_API_KEY",
    ),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The sandbox's Etsy, with the catalogue of the real server."""
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))
    with a_world(tmp_path) as made:
        for name, value in made.sandbox.environment().items():
            if name.startswith("ETSY_"):
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEDUSA_AMOUNT_UNIT", os.environ.get("MEDUSA_AMOUNT_UNIT", "major"))
        yield made


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    del world
    from etsy_pipeline.settings import Settings

    opened = wiring.store_of(Settings.load())
    yield opened
    opened.close()


def test_the_main_path_from_a_real_server(world: World, store: Store) -> None:
    account = world.connected(store)
    seconds: dict[str, float] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account.id])

        def timed(name: str, selection: list[str]) -> None:
            started = time.monotonic()
            result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance, partition_key=account.id, asset_selection=[dg.AssetKey(item) for item in selection]
            )
            assert result.success
            seconds[name] = time.monotonic() - started

        for asset in (
            "product_snapshot",
            "validated_listings",
            "sync_plan",
            "publication_approval",
            "published_listings",
        ):
            timed(asset, [asset])
        (job,) = queries.latest_jobs(store, most=1)
        first_calls = sum(world.calls().values())
        timed("planning again", ["product_snapshot", "validated_listings", "sync_plan"])
    (again,) = queries.latest_jobs(store, most=1)
    actions = Counter(item.plan.action for item in queries.plan_items(store, again.transaction_id))

    print(
        f"\n{job.total_products} products: {job.synced_count} synced, {job.failed_count} failed, {job.skipped_count} skipped"
    )
    print(f"{first_calls} calls to the local Etsy; planned again: {dict(actions)}")
    print({name: f"{value:.1f} s" for name, value in seconds.items()})
    assert job.state in PUBLISHED
    assert job.synced_count > 0
    assert job.synced_count + job.failed_count + job.skipped_count == job.total_products
    assert actions["update"] == 0, "what was just published is unchanged"
    assert len(world.listings()) == job.synced_count, "one listing for each product"
