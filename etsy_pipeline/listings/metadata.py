"""What a product's metadata say, whoever typed them: Medusa's admin stores text, imports store lists and numbers.

A value that cannot be used is told and not used; the next source is asked.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import Any

from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
MOST_NAMED = 50  # names in an object
LONGEST_NUMBER = 18  # digits; longer ones are no weights, lengths or ids


class Metadata:
    """Reads values by the first of several keys that has a usable one. `found` says which had none."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {
            key: value
            for key, value in values.items()
            if value is not None and not (isinstance(value, str) and (not value or value.isspace()))
        }
        self._blank = {key for key, value in values.items() if isinstance(value, str) and key not in self._values}
        self.found: list[Verdict] = []

    def has(self, keys: AbstractSet[str]) -> bool:
        """Whether any of these is there."""
        return not self._values.keys().isdisjoint(keys)

    def value(self, key: str) -> object | None:
        """Whatever is there; None where nothing is."""
        return self._values.get(key)

    def text(self, *keys: str) -> str | None:
        """A text that is not blank."""
        for key, value in self._present(keys):
            if isinstance(value, str):
                return value
            self._unusable(key, value, "text")
        return None

    def words(self, *keys: str) -> str | None:
        """A text, or a whole number as text: an id or a name."""
        for key, value in self._present(keys):
            is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_NUMBER
            if isinstance(value, str) or is_number:
                return str(value)
            self._unusable(key, value, "text or a whole number")
        return None

    def number(self, *keys: str) -> Decimal | None:
        """A number above zero, also as text."""
        for key, value in self._present(keys):
            number = _number(value)
            if number is not None:
                return number
            self._unusable(key, value, "a number above zero")
        return None

    def texts(self, *keys: str) -> Sequence[str]:
        """A list of texts: a list, a list written as JSON, or text with commas."""
        for key, value in self._present(keys):
            items = _listed(value)
            if items is not None:
                return items
            self._unusable(key, value, "a list of texts")
        return ()

    def listed(self, *keys: str) -> Sequence[str] | None:
        """Like `texts`, but None where no key has a usable value: a list that is there and empty means none."""
        for key in keys:
            if key in self._blank:
                return ()
            if key in self._values and (found := _listed(self._values[key])) is not None:
                return found
            if key in self._values:
                self._unusable(key, self._values[key], "a list of texts")
        return None

    def named_texts(self, key: str) -> Mapping[str, tuple[str, ...]]:
        """Texts by name: an object, also written as JSON, of texts, numbers or lists of them; null and "" are none."""
        value = self._values.get(key)
        if value is None:
            return {}
        named = _object(value) if isinstance(value, str) else value
        found = {name: _words(item) for name, item in named.items()} if isinstance(named, Mapping) else None
        if found is None or len(found) > MOST_NAMED or None in found.values():
            self._unusable(key, value, f"an object of at most {MOST_NAMED} names, each with texts")
            return {}
        return {str(name): words for name, words in found.items() if words is not None}

    def facts(self, key: str) -> tuple[str, ...]:
        """Texts or numbers, each as a text: one, with commas, or a list."""
        value = self._values.get(key)
        found = () if value is None else _words(value)
        if found is None:
            self._unusable(key, value, "texts or numbers")
        return found or ()

    def flag(self, *keys: str) -> bool | None:
        """Yes or no, also as text."""
        for key, value in self._present(keys):
            chosen = _FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
            if chosen is not None:
                return chosen
            self._unusable(key, value, "true or false")
        return None

    def choice(self, key: str, of: Sequence[str]) -> str | None:
        """One of several words."""
        for name, value in self._present((key,)):
            if isinstance(value, str) and value.strip() in of:
                return value.strip()
            self._unusable(name, value, f"one of {', '.join(of)}")
        return None

    def _present(self, keys: Sequence[str]) -> Sequence[tuple[str, Any]]:
        return [(key, self._values[key]) for key in keys if key in self._values] if self._values else ()

    def _unusable(self, key: str, value: object, wanted: str) -> None:
        self.found.append(verdict("metadata_unusable", key=key, value=value, wanted=wanted))


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if isinstance(value, int) and abs(value) >= 10**LONGEST_NUMBER:
        return None
    text = str(value).strip()
    try:
        number = Decimal(text) if len(text) <= LONGEST_NUMBER and text.isascii() else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and 0 < number < 10**LONGEST_NUMBER else None


def _listed(value: object) -> Sequence[str] | None:
    if isinstance(value, str):
        return _written(value) if value.lstrip().startswith("[") else value.split(",")
    is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return value if is_list else None  # type: ignore[return-value] # it was just checked


def _words(value: object) -> tuple[str, ...] | None:
    """Texts, or numbers as texts, each once, without blank ones; None for anything else."""
    value = value.split(",") if isinstance(value, str) else value
    items = value if isinstance(value, list | tuple) else () if value is None else (value,)
    if any(isinstance(item, bool) or not isinstance(item, str | int | float) for item in items):
        return None
    try:
        return tuple(dict.fromkeys(text for item in items if (text := " ".join(str(item).split()))))
    except ValueError:  # Python writes no whole numbers of more than 4300 digits
        return None


def _object(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _written(text: str) -> Sequence[str] | None:
    try:
        return _listed(json.loads(text))
    except (ValueError, RecursionError):
        return None
