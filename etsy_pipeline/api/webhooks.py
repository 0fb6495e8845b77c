"""The route that Etsy calls when an order is paid or canceled (FACTS §13): verified, stored once, answered at once."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, ValidationError
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError
from starlette.concurrency import run_in_threadpool

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.errors import BadRequest, NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.sync.sold import DeliveryOutcome, OrderEvent, count_refused, delivery_counts, note_event

router = APIRouter(tags=["webhooks"])

LONGEST_ID = 200
LARGEST_ID = 2**63 - 1
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "event_type": {"type": "string", "description": "order.paid, ORDER_PAID and the like."},
                        "resource_url": {"type": "string", "description": "The order's address in Etsy's API."},
                        "shop_id": {"type": "integer", "description": "The shop."},
                    },
                }
            }
        },
    }
}


class Event(BaseModel):
    """Etsy's body; whatever else it holds is left alone."""

    event_type: str = Field(max_length=200)
    resource_url: str = Field(default="", max_length=2000)
    shop_id: int | None = Field(default=None, ge=0, le=LARGEST_ID)


class Received(BaseModel):
    """What became of a delivery."""

    status: DeliveryOutcome


class Counts(BaseModel):
    """All deliveries so far, by outcome."""

    stored: int
    ignored: int
    repeated: int
    old: int
    forged: int


def verifier(settings: Settings) -> Webhook | None:
    """What knows a signature of Etsy's; None without a secret.

    Raises:
        NotConfigured: `webhook_secret_malformed`.
    """
    if settings.etsy_webhook_secret is None:
        return None
    try:
        return Webhook(settings.etsy_webhook_secret.get_secret_value())
    except (ValueError, EmptyWebhookSecretError):
        raise NotConfigured(
            "ETSY_WEBHOOK_SECRET is not a signing secret (whsec_ and base64).",
            code="webhook_secret_malformed",
            hint="Copy it from Etsy's webhook portal.",
        ) from None


def _verifier(request: Request) -> Webhook:
    found: Webhook | None = request.app.state.webhook_secret
    if found is None:
        raise NotConfigured(
            "Webhooks cannot be verified: ETSY_WEBHOOK_SECRET is not set.",
            code="webhook_secret_missing",
            hint="Copy the signing secret from Etsy's webhook portal.",
        )
    return found


@router.post("/webhooks/etsy", summary="An event of Etsy's", openapi_extra=BODY)
async def receive(context: Context, request: Request, secret: Annotated[Webhook, Depends(_verifier)]) -> Received:
    """Signed after Standard Webhooks. A repeated delivery is answered 200, as it should not come again."""
    body = await request.body()
    return Received(status=await run_in_threadpool(_take, context, secret, body, dict(request.headers)))


@router.get("/admin/etsy-webhooks", summary="How many deliveries had which outcome")
def show_counts(context: Context) -> Counts:
    """Forged and old ones were refused, repeated and ignored ones changed nothing."""
    return Counts(**delivery_counts(context.store))


def _take(context: AppContext, secret: Webhook, body: bytes, headers: Mapping[str, str]) -> DeliveryOutcome:
    webhook_id = headers.get("webhook-id", "")
    try:
        secret.verify(body, dict(headers), json_parse=False)
        _require(len(webhook_id) <= LONGEST_ID and webhook_id.isprintable())
    except WebhookVerificationError as error:
        _refuse(context, "old" if "timestamp too" in str(error) else "forged")
    except ValueError:  # a signature without a comma, not base64; a body that is not text
        _refuse(context, "forged")
    event = _event(body)
    return note_event(context.store, OrderEvent(webhook_id, event.event_type, event.shop_id, event.resource_url))


def _event(body: bytes) -> Event:
    """The event; one that we do not understand is stored by its id alone: Etsy signed it, and would only repeat it."""
    try:
        return Event.model_validate(json.loads(body))
    except (ValueError, ValidationError):
        return Event(event_type="unreadable")


def _require(is_so: bool) -> None:  # noqa: FBT001 - an assertion in disguise
    if not is_so:
        raise ValueError


def _refuse(context: AppContext, outcome: Literal["old", "forged"]) -> NoReturn:
    count_refused(context.store, outcome)
    if outcome == "old":
        raise BadRequest(
            "The delivery's timestamp is more than five minutes away from now.",
            code="webhook_too_old",
            hint="Check this machine's clock; an old delivery is not accepted again.",
        )
    raise BadRequest(
        "The delivery's signature does not fit.",
        code="webhook_signature_wrong",
        hint="Compare ETSY_WEBHOOK_SECRET with Etsy's webhook portal.",
    )
