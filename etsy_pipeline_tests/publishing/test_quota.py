"""A day's calls are used up: pause, resume, finish. In fast-forward, against a local Etsy that enforces both limits."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.orchestration.sensors import publish_requests
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.publishing.fast_forward import FastForward
from etsy_pipeline_tests.publishing.shop import Shop, variant_id
from etsy_pipeline_tests.world import a_world

PER_DAY = 40
PER_SECOND = 5


@pytest.fixture
def shop(tmp_path: Path, store: Store) -> Iterator[Shop]:
    with a_world(tmp_path, per_second=PER_SECOND, per_day=PER_DAY) as world:
        yield Shop(world, store, world.connected(store))


@pytest.fixture
def forward(shop: Shop) -> FastForward:
    """A day after the shop was connected, at an even hour: a run's calls are all of the same part of a day."""
    made = FastForward(shop.world)
    shop.time = made.time
    made.sleep_until_even(days=1)
    return made


def publish_now(shop: Shop, job: EtsySyncJob, forward: FastForward, **settings: Any) -> EtsySyncJob:
    chosen = shop.world.settings.model_copy(update=settings)
    return publish(
        shop.store, wiring.shop_client(chosen, shop.store, shop.id, forward.time), wiring.pictures_of(chosen), job.transaction_id,
        amount_unit="major", run_id="run", source=shop.source(), sleep=forward.sleep, now=forward.time.now, at_once=1,
    )  # fmt: skip


def refused(shop: Shop) -> int:
    row = shop.world.sandbox.state.row("SELECT COUNT(*) AS n FROM request_log WHERE status = 429")
    return int(row["n"]) if row else 0


def resume(shop: Shop, job: EtsySyncJob, forward: FastForward) -> EtsySyncJob:
    """What the sensor does with a paused job: nothing before its time, and then another run."""
    assert job.resume_at is not None
    assert publish_requests([job], job.resume_at - timedelta(seconds=1)) == []
    forward.sleep((job.resume_at - forward.time.now()).total_seconds())
    assert len(publish_requests([job], forward.time.now())) == 1
    return publish_now(shop, job, forward)


def test_a_plan_of_several_days_is_published_day_by_day(shop: Shop, forward: FastForward) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:12])
    before = sum(shop.world.calls().values())
    job, days = shop.plan(), 0
    shop.approve(job)
    started_at = forward.time.now()
    found = publish_now(shop, job, forward)
    while found.state is SyncState.PAUSED:
        days += 1
        assert "used up" in found.error_log["job"]
        assert f"It goes on at {found.resume_at:%Y-%m-%d %H:%M} UTC" in found.error_log["job"]
        assert found.deferred_count > 0
        assert wiring.quota_of(shop.world.settings, shop.store, forward.time).left_today < 3
        found = resume(shop, found, forward)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED, 12, 0)
    assert len(shop.world.listings()) == 12
    assert days == (sum(shop.world.calls().values()) - before - 1) // PER_DAY
    assert (forward.time.now() - started_at) < timedelta(days=days + 0.5)
    assert refused(shop) == 0


def test_calls_that_become_free_bit_by_bit_make_no_run_each(shop: Shop, forward: FastForward) -> None:
    """Another shop used the key all night long, so that two calls become free each quarter of an hour."""
    shop.world.keep_only(*shop.world.product_ids("clean")[:8])
    job, runs = shop.plan(), 1
    shop.approve(job)
    client = wiring.shop_client(shop.world.settings, shop.store, shop.id, forward.time)
    while wiring.quota_of(shop.world.settings, shop.store, forward.time).left_today:
        client.get_me()
        forward.sleep(15 * 60 / 2)
    found = publish_now(shop, job, forward)
    while found.state is SyncState.PAUSED:
        runs += 1
        found = resume(shop, found, forward)
    assert (found.state, found.synced_count) == (SyncState.COMPLETED, 8)
    assert runs <= 5, "instead of one for each two calls, which were twenty"


def test_stock_goes_on_with_what_is_reserved_when_the_rest_is_spent(shop: Shop, forward: FastForward) -> None:
    new, sold = shop.world.product_ids("clean")[:6], shop.world.product_ids("price_differs_by_variant")[0]
    shop.world.keep_only(*new, sold)
    products = shop.plan()
    shop.approve(products, excluded_products=new)
    assert publish_now(shop, products, forward).synced_count == 1
    forward.sleep(26 * 3600)
    shop.world.medusa("PATCH", f"products/{sold}", {"variants": {variant_id(shop, sold): {"stock": 3}}})
    job = shop.plan()
    shop.approve(job)
    found = publish_now(shop, job, forward, etsy_pipeline_stock_reserve_percent=50)
    assert found.state is SyncState.PAUSED
    assert "kept for stock updates" in found.error_log["job"]
    in_order = [(item.product_id == sold, item.outcome) for item in shop.items(job)]
    assert in_order.index((False, "waiting")) < in_order.index((True, "synced")), "it overtook what has to wait"
