"""Bodies of writes, judged and refused in Medusa's words (2.21.2: `zod-helpers.js`, read; ORDERS §9 measured)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from etsy_pipeline.sandbox.medusa.filters import BadQuery

STATUS = {"invalid_data": 400, "not_allowed": 400, "not_found": 404, "unknown_error": 500}
TEXT, NUMBER, FLAG, MAP, LIST, AMOUNT = "string", "number", "boolean", "object", "array", "amount"
TYPES: dict[str, tuple[type, ...]] = {
    TEXT: (str,), NUMBER: (int, float), FLAG: (bool,), MAP: (dict,), LIST: (list,), AMOUNT: (int, float, str),
}  # fmt: skip

Json = dict[str, Any]
Fields = Mapping[str, str]
"""Names and types; "!" after a type: needed. "?" after it: may be null."""


def refused(kind: str, message: str, code: str = "") -> BadQuery:
    """An error as Medusa words it."""
    return BadQuery(STATUS[kind], {**({"code": code} if code else {}), "type": kind, "message": message})


def broken() -> BadQuery:
    """What Medusa answers when its own code fails."""
    return refused("unknown_error", "An unknown error occurred.", "unknown_error")


def parsed(content: bytes) -> Json:
    """A JSON object; no body is an empty one."""
    try:
        body = json.loads(content) if content else {}
    except ValueError:
        raise refused("invalid_data", "Unexpected token in JSON") from None
    if not isinstance(body, dict):
        raise refused("invalid_data", "Invalid request: Expected type: 'object'")
    return body


def check(body: Json, fields: Fields, *, strict: bool = True, path: Sequence[str] = ()) -> None:
    """Refuse what Medusa's validators refuse: the first thing that is wrong.

    Raises:
        BadQuery: 400.
    """
    for name, kind in fields.items():
        _check(body.get(name), kind, ", ".join([*path, name]), is_there=name in body)
    if strict and (unknown := [name for name in body if name not in fields]):
        raise refused("invalid_data", f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")


def check_all(items: Any, fields: Fields, name: str) -> None:
    """The same for a list, whose objects may hold more than is known."""
    for place, item in enumerate(items or ()):
        if not isinstance(item, dict):
            raise refused("invalid_data", f"Invalid request: Expected type: 'object' for field '{name}, {place}'")
        check(item, fields, strict=False, path=[name, str(place)])


def _check(value: Any, kind: str, path: str, *, is_there: bool) -> None:
    expected = kind.rstrip("!?")
    if value is None:
        if "!" in kind or (is_there and "?" not in kind):
            raise refused("invalid_data", f"Invalid request: Field '{path}' is required")
        return
    if not isinstance(value, TYPES[expected]) or (expected != FLAG and isinstance(value, bool)):
        raise refused(
            "invalid_data", f"Invalid request: Expected type: '{expected}' for field '{path}', got: '{value}'"
        )
