"""What went wrong in a sync with many failures: little of it on the wire, all of it behind a route and a command."""

from typing import Any

import httpx
from sqlalchemy import text

from etsy_pipeline.store import items, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, publish
from etsy_pipeline_tests.api.serving import code_of
from etsy_pipeline_tests.hostile import hidden_in
from etsy_pipeline_tests.store.operators_sql import JOBS_OF_THE_OPERATOR

JOBS = "/admin/etsy-sync-jobs"
MANY = 130


def failed(store: Store, count: int) -> str:
    """A sync in which so many products failed, and one did not."""
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="api")
    draw_up(store, job.transaction_id, count + 1)
    publish(store, job.transaction_id, failed=tuple(f"prod_{number}" for number in range(count)))
    return job.transaction_id


def job(api: httpx.Client, transaction_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(JOBS, params={"transaction_id": transaction_id}).json()
    return found


def test_a_job_tells_of_the_first_fifty_and_that_there_are_more(api: httpx.Client, store: Store) -> None:
    shown = job(api, failed(store, MANY))
    assert list(shown["error_log"]) == [f"prod_{number}" for number in range(50)], "in the plan's order"
    assert (shown["error_count"], shown["error_log_truncated"], shown["failed_count"]) == (MANY, True, MANY)
    (listed,) = api.get(JOBS).json()["etsy_sync_jobs"]
    assert listed == shown
    with store.reading() as session:
        (row,) = session.execute(text(JOBS_OF_THE_OPERATOR.strip().rstrip(";"))).mappings()
    assert len(str(row["error_log"])) < 3000, "the row of the job is as small"


def test_few_failures_are_told_whole(api: httpx.Client, store: Store) -> None:
    transaction_id = failed(store, 50)
    shown = job(api, transaction_id)
    assert (len(shown["error_log"]), shown["error_count"], shown["error_log_truncated"]) == (50, 50, False)
    with store.writing() as session:
        found = jobs.get(session, transaction_id)
        jobs.change(session, transaction_id, error_log=items.errors(session, found.id) | {"job": "Etsy is down."})
    shown = job(api, transaction_id)
    assert (len(shown["error_log"]), shown["error_count"], shown["error_log_truncated"]) == (51, 51, False)
    assert api.get(f"{JOBS}/{transaction_id}/errors").json()["job"] == "Etsy is down."


def test_all_of_them_are_behind_the_route_page_by_page(api: httpx.Client, store: Store) -> None:
    transaction_id = failed(store, MANY)
    pages = [
        api.get(f"{JOBS}/{transaction_id}/errors", params={"limit": 60, "offset": offset}).json()
        for offset in (0, 60, 120, 180)
    ]
    assert [len(page["errors"]) for page in pages] == [60, 60, 10, 0]
    assert {(page["count"], page["limit"], page["job"], page["transaction_id"]) for page in pages} == {
        (MANY, 60, None, transaction_id)
    }
    told = [error for page in pages for error in page["errors"]]
    assert [error["product_id"] for error in told] == [f"prod_{number}" for number in range(MANY)]
    assert told[0] == {
        "product_id": "prod_0", "product_title": "Stoneware Mug", "code": "refused", "message": "Etsy refused it.",
    }  # fmt: skip


def test_what_is_hidden_in_a_message_is_an_escape_on_the_wire_and_the_same_to_a_program(
    api: httpx.Client, store: Store
) -> None:
    transaction_id, hidden = failed(store, 0), "a\x9b2K\u202e\n\U000e0041"
    with store.writing() as session:
        jobs.change(session, transaction_id, error_log={"job": hidden})
    for path in (f"{JOBS}?transaction_id={transaction_id}", f"{JOBS}/{transaction_id}/errors"):
        answer = api.get(path)
        assert hidden_in(answer.text) == set()
        assert hidden in str(
            answer.json()["error_log"]["job"] if "error_log" in answer.json() else answer.json()["job"]
        )
    refused = api.get(f"{JOBS}/{hidden[:1]}%C2%9B%E2%80%AE/errors")
    assert (refused.status_code, hidden_in(refused.text)) == (404, set())


def test_a_sync_without_errors_and_one_that_does_not_exist(api: httpx.Client, store: Store) -> None:
    assert api.get(f"{JOBS}/{failed(store, 0)}/errors").json()["errors"] == []
    assert code_of(api.get(f"{JOBS}/wf_nope/errors"), 404) == "sync_job_not_found"
    assert code_of(api.get(f"{JOBS}/wf_nope/errors", params={"limit": 501}), 422) == "request_malformed"
