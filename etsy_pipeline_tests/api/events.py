"""Etsy's webhook deliveries, signed as Etsy signs them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from etsy_pipeline_tests.api.serving import WEBHOOK_SECRET

PAID = {
    "event_type": "order.paid",
    "resource_url": "https://openapi.etsy.com/v3/application/shops/7/receipts/3131",
    "shop_id": 7,
}


def signed(body: bytes, webhook_id: str = "msg_1", *, age: int = 0, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Headers as FACTS §13 has them, made without the library that the API uses."""
    timestamp = str(int(time.time()) - age)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def deliver(api: httpx.Client, event: Any = None, **how: Any) -> httpx.Response:
    """Send an event as Etsy does: without our token."""
    body = json.dumps(event or PAID).encode()
    headers = signed(body, **how) | {"authorization": "", "content-type": "application/json"}
    return api.post("/webhooks/etsy", content=body, headers=headers)
