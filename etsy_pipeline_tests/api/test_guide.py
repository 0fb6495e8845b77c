"""The guide's session, in its order and words: `etsy-pipeline api` and `dagster dev` as processes, and the sandbox.

A client that was written against the guide sends what stands here, and nothing else; where something is sent that the
guide does not know, that is said. docs/from-the-guide.md goes through the guide by its headings.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, client_of, code_of
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.dagster_dev import dagster_dev, partitions, until
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import PROFILE_ID, World, a_world

# The guide's two queries, letter for letter.
SYNC_JOB_STATUS = """
SELECT
id,
transaction_id,
status,
total_products,
synced_count,
failed_count,
error_log,
completed_at
FROM etsy_sync_job
ORDER BY created_at DESC
LIMIT 10;
"""
PRODUCT_LINK_STATUS = """
-- Via module link query
SELECT
product_id,
etsy_account_id,
sync_status,
etsy_listing_id,
etsy_url,
last_synced_at,
sync_error
FROM product_etsy_link
WHERE sync_status = 'failed';
"""

# What each answer holds, at least: the guide's keys, and what is told beyond them.
ACCOUNT = {"id", "name", "is_active", "shop_id", "shop_name", "shop_url", "currency_code", "scopes", "settings"}
SHOP_INFO = {"shop_id", "shop_name", "shop_url", "currency"}
JOB = {
    "id", "transaction_id", "status", "total_products", "synced_count", "failed_count", "error_log", "started_at",
    "completed_at",
    "etsy_account_id", "trigger", "state", "skipped_count", "deferred_count", "plan_digest", "created_at", "confirmed_at",
    "early_confirm",
}  # fmt: skip
LINK = {
    "product_id", "etsy_account_id", "sync_status", "etsy_listing_id", "etsy_url", "last_synced_at", "sync_error",
    "listing_state", "product_title",
}  # fmt: skip
PLAN = {"transaction_id", "status", "plan_digest", "totals", "brakes", "items", "offset", "limit", "has_more"}
TIMES = ("created_at", "planned_at", "confirmed_at", "started_at", "completed_at")

RUN_WITHIN_SECONDS = 30.0  # five, and what a busy machine adds
RUNS = """query($tx: String!) { runsOrError(filter: {tags: [{key: "etsy_pipeline/transaction_id", value: $tx}]}) {
    ... on Runs { results { jobName creationTime } } } }"""
PRODUCTS = {"prod_123": 2999, "prod_456": 1999, "prod_789": 450}  # cents


@dataclass(frozen=True)
class Client:
    """An admin page that knows the guide."""

    api: httpx.Client

    def asks(self, method: str, path: str, status: int = 200, **request: Any) -> dict[str, Any]:
        """A request, its status and its answer."""
        answer = self.api.request(method, path, **request)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def starts(self, account_id: str, *product_ids: str) -> str:
        """Step 2.1; the transaction id."""
        body = {"product_ids": product_ids, "etsy_account_id": account_id}
        started = self.asks("POST", "/admin/products/etsy-sync", 202, json=body)
        assert started == {"transaction_id": started["transaction_id"], "summary": {"total": len(product_ids)}}
        return str(started["transaction_id"])

    def confirms(self, transaction_id: str) -> None:
        """Step 2.2."""
        assert self.asks("POST", f"/admin/products/etsy-sync/{transaction_id}/confirm") == {"success": True}

    def job(self, transaction_id: str) -> dict[str, Any]:
        """Step 2.3."""
        return self.asks("GET", f"/admin/etsy-sync-jobs?transaction_id={transaction_id}")

    def is_over(self, transaction_id: str) -> bool:
        return self.job(transaction_id)["status"] in {"completed", "failed"}

    def links(self) -> dict[str, dict[str, Any]]:
        """Step 2.3, by product."""
        found = self.asks("GET", "/admin/product-etsy-links?limit=500")["product_etsy_links"]
        return {link["product_id"]: link for link in found}

    def connects(self) -> tuple[str, str]:
        """Step 1; the account's id, and the code that the seller came back with."""
        account = self.asks("POST", "/admin/etsy-accounts", json={"shop_name": "My Test Shop"})
        assert list(account) == ["id"]
        begun = self.asks("GET", "/admin/oauth/etsy")
        assert set(begun) == {"location", "state"}
        came_back = httpx.URL(grant(begun["location"])).params
        assert came_back["state"] == begun["state"]
        body = {"id": account["id"], "code": came_back["code"], "state": came_back["state"]}
        done = self.asks("POST", "/admin/oauth/etsy/callback", json=body)
        assert (set(done), done["success"]) == ({"success", "account", "shop_info"}, True)
        assert (done["account"]["id"], done["account"].keys() >= ACCOUNT) == (account["id"], True)
        assert (done["shop_info"]["shop_id"], set(done["shop_info"])) == ("51000001", SHOP_INFO)
        assert done["shop_info"]["shop_name"] == "DustySpoonStudio"
        for told in (done, self.asks("GET", f"/admin/etsy-accounts/{account['id']}")):
            assert "access_token" not in json.dumps(told), "the guide's account has tokens; none leaves this house"
        return account["id"], body["code"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The sandbox with three products of the guide, priced in cents."""
    with a_world(tmp_path) as made:
        for name, value in made.sandbox.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEDUSA_AMOUNT_UNIT", "minor")
        monkeypatch.setenv("ETSY_PIPELINE_API_TOKEN", TOKEN)
        for product_id, cents in PRODUCTS.items():
            made.medusa("POST", "products", sold(made, product_id, cents))
        made.keep_only(*PRODUCTS)
        yield made


def sold(world: World, product_id: str, cents: int) -> dict[str, Any]:
    """A product as Medusa has it, with ten pieces and two pictures."""
    row = world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", world.product_ids("clean")[0])
    assert row is not None
    product: dict[str, Any] = json.loads(row["data"])
    (variant,) = product["variants"]
    variant |= {"sku": product_id, "prices": [{"amount": cents, "currency_code": "usd"}]}
    variant["inventory_items"][0]["inventory"]["location_levels"][0] |= {"stocked_quantity": 10, "reserved_quantity": 0}
    tags = [{"value": word} for word in ("handmade", "ceramic", "mug")]
    named = {"id": product_id, "title": f"Handmade Ceramic Mug {product_id[-3:]}", "handle": product_id, "tags": tags}
    return product | named | {"images": product["images"][:2], "metadata": {"etsy_category_id": "1250"}}


@contextmanager
def command_api(folder: Path) -> Iterator[httpx.Client]:
    """`etsy-pipeline api` in a process of its own, and a program that has its token."""
    code = "from etsy_pipeline.cli.main import run; run()"
    command = [sys.executable, "-u", "-c", code, "api", "--port", "0"]
    with (folder / "api.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ)
        try:
            assert process.stdout is not None
            with client_of(process.stdout.readline().split()[0]) as client:
                yield client
        finally:
            process.terminate()
            process.wait(timeout=120)


def sql(query: str) -> list[dict[str, Any]]:
    """What the guide's queries find in the database of the processes."""
    path = Path(os.environ["ETSY_PIPELINE_HOME"]) / "etsy_pipeline.db"
    with closing(sqlite3.connect(path, timeout=60)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]


def runs(dagster: str, transaction_id: str) -> list[dict[str, Any]]:
    """The sync's runs, as Dagster tells."""
    body = {"query": RUNS, "variables": {"tx": transaction_id}}
    answer = httpx.post(f"{dagster}/graphql", json=body, timeout=30).json()
    found: list[dict[str, Any]] = answer["data"]["runsOrError"]["results"]
    return found


@pytest.mark.long
def test_the_guides_session(world: World, tmp_path: Path) -> None:
    with command_api(tmp_path) as api, dagster_dev(tmp_path) as dagster:
        client = Client(api)
        account_id, code = client.connects()
        choose_profiles(api, account_id)
        until(lambda: account_id in partitions(dagster), "the account's partition")
        a_first_sync(client, account_id, dagster, world)
        world.etsy("POST", "tokens", {"kind": "access"})  # "Unauthorized: access token expired" (error 4)
        a_sync_of_products_that_are_there_already(client, account_id, world)
    log = (tmp_path / "api.log").read_text()
    assert "request method=POST path=/admin/products/etsy-sync status=202" in log
    assert TOKEN not in log
    assert code not in log


def choose_profiles(api: httpx.Client, account_id: str) -> None:
    """What the guide does not know: Etsy takes no listing without a shipping and a processing profile."""
    chosen = dict.fromkeys(("shipping_profile", "return_policy", "processing_profile"), PROFILE_ID)
    assert api.patch(f"/admin/etsy-accounts/{account_id}/settings", json=chosen).status_code == 200
    assert api.get(f"/admin/etsy-accounts/{account_id}/readiness").json()["is_ready"]


def a_first_sync(client: Client, account_id: str, dagster: str, world: World) -> None:
    """Step 2: start, confirm, see what became of it."""
    asked_at = datetime.now(UTC).timestamp()
    transaction_id = client.starts(account_id, *PRODUCTS)
    assert transaction_id.startswith("wf_")
    is_asked_for(client, transaction_id)

    client.confirms(transaction_id)
    twice = client.api.post(f"/admin/products/etsy-sync/{transaction_id}/confirm")
    assert code_of(twice, 409) == "already_decided"
    early = client.job(transaction_id)["early_confirm"]
    assert (early["decided_by"], early["reasons"]) == ("HTTP API", []), "confirmed before there was a plan"
    until(lambda: runs(dagster, transaction_id) != [], "the run")
    assert runs(dagster, transaction_id)[-1]["creationTime"] - asked_at < RUN_WITHIN_SECONDS

    until(lambda: client.is_over(transaction_id), "the publication")
    done = client.job(transaction_id)
    assert (done.keys() >= JOB, done["id"][:9], done["transaction_id"]) == (True, "sync_job_", transaction_id)
    assert (done["status"], done["total_products"], done["synced_count"]) == ("completed", 3, 3)
    assert (done["failed_count"], done["error_log"], done["early_confirm"]["applied"]) == (0, {}, True)
    assert [datetime.fromisoformat(done[name]).tzinfo for name in TIMES] == [UTC] * len(TIMES), "ISO 8601, in UTC"
    assert done["completed_at"] > done["started_at"]
    are_listings(client, account_id, world)
    assert [(row["status"], row["synced_count"]) for row in sql(SYNC_JOB_STATUS)] == [("completed", 3)]
    assert sql(PRODUCT_LINK_STATUS) == []


def is_asked_for(client: Client, transaction_id: str) -> None:
    """At this point a job and links with status pending are there; nothing has been fetched yet."""
    job = client.job(transaction_id)
    assert (job["status"], job["total_products"], job["synced_count"], job["failed_count"]) == ("pending", 3, 0, 0)
    assert (job["error_log"], job["started_at"], job["completed_at"]) == ({}, None, None)
    links = client.links()
    assert {name: link["sync_status"] for name, link in links.items()} == dict.fromkeys(PRODUCTS, "pending")
    assert {(link["etsy_listing_id"], link["etsy_url"], link["sync_error"]) for link in links.values()} == {(None,) * 3}
    assert [(row["transaction_id"], row["status"], row["total_products"]) for row in sql(SYNC_JOB_STATUS)] == [
        (transaction_id, "pending", 3)
    ]
    assert sql(PRODUCT_LINK_STATUS) == []


def are_listings(client: Client, account_id: str, world: World) -> None:
    """The links as the guide has them, and the listings that they lead to: 2999 is 29.99, 1999 is 19.99."""
    links = client.links()
    assert set(links) == set(PRODUCTS)
    for product_id, cents in PRODUCTS.items():
        link = links[product_id]
        assert link.keys() >= LINK
        assert (link["etsy_account_id"], link["sync_status"], link["sync_error"]) == (account_id, "synced", None)
        assert link["etsy_url"].endswith(f"/listing/{link['etsy_listing_id']}")
        assert datetime.fromisoformat(link["last_synced_at"]).tzinfo == UTC
        listing = on_etsy(world, link["etsy_listing_id"])
        assert listing["price"] == {"amount": cents, "divisor": 100, "currency_code": "USD"}
        assert (listing["quantity"], listing["tags"]) == (10, ["handmade", "ceramic", "mug"])
        assert (listing["who_made"], listing["when_made"], listing["state"]) == ("i_did", "made_to_order", "active")
        assert listing["taxonomy_id"] == 1250
    assert len(world.listings()) == 3


def on_etsy(world: World, listing_id: str) -> dict[str, Any]:
    """A listing as anybody can read it."""
    key = {"x-api-key": f"{world.sandbox.client_id}:{world.sandbox.shared_secret}"}
    answer = httpx.get(f"{world.sandbox.etsy_url}/v3/application/listings/{listing_id}", headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def a_sync_of_products_that_are_there_already(client: Client, account_id: str, world: World) -> None:
    """What has a listing id is updated ("Re-sync Products"); and the guide's second error: a title that is too long.

    This one is confirmed as a person does who looks first: by the plan, which the guide does not know.
    """
    before = client.links()
    world.medusa("PATCH", "products/prod_123", {"set": {"title": "Handmade Ceramic Mug, blue"}})
    world.medusa("PATCH", "products/prod_456", {"set": {"title": "x" * 141}})
    transaction_id = client.starts(account_id, "prod_123", "prod_456", "prod_nowhere")
    pending = client.links()
    assert {name: pending[name]["sync_status"] for name in pending} == {
        "prod_123": "pending", "prod_456": "pending", "prod_789": "synced", "prod_nowhere": "pending"
    }  # fmt: skip
    assert pending["prod_123"]["etsy_listing_id"] == before["prod_123"]["etsy_listing_id"]

    sync = f"/admin/products/etsy-sync/{transaction_id}"
    until(lambda: client.job(transaction_id)["state"] == "planned", "the plan")
    plan = client.asks("GET", f"{sync}/plan")
    assert plan.keys() >= PLAN
    assert {item["product_id"]: item["action"] for item in plan["items"]} == {
        "prod_123": "update", "prod_456": "invalid", "prod_nowhere": "invalid"
    }  # fmt: skip
    digest = {"plan_digest": plan["plan_digest"], "decided_by": "Ada", "note": "looks good"}
    assert client.asks("POST", f"{sync}/confirm", json=digest) == {"success": True}
    for act in ("confirm", "reject"):
        assert code_of(client.api.post(f"{sync}/{act}"), 409) == "already_decided"

    until(lambda: client.is_over(transaction_id), "the publication")
    done = client.job(transaction_id)
    assert (done["status"], done["total_products"]) == ("completed", 3)
    assert (done["synced_count"], done["failed_count"]) == (1, 2)
    failed = {row["product_id"]: row for row in sql(PRODUCT_LINK_STATUS)}
    assert set(failed) == set(done["error_log"]) == {"prod_456", "prod_nowhere"}
    assert "The title has 141 characters; Etsy takes at most 140." in failed["prod_456"]["sync_error"]
    assert str(failed["prod_456"]["etsy_listing_id"]) == before["prod_456"]["etsy_listing_id"], "no failure erases it"
    assert failed["prod_nowhere"]["sync_error"] == "Medusa has no product prod_nowhere."
    after = client.links()
    assert after["prod_123"]["sync_status"] == "synced"
    assert after["prod_123"]["last_synced_at"] > before["prod_123"]["last_synced_at"]
    titles = {str(listing["listing_id"]): listing["title"] for listing in world.listings()}
    assert titles[before["prod_123"]["etsy_listing_id"]] == "Handmade Ceramic Mug, blue"
    assert len(titles) == 3, "nothing was created a second time"


def test_should_sync_product_to_etsy(api: httpx.Client, store: Store, world: World) -> None:
    """The guide's integration test, with its two queries at each moment, on both kinds of database.

    What Dagster's runs do, functions do here.
    """
    shop, client = Shop(world, store, world.connected(store)), Client(api)
    world.medusa("PATCH", "products/prod_456", {"set": {"title": "x" * 141}})

    transaction_id = client.starts(shop.id, "prod_123", "prod_456")
    assert queried(store) == [("pending", 2, 0, 0, {}, False)]
    assert failed(store) == {}
    assert {name: link["sync_status"] for name, link in client.links().items()} == {
        "prod_123": "pending", "prod_456": "pending"
    }  # fmt: skip

    client.confirms(transaction_id)
    assert queried(store) == [("pending", 2, 0, 0, {}, False)]

    job = shop.plan(transaction_id=transaction_id, covers_selection=False, validated=products(shop, transaction_id))
    assert queried(store) == [("confirmed", 2, 0, 0, {}, False)], "the early confirmation holds for this plan"
    problem = "The title has 141 characters; Etsy takes at most 140."
    assert problem in failed(store)["prod_456"]

    shop.publish(job)
    ((status, total, synced, not_synced, errors, is_over),) = queried(store)
    assert (status, total, synced, not_synced, is_over) == ("completed", 2, 1, 1, True)
    assert problem in errors["prod_456"]
    assert set(failed(store)) == {"prod_456"}
    link = client.links()["prod_123"]
    assert link["sync_status"] == "synced"
    assert link["etsy_listing_id"]


def products(shop: Shop, transaction_id: str) -> Iterator[ValidatedListing]:
    """The products that were asked for, as Medusa has them."""
    with shop.store.reading() as session:
        selection = jobs.get(session, transaction_id).requested_selection
    assert selection is not None
    pages = wiring.catalogue_of(shop.world.settings).pages(selection)
    return shop.listings().of(product for page in pages for product in page.products)


def queried(store: Store) -> list[tuple[Any, ...]]:
    """The guide's first query: status, total, synced, failed, errors, whether it is over."""
    with store.reading() as session:
        found = session.execute(text(SYNC_JOB_STATUS)).mappings().all()
    return [
        (
            *(row[name] for name in ("status", "total_products", "synced_count", "failed_count")),
            json.loads(row["error_log"]) if isinstance(row["error_log"], str) else row["error_log"],
            row["completed_at"] is not None,
        )
        for row in found
    ]


def failed(store: Store) -> Mapping[str, str]:
    """The guide's second query: product → error."""
    with store.reading() as session:
        found = session.execute(text(PRODUCT_LINK_STATUS)).mappings().all()
    return {row["product_id"]: row["sync_error"] for row in found}


def test_bulk_sync_of_ten_thousand_products(api: httpx.Client, store: Store, world: World) -> None:
    """The guide's "Bulk Sync All Products" has a thousand."""
    client, account = Client(api), world.connected(store)
    transaction_id = client.starts(account.id, *(f"prod_{number}" for number in range(10_000)))
    assert client.job(transaction_id)["total_products"] == 10_000
    links = client.asks("GET", "/admin/product-etsy-links?sync_status=pending&limit=1&offset=9999")
    assert (links["count"], len(links["product_etsy_links"])) == (10_000, 1)
    assert failed(store) == {}
    assert client.asks("POST", f"/admin/products/etsy-sync/{transaction_id}/cancel") == {"success": True}
    assert client.asks("GET", "/admin/product-etsy-links")["count"] == 0, "links that the request alone had made"


@ON_SQLITE
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/admin/products/etsy-sync", {"product_ids": [], "etsy_account_id": "ACCOUNT"}, 400, "no_products"),
        (
            "/admin/products/etsy-sync",
            {"product_ids": ["p"], "etsy_account_id": "etsy_acc_1"},
            404,
            "account_not_found",
        ),
        ("/admin/products/etsy-sync", {"etsy_account_id": "ACCOUNT"}, 422, "request_malformed"),
        ("/admin/products/etsy-sync", {"product_ids": ["p"]}, 422, "request_malformed"),
        ("/admin/products/etsy-sync/wf_nope/confirm", None, 404, "sync_job_not_found"),
        ("/admin/oauth/etsy/callback", {"id": "ACCOUNT", "code": "x", "state": "y"}, 400, "oauth_state_unknown"),
        ("/admin/oauth/etsy/callback", {"code": "x", "state": "y"}, 422, "request_malformed"),
    ],
)
def test_what_a_client_gets_wrong_is_told(
    api: httpx.Client, store: Store, world: World, path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    account_id = world.connected(store).id
    given = {name: account_id if value == "ACCOUNT" else value for name, value in (body or {}).items()}
    assert code_of(api.post(path, json=given or None), status) == code


@ON_SQLITE
def test_a_shop_that_is_not_connected_is_not_synced(api: httpx.Client) -> None:
    account_id = Client(api).asks("POST", "/admin/etsy-accounts", json={"shop_name": "My Test Shop"})["id"]
    answer = api.post("/admin/products/etsy-sync", json={"product_ids": ["prod_123"], "etsy_account_id": account_id})
    assert code_of(answer, 409) == "account_not_connected"
