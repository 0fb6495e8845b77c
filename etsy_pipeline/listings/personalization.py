"""Personalization: what buyers are asked, as updateListingPersonalization takes it (FACTS §5; limits of the spec)."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from etsy_pipeline.listings.listing import PersonalizationQuestion
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

MAX_QUESTIONS = 5
TEXT_LENGTH = 45
OPTION_LENGTH = {"dropdown": 20, "labeled_upload": 45}
UPLOADS = frozenset({"unlabeled_upload", "labeled_upload"})
KEY = "etsy_personalization"

Questions = tuple[PersonalizationQuestion, ...]
_QUESTIONS = TypeAdapter(Questions)


def personalization(metadata: Metadata, of_shop: Questions) -> tuple[Questions, list[Verdict]]:
    """The questions of the product's metadata (a JSON list of them, or one question's instructions), or the shop's."""
    value = metadata.value(KEY)
    if value is None and not of_shop:
        return (), []
    try:
        questions = of_shop if value is None else _QUESTIONS.validate_python(_listed(value))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return (), [verdict("personalization_invalid", question=where, problem=first["msg"])]
    found = [
        verdict("personalization_invalid", question=item.question_text, problem=problem)
        for item in questions
        for problem in _problems(item)
    ]
    if len(questions) > MAX_QUESTIONS:
        found.append(verdict("too_many_questions", count=len(questions), limit=MAX_QUESTIONS))
    return questions, found


def _listed(value: object) -> Any:
    if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
        return [{"question_text": "Personalization", "instructions": value.strip()}]
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value
    return [parsed] if isinstance(parsed, dict) else parsed


def _problems(item: PersonalizationQuestion) -> Sequence[str]:
    kind = item.question_type
    longest = OPTION_LENGTH.get(kind, TEXT_LENGTH)
    rules = {
        f"its text has {len(item.question_text)} characters; 1 to {TEXT_LENGTH} are taken": not (
            1 <= len(item.question_text) <= TEXT_LENGTH
        ),
        "a dropdown takes no instructions": kind == "dropdown" and item.instructions is not None,
        "a dropdown needs options": kind == "dropdown" and not item.options,
        f"a {kind} takes no options": kind not in OPTION_LENGTH and bool(item.options),
        f"an option has more than {longest} characters": any(len(option) > longest for option in item.options),
        "an option is blank": not all(option.strip() for option in item.options),
        "max_allowed_files must be the number of labels": kind == "labeled_upload"
        and len(item.options) != item.max_allowed_files,
        f"a {kind} takes no max_allowed_files": kind not in UPLOADS and item.max_allowed_files is not None,
        f"a {kind} takes no max_allowed_characters": kind != "text_input" and item.max_allowed_characters is not None,
        "max_allowed_characters must be above zero": item.max_allowed_characters is not None
        and item.max_allowed_characters < 1,
        "add_on_price is for optional questions of type text_input": item.add_on_price is not None
        and (kind != "text_input" or item.required),
        "add_on_price must be above zero": item.add_on_price is not None
        and not (item.add_on_price.is_finite() and item.add_on_price > 0),
    }
    return [problem for problem, is_broken in rules.items() if is_broken]
