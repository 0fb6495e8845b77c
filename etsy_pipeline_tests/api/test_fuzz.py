"""Whatever is sent, as far as the API's own OpenAPI document can imagine: no answer is a fault of ours.

The seed is fixed, so that a run is like the one before. On both kinds of database: PostgreSQL refuses text that SQLite
takes.
"""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as effort
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from etsy_pipeline.settings import Settings
from etsy_pipeline.store import signs_of_life
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up
from etsy_pipeline_tests.api.serving import TOKEN, client_of, serving
from etsy_pipeline_tests.conftest import ON_SQLITE

CASES_A_ROUTE = 15
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
HEADERS = {"authorization": f"Bearer {TOKEN}"}


def test_no_request_makes_a_fault(settings: Settings, store: Store) -> None:
    with serving(settings, store) as url, client_of(url) as client:
        known = known_ids(client, store)
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=HEADERS)
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) == schema.statistic.operations.total, "the document is valid"
        for operation in operations:
            with store.writing() as session:  # or GET /ready answers 503, as it should
                signs_of_life.note(session, signs_of_life.SENSORS)
            bombard(operation, known)
    assert len(operations) >= 20


def known_ids(client: httpx.Client, store: Store) -> dict[str, str]:
    """A shop and a sync with a plan, so that not every request ends at a 404."""
    account_id = a_connected_account(store)
    body = {"product_ids": ["prod_0"], "etsy_account_id": account_id}
    transaction_id = client.post("/admin/products/etsy-sync", json=body).json()["transaction_id"]
    draw_up(store, transaction_id)
    return {"account_id": account_id, "etsy_account_id": account_id, "transaction_id": transaction_id}


def bombard(operation: Any, known: dict[str, str]) -> None:
    """Send what the document allows, with ids that exist in half of the cases."""

    @seed(20261123)
    @effort(
        max_examples=CASES_A_ROUTE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
    )
    @given(case=operation.as_strategy(), is_known=st.booleans())
    def send(case: Any, is_known: bool) -> None:  # noqa: FBT001 - drawn
        if is_known:
            for place in (case.path_parameters, case.query, case.body):
                if isinstance(place, dict):
                    place.update({name: value for name, value in known.items() if name in place})
        case.call_and_validate(checks=CHECKS, headers=HEADERS)

    send()


@ON_SQLITE
@pytest.mark.parametrize("path", ["/admin/products/etsy-sync", "/admin/etsy-accounts"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a/b"])
def test_only_json_is_taken(settings: Settings, store: Store, path: str, kind: str) -> None:
    """A form of a foreign page can send these without asking first."""
    with serving(settings, store) as url, client_of(url) as client:
        answer = client.post(path, content=b'{"shop_name": "Mine"}', headers={"content-type": kind})
        assert answer.status_code == 422
        assert client.get("/admin/etsy-accounts").json()["count"] == 0
