"""What arrived: the body in whichever encoding the endpoint takes, and fields read as strictly as Etsy may (§4)."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from etsy_pipeline.sandbox.etsy.answers import Problem, error
from etsy_pipeline.sandbox.state import State

FORM = "application/x-www-form-urlencoded"
MAX_IDS = 100  # a page, or a batch
CEILING = 12_000
"""How far pages reach. FACTS §10 has an offset of 12,000 at most; whether that page is shown is unsure: not here."""
_WHOLE = re.compile(r"[0-9]{1,18}")  # what a 64-bit id can hold; `str.isdecimal` would take other scripts' digits
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


@dataclass(slots=True)
class Call:
    """One call that passed the key, the limits and the token."""

    state: State
    path: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str
    body: bytes
    base_url: str
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    user_id: int | None = None
    visible_from: float = 0.0
    """When what this call creates can be seen: a fault may put it into the future."""
    unlinks: bool = False
    """Whether a PUT of the inventory unlinks the pictures of all values: a fault may make it so."""

    def number(self, name: str) -> int:
        """A number in the path; anything else is no such resource."""
        value = whole(self.path[name])
        if value is None:
            raise error(404, "Resource not found")
        return value

    def form(self) -> dict[str, str]:
        """A form. Of repeated keys one value survives, without a word (FACTS §4)."""
        if self.content_type != FORM:  # JSON is said to be tolerated by some; undocumented, so refused
            raise error(400, f"Expected Content-Type {FORM}")
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """A JSON body (FACTS §4)."""
        try:
            return json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise error(400, "Not a valid JSON string") from None

    def paging(self) -> tuple[int, int]:
        """Limit and offset (FACTS §10)."""
        limit, offset = whole(self.query.get("limit", "25")), whole(self.query.get("offset", "0"))
        if limit is None or not 1 <= limit <= MAX_IDS or offset is None or offset + limit > CEILING:
            raise error(400, f"limit must be 1 to {MAX_IDS}, and the last one at most the {CEILING}th")
        return limit, offset

    def ids(self, name: str) -> list[int]:
        """A comma-joined list of ids in the query, at most 100 (FACTS §10)."""
        parts = [part for part in self.query.get(name, "").split(",") if part]
        ids = [value for part in parts if (value := whole(part)) is not None]
        if not parts or len(parts) > MAX_IDS or len(ids) < len(parts):
            raise error(400, f"{name} must be 1 to {MAX_IDS} ids, separated by commas")
        return ids


def whole(text: str) -> int | None:
    """A whole number without a sign; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python would read NaN and Infinity


class Fields:
    """Reads the fields of a form, and collects what is wrong with them."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form
        self.problems: list[Problem] = []

    def has(self, name: str) -> bool:
        """Whether the field was sent."""
        return name in self._form

    def wrong(self, name: str, message: str, kind: str = "invalid") -> None:
        """Note a problem."""
        self.problems.append(Problem(f"/{name}", kind, message))

    def text(self, name: str) -> str | None:
        """A text."""
        return self._form.get(name)

    def integer(self, name: str, low: int, high: int) -> int | None:
        """A whole number within bounds."""
        text = self._form.get(name)
        if text is None:
            return None
        size = whole(text.removeprefix("-"))
        if size is None:
            self.wrong(name, "must be an integer")
            return None
        value = -size if text.startswith("-") else size
        if value > high:
            self.wrong(name, f"cannot be greater than {high}")
        elif value < low:
            self.wrong(name, f"cannot be less than {low}")
        return value

    def number(self, name: str, low: float, high: float = math.inf) -> float | None:
        """A number within bounds."""
        text = self._form.get(name)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):  # `float` would take 1_000, nan and inf as well
            self.wrong(name, "must be a number")
            return None
        value = float(text)
        if not low <= value <= high:
            self.wrong(name, f"must be between {low} and {high}")
        return value

    def boolean(self, name: str) -> bool | None:
        """True or false."""
        text = self._form.get(name)
        if text is None:
            return None
        if text not in {"true", "false"}:
            self.wrong(name, "must be true or false")
        return text == "true"

    def choice(self, name: str, choices: frozenset[str]) -> str | None:
        """One of some words."""
        text = self._form.get(name)
        if text is not None and text not in choices:
            self.wrong(name, f"must be one of {', '.join(sorted(choices))}")
        return text

    def texts(self, name: str) -> list[str] | None:
        """One comma-joined value (FACTS §4); an empty one is an empty list."""
        text = self._form.get(name)
        return None if text is None else [part.strip() for part in text.split(",") if part.strip()]

    def ids(self, name: str) -> list[int] | None:
        """A comma-joined list of ids."""
        parts = self.texts(name)
        if parts is None:
            return None
        ids = [value for part in parts if (value := whole(part)) is not None]
        if len(ids) < len(parts):
            self.wrong(name, "must be ids, separated by commas")
            return None
        return ids
