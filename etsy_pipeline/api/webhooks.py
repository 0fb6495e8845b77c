"""The routes that Etsy calls when an order is paid or canceled (FACTS §13), and Medusa when something changed there.

Verified, stored once, answered at once.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, SecretStr, ValidationError
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError
from starlette.concurrency import run_in_threadpool
from starlette.status import HTTP_202_ACCEPTED

from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.errors import BadRequest, NotConfigured
from etsy_pipeline.orders.dirty import note_event as note_event_of_medusa
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

MOST_IDS = 10_000
IN_MEDUSA = "the one in your Medusa"
MEDUSA_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["event", "ids"],
                    "properties": {
                        "event": {"type": "string", "description": "inventory.inventory-level.updated and the like."},
                        "ids": {"type": "array", "items": {"type": "string"}, "description": "What it is about."},
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


class MedusaEvent(BaseModel):
    """An event of Medusa's: its name, and the ids that it is about."""

    event: str = Field(min_length=1, max_length=200)
    ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(max_length=MOST_IDS)


class Noted(BaseModel):
    """How many ids are looked at soon."""

    noted: int


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
    return _webhook(settings.etsy_webhook_secret, "ETSY_WEBHOOK_SECRET", "Copy it from Etsy's webhook portal.")


def medusa_verifier(settings: Settings) -> Webhook | None:
    """What knows a signature of the shop's own Medusa; None without a secret.

    Raises:
        NotConfigured: `webhook_secret_malformed`.
    """
    hint = "Make one: whsec_ and the output of `openssl rand -base64 24`; Medusa signs with the same."
    return _webhook(settings.medusa_webhook_secret, "MEDUSA_WEBHOOK_SECRET", hint)


def _webhook(secret: SecretStr | None, variable: str, hint: str) -> Webhook | None:
    if secret is None:
        return None
    try:
        return Webhook(secret.get_secret_value())
    except (ValueError, EmptyWebhookSecretError):
        raise NotConfigured(
            f"{variable} is not a signing secret (whsec_ and base64).", code="webhook_secret_malformed", hint=hint
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


def _medusa_verifier(request: Request) -> Webhook:
    found: Webhook | None = request.app.state.medusa_webhook_secret
    if found is None:
        raise NotConfigured(
            "Medusa's events cannot be verified: MEDUSA_WEBHOOK_SECRET is not set.",
            code="webhook_secret_missing",
            hint="Make one, here and in Medusa (docs/stock-both-ways.md).",
        )
    return found


@router.post(
    "/webhooks/medusa", summary="An event of your Medusa's", openapi_extra=MEDUSA_BODY, status_code=HTTP_202_ACCEPTED
)
async def receive_from_medusa(
    context: Context, request: Request, secret: Annotated[Webhook, Depends(_medusa_verifier)]
) -> Noted:
    """Signed after Standard Webhooks; ids only. What it names is looked at within a minute (`stock_poll_minutes`)."""
    body = await request.body()
    return await run_in_threadpool(_note, context, secret, body, dict(request.headers))


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


def _note(context: AppContext, secret: Webhook, body: bytes, headers: Mapping[str, str]) -> Noted:
    try:
        secret.verify(body, dict(headers), json_parse=False)
    except WebhookVerificationError as error:
        raise _refusal(
            "old" if "timestamp too" in str(error) else "forged", "MEDUSA_WEBHOOK_SECRET", IN_MEDUSA
        ) from None
    except ValueError:
        raise _refusal("forged", "MEDUSA_WEBHOOK_SECRET", IN_MEDUSA) from None
    try:
        event = MedusaEvent.model_validate(json.loads(body))
    except (ValueError, ValidationError):
        raise BadRequest(
            'The event is not {"event": "…", "ids": ["…"]}.',
            code="webhook_body_wrong",
            hint="Compare the subscriber in your Medusa with docs/stock-both-ways.md.",
        ) from None
    note_event_of_medusa(context.store, event.event, event.ids)
    return Noted(noted=len(set(event.ids)))


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
    raise _refusal(outcome, "ETSY_WEBHOOK_SECRET", "Etsy's webhook portal")


def _refusal(outcome: Literal["old", "forged"], variable: str, other: str) -> BadRequest:
    if outcome == "old":
        return BadRequest(
            "The delivery's timestamp is more than five minutes away from now.",
            code="webhook_too_old",
            hint="Check this machine's clock; an old delivery is not accepted again.",
        )
    return BadRequest(
        "The delivery's signature does not fit.",
        code="webhook_signature_wrong",
        hint=f"Compare {variable} with {other}.",
    )
