"""Orders in Dagster: read when they are due or an event named one, and told on an asset of their own."""

from typing import Any

import dagster as dg

from etsy_pipeline.accounts import configure
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_tags import SLOT_TAG, WORK_TAG
from etsy_pipeline.orchestration.sensors import requested_syncs
from etsy_pipeline.store import receipt_feeds, receipts
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of, why
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again
from etsy_pipeline_tests.publishing.shop import Shop, variant_id


def selling(dagster: Dagster) -> int:
    """A shop in mode stock with a product on Etsy; its listing."""
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    Shop(dagster.world, dagster.store, dagster.account).sync()
    configure.configure(dagster.store, dagster.account.id, {"orders.mode": "stock", "orders.since": LONG_AGO})
    connect_again(dagster.world, dagster.store, dagster.account.id)
    return int(dagster.world.listings()[0]["listing_id"])


def looked(dagster: Dagster) -> Any:
    """What the sensor answers."""
    with dg.instance_for_test() as on_disk:
        on_disk.add_dynamic_partitions(ACCOUNTS, [dagster.account.id])
        context = dg.build_sensor_context(instance=on_disk, resources={"store": StoreResource()})
        return requested_syncs(context)


def test_what_was_sold_is_booked_and_told_in_numbers(dagster: Dagster) -> None:
    listing_id = selling(dagster)
    dagster.world.buy(listing_id)
    told = metadata_of(dagster.run("read_orders"), "etsy_receipts")
    assert (told["new_orders"], told["booked_lines"], told["oversold_lines"]) == (1, 1, 0)
    assert told["lag_seconds_most"] >= 0
    assert len(dagster.world.reservations()) == 1


def test_oversold_lines_stand_on_top_and_then_orders_that_wait_for_a_person(dagster: Dagster) -> None:
    listing_id = selling(dagster)
    shop = Shop(dagster.world, dagster.store, dagster.account)
    dagster.world.restock(variant_id(shop, dagster.world.product_ids("clean")[0]), 1)
    dagster.world.refund(dagster.world.buy(listing_id))
    dagster.world.buy(listing_id)
    told = metadata_of(dagster.run("read_orders"), "etsy_receipts")
    assert 0 < told["look_at_once"].index("oversold") < told["look_at_once"].index("refunded in full")
    assert told["oversold_lines"] == 1


def test_orders_are_read_when_they_are_due_and_when_an_event_named_one(dagster: Dagster) -> None:
    assert isinstance(looked(dagster), dg.SkipReason), "orders are off"
    selling(dagster)
    (request,) = looked(dagster).run_requests
    assert request.partition_key == dagster.account.id
    assert (request.tags[WORK_TAG], request.tags[SLOT_TAG]) == ("orders", f"{dagster.account.id}/orders")
    dagster.run("read_orders")
    assert isinstance(looked(dagster), dg.SkipReason)
    with dagster.store.writing() as session:
        receipts.hint(session, dagster.account.id, 31, mode="stock", now=dagster.store.now())
    (request,) = looked(dagster).run_requests
    assert "hint:" in (request.run_key or "")


def test_a_shop_that_grants_too_little_is_told_once(dagster: Dagster) -> None:
    configure.configure(dagster.store, dagster.account.id, {"orders.mode": "stock"})
    assert "scope_missing" in str(looked(dagster).skip_message)
    with dagster.store.reading() as session:
        assert "transactions_r" in (receipt_feeds.get(session, dagster.account.id).problem or "")
    assert "scope_missing" not in str(looked(dagster).skip_message)
    assert "scope_missing" in why(dagster.run("read_orders"))
