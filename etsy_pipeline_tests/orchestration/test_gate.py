"""The assets on a real Dagster instance: planning, the gate, publishing; what a person reads, and what is refused."""

import dagster as dg
import pytest

from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, check, metadata_of, why

EVERYTHING = ("product_snapshot", "validated_listings", "sync_plan", "publication_approval", "published_listings")


def test_the_natural_order_asset_by_asset(dagster: Dagster) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean", "title_too_long", "zero_price", "draft"))
    snapshot = metadata_of(dagster.materialize("product_snapshot"), "product_snapshot")
    assert snapshot["dagster/row_count"] == 15
    assert "| product | status | variants | product id |" in snapshot["preview"]

    result = dagster.materialize("validated_listings")
    listings = metadata_of(result, "validated_listings")
    assert (listings["valid_count"], listings["invalid_count"], listings["absent_count"]) == (12, 2, 1)
    assert "The title has 200 characters; Etsy takes at most 140." in listings["invalid_products"]
    assert check(result, "enough_valid_listings").passed
    assert not check(result, "no_blocked_prices").passed

    plan = metadata_of(dagster.materialize("sync_plan"), "sync_plan")
    assert (plan["create_count"], plan["invalid_count"], plan["skip_count"], plan["fees"]) == (12, 2, 1, "$2.40")
    assert "| + | New |" in plan["plan"]
    assert "### DustySpoonStudio: 12 products would change on Etsy" in plan["summary"]
    assert "The title has 200 characters" in plan["summary"]
    assert plan["transaction_id"] == dagster.newest().transaction_id

    approval = metadata_of(dagster.materialize("publication_approval"), "publication_approval")
    assert approval["approved_by"].startswith("Dagster UI")
    assert approval["plan_digest"] == plan["plan_digest"]

    result = dagster.materialize("published_listings")
    published = metadata_of(result, "published_listings")
    counts = [published[f"{name}_count"] for name in ("synced", "failed", "skipped", "deferred")]
    assert counts == [12, 2, 1, 0]
    assert published["status"] == "completed with errors"
    assert (published["shop"], published["planned_fees_usd"], published["fees_usd"]) == ("DustySpoonStudio", 2.4, 2.4)
    assert {told["shop"] for told in (snapshot, listings, plan, approval, published)} == {"DustySpoonStudio"}
    assert "**12 synced, 2 failed, 1 skipped**, of 15 products." in published["summary"]
    assert plan["api_calls"] < published["api_calls"] <= plan["api_calls"] + plan["looks"] <= published["api_calls"] + 8
    assert published["minutes_since_asked"] >= 0
    assert "The title has 200 characters" in published["errors"]
    assert "/listing/43" in published["listings"]
    assert not check(result, "every_product_published").passed


def test_a_run_that_the_ui_starts_is_tagged_with_the_shop_s_name(dagster: Dagster) -> None:
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    run = dagster.instance.get_run_by_id(dagster.materialize("product_snapshot").run_id)
    assert run is not None
    assert run.tags["etsy_pipeline/shop"] == "DustySpoonStudio"


def test_materialize_all_publishes_nothing_unseen(dagster: Dagster) -> None:
    result = dagster.materialize(*EVERYTHING)
    assert "plan_unseen" in why(result)
    assert dagster.newest().state is SyncState.PLANNED
    assert dagster.world.listings() == []


def test_materialize_all_does_not_ride_on_an_earlier_approval(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    assert "plan_unseen" in why(dagster.materialize(*EVERYTHING))
    assert dagster.world.listings() == []


def test_publishing_without_an_approval_says_what_to_do(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    said = why(dagster.materialize("published_listings"))
    assert "not_approved" in said
    assert "materialize publication_approval" in said


def test_an_approval_without_a_plan_is_refused(dagster: Dagster) -> None:
    assert "plan_not_ready" in why(dagster.materialize("publication_approval"))


def test_approving_twice_is_refused(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    assert dagster.materialize("publication_approval").success
    assert "already_decided" in why(dagster.materialize("publication_approval"))


def test_approving_a_plan_that_went_stale_is_refused(dagster: Dagster) -> None:
    from etsy_pipeline.accounts import configure

    dagster.run("plan_sync")
    configure.configure(dagster.store, dagster.account.id, {"price.markup_percent": 5})
    assert "plan_stale" in why(dagster.materialize("publication_approval"))


@pytest.mark.parametrize("tag", ["dagster/schedule_name", "dagster/sensor_name"])
def test_no_schedule_or_sensor_can_approve(dagster: Dagster, tag: str) -> None:
    dagster.run("plan_sync")
    assert "approval_needs_person" in why(dagster.materialize("publication_approval", tags={tag: "x"}))


def test_an_approval_can_name_the_person_the_plan_and_the_note(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    job = dagster.newest()
    config = {
        "approved_by": "Ada", "note": "fine", "transaction_id": job.transaction_id, "plan_digest": job.plan_digest
    }  # fmt: skip
    result = dagster.materialize(
        "publication_approval", run_config={"ops": {"publication_approval": {"config": config}}}
    )
    assert metadata_of(result, "publication_approval")["approved_by"] == "Ada"


def test_a_run_tag_can_name_the_person(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    result = dagster.materialize("publication_approval", tags={"user": "Bob"})
    assert metadata_of(result, "publication_approval")["approved_by"] == "Bob"


def test_a_request_for_some_products_plans_these_and_reports_unknown_ones(dagster: Dagster) -> None:
    known = dagster.world.product_ids("clean")[0]
    job = request_sync(dagster.store, dagster.account.id, product_ids=(known, "prod_nope"), trigger="cli")
    assert dagster.run("plan_sync", **{"etsy_pipeline/transaction_id": job.transaction_id}).success
    items = {item.product_id: item.plan for item in queries.plan_items(dagster.store, job.transaction_id)}
    assert {name: item.action for name, item in items.items()} == {known: "create", "prod_nope": "invalid"}
    assert items["prod_nope"].reason == "Medusa has no product prod_nope."


def test_a_malformed_product_is_reported_and_the_others_go_on(dagster: Dagster) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    dagster.world.medusa("POST", "products", {"id": "prod_bad", "title": "Bad", "status": "published", "variants": "x"})
    result = dagster.run("plan_sync")
    assert "prod_bad" in metadata_of(result, "product_snapshot")["unreadable_products"]
    actions = {
        item.product_id: item.plan.action for item in queries.plan_items(dagster.store, dagster.newest().transaction_id)
    }
    assert actions["prod_bad"] == "invalid"
    assert sorted(actions.values()) == ["create", "create", "invalid"]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("down", "medusa_error"),
        ("maintenance", "medusa_maintenance"),
        ("truncated", "medusa_answer_broken"),
        ("html", "not_a_medusa"),
        ("key", "medusa_unauthorized"),
    ],
)
def test_trouble_with_medusa_fails_the_sync_with_a_reason_and_keeps_the_last_snapshot(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, trouble: str, code: str
) -> None:
    dagster.run("plan_sync")
    if trouble == "key":
        monkeypatch.setenv("MEDUSA_API_KEY", "wrong")
    else:
        dagster.world.medusa("POST", "trouble", {"kind": trouble})
    job = request_sync(dagster.store, dagster.account.id, product_ids=None, trigger="cli")
    assert code in why(dagster.run("plan_sync", **{"etsy_pipeline/transaction_id": job.transaction_id}))
    found = queries.job(dagster.store, job.transaction_id)
    assert (found.state, code in found.message) == (SyncState.FAILED, True)
    assert dagster.materialize("validated_listings").success, "the snapshot before is still there"


def test_an_empty_catalogue_makes_no_plan(dagster: Dagster) -> None:
    dagster.world.keep_only()
    job = request_sync(dagster.store, dagster.account.id, product_ids=None, trigger="cli")
    result = dagster.run("plan_sync", **{"etsy_pipeline/transaction_id": job.transaction_id})
    assert not result.success
    assert not check(result, "catalogue_not_empty").passed
    assert "catalogue_empty" in why(result)
    found = queries.job(dagster.store, job.transaction_id)
    assert (found.state, found.message) == (
        SyncState.FAILED,
        "Medusa has no product for this shop's selection; check `selection` in its settings. [catalogue_empty]",
    )
    assert "catalogue_empty" in why(dagster.materialize("validated_listings", "sync_plan")), "nor of what was kept"


def test_missing_settings_are_named(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDUSA_AMOUNT_UNIT")
    assert "MEDUSA_AMOUNT_UNIT" in why(dagster.run("plan_sync"))


def test_an_account_that_is_not_connected_is_named(dagster: Dagster) -> None:
    with dagster.store.writing() as session:
        accounts.change(session, dagster.account.id, is_active=False)
    assert "account_not_connected" in why(dagster.run("plan_sync"))


def test_materializing_out_of_order_says_what_comes_first(dagster: Dagster) -> None:
    assert "product_snapshot has not been materialized" in why(dagster.materialize("validated_listings"))


def test_no_secret_reaches_dagsters_event_log(dagster: Dagster, caplog: pytest.LogCaptureFixture) -> None:
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    dagster.run("publish_sync", **{"etsy_pipeline/transaction_id": dagster.newest().transaction_id})
    assert dagster.newest().state is SyncState.COMPLETED
    logs = caplog.text + "".join(
        str(record) for run in dagster.instance.get_runs() for record in dagster.instance.all_logs(run.run_id)
    )
    sandbox = dagster.world.sandbox
    tokens = [row["token"] for row in sandbox.state.rows("SELECT token FROM token")]
    for secret in (sandbox.shared_secret, sandbox.medusa_api_key, *tokens):
        assert secret not in logs


def test_a_cancelled_sync_is_not_published(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    approvals.cancel(dagster.store, dagster.newest().transaction_id)
    assert "not_approved" in why(dagster.materialize("published_listings"))


def test_an_approval_in_the_run_that_publishes_is_refused(dagster: Dagster) -> None:
    dagster.run("plan_sync")
    assert "plan_unseen" in why(dagster.materialize("publication_approval", "published_listings"))
    assert dagster.newest().state is SyncState.PLANNED
    assert dagster.world.listings() == []


def test_an_approval_from_elsewhere_shows_in_dagster_too(dagster: Dagster) -> None:
    dagster.world.keep_only(dagster.world.product_ids("clean")[0])
    dagster.run("plan_sync")
    job = dagster.newest()
    approvals.approve(
        dagster.store, job.transaction_id, decided_by="Ada", through="api", amount_unit="major", note="fine"
    )
    dagster.run("publish_sync", **{"etsy_pipeline/transaction_id": job.transaction_id})
    shown = dagster.instance.get_latest_materialization_event(dg.AssetKey("publication_approval"))
    assert shown is not None
    assert shown.asset_materialization is not None
    told = {name: value.value for name, value in shown.asset_materialization.metadata.items()}
    assert (told["approved_by"], told["approved_through"], told["note"]) == ("Ada", "api", "fine")
    assert (told["shop"], told["transaction_id"]) == ("DustySpoonStudio", job.transaction_id)
    assert shown.asset_materialization.partition == dagster.account.id


@pytest.mark.parametrize("is_tagged", [True, False], ids=["by its tag", "by its run"])
def test_the_check_of_a_publication_looks_at_its_own_sync(dagster: Dagster, *, is_tagged: bool) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:2])
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    own = dagster.newest()
    newer = request_sync(dagster.store, dagster.account.id, product_ids=None, trigger="cli")
    with dagster.store.writing() as session:
        jobs.change(session, newer.transaction_id, failed_count=7)
    approvals.fail(dagster.store, newer.transaction_id, "It was another one.")
    tags = {"etsy_pipeline/transaction_id": own.transaction_id} if is_tagged else {}
    found = check(dagster.run("publish_sync", **tags), "every_product_published")
    assert (found.passed, found.description) == (True, "2 synced, 0 failed, 0 left out, 0 still to do.")


@pytest.mark.parametrize(("left_out", "passed"), [(1, True), (2, False)])
def test_a_publication_of_which_everything_was_left_out_published_nothing(
    dagster: Dagster,
    left_out: int,
    passed: bool,  # noqa: FBT001
) -> None:
    names = dagster.world.product_ids("clean")[:2]
    dagster.world.keep_only(*names)
    dagster.run("plan_sync")
    approvals.approve(
        dagster.store, dagster.newest().transaction_id, decided_by="Ada", through="cli", amount_unit="major",
        excluded_products=names[:left_out],
    )  # fmt: skip
    found = check(dagster.run("publish_sync"), "every_product_published")
    assert found.passed == passed
    assert found.description == f"{2 - left_out} synced, 0 failed, {left_out} left out, 0 still to do."


def test_a_product_that_changed_meanwhile_and_left_was_not_published(dagster: Dagster) -> None:
    names = dagster.world.product_ids("clean")[:2]
    dagster.world.keep_only(*names)
    dagster.run("plan_sync")
    dagster.materialize("publication_approval")
    dagster.world.medusa("PATCH", f"products/{names[0]}", {"set": {"title": "Another title"}})
    found = check(dagster.run("publish_sync"), "every_product_published")
    assert (found.passed, found.description) == (False, "1 synced, 0 failed, 1 left out, 0 still to do.")
