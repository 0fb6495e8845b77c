"""The brief's HTTP session, start to "completed": `etsy-pipeline api` and `dagster dev` as processes, and the sandbox."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline_tests.api.serving import TOKEN, client_of
from etsy_pipeline_tests.dagster_dev import dagster_dev, partitions, until
from etsy_pipeline_tests.world import World, a_world

# What each answer holds, at least: the brief's keys, and DESIGN's.
ACCOUNT = {"id", "name", "is_active", "shop_id", "shop_name", "shop_url", "currency_code", "scopes", "settings"}
SHOP_INFO = {"shop_id", "shop_name", "shop_url", "currency"}
PLAN = {"transaction_id", "status", "plan_digest", "totals", "brakes", "items", "offset", "limit", "has_more"}
JOB = {
    "id", "transaction_id", "etsy_account_id", "trigger", "status", "total_products", "synced_count", "failed_count",
    "skipped_count", "deferred_count", "error_log", "plan_digest", "created_at", "confirmed_at", "started_at", "completed_at",
}  # fmt: skip
LINK = {
    "product_id", "etsy_account_id", "sync_status", "etsy_listing_id", "etsy_url", "listing_state", "last_synced_at",
    "sync_error",
}  # fmt: skip
TIMES = ("created_at", "planned_at", "confirmed_at", "started_at", "completed_at")

RUN_WITHIN_SECONDS = 30.0  # five, and what a busy machine adds
RUNS = """query($tx: String!) { runsOrError(filter: {tags: [{key: "etsy_pipeline/transaction_id", value: $tx}]}) {
    ... on Runs { results { jobName creationTime } } } }"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world(tmp_path) as made:
        for name, value in made.sandbox.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ETSY_PIPELINE_API_TOKEN", TOKEN)
        yield made


@contextmanager
def command_api(folder: Path) -> Iterator[str]:
    """`etsy-pipeline api` in a process of its own; its address."""
    code = "from etsy_pipeline.cli.main import run; run()"
    command = [sys.executable, "-u", "-c", code, "api", "--port", "0"]
    with (folder / "api.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()
            process.wait(timeout=120)


def test_from_an_empty_database_to_a_completed_sync(world: World, tmp_path: Path) -> None:
    world.keep_only(*world.product_ids("clean")[:2])
    ids = world.product_ids("clean")
    with command_api(tmp_path) as url, client_of(url) as api, dagster_dev(tmp_path) as dagster:
        account_id, code = connected(api)
        settings = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), 510_000_011)
        assert api.patch(f"/admin/etsy-accounts/{account_id}/settings", json=settings).status_code == 200
        assert api.get(f"/admin/etsy-accounts/{account_id}/readiness").json()["is_ready"]
        until(lambda: account_id in partitions(dagster), "the account's partition")

        asked_at = datetime.now(UTC).timestamp()
        started = api.post("/admin/products/etsy-sync", json={"product_ids": ids, "etsy_account_id": account_id})
        assert (started.status_code, started.json()["summary"]) == (202, {"total": 2})
        assert set(started.json()) == {"transaction_id", "summary"}
        transaction_id = started.json()["transaction_id"]
        assert transaction_id.startswith("wf_")
        too_soon = api.post(f"/admin/products/etsy-sync/{transaction_id}/confirm")
        assert (too_soon.status_code, set(too_soon.json())) == (409, {"type", "code", "message", "hint"})
        until(lambda: runs(dagster, transaction_id) != [], "the run")
        waited = runs(dagster, transaction_id)[0]["creationTime"] - asked_at
        assert waited < RUN_WITHIN_SECONDS

        sync = f"/admin/products/etsy-sync/{transaction_id}"
        until(lambda: api.get(f"{sync}/plan").json()["plan_digest"] is not None, "the plan")
        plan = api.get(f"{sync}/plan").json()
        assert plan.keys() >= PLAN
        assert [item["action"] for item in plan["items"]] == ["create", "create"]
        assert world.listings() == [], "nothing reaches Etsy before it is confirmed"
        assert api.post(f"{sync}/confirm", json={"plan_digest": plan["plan_digest"]}).json() == {"success": True}
        for act in ("confirm", "reject"):
            assert api.post(f"{sync}/{act}").json()["code"] == "already_decided"

        def job() -> dict[str, Any]:
            found: dict[str, Any] = api.get("/admin/etsy-sync-jobs", params={"transaction_id": transaction_id}).json()
            return found

        until(lambda: job()["status"] == "completed", "the publication")
        done = job()
        assert (done.keys() >= JOB, done["id"][:9], done["transaction_id"]) == (True, "sync_job_", transaction_id)
        assert [datetime.fromisoformat(done[name]).tzinfo for name in TIMES] == [UTC] * len(TIMES), "ISO 8601, in UTC"
        assert (done["total_products"], done["synced_count"], done["failed_count"]) == (2, 2, 0)
        assert (done["error_log"], done["completed_at"] > done["created_at"]) == ({}, True)
        links = api.get("/admin/product-etsy-links", params={"product_id": ids[0]}).json()["product_etsy_links"]
        assert links[0].keys() >= LINK
        assert (links[0]["sync_status"], links[0]["listing_state"]) == ("synced", "active")
        none = api.get("/admin/product-etsy-links", params={"product_id": ids[0], "sync_status": "failed"}).json()
        assert (none["product_etsy_links"], none["count"]) == ([], 0)
    log = (tmp_path / "api.log").read_text()
    assert "request method=POST path=/admin/products/etsy-sync status=202" in log
    assert TOKEN not in log
    assert code not in log


def connected(api: httpx.Client) -> tuple[str, str]:
    """An account that was added and connected, and the code with which it was."""
    added = api.post("/admin/etsy-accounts", json={"shop_name": "My Etsy Shop"}).json()
    assert list(added) == ["id"]
    account_id = added["id"]
    begun = api.get("/admin/oauth/etsy", params={"account_id": account_id}).json()
    assert (set(begun), account_id[:9]) == ({"location", "state"}, "etsy_acc_")
    came_back = httpx.URL(grant(begun["location"])).params
    body = {"id": account_id, "code": came_back["code"], "state": came_back["state"]}
    answer = api.post("/admin/oauth/etsy/callback", json=body).json()
    assert set(answer) == {"success", "account", "shop_info"}
    assert (answer["success"], answer["account"].keys() >= ACCOUNT) == (True, True)
    assert (set(answer["shop_info"]), "token" in json.dumps(answer["shop_info"])) == (SHOP_INFO, False)
    return account_id, came_back["code"]


def runs(dagster: str, transaction_id: str) -> list[dict[str, Any]]:
    """The sync's runs, as Dagster tells."""
    body = {"query": RUNS, "variables": {"tx": transaction_id}}
    found: list[dict[str, Any]] = httpx.post(f"{dagster}/graphql", json=body, timeout=30).json()["data"]["runsOrError"][
        "results"
    ]
    return found
