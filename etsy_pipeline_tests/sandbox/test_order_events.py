"""The local Etsy tells of orders as the real one does: signed, repeated, out of order, as a hint only (FACTS §13)."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from etsy_pipeline_tests.api.serving import WEBHOOK_SECRET
from etsy_pipeline_tests.sandbox.by_hand import listed as offered
from etsy_pipeline_tests.world import SHOP_ID, World, a_world


class Receiver:
    """A server that notes what it is told, and answers what it was told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                Webhook(WEBHOOK_SECRET).verify(body, headers, json_parse=False)
                receiver.got.append((headers["webhook-id"], json.loads(body)))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/etsy"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def types(self) -> list[str]:
        return [body["event_type"] for _id, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def told(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("sandbox")) as world:
        world.webhook(receiver.url, WEBHOOK_SECRET)
        yield world


def sold(world: World, **order: Any) -> int:
    (listing_id,) = offered(world, {"quantity": 9})
    return world.buy(listing_id, **order)


def test_each_event_names_the_shop_and_where_the_receipt_is(told: World, receiver: Receiver) -> None:
    receipt_id = sold(told)
    assert told.delivered() == [200]
    ((_id, body),) = receiver.got
    url = f"{told.sandbox.etsy_url}/v3/application/shops/51000001/receipts/{receipt_id}"
    assert body == {"event_type": "order.paid", "resource_url": url, "shop_id": SHOP_ID}


def test_what_happens_to_an_order_is_told_but_no_refund_and_nothing_before_it_is_paid(
    told: World, receiver: Receiver
) -> None:
    receipt_id = sold(told, is_paid=False)
    assert told.delivered() == []
    told.paid(receipt_id)
    told.refund(receipt_id, 1)
    told.shipped(receipt_id)
    told.etsy("POST", f"receipts/{receipt_id}/deliver", {})
    told.cancel(receipt_id)
    assert told.delivered() == [200, 200, 200, 200]
    assert receiver.types() == ["order.paid", "order.shipped", "order.delivered", "order.canceled"]


def test_events_come_out_of_order_and_again_with_the_same_id(told: World, receiver: Receiver) -> None:
    receipt_id = sold(told)
    told.cancel(receipt_id)
    assert told.delivered(times=2, reversed=True) == [200] * 4
    assert receiver.types() == ["order.canceled", "order.canceled", "order.paid", "order.paid"]
    assert told.delivered(again=True) == [200, 200]
    assert len({webhook_id for webhook_id, _body in receiver.got}) == 2


def test_what_was_not_taken_comes_again(told: World, receiver: Receiver) -> None:
    sold(told)
    receiver.status = 500
    assert told.delivered() == [500]
    receiver.status = 202
    assert (told.delivered(), told.delivered()) == ([202], [])
    (event,) = told.etsy("GET", "webhooks")["events"]
    assert (event["deliveries"], event["taken"]) == (2, 1)


def test_the_other_spelling_of_events_was_seen_too(told: World, receiver: Receiver) -> None:
    told.selling(event_style="ORDER_PAID")
    sold(told)
    told.delivered()
    assert receiver.types() == ["ORDER_PAID"]


def test_without_an_address_nothing_can_be_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    with a_world(tmp_path_factory.mktemp("sandbox")) as world:
        assert "error" in world.etsy("POST", "webhooks/deliver", {})
