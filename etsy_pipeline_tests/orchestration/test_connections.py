"""The sensor that keeps the shops' connections alive."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.resources import EtsyResource, StoreResource
from etsy_pipeline.orchestration.sensors import kept_connections
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.world import World


def tick() -> Any:
    resources = {"store": StoreResource(), "etsy": EtsyResource()}
    with dg.DagsterInstance.ephemeral() as instance:
        return kept_connections(dg.build_sensor_context(instance=instance, resources=resources))


def test_an_idle_connection_begins_its_90_days_anew(world: World, store: Store) -> None:
    account = world.connected(store)
    assert "No connection was idle" in tick().skip_message
    with store.writing() as session:
        accounts.change(session, account.id, refresh_token_expires_at=datetime.now(UTC) + timedelta(days=20))
    assert tick().skip_message == f"{account.id}: renewed"
    with store.reading() as session:
        assert connection_of(accounts.get(session, account.id), datetime.now(UTC)).days_left == 89


def test_without_a_shop_it_needs_no_etsy_app(world: World, store: Store, monkeypatch: Any) -> None:
    del world, store
    monkeypatch.delenv("ETSY_CLIENT_ID")
    assert "No connection was idle" in tick().skip_message


def test_it_looks_every_hour_by_itself() -> None:
    sensor = defs.resolve_sensor_def("kept_connections")
    assert (sensor.minimum_interval_seconds, sensor.default_status) == (3600, dg.DefaultSensorStatus.RUNNING)
