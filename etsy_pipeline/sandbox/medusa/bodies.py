"""Bodies of writes, judged and refused in Medusa's words (2.21.2, measured)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etsy_pipeline.sandbox.medusa.filters import BadQuery

STATUS = {"invalid_data": 400, "not_allowed": 400, "not_found": 404, "unknown_error": 500}
TEXT, NUMBER, FLAG, MAP, LIST, AMOUNT = "string", "number", "boolean", "object", "array", "amount"
TYPES: dict[str, tuple[type, ...]] = {
    TEXT: (str,), NUMBER: (int, float), FLAG: (bool,), MAP: (dict,), LIST: (list,), AMOUNT: (int, float, str),
}  # fmt: skip

MOST_NAMED = 3

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
    """Refuse what Medusa's validators refuse; it names three things at most.

    Raises:
        BadQuery: 400.
    """
    issues = [_issue(body, name, kind, ", ".join([*path, name])) for name, kind in fields.items()]
    if strict and (unknown := [name for name in body if name not in fields]):
        issues.append(f"Unrecognized fields: '{', '.join(unknown)}'")
    if found := [issue for issue in issues if issue]:
        raise refused("invalid_data", f"Invalid request: {'; '.join(found[:MOST_NAMED])}")


def check_all(items: Any, fields: Fields, name: str) -> None:
    """The same for a list, whose objects may hold more than is known."""
    for place, item in enumerate(items or ()):
        if not isinstance(item, dict):
            raise refused("invalid_data", f"Invalid request: Expected type: 'object' for field '{name}, {place}'")
        check(item, fields, strict=False, path=[name, str(place)])


def check_query(names: Iterable[str], known: frozenset[str]) -> None:
    """Most lists are strict: a parameter that they do not know is a 400 that names it without its brackets."""
    if unknown := list(dict.fromkeys(base for name in names if (base := name.partition("[")[0]) not in known)):
        raise refused("invalid_data", f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")


def _issue(body: Json, name: str, kind: str, path: str) -> str:
    value, expected = body.get(name), kind.rstrip("!?")
    if name not in body:
        return f"Field '{path}' is required" if "!" in kind else ""
    if value is None and "?" in kind:
        return ""
    if not isinstance(value, TYPES[expected]) or (expected != FLAG and isinstance(value, bool)):
        return f"Expected type: '{expected}' for field '{path}', got: '{'null' if value is None else value}'"
    return ""
