"""Events of the shop's own Medusa: signed, noted by their ids, and nothing more; what is forged or old is refused."""

import json
import logging
import socket
from typing import Any

import httpx
import pytest

from etsy_pipeline.orders.dirty import KINDS
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import medusa_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.events import signed
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.dagster_dev import until

EVENT = {"event": "inventory.inventory-level.updated", "ids": ["ilev_1", "ilev_2", "ilev_1"]}


def tell(api: httpx.Client, event: Any = None, **how: Any) -> httpx.Response:
    """Send an event as a subscriber in Medusa does: without our token."""
    body = json.dumps(event or EVENT).encode()
    return api.post("/webhooks/medusa", content=body, headers=signed(body, **how) | {"authorization": ""})


def noted(store: Store, *kinds: str) -> list[tuple[str, str]]:
    with store.reading() as session:
        return sorted((item.kind, item.id) for item in medusa_changes.of_kinds(session, kinds or KINDS))


def test_what_it_names_is_noted_once(api: httpx.Client, store: Store) -> None:
    answers = [tell(api), tell(api, webhook_id="msg_2")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"noted": 2})] * 2
    assert noted(store) == [("inventory-level", "ilev_1"), ("inventory-level", "ilev_2")]


@ON_SQLITE
def test_an_event_that_nobody_knows_is_kept_under_its_name(api: httpx.Client, store: Store) -> None:
    assert tell(api, {"event": "cart.exploded", "ids": ["cart_1"]}).status_code == 202
    assert (noted(store), noted(store, "cart.exploded")) == ([], [("cart.exploded", "cart_1")])


@ON_SQLITE
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"age": 310}, "webhook_too_old"), ({"age": -310}, "webhook_too_old"),
        ({"secret": "whsec_AAAA"}, "webhook_signature_wrong"),
    ],
)  # fmt: skip
def test_what_is_old_or_forged_is_refused(api: httpx.Client, store: Store, how: dict[str, Any], code: str) -> None:
    assert code_of(tell(api, **how), 400) == code
    assert noted(store) == []


@ON_SQLITE
@pytest.mark.parametrize("event", [["odd"], {"event": "x"}, {"event": "", "ids": []}, {"event": "x", "ids": [5]}])
def test_what_is_no_event_is_refused_with_what_one_looks_like(api: httpx.Client, event: Any) -> None:
    assert code_of(tell(api, event), 400) == "webhook_body_wrong"


@ON_SQLITE
def test_without_a_secret_nothing_is_believed(settings: Settings, store: Store) -> None:
    without = settings.model_copy(update={"medusa_webhook_secret": None})
    with serving(without, store) as url, client_of(url) as api:
        answer = tell(api)
    assert answer.json()["code"] == "webhook_secret_missing"


@ON_SQLITE
def test_who_goes_away_in_the_middle_of_it_is_no_fault_of_ours(
    api: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """As a Medusa that was busy does; nothing of it is reported."""
    begun = b"POST /webhooks/medusa HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{"
    with caplog.at_level(logging.INFO):
        with socket.create_connection((api.base_url.host, api.base_url.port or 0)) as caller:
            caller.sendall(begun)
        until(lambda: "path=/webhooks/medusa status=400" in caplog.text, "the answer")
    assert "unexpected_error" not in caplog.text
