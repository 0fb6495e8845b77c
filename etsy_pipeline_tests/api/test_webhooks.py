"""Etsy's webhooks: signed, stored once, marked to be looked at; forged, old and repeated ones refused and counted."""

import json
from typing import Any

import httpx
import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import webhooks
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.events import PAID, deliver, signed
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.conftest import ON_SQLITE


def counts(api: httpx.Client) -> dict[str, int]:
    return {name: count for name, count in api.get("/admin/etsy-webhooks").json().items() if count}


def marks(store: Store, shop_id: int = 7) -> list[tuple[int, str]]:
    with store.reading() as session:
        return [(mark.receipt_id, mark.event_type) for mark in webhooks.sold_marks(session, shop_id)]


@pytest.mark.parametrize("name", ["order.paid", "ORDER_PAID", "order.canceled", "ORDER_CANCELED"])
def test_an_order_is_marked_to_be_looked_at(api: httpx.Client, store: Store, name: str) -> None:
    a_connected_account(store)
    answer = deliver(api, PAID | {"event_type": name})
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    assert marks(store) == [(3131, name.lower().replace("_", "."))]


def test_a_mark_stays_until_somebody_has_looked(api: httpx.Client, store: Store) -> None:
    a_connected_account(store)
    deliver(api)
    with store.writing() as session:
        now = webhooks.sold_marks(session, 7)[0].marked_at
        webhooks.looked_at(session, webhooks.sold_marks(session, 7), now)
    assert marks(store) == []
    deliver(api, PAID | {"event_type": "order.canceled"}, webhook_id="msg_2")
    assert marks(store) == [(3131, "order.canceled")], "a later event on the same order asks again"


def test_a_repeated_delivery_changes_nothing(api: httpx.Client, store: Store) -> None:
    a_connected_account(store)
    assert [deliver(api).json()["status"] for _ in range(3)] == ["stored", "repeated", "repeated"]
    assert counts(api) == {"stored": 1, "repeated": 2}
    assert len(marks(store)) == 1


@ON_SQLITE
@pytest.mark.parametrize(
    "event",
    [
        PAID | {"event_type": "order.shipped"}, PAID | {"event_type": "listing.exploded"}, PAID | {"shop_id": 8},
        PAID | {"resource_url": ""}, {"event_type": "order.paid"}, ["odd"], {"event_type": 5}, PAID | {"shop_id": 2**70},
    ],
)  # fmt: skip
def test_an_event_that_says_nothing_to_us_is_accepted_and_ignored(api: httpx.Client, store: Store, event: Any) -> None:
    """Etsy would only repeat what is refused."""
    a_connected_account(store)
    assert deliver(api, event).json() == {"status": "ignored"}
    assert (marks(store), marks(store, 8)) == ([], [])


@ON_SQLITE
@pytest.mark.parametrize("age", [310, -310, 10**9])
def test_an_old_or_future_delivery_is_refused(api: httpx.Client, age: int) -> None:
    assert code_of(deliver(api, age=age), 400) == "webhook_too_old"
    assert counts(api) == {"old": 1}


@ON_SQLITE
@pytest.mark.parametrize(
    "forged",
    [
        {"webhook-signature": "v1,AAAA"}, {"webhook-signature": "v1"}, {"webhook-signature": "v1,!!"}, {"webhook-signature": ""},
        {"webhook-signature": "v2,AAAA"}, {"webhook-id": "msg_2"}, {"webhook-timestamp": "nan"}, {"webhook-timestamp": "x"},
        {"webhook-id": ""},
    ],
)  # fmt: skip
def test_a_forged_delivery_is_refused(api: httpx.Client, store: Store, forged: dict[str, str]) -> None:
    a_connected_account(store)
    body = json.dumps(PAID).encode()
    answer = api.post("/webhooks/etsy", content=body, headers=signed(body) | forged)
    assert code_of(answer, 400) == "webhook_signature_wrong"
    assert (counts(api), marks(store)) == ({"forged": 1}, [])


@ON_SQLITE
def test_the_raw_body_is_what_is_signed(api: httpx.Client) -> None:
    body = json.dumps(PAID).encode()
    headers = signed(body)
    assert code_of(api.post("/webhooks/etsy", content=body + b" ", headers=headers), 400) == "webhook_signature_wrong"
    assert code_of(api.post("/webhooks/etsy", content=b"\xff", headers=headers), 400) == "webhook_signature_wrong"
    assert api.post("/webhooks/etsy", content=body, headers=headers).status_code == 200


@ON_SQLITE
def test_one_of_several_signatures_is_enough(api: httpx.Client) -> None:
    body = json.dumps(PAID).encode()
    headers = signed(body)
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']}"
    assert api.post("/webhooks/etsy", content=body, headers=headers).status_code == 200


def test_without_a_secret_the_route_says_so(settings: Settings, sqlite_store: Store) -> None:
    without = settings.model_copy(update={"etsy_webhook_secret": None})
    with serving(without, sqlite_store) as url, client_of(url) as client:
        assert code_of(deliver(client), 503) == "webhook_secret_missing"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_x"])
def test_a_malformed_secret_is_refused_at_the_start(settings: Settings, sqlite_store: Store, secret: str) -> None:
    odd = Settings.load(**(settings.model_dump() | {"etsy_webhook_secret": secret}))
    with pytest.raises(NotConfigured) as caught, serving(odd, sqlite_store):
        pass
    assert caught.value.code == "webhook_secret_malformed"


@ON_SQLITE
def test_no_call_to_etsy_is_made(api: httpx.Client, store: Store, settings: Settings) -> None:
    a_connected_account(store)
    before = httpx.get(f"{settings.etsy_api_url}/sandbox/state").json()["calls"]
    deliver(api)
    assert httpx.get(f"{settings.etsy_api_url}/sandbox/state").json()["calls"] == before
