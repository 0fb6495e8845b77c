"""Etsy's answers → outcomes: one table of statuses, and the four shapes an error body can have (FACTS §11)."""

import json
from collections.abc import Mapping
from html import unescape
from typing import Any, NamedTuple

import httpx

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyRefused, EtsyUnauthorized, EtsyUnavailable

LONGEST_PER_SECOND_WAIT = 5.0  # seconds; a longer retry-after means that the day is spent, not the second
LONGEST_WORDS = 500  # characters of Etsy's text that are kept


class Meaning(NamedTuple):
    """What a status means: the error's code and what to do."""

    code: str
    hint: str


REFUSALS: Mapping[int, Meaning] = {
    400: Meaning("etsy_rejected", "Correct what Etsy names in the product or the shop's settings, then sync again."),
    404: Meaning("etsy_not_found", "It was deleted on Etsy, or never existed; plan again."),
    409: Meaning("etsy_conflict", "The listing changed meanwhile on Etsy; plan again."),
    413: Meaning("etsy_too_large", "Make the picture smaller."),
    422: Meaning("etsy_rejected", "Correct what Etsy names in the product or the shop's settings, then sync again."),
}

# FACTS §3: a bad x-api-key is a 403, as is a missing scope or somebody else's listing (FACTS §2).
_FORBIDDEN: tuple[tuple[str, Meaning], ...] = (
    ("lacks scope", Meaning("etsy_scope_missing", "Connect the shop again and grant what ETSY_SCOPE asks for.")),
    ("x-api-key", Meaning("etsy_key_invalid", "Set ETSY_CLIENT_ID and ETSY_SHARED_SECRET to those of your Etsy app.")),
    ("API key", Meaning("etsy_key_invalid", "Set ETSY_CLIENT_ID and ETSY_SHARED_SECRET to those of your Etsy app.")),
)


def error_words(response: httpx.Response) -> str:
    """Etsy's own words, from whichever shape the body has; empty when there are none."""
    try:
        body: Any = json.loads(response.content)
    except ValueError:
        return ""  # HTML or nothing, from a gateway
    if isinstance(body, Mapping):
        parts = [body.get("error"), body.get("error_description")]
    elif isinstance(body, list):
        parts = [f"{item.get('path', '')}: {item.get('message', '')}" for item in body if isinstance(item, Mapping)]
    else:
        parts = [body]
    text = "; ".join(unescape(str(part)) for part in parts if part)
    return " ".join(text.split())[:LONGEST_WORDS]


def error_for(response: httpx.Response, what: str) -> PipelineError:
    """The error that an unsuccessful answer means. `what` names the operation."""
    status, words = response.status_code, error_words(response)
    said = f": {words}" if words else ""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EtsyQuotaExhausted(
            f"Etsy's limit of calls is used up ({what}){said}.",
            code="etsy_quota_exhausted",
            hint="The rest is published when calls are free again.",
            retry_after_seconds=retry_after_seconds(response),
        )
    if status == httpx.codes.UNAUTHORIZED:
        return EtsyUnauthorized(
            f"Etsy does not accept the shop's token ({what}){said}.",
            code="etsy_unauthorized",
            hint="Connect the shop again: `etsy-pipeline accounts connect ACCOUNT`.",
        )
    if status == httpx.codes.FORBIDDEN:
        meaning = next(
            (meaning for needle, meaning in _FORBIDDEN if needle in words),
            Meaning("etsy_forbidden", "Check that the listing and the ids in the settings belong to this shop."),
        )
        return EtsyUnauthorized(f"Etsy forbids {what}{said}.", code=meaning.code, hint=meaning.hint)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return EtsyUnavailable(
            f"Etsy answered {status} to {what}{said}.",
            code="etsy_unavailable",
            hint="Etsy has a problem; sync again later.",
            may_have_happened=True,  # FACTS §0.1: a create that answered 500 has really created
        )
    meaning = REFUSALS.get(status, REFUSALS[400])
    return EtsyRefused(
        f"Etsy refused {what} ({status}){said}.",
        code=meaning.code,
        hint=meaning.hint,
        status=status,
        words=words,
        request_uuid=response.headers.get("x-etsy-request-uuid", ""),
    )


def retry_after_seconds(response: httpx.Response) -> float:
    """How long Etsy asks to wait; one second where it does not say."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "1")))
    except ValueError:
        return 1.0


def is_short_wait(response: httpx.Response) -> bool:
    """Whether a 429 is about the second and not about the day."""
    return retry_after_seconds(response) <= LONGEST_PER_SECOND_WAIT
