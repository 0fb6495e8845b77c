"""What a buyer is asked when a listing is personalised (FACTS §5): it follows fields that listings had to 2026-09."""

from typing import Any

from etsy_pipeline.sandbox.etsy import shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, escaped
from etsy_pipeline.sandbox.etsy.requests import Call

MAX_QUESTIONS = 5
TEXT_LENGTH = 45
SINGLE_TYPE = "text_input"
TYPES = frozenset({SINGLE_TYPE, "dropdown", "unlabeled_upload", "labeled_upload"})
FIRST_ID = 7_000_000


def get(call: Call) -> Answer:
    """GetListingPersonalization."""
    return Answer(view(stored.visible(call)))


def replace(call: Call) -> Answer:
    """updateListingPersonalization: replaces all questions; more than one only with the query parameter."""
    shops.own(call)
    listing = stored.owned(call)
    body = call.json()
    questions = body.get("personalization_questions") if isinstance(body, dict) else None
    if not isinstance(questions, list):
        raise _refused("must be a list")
    is_multiple = call.query.get("supports_multiple_personalization_questions") == "true"
    most = MAX_QUESTIONS if is_multiple else 1
    if len(questions) > most:
        raise _refused(f"cannot be more than {most} items")
    types = TYPES if is_multiple else frozenset({SINGLE_TYPE})
    listing["personalization"] = [_question(call, item, types) for item in questions]
    stored.save(call.state, listing)
    return Answer(view(listing), 201)


def delete(call: Call) -> Answer:
    """DeleteListingPersonalization."""
    shops.own(call)
    listing = stored.owned(call)
    listing["personalization"] = []
    stored.save(call.state, listing)
    return Answer(None, 204)


def view(listing: dict[str, Any]) -> dict[str, Any]:
    """A ListingPersonalization as Etsy gives it, its texts escaped (FACTS §0.9)."""
    return {"personalization_questions": [_escaped(question) for question in listing.get("personalization", [])]}


def _escaped(question: dict[str, Any]) -> dict[str, Any]:
    instructions, options = question["instructions"], question["options"]
    return question | {
        "question_text": escaped(question["question_text"]),
        "instructions": instructions and escaped(instructions),
        "options": options and [item | {"label": escaped(item["label"])} for item in options],
    }


def _question(call: Call, item: Any, types: frozenset[str]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise _refused("must be objects")
    text, kind, required = (item.get(name) for name in ("question_text", "question_type", "required"))
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_LENGTH:
        raise _refused(f"question_text must have 1 to {TEXT_LENGTH} characters")
    if kind not in types:
        raise _refused(f"question_type must be one of {', '.join(sorted(types))}")
    if not isinstance(required, bool):
        raise _refused("required must be true or false")
    optional = ("instructions", "max_allowed_characters", "max_allowed_files")
    return {
        "question_id": call.state.number("question", FIRST_ID), "question_text": text, "question_type": kind,
        "required": required, **{name: item.get(name) for name in optional},
        "options": _options(call, item.get("options")),
    }  # fmt: skip


def _options(call: Call, options: Any) -> list[dict[str, Any]] | None:
    if options is None:
        return None
    if not isinstance(options, list) or not all(isinstance(item, dict) and item.get("label") for item in options):
        raise _refused("options must have labels")
    return [{"option_id": call.state.number("option", FIRST_ID), "label": item["label"]} for item in options]


def _refused(text: str) -> EtsyError:
    return error(400, f"There was a problem with /personalization_questions : {text}")
