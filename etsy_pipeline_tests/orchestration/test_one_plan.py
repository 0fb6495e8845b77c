"""One run draws up a plan, whoever started it: its sync is in the books from the start, and fails with the run."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from etsy_pipeline import telemetry
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.definitions import defs
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.orchestration import plan_assets
from etsy_pipeline.orchestration.failed_runs import lost_runs
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.orchestration.sensors import approved_syncs, requested_syncs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import build_plan, queries
from etsy_pipeline.sync.plan_runs import fail_plan
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of, why
from etsy_pipeline_tests.orchestration.lost import tell_of

PLAN_ASSETS = ("product_snapshot", "validated_listings", "sync_plan")


@pytest.fixture(autouse=True)
def _two_products(dagster: Dagster) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])


def syncs(dagster: Dagster) -> list[EtsySyncJob]:
    return list(queries.latest_jobs(dagster.store))


def asked_for(dagster: Dagster) -> EtsySyncJob:
    return request_sync(dagster.store, dagster.account.id, product_ids=None, trigger="cli")


def sensor_meanwhile(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `requested_syncs` answers, and the state of the newest sync, whenever the catalogue is about to be read."""
    seen: list[Any] = []
    read = MedusaCatalogue.pages

    def pages(catalogue: MedusaCatalogue, *args: Any) -> Iterator[Any]:
        context = dg.build_sensor_context(instance=dagster.instance, resources={"store": StoreResource()})
        seen.append((requested_syncs(context), dagster.newest().state))
        return read(catalogue, *args)

    monkeypatch.setattr(MedusaCatalogue, "pages", pages)
    return seen


@pytest.mark.parametrize(
    ("tags", "trigger"),
    [({}, "ui"), ({"dagster/backfill": "x"}, "backfill"), ({"dagster/schedule_name": "x"}, "schedule")],
)
def test_a_run_that_nobody_asked_for_has_its_sync_from_the_start_and_it_is_planned_once(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str], trigger: str
) -> None:
    seen = sensor_meanwhile(dagster, monkeypatch)
    assert dagster.run("plan_sync", **tags).success
    ((answer, state),) = seen
    assert isinstance(answer, dg.SkipReason), "it is no request for another run"
    assert state is SyncState.PLANNING
    (job,) = syncs(dagster)
    assert (job.state, job.trigger, job.total_products) == (SyncState.PLANNED, trigger, 2)


def test_each_step_of_a_plan_is_one_span_of_its_trace(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    told, span = list[str](), telemetry.span

    def noting(name: str, **about: Any) -> Any:
        told.append(name)
        return span(name, **about)

    monkeypatch.setattr(telemetry, "span", noting)
    assert dagster.run("plan_sync").success
    assert [name for name in told if name.startswith("plan ")] == [f"plan {asset}" for asset in PLAN_ASSETS]


def test_the_run_of_a_request_plans_this_one(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_for(dagster)
    seen = sensor_meanwhile(dagster, monkeypatch)
    assert dagster.run("plan_sync", **{TRANSACTION_TAG: asked.transaction_id}).success
    assert [(type(answer), state) for answer, state in seen] == [(dg.SkipReason, SyncState.PLANNING)]
    (job,) = syncs(dagster)
    assert (job.transaction_id, job.state) == (asked.transaction_id, SyncState.PLANNED)


def test_assets_of_the_plan_that_are_materialized_at_once_are_one_sync(dagster: Dagster) -> None:
    assert dagster.materialize(*PLAN_ASSETS).success
    assert [job.state for job in syncs(dagster)] == [SyncState.PLANNED]


def test_a_run_of_sync_plan_alone_makes_its_sync_and_the_snapshot_before_it_makes_none(dagster: Dagster) -> None:
    assert dagster.materialize("product_snapshot").success
    assert dagster.materialize("validated_listings").success
    assert syncs(dagster) == [], "they may be looked at without a sync"
    result = dagster.materialize("sync_plan")
    (job,) = syncs(dagster)
    assert (job.state, job.plan_run_id) == (SyncState.PLANNED, result.run_id)


def test_beside_a_publication_under_way_the_nightly_plan_plans_the_rest_and_says_what_it_left_out(
    dagster: Dagster,
) -> None:
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    result = dagster.run("plan_sync", **{"dagster/schedule_name": "daily_sync"})
    assert result.success
    beside, approved = syncs(dagster)
    assert (approved.state, beside.lane, beside.state) == (SyncState.CONFIRMED, "stock", SyncState.NOTHING_TO_DO)
    told = metadata_of(result, "sync_plan")
    assert "2 are held by a sync that is under way" in told["what_happens_next"]
    assert f"held by {approved.transaction_id}" in told["groups"]


def test_a_small_change_of_stock_goes_all_the_way_beside_a_publication_under_way(dagster: Dagster) -> None:
    first, second = dagster.world.product_ids("clean")[:2]
    configure.configure(dagster.store, dagster.account.id, {"approval": {"auto_approve": True}})
    dagster.run("plan_sync")
    for asset in ("publication_approval", "published_listings"):
        assert dagster.materialize(asset).success
    dagster.world.medusa("PATCH", f"products/{first}", {"set": {"description": "Another text."}})
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    row = dagster.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", second)
    assert row is not None
    stock = {variant["id"]: {"stock": 1} for variant in json.loads(row["data"])["variants"]}
    dagster.world.medusa("PATCH", f"products/{second}", {"variants": stock})
    assert dagster.run("plan_sync", **{"dagster/schedule_name": "daily_sync"}).success
    beside = dagster.newest()
    assert (beside.lane, beside.state) == ("stock", SyncState.CONFIRMED), "by the shop's policy"
    context = dg.build_sensor_context(instance=dagster.instance, resources={"store": StoreResource()})
    answer = approved_syncs(context)
    assert isinstance(answer, dg.SensorResult)
    assert sorted(request.tags["etsy_pipeline/slot"].rpartition("/")[2] for request in answer.run_requests or ()) == [
        "full", "stock",
    ]  # fmt: skip
    assert dagster.run("publish_sync", **{TRANSACTION_TAG: beside.transaction_id}).success
    assert queries.job(dagster.store, beside.transaction_id).synced_count == 1


@pytest.mark.parametrize("asset", PLAN_ASSETS)
@pytest.mark.parametrize("is_asked_for", [True, False], ids=["requested", "ui"])
@pytest.mark.parametrize("is_expected", [True, False], ids=["expected", "bug"])
def test_a_failure_in_any_asset_fails_the_sync(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, asset: str, *, is_asked_for: bool, is_expected: bool
) -> None:
    def break_down(*_args: object, **_values: object) -> None:
        raise Unavailable("It is down.", code="medusa_error") if is_expected else KeyError("secret")

    part_of = {"product_snapshot": "selection_of", "validated_listings": "ProductListings", "sync_plan": "build_plan"}
    monkeypatch.setattr(plan_assets, part_of[asset], break_down)
    tags = {TRANSACTION_TAG: asked_for(dagster).transaction_id} if is_asked_for else {}
    result = dagster.run("plan_sync", **tags)
    assert not result.success
    (job,) = syncs(dagster)
    died = f"The Dagster run {result.run_id} failed. [run_failed]"
    assert (job.state, job.message) == (SyncState.FAILED, "It is down. [medusa_error]" if is_expected else died)
    tell_of(dagster.instance, result.dagster_run, result.get_run_failure_event())
    assert [other.message for other in syncs(dagster)] == [job.message], "it is in the books once"


def test_a_run_without_a_tag_that_is_killed_fails_its_sync(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    """No asset sees that: the sensor finds the sync by the run."""
    monkeypatch.setattr("etsy_pipeline.orchestration.runs.fail_plan", lambda *_, **__: None)
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_wrongkey0123456789")
    result = dagster.materialize(*PLAN_ASSETS)
    assert [job.state for job in syncs(dagster)] == [SyncState.PLANNING]
    tell_of(dagster.instance, result.dagster_run, result.get_run_failure_event())
    (job,) = syncs(dagster)
    assert (job.state, "[medusa_unauthorized]" in job.message) == (SyncState.FAILED, True)


def test_a_complete_plan_stays_whatever_happens_to_its_run(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_args: object) -> None:
        raise Unavailable("It is down.", code="database_unreachable")

    monkeypatch.setattr(queries, "plan_rows", break_down)
    result = dagster.run("plan_sync")
    assert "database_unreachable" in why(result)
    tell_of(dagster.instance, result.dagster_run, result.get_run_failure_event())
    assert [job.state for job in syncs(dagster)] == [SyncState.PLANNED]


def test_a_run_fails_no_plan_that_another_one_draws_up(dagster: Dagster) -> None:
    asked = asked_for(dagster)
    values = {"account_id": dagster.account.id, "transaction_id": asked.transaction_id, "trigger": "cli"}
    build_plan.begin_plan(dagster.store, **values, run_id="first")
    build_plan.begin_plan(dagster.store, **values, run_id="second")
    assert fail_plan(dagster.store, run_id="first", transaction_id=asked.transaction_id, message="Died.")
    assert dagster.newest().state is SyncState.PLANNING
    assert fail_plan(dagster.store, run_id="second", transaction_id=None, message="Died.")
    assert (dagster.newest().state, dagster.newest().message) == (SyncState.FAILED, "Died.")
    assert not fail_plan(dagster.store, run_id="third", transaction_id="wf_nope", message="Died.")


def test_a_plan_run_that_a_person_terminates_ends_its_sync(dagster: Dagster, store: Store) -> None:
    run = dagster.instance.create_run_for_job(defs.resolve_job_def("plan_sync"))
    build_plan.begin_plan(store, account_id=dagster.account.id, transaction_id=None, trigger="ui", run_id=run.run_id)
    dagster.instance.report_run_canceled(run)
    lost_runs(dg.build_sensor_context(instance=dagster.instance, resources={"store": StoreResource()}))
    assert (dagster.newest().state, "was terminated" in dagster.newest().message) == (SyncState.FAILED, True)


def test_what_has_nothing_to_do_is_over_and_no_policy_approves_it(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    dagster.run("publish_sync")
    configure.configure(dagster.store, dagster.account.id, {"approval.auto_approve": True})
    metadata = metadata_of(dagster.run("plan_sync"), "sync_plan")
    job = dagster.newest()
    assert (job.state, job.skipped_count) == (SyncState.NOTHING_TO_DO, 2)
    assert "There is nothing to approve" in metadata["what_happens_next"]
    assert "sync approve" not in metadata["what_happens_next"]
    assert queries.review_of(dagster.store, job.transaction_id).decision is None
    assert "nothing to do" in why(dagster.materialize("publication_approval"))


def test_what_the_policy_approves_asks_nobody(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    dagster.run("publish_sync")
    configure.configure(dagster.store, dagster.account.id, {"approval.auto_approve": True})
    product_id = dagster.world.product_ids("clean")[0]
    stock = {variant_id: {"stock": 2} for variant_id in dagster.world.usd_prices(product_id)}
    dagster.world.medusa("PATCH", f"products/{product_id}", {"variants": stock})
    metadata = metadata_of(dagster.run("plan_sync"), "sync_plan")
    assert dagster.newest().state is SyncState.CONFIRMED
    assert "The shop's policy approved it" in metadata["what_happens_next"]
