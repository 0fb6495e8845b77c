"""Etsy's answers → outcomes: one table of statuses, and the four shapes an error body can have (FACTS §11)."""

import json
import re
from collections.abc import Mapping
from enum import Enum
from html import unescape
from typing import Any, NamedTuple

import httpx

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyRefused, EtsyUnauthorized, EtsyUnavailable

LONGEST_PER_SECOND_WAIT = 5.0  # seconds; a longer retry-after means that the day is spent, not the second
LONGEST_WORDS = 500  # characters of Etsy's text that are kept

_ONE_ID = re.compile(r"/listings/\d+")
_FIELD = re.compile(r"(?:^|\s)(/[a-z_]+)", re.IGNORECASE)


class Reaction(Enum):
    """What is done about an answer; the value is how the documentation says it."""

    RETRY = "repeated with growing waits, then the product waits for another round"
    RETRY_CONFLICT = "repeated with growing waits, then the product fails"
    REFRESH_TOKEN = "the token is refreshed and the call repeated once, then the job stops"  # noqa: S105 - words
    FAIL_ITEM = "the product fails with Etsy's words, the others go on"
    PAUSE_JOB = "the job pauses until calls are free again"
    STOP_JOB = "the job stops until a person acts"


class Meaning(NamedTuple):
    """What an answer means: the error's code, what is done about it, and what a person can do."""

    code: str
    reaction: Reaction
    hint: str


class Answers(NamedTuple):
    """A row of the table: statuses from `first` to `last` with these words in the body, on calls of these paths."""

    first: int
    last: int
    meaning: Meaning
    words: str = ""
    path: str = ""


_CORRECT = "Correct what Etsy names in the product or the shop's settings, then sync again."
_KEY = Meaning(
    "etsy_key_invalid", Reaction.STOP_JOB, "Set ETSY_CLIENT_ID and ETSY_SHARED_SECRET to those of your Etsy app."
)
_REJECTED = Meaning("etsy_rejected", Reaction.FAIL_ITEM, _CORRECT)
ONE_LISTING = "/listings/{listing_id}"
VIDEOS = "/listings/{listing_id}/videos"
PRIMARY_LANGUAGE = "etsy_primary_language"  # code of a translation into the shop's own language
BROKEN_TRANSLATION = "etsy_translation_broken"  # code of a listing of which one lacks its description

# The first row that fits counts. A 429 that asks for some seconds only is waited out before (`is_short_wait`).
# FACTS §11; §3 and §2 for 403: key, scope, or somebody else's listing; §12 for 429.
ANSWERS: tuple[Answers, ...] = (
    Answers(
        401,
        401,
        Meaning(
            "etsy_unauthorized",
            Reaction.REFRESH_TOKEN,
            "Connect the shop again: `etsy-pipeline accounts connect ACCOUNT`.",
        ),
    ),
    Answers(
        403,
        403,
        Meaning("etsy_scope_missing", Reaction.STOP_JOB, "Connect the shop again and grant what ETSY_SCOPE asks for."),
        words="lacks scope",
    ),
    Answers(403, 403, _KEY, words="x-api-key"),
    Answers(403, 403, _KEY, words="API key"),
    Answers(
        403,
        403,
        Meaning("etsy_not_ours", Reaction.FAIL_ITEM, "Check on Etsy whose listing it is, then plan again."),
        path=ONE_LISTING,
    ),
    Answers(
        403,
        403,
        Meaning("etsy_forbidden", Reaction.STOP_JOB, "Check that the ids in the settings belong to this shop."),
    ),
    Answers(
        404, 404, Meaning("etsy_not_found", Reaction.FAIL_ITEM, "It was deleted on Etsy, or never existed; plan again.")
    ),
    Answers(
        409,
        409,
        Meaning("etsy_conflict", Reaction.RETRY_CONFLICT, "The listing changed meanwhile on Etsy; plan again."),
    ),
    Answers(413, 413, Meaning("etsy_too_large", Reaction.FAIL_ITEM, "Make the picture smaller.")),
    Answers(
        429,
        429,
        Meaning(
            "etsy_videos_exhausted",
            Reaction.FAIL_ITEM,
            "Etsy takes ten uploads of videos a listing and day; sync again tomorrow.",
        ),
        path=VIDEOS,
    ),
    Answers(
        429,
        429,
        Meaning("etsy_quota_exhausted", Reaction.PAUSE_JOB, "The rest is published when calls are free again."),
    ),
    Answers(
        400,
        400,
        Meaning(
            PRIMARY_LANGUAGE,
            Reaction.FAIL_ITEM,
            "Name the shop's own language's texts etsy_title and etsy_description in the metadata, without a language.",
        ),
        words="primary language",
    ),
    Answers(
        400,
        400,
        Meaning(
            BROKEN_TRANSLATION,
            Reaction.FAIL_ITEM,
            "A translation of the listing has no description, and Etsy changes nothing of it until then: complete it or "
            "delete it in Shop Manager, or give all of it in the product's metadata.",
        ),
        words="cannot be empty",
        path=ONE_LISTING,
    ),
    Answers(400, 499, _REJECTED),
    Answers(500, 599, Meaning("etsy_unavailable", Reaction.RETRY, "Etsy has a problem; sync again later.")),
    Answers(300, 399, Meaning("etsy_unavailable", Reaction.RETRY, "Check ETSY_API_URL; sync again later.")),
)


def meaning_of(status: int, words: str, path: str) -> Meaning:
    """What an answer means: the first row of the table that fits."""
    for row in ANSWERS:
        if row.first <= status <= row.last and row.words in words and _is_below(row.path, path):
            return row.meaning
    return _REJECTED


def is_of_the_key(path: str) -> bool:
    """Whether a 429 that asks for a long wait is about all calls of the key, and not about one listing's videos."""
    return not _is_below(VIDEOS, path)


def _is_below(template: str, path: str) -> bool:
    return template in _ONE_ID.sub("/listings/{listing_id}", path)


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


def error_for(response: httpx.Response, what: str, path: str = "") -> PipelineError:
    """The error that an unsuccessful answer means.

    Args:
        response: Etsy's answer.
        what: the operation in words.
        path: below `/v3/application`.
    """
    status, words = response.status_code, error_words(response)
    request_uuid = response.headers.get("x-etsy-request-uuid", "")
    meaning = meaning_of(status, words, path)
    said = (f": {words}" if words else "") + (f" (Etsy's request {request_uuid})" if request_uuid else "")
    if meaning.reaction is Reaction.PAUSE_JOB:
        return EtsyQuotaExhausted(
            f"Etsy's limit of calls is used up ({what}){said}.",
            code=meaning.code,
            hint=meaning.hint,
            retry_after_seconds=retry_after_seconds(response),
        )
    if meaning.reaction is Reaction.REFRESH_TOKEN:
        text = f"Etsy does not accept the shop's token ({what}){said}."
        return EtsyUnauthorized(text, code=meaning.code, hint=meaning.hint)
    if meaning.reaction is Reaction.STOP_JOB:
        return EtsyUnauthorized(f"Etsy forbids {what}{said}.", code=meaning.code, hint=meaning.hint)
    if meaning.reaction is Reaction.RETRY:  # FACTS §0.1: a create that answered 500 has really created
        text = f"Etsy answered {status} to {what}{said}."
        asked = retry_after_seconds(response) if "retry-after" in response.headers else None
        return EtsyUnavailable(
            text, code=meaning.code, hint=meaning.hint, may_have_happened=True, retry_after_seconds=asked
        )
    return EtsyRefused(
        f"Etsy refused {what} ({status}){said}.",
        code=meaning.code,
        hint=meaning.hint,
        status=status,
        words=words,
        field=field_named_in(words),
        request_uuid=request_uuid,
        is_passing=meaning.reaction is Reaction.RETRY_CONFLICT,
    )


def field_named_in(words: str) -> str:
    """The field that Etsy complains of, as in `There was a problem with /title/0 : …`; empty where it names none."""
    found = _FIELD.search(words)
    return found.group(1) if found else ""


def retry_after_seconds(response: httpx.Response) -> float:
    """How long Etsy asks to wait; one second where it does not say."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "1")))
    except ValueError:
        return 1.0


def is_short_wait(response: httpx.Response) -> bool:
    """Whether a 429 is about the second and not about the day."""
    return retry_after_seconds(response) <= LONGEST_PER_SECOND_WAIT
