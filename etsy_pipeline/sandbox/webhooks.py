"""Etsy's webhook: signed events of orders, delivered when a test says so (FACTS §13, ORDERS §7).

PUT  /sandbox/webhooks {"url", "secret": "whsec_…"}: as set up in Etsy's portal
GET  /sandbox/webhooks: {"events": [{"event_id", "event_type", "receipt_id", "deliveries", "taken"}]}
POST /sandbox/webhooks/deliver {"times": 1, "reversed": false, "again": false}: {"answers": [200, …]}

Delivered are those that were not answered 2xx yet, with "again" all. "times" sends each so often in a row, with the
same `webhook-id`, as repeats of Etsy's have.
"""

import base64
import hashlib
import hmac
import time
from typing import Any

import httpx

from etsy_pipeline.sandbox.consent import NO_AUTHORITIES
from etsy_pipeline.sandbox.state import State, dump

TIMEOUT_SECONDS = 10
SUCCESS = range(200, 300)

Json = dict[str, Any]


def set_up(state: State, body: Json) -> Json:
    """Where to, and what signs."""
    state.set_setting("webhook_url", str(body["url"]))
    state.set_setting("webhook_secret", str(body["secret"]))
    return {"url": body["url"]}


def events(state: State) -> Json:
    """All events so far."""
    return {"events": [dict(row) for row in state.rows("SELECT * FROM webhook_event ORDER BY event_id")]}


def deliver(state: State, body: Json) -> Json:
    """Send what waits.

    Raises:
        ValueError: when nobody said where to.
    """
    url = state.setting("webhook_url", "")
    if not url:
        raise ValueError("PUT /sandbox/webhooks first")
    waiting = [event for event in events(state)["events"] if body.get("again") or not event["taken"]]
    if body.get("reversed"):
        waiting.reverse()
    answers = [_sent(state, url, event) for event in waiting for _ in range(int(body.get("times", 1)))]
    return {"answers": answers}


def _sent(state: State, url: str, event: Json) -> int:
    """The answer's status; 0 when there was none."""
    api = f"{state.setting('base_url', '')}/v3/application"
    resource = f"{api}/shops/{event['shop_id']}/receipts/{event['receipt_id']}"
    sent = {"event_type": event["event_type"], "resource_url": resource, "shop_id": event["shop_id"]}
    content = dump(sent).encode()
    headers = _signed(state.setting("webhook_secret", ""), f"msg_{event['event_id']}", content)
    try:
        status = httpx.post(
            url, content=content, headers=headers, timeout=TIMEOUT_SECONDS, verify=NO_AUTHORITIES
        ).status_code
    except httpx.HTTPError:
        status = 0
    sql = "UPDATE webhook_event SET deliveries = deliveries + 1, taken = max(taken, ?) WHERE event_id = ?"
    state.run(sql, int(status in SUCCESS), event["event_id"])
    return status


def _signed(secret: str, webhook_id: str, content: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, f"{webhook_id}.{at}.".encode() + content, hashlib.sha256)).decode()
    return {
        "webhook-id": webhook_id, "webhook-timestamp": at, "webhook-signature": f"v1,{mac}",
        "content-type": "application/json",
    }  # fmt: skip
