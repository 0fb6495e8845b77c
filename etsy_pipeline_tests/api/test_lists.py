"""Lists with pages and filters; accounts, their settings, and whether a shop is ready."""

from datetime import UTC, datetime

import httpx
import pytest

from etsy_pipeline.store import progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.serving import code_of
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.world import PROFILE_ID, World

ACCOUNTS = "/admin/etsy-accounts"
JOBS = "/admin/etsy-sync-jobs"
LINKS = "/admin/product-etsy-links"


def linked(store: Store, account_id: str, product_id: str, sync_status: str) -> None:
    with store.writing() as session:
        progress.set_link(
            session, account_id, product_id, product_title="Mug", sync_status=sync_status, etsy_listing_id=2**40,
            etsy_url="https://www.etsy.com/listing/1", listing_state="active",
            last_synced_at=datetime(2026, 11, 23, tzinfo=UTC), updated_at=datetime.now(UTC),
        )  # fmt: skip


def test_jobs_come_newest_first_and_by_page(api: httpx.Client, store: Store) -> None:
    account_id = a_connected_account(store)
    body = {"product_ids": ["prod_1"], "etsy_account_id": account_id}
    asked = [api.post("/admin/products/etsy-sync", json=body).json()["transaction_id"] for _ in range(3)]
    api.post(f"/admin/products/etsy-sync/{asked[0]}/cancel")
    page = api.get(JOBS, params={"limit": 2}).json()
    assert [item["transaction_id"] for item in page["etsy_sync_jobs"]] == [asked[2], asked[1]]
    assert (page["count"], page["offset"], page["limit"]) == (3, 0, 2)
    cancelled = api.get(JOBS, params={"status": "cancelled", "etsy_account_id": account_id}).json()
    assert [item["transaction_id"] for item in cancelled["etsy_sync_jobs"]] == [asked[0]]
    assert api.get(JOBS, params={"etsy_account_id": "etsy_acc_other"}).json()["count"] == 0


def test_links_are_found_by_product_status_and_account(api: httpx.Client, store: Store) -> None:
    first, second = a_connected_account(store, 7), a_connected_account(store, 8)
    linked(store, first, "prod_1", "synced")
    linked(store, first, "prod_2", "failed")
    linked(store, second, "prod_1", "synced")
    found = api.get(LINKS, params={"product_id": "prod_1"}).json()
    assert (found["count"], found["product_etsy_links"][0]["last_synced_at"]) == (2, "2026-11-23T00:00:00+00:00")
    assert found["product_etsy_links"][0]["etsy_listing_id"] == str(2**40), "text here, a number elsewhere"
    failed = api.get(LINKS, params={"sync_status": "failed"}).json()["product_etsy_links"]
    assert [item["product_id"] for item in failed] == ["prod_2"]
    assert api.get(LINKS, params={"etsy_account_id": second, "limit": 1}).json()["count"] == 1


@ON_SQLITE
@pytest.mark.parametrize(
    ("path", "params"),
    [
        (JOBS, {"limit": 0}), (JOBS, {"limit": 501}), (JOBS, {"offset": -1}), (JOBS, {"offset": 2**70}),
        (JOBS, {"status": "odd"}), (LINKS, {"sync_status": "odd"}), (LINKS, {"product_id": "a\x00b"}), (ACCOUNTS, {"limit": "x"}),
    ],
)  # fmt: skip
def test_a_malformed_page_or_filter_is_422(api: httpx.Client, path: str, params: dict[str, str | int]) -> None:
    assert code_of(api.get(path, params=params), 422) == "request_malformed"


def test_accounts_are_added_and_listed(api: httpx.Client, store: Store) -> None:
    answer = api.post(ACCOUNTS, json={"shop_name": "Mine"})
    assert (answer.status_code, set(answer.json())) == (200, {"id"})
    assert answer.json()["id"].startswith("etsy_acc_")
    a_connected_account(store)
    assert api.get(ACCOUNTS).json()["count"] == 2
    connected = api.get(ACCOUNTS, params={"is_active": "true"}).json()["etsy_accounts"]
    assert [item["is_active"] for item in connected] == [True]
    assert api.get(f"{ACCOUNTS}/{answer.json()['id']}").json()["name"] == "Mine"
    assert code_of(api.get(f"{ACCOUNTS}/etsy_acc_nope"), 404) == "account_not_found"


@ON_SQLITE
def test_a_second_shop_of_the_same_name_is_refused_and_one_without_a_name_is_not(
    api: httpx.Client, store: Store
) -> None:
    first = api.post(ACCOUNTS, json={"shop_name": "Mine"}).json()["id"]
    again = api.post(ACCOUNTS, json={"shop_name": " Mine "})
    assert code_of(again, 409) == "account_name_taken"
    assert first in again.json()["message"]
    a_connected_account(store)
    assert code_of(api.post(ACCOUNTS, json={"shop_name": "Shop"}), 409) == "account_name_taken", "as it is on Etsy"
    assert [api.post(ACCOUNTS).status_code for _ in range(2)] == [200, 200]
    assert api.get(f"{ACCOUNTS}/{first}/settings").status_code == 200


def test_settings_are_changed_one_by_one(api: httpx.Client) -> None:
    url = f"{ACCOUNTS}/{api.post(ACCOUNTS).json()['id']}/settings"
    changed = api.patch(url, json={"shipping_profile": 1, "price.rounding": "ninety_nine"})
    assert (changed.status_code, changed.json()["price"]["rounding"]) == (200, "ninety_nine")
    api.patch(url, json={"price": {"markup_percent": "12.5"}})
    kept = api.get(url).json()
    assert (kept["shipping_profile"], kept["price"]["markup_percent"]) == (1, "12.5")


@ON_SQLITE
@pytest.mark.parametrize(
    "changes",
    [
        {"nonsense": 1},
        {"quantity.cap": 1000},
        {"price": 5},
        {"who_made": []},
        {"a.b.c": 1},
        {"": 1},
        {"selection": None},
    ],
)
def test_a_wrong_setting_changes_nothing(api: httpx.Client, changes: dict[str, object]) -> None:
    url = f"{ACCOUNTS}/{api.post(ACCOUNTS).json()['id']}/settings"
    before = api.get(url).json()
    assert code_of(api.patch(url, json={"shipping_profile": 1} | changes), 400) == "shop_settings_invalid"
    assert api.get(url).json() == before


@ON_SQLITE
def test_a_shop_that_is_configured_is_ready(api: httpx.Client, store: Store, world: World) -> None:
    account = world.connected(store, default_taxonomy_id=891)
    answer = api.get(f"{ACCOUNTS}/{account.id}/readiness").json()
    assert answer["is_ready"], answer
    standing = {item["what"]: item["standing"] for item in answer["findings"]}
    wanted = ("connection", "scopes", "shop", "shipping_profile", "processing_profile", "return_policy", "category")
    assert standing == dict.fromkeys(wanted, "ok")
    assert answer["calls_left_today"] > 0


@ON_SQLITE
def test_a_shop_that_is_not_ready_says_what_is_missing(api: httpx.Client, store: Store, world: World) -> None:
    rules = {"Mugs": {"shipping_profile": "Gone", "processing_profile": PROFILE_ID}}
    account = world.connected(store, shipping_profile=None, processing_profile="Nowhere", by_category=rules)
    answer = api.get(f"{ACCOUNTS}/{account.id}/readiness").json()
    found = {item["what"]: item for item in answer["findings"]}
    assert not answer["is_ready"]
    assert (found["shipping_profile"]["standing"], found["processing_profile"]["standing"]) == ("missing", "missing")
    assert "510000011" in found["shipping_profile"]["hint"]
    assert [what for what in found if what.startswith("by_category")] == ["by_category.Mugs.shipping_profile"]
    unconnected = api.get(f"{ACCOUNTS}/{api.post(ACCOUNTS).json()['id']}/readiness").json()
    assert (unconnected["is_ready"], unconnected["findings"][0]["what"]) == (False, "connection")


@ON_SQLITE
def test_a_shop_whose_grant_is_gone_is_not_ready(api: httpx.Client, store: Store, world: World) -> None:
    account = world.connected(store)
    world.etsy("POST", "tokens", {"kind": "access"})
    world.etsy("POST", "tokens", {"kind": "refresh"})
    answer = api.get(f"{ACCOUNTS}/{account.id}/readiness").json()
    assert not answer["is_ready"]
    assert "revoked" in answer["findings"][-1]["detail"]
