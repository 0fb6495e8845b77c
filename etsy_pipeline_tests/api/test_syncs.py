"""Asking for a sync, its plan, and deciding on it over HTTP: the brief's keys and statuses, and what is refused."""

import threading
from datetime import datetime
from typing import Any

import httpx
import pytest

from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, find_nothing, publish, wait_for_a_person
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.conftest import ON_SQLITE

SYNC = "/admin/products/etsy-sync"
JOBS = "/admin/etsy-sync-jobs"


def start(api: httpx.Client, account_id: str, *product_ids: str, key: str | None = None) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    body = {"product_ids": list(product_ids), "etsy_account_id": account_id}
    return api.post(SYNC, json=body, headers=headers)


def started(api: httpx.Client, account_id: str, *product_ids: str) -> str:
    transaction_id: str = start(api, account_id, *(product_ids or ("prod_0",))).json()["transaction_id"]
    return transaction_id


def planned(api: httpx.Client, store: Store, count: int = 2) -> str:
    transaction_id = started(api, a_connected_account(store))
    draw_up(store, transaction_id, count)
    return transaction_id


def job(api: httpx.Client, transaction_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(JOBS, params={"transaction_id": transaction_id}).json()
    return found


def test_a_sync_is_accepted_with_its_transaction_id(api: httpx.Client, store: Store) -> None:
    answer = start(api, a_connected_account(store), "prod_1", "prod_2", " prod_1 ")
    assert answer.status_code == 202
    assert answer.json()["summary"] == {"total": 2}, "a product is asked for once"
    assert answer.json()["transaction_id"].startswith("wf_")


@ON_SQLITE
def test_a_job_has_the_keys_of_the_brief(api: httpx.Client, store: Store) -> None:
    shown = job(api, started(api, a_connected_account(store)))
    keys = "id transaction_id status total_products synced_count failed_count error_log completed_at created_at"
    assert set(keys.split()) <= set(shown)
    assert (shown["status"], shown["error_log"], shown["completed_at"]) == ("pending", {}, None)
    assert shown["id"].startswith("sync_job_")
    assert datetime.fromisoformat(shown["created_at"]).utcoffset() is not None
    assert shown["trigger"] == "api"


def test_a_whole_catalogue_is_accepted_in_one_call(api: httpx.Client, store: Store) -> None:
    ids = [f"prod_01JABCDEFGHJKMNPQRSTV{number:05}" for number in range(10_000)]
    answer = start(api, a_connected_account(store), *ids)
    assert (answer.status_code, answer.json()["summary"]["total"]) == (202, 10_000)
    with store.reading() as session:
        selection = jobs.get(session, answer.json()["transaction_id"]).requested_selection
    assert selection is not None
    assert selection.product_ids == tuple(ids)


def test_everything_that_the_shop_sells_can_be_asked_for(api: httpx.Client, store: Store) -> None:
    answer = api.post(SYNC, json={"everything": True, "etsy_account_id": a_connected_account(store)})
    assert (answer.status_code, answer.json()["summary"]) == (202, {"total": None})


@ON_SQLITE
def test_no_products_are_no_sync(api: httpx.Client, store: Store) -> None:
    assert code_of(start(api, a_connected_account(store)), 400) == "no_products"


@ON_SQLITE
def test_an_unknown_account_is_404_and_one_without_a_shop_409(api: httpx.Client) -> None:
    assert code_of(start(api, "etsy_acc_nope", "prod_1"), 404) == "account_not_found"
    account_id = api.post("/admin/etsy-accounts").json()["id"]
    assert code_of(start(api, account_id, "prod_1"), 409) == "account_not_connected"


@ON_SQLITE
@pytest.mark.parametrize(
    "body",
    [
        {}, [], "x", {"product_ids": "prod_1", "etsy_account_id": "a"}, {"product_ids": [""], "etsy_account_id": "a"},
        {"product_ids": ["a b"], "etsy_account_id": "a"}, {"product_ids": ["a\x00"], "etsy_account_id": "a"},
        {"product_ids": [7], "etsy_account_id": "a"}, {"product_ids": ["p" * 201], "etsy_account_id": "a"},
        {"product_ids": ["prod_1"], "etsy_account_id": "a\x00"}, {"product_ids": ["prod_1"], "everything": True, "etsy_account_id": "a"},
    ],
)  # fmt: skip
def test_what_is_malformed_is_422_and_names_the_field(api: httpx.Client, body: Any) -> None:
    answer = api.post(SYNC, json=body)
    assert code_of(answer, 422) == "request_malformed"
    assert "body" in answer.json()["message"]


@ON_SQLITE
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"product_ids": ["\\ud800"]}'])
def test_a_body_that_is_no_json_is_refused(api: httpx.Client, content: bytes) -> None:
    answer = api.post(SYNC, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert code_of(answer, answer.status_code) == "request_malformed"


def test_the_same_key_and_request_is_the_same_sync(api: httpx.Client, store: Store) -> None:
    account_id = a_connected_account(store)
    first = start(api, account_id, "prod_1", key="order-7")
    assert start(api, account_id, "prod_1", key="order-7").json() == first.json()
    assert api.get(JOBS).json()["count"] == 1
    assert code_of(start(api, account_id, "prod_2", key="order-7"), 409) == "idempotency_key_reused"
    assert start(api, account_id, "prod_2", key="order-8").json() != first.json()


def test_a_key_whose_request_was_refused_can_be_used_again(api: httpx.Client, store: Store) -> None:
    assert code_of(start(api, "etsy_acc_nope", "prod_1", key="k"), 404) == "account_not_found"
    assert start(api, a_connected_account(store), "prod_1", key="k").status_code == 202


def test_one_key_sent_by_many_at_once_is_one_sync(settings: Settings, store: Store) -> None:
    account_id = a_connected_account(store)
    answers: list[str] = []
    with serving(settings, store) as one, serving(settings, store) as other:

        def send(url: str) -> None:
            with client_of(url) as client:
                answers.append(start(client, account_id, "prod_1", key="same").json()["transaction_id"])

        threads = [threading.Thread(target=send, args=(url,)) for url in (one, other) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(answers), len(set(answers))) == (8, 1)


def test_a_plan_is_shown_page_by_page(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store, count=5)
    first = api.get(f"{SYNC}/{transaction_id}/plan", params={"limit": 3}).json()
    assert (len(first["items"]), first["has_more"], first["totals"]["create"]) == (3, True, 5)
    rest = api.get(f"{SYNC}/{transaction_id}/plan", params={"limit": 3, "offset": 3}).json()
    assert (len(rest["items"]), rest["has_more"]) == (2, False)
    shown = [item["product_id"] for item in first["items"] + rest["items"]]
    assert sorted(shown) == [f"prod_{number}" for number in range(5)]
    assert {"action", "differences", "brakes", "conflicts", "verdicts"} <= set(first["items"][0])
    assert len(first["plan_digest"]) == 64


def test_a_plan_is_filtered(api: httpx.Client, store: Store) -> None:
    url = f"{SYNC}/{planned(api, store)}/plan"

    def shown(**params: str) -> list[str]:
        return [item["product_id"] for item in api.get(url, params=params).json()["items"]]

    assert shown(action="create", product_id="prod_1") == ["prod_1"]
    assert shown(action="deactivate") == shown(brake="any") == shown(conflicts="true") == []
    assert code_of(api.get(url, params={"action": "explode"}), 400) == "plan_filter_unknown"


@ON_SQLITE
def test_without_a_plan_there_are_no_items_and_a_confirmation_is_conditional(api: httpx.Client, store: Store) -> None:
    transaction_id = started(api, a_connected_account(store))
    plan = api.get(f"{SYNC}/{transaction_id}/plan").json()
    assert (plan["plan_digest"], plan["items"], plan["headline"]) == (None, [], "There is no plan yet.")
    assert (
        code_of(api.post(f"{SYNC}/{transaction_id}/confirm", json={"plan_digest": "0" * 64}), 409) == "plan_not_ready"
    )
    assert code_of(api.post(f"{SYNC}/{transaction_id}/reject"), 409) == "plan_not_ready"
    assert job(api, transaction_id)["early_confirm"] is None
    answer = api.post(f"{SYNC}/{transaction_id}/confirm", json={"decided_by": "Ada"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    early = job(api, transaction_id)["early_confirm"]
    assert (early["decided_by"], early["applied"], early["reasons"]) == ("Ada", None, [])
    assert job(api, transaction_id)["status"] == "pending", "nothing is approved yet"
    assert code_of(api.post(f"{SYNC}/{transaction_id}/confirm"), 409) == "already_decided"
    draw_up(store, transaction_id)
    assert (job(api, transaction_id)["status"], job(api, transaction_id)["early_confirm"]["applied"]) == (
        "confirmed", True,
    )  # fmt: skip
    (shown,) = api.get("/admin/etsy-sync-jobs").json()["etsy_sync_jobs"]
    assert shown["early_confirm"]["applied"] is True


def test_a_plan_is_confirmed_as_on_the_command_line(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store)
    digest = api.get(f"{SYNC}/{transaction_id}/plan").json()["plan_digest"]
    body = {"decided_by": "Ada", "note": "fine", "excluded_products": ["prod_1"], "plan_digest": digest}
    answer = api.post(f"{SYNC}/{transaction_id}/confirm", json=body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert job(api, transaction_id)["status"] == "confirmed"
    with store.reading() as session:
        record = jobs.approval(session, transaction_id)
    assert record is not None
    assert (record.decided_by, record.decided_through, record.note) == ("Ada", "api", "fine")
    assert (record.excluded_products, record.plan_digest) == (("prod_1",), digest)
    assert code_of(api.post(f"{SYNC}/{transaction_id}/confirm"), 409) == "already_decided"


@ON_SQLITE
def test_a_confirmation_needs_no_body(api: httpx.Client, store: Store) -> None:
    assert api.post(f"{SYNC}/{planned(api, store)}/confirm").json() == {"success": True}


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"plan_digest": "0" * 64}, 409, "plan_changed"),
        ({"excluded_products": ["prod_nope"]}, 404, "product_not_in_plan"),
        ({"decided_by": " "}, 422, "request_malformed"),
        ({"note": "\x00"}, 422, "request_malformed"),
    ],
)
def test_what_cannot_be_confirmed(api: httpx.Client, store: Store, body: Any, status: int, code: str) -> None:
    assert code_of(api.post(f"{SYNC}/{planned(api, store)}/confirm", json=body), status) == code


def test_a_plan_whose_shop_changed_since_is_stale(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store)
    account_id = job(api, transaction_id)["etsy_account_id"]
    api.patch(f"/admin/etsy-accounts/{account_id}/settings", json={"price.markup_percent": 10})
    assert code_of(api.post(f"{SYNC}/{transaction_id}/confirm"), 409) == "plan_stale"


def test_a_newer_plan_supersedes(api: httpx.Client, store: Store) -> None:
    older = planned(api, store)
    newer = started(api, job(api, older)["etsy_account_id"])
    draw_up(store, newer)
    assert code_of(api.post(f"{SYNC}/{older}/confirm"), 409) == "plan_superseded"


def test_a_plan_is_rejected_and_a_sync_called_off(api: httpx.Client, store: Store) -> None:
    rejected = planned(api, store)
    body = {"decided_by": "Ada", "note": "too dear"}
    assert api.post(f"{SYNC}/{rejected}/reject", json=body).json() == {"success": True}
    assert job(api, rejected)["status"] == "rejected"
    cancelled = started(api, job(api, rejected)["etsy_account_id"])
    assert api.post(f"{SYNC}/{cancelled}/cancel").json() == {"success": True}
    assert job(api, cancelled)["status"] == "cancelled"
    assert code_of(api.post(f"{SYNC}/{cancelled}/cancel"), 409) == "already_decided"


def test_a_sync_that_waits_for_a_person_is_let_go_on(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store)
    assert code_of(api.post(f"{SYNC}/{transaction_id}/resume"), 409) == "not_paused"
    wait_for_a_person(store, transaction_id)
    assert (job(api, transaction_id)["status"], job(api, transaction_id)["resume_at"]) == ("paused", None)
    body = {"decided_by": "Grace", "note": "mended"}
    assert api.post(f"{SYNC}/{transaction_id}/resume", json=body).json() == {"success": True}
    assert job(api, transaction_id)["resume_at"] is not None
    (said,) = queries.review_of(store, transaction_id).resumed
    assert (said.decided_by, said.decided_through, said.note) == ("Grace", "api", "mended")
    assert code_of(api.post(f"{SYNC}/wf_nope/resume"), 404) == "sync_job_not_found"


def test_what_failed_is_asked_for_again_by_itself(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store, count=3)
    assert code_of(api.post(f"{SYNC}/{transaction_id}/retry"), 409) == "sync_not_finished"
    publish(store, transaction_id, failed=("prod_1",))
    shown = job(api, transaction_id)
    assert (shown["status"], shown["state"]) == ("completed", "completed_with_errors")
    assert shown["error_log"] == {"prod_1": "Etsy refused it."}
    again = api.post(f"{SYNC}/{transaction_id}/retry", headers={"idempotency-key": "again"})
    assert (again.status_code, again.json()["summary"]) == (202, {"total": 1})
    assert api.post(f"{SYNC}/{transaction_id}/retry", headers={"idempotency-key": "again"}).json() == again.json()
    with store.reading() as session:
        selection = jobs.get(session, again.json()["transaction_id"]).requested_selection
    assert selection is not None
    assert selection.product_ids == ("prod_1",)


def test_where_nothing_failed_there_is_nothing_to_retry(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store)
    publish(store, transaction_id)
    assert code_of(api.post(f"{SYNC}/{transaction_id}/retry"), 409) == "nothing_failed"


def test_a_sync_with_nothing_to_do_is_over_and_says_why(api: httpx.Client, store: Store) -> None:
    transaction_id = started(api, a_connected_account(store))
    find_nothing(store, transaction_id, invalid=True)
    shown = job(api, transaction_id)
    assert (shown["status"], shown["state"]) == ("completed", "nothing_to_do")
    assert (shown["synced_count"], shown["skipped_count"], shown["failed_count"]) == (0, 1, 1)
    assert set(shown["error_log"]) == {"prod_1"}
    plan = api.get(f"{SYNC}/{transaction_id}/plan").json()
    assert plan["headline"] == "Nothing to do on Etsy: 1 unchanged or not for sale, 1 cannot be published."
    assert (plan["status"], plan["state"], plan["has_more"]) == ("completed", "nothing_to_do", False)
    for act in ("confirm", "reject", "cancel"):
        assert code_of(api.post(f"{SYNC}/{transaction_id}/{act}"), 409) == "already_decided"
    assert api.post(f"{SYNC}/{transaction_id}/retry").json()["summary"] == {"total": 1}, "of what is invalid"


@ON_SQLITE
@pytest.mark.parametrize("act", ["confirm", "reject", "cancel", "retry"])
def test_an_unknown_sync_is_404(api: httpx.Client, act: str) -> None:
    assert code_of(api.post(f"{SYNC}/wf_nope/{act}"), 404) == "sync_job_not_found"
    assert code_of(api.get(f"{SYNC}/wf_nope/plan"), 404) == "sync_job_not_found"
    assert code_of(api.get(JOBS, params={"transaction_id": "wf_nope"}), 404) == "sync_job_not_found"


def test_what_was_not_sent_is_dropped_and_brought_forward(api: httpx.Client, store: Store) -> None:
    transaction_id = planned(api, store, 3)
    assert (
        code_of(api.post(f"{SYNC}/{transaction_id}/first", json={"product_ids": ["prod_2"]}), 409) == "nothing_unsent"
    )
    api.post(f"{SYNC}/{transaction_id}/confirm")
    answer = api.post(f"{SYNC}/{transaction_id}/first", json={"product_ids": ["prod_2", "prod_9"]})
    assert answer.json() == {"changed": ["prod_2"], "too_late": ["prod_9"]}
    body = {"product_ids": ["prod_1"], "decided_by": "Grace", "note": "sold at the fair"}
    assert api.post(f"{SYNC}/{transaction_id}/drop", json=body).json() == {"changed": ["prod_1"], "too_late": []}
    (item,) = api.get(f"{SYNC}/{transaction_id}/plan", params={"product_id": "prod_1"}).json()["items"]
    assert (item["outcome"], item["note"]) == ("skipped", "dropped by Grace: sold at the fair")
    assert (job(api, transaction_id)["skipped_count"], job(api, transaction_id)["deferred_count"]) == (1, 2)
    assert code_of(api.post(f"{SYNC}/{transaction_id}/drop", json=body), 409) == "nothing_unsent"
