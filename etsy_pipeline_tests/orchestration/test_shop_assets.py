"""The shop as it is in Dagster: an asset of its own, each night and on request, and what a plan run looks through."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from etsy_pipeline.accounts import configure
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_queue import limits
from etsy_pipeline.orchestration.run_tags import SLOT_TAG, WORK_TAG, work_of
from etsy_pipeline.orchestration.sensors import requested_syncs
from etsy_pipeline.orchestration.shop_assets import nightly_scan_at
from etsy_pipeline.shop.scan import ask
from etsy_pipeline.store import seen_listings
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of, why
from etsy_pipeline_tests.sandbox.by_hand import deleted, listed, many_listed


def last_scan(dagster: Dagster) -> ShopScan | None:
    with dagster.store.reading() as session:
        return seen_listings.last_whole(session, dagster.account.id)


def materializations(dagster: Dagster) -> int:
    """How often Dagster was told of the shop's listings."""
    wanted = dg.AssetKey("etsy_listings")
    records = dagster.instance.fetch_materializations(dg.AssetRecordsFilter(wanted, [dagster.account.id]), limit=100)
    return len(records.records)


def test_the_shops_listings_by_state_are_numbers_and_what_changed_is_a_table(dagster: Dagster) -> None:
    ids = many_listed(dagster.world, 3, title="Mug {n}")
    listed(
        dagster.world, {"title": "Cup | [x](javascript:1)", "state": "draft"}, {"title": "Odd", "shown_state": "edit"}
    )
    first = metadata_of(dagster.materialize("etsy_listings"), "etsy_listings")
    told = {name: first[f"{name}_count"] for name in ("active", "draft", "sold_out", "other", "listing", "change")}
    assert told == {"active": 3, "draft": 1, "sold_out": 0, "other": 1, "listing": 5, "change": 0}
    assert isinstance(first["calls"], int)
    assert first["seconds"] >= 0
    deleted(dagster.world, ids[0])
    second = metadata_of(dagster.run("scan_shop"), "etsy_listings")
    assert second["active_count"] == 2
    assert "| gone | No longer there: 1 listing" in second["look_at_once"]
    assert f"| gone | {ids[0]} | Mug 1 | active |" in second["changes"]


def test_a_scan_that_fails_says_why_and_materializes_nothing(dagster: Dagster) -> None:
    dagster.world.etsy("POST", "faults", {"operation": "getListingsByShop", "kind": "status", "status": 403})
    assert "Etsy" in why(dagster.materialize("etsy_listings"))
    assert (last_scan(dagster), materializations(dagster)) == (None, 0)


def test_a_plan_run_looks_through_the_shop_by_itself_and_tells_the_asset(dagster: Dagster) -> None:
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    listed(dagster.world, {"title": "By hand"})
    result = dagster.run("plan_sync")
    assert metadata_of(result, "etsy_listings")["active_count"] == 1
    assert metadata_of(result, "sync_plan")["create_count"] == 1
    assert not metadata_of(result, "etsy_listings")["changes"].startswith("|")
    scan = last_scan(dagster)
    dagster.run("plan_sync")
    assert last_scan(dagster) == scan, "the next one is recent enough"
    assert materializations(dagster) == 1


def test_where_the_shop_cannot_be_looked_through_the_plan_goes_on_and_creates_nothing(dagster: Dagster) -> None:
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    dagster.world.etsy("POST", "faults", {"operation": "getListingsByShop", "kind": "status", "status": 403})
    plan = metadata_of(dagster.run("plan_sync"), "sync_plan")
    assert (plan["create_count"], plan["invalid_count"]) == (0, 1)
    assert materializations(dagster) == 0


def test_the_plan_asks_for_no_scan_of_a_person() -> None:
    """Dagster warns of an upstream asset that was never materialized; a plan run scans by itself where it has to."""
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey("etsy_listings") not in graph.get(dg.AssetKey("sync_plan")).parent_keys


def scheduled(dagster: Dagster) -> Any:
    """What the nightly schedule answers."""
    with dg.instance_for_test() as on_disk:  # a schedule's context opens it anew
        on_disk.add_dynamic_partitions(ACCOUNTS, [dagster.account.id])
        context = dg.build_schedule_context(
            instance=on_disk,
            scheduled_execution_time=datetime(2026, 11, 25, 0, 30, tzinfo=UTC),
            resources={"store": StoreResource()},
        )
        return nightly_scan_at("UTC")(context)


def test_each_night_every_active_shop_is_scanned_in_a_slot_of_its_own_unless_it_does_not_want_it(
    dagster: Dagster,
) -> None:
    (request,) = scheduled(dagster)
    assert (request.run_key, request.partition_key) == (f"scan/{dagster.account.id}/2026-11-25", dagster.account.id)
    assert (request.tags[WORK_TAG], request.tags[SLOT_TAG]) == ("scan", f"{dagster.account.id}/scan")
    configure.configure(dagster.store, dagster.account.id, {"scan_nightly": False})
    assert isinstance(scheduled(dagster), dg.SkipReason)
    schedule = nightly_scan_at("Europe/Berlin")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 0 * * *", "Europe/Berlin"), "before the plans"


def asked(dagster: Dagster) -> Any:
    """What the sensor for scans that were asked for answers."""
    with dg.instance_for_test() as on_disk:
        on_disk.add_dynamic_partitions(ACCOUNTS, [dagster.account.id])
        return requested_syncs(dg.build_sensor_context(instance=on_disk, resources={"store": StoreResource()}))


def test_a_scan_that_was_asked_for_is_one_run_which_takes_the_request(dagster: Dagster) -> None:
    assert isinstance(asked(dagster), dg.SkipReason)
    wanted = ask(dagster.store, dagster.account.id)
    (request,) = asked(dagster).run_requests
    assert (request.run_key, request.partition_key) == (f"scan/{dagster.account.id}/{wanted.id}", dagster.account.id)
    assert request.tags[SLOT_TAG] == f"{dagster.account.id}/scan"
    assert dagster.run("scan_shop").success
    assert isinstance(asked(dagster), dg.SkipReason), "it is done"


def test_a_scan_from_the_ui_waits_for_another_one_of_its_shop_and_for_nothing_else() -> None:
    run = dg.DagsterRun(job_name="__ASSET_JOB", asset_selection=frozenset({dg.AssetKey("etsy_listings")}))
    assert work_of(run) == "scan"
    assert {"key": WORK_TAG, "value": "scan", "limit": 2} in limits(2)["tag_concurrency_limits"]
