"""What a product's metadata say, whoever typed them: Medusa's admin stores text, imports store lists and numbers.

A value that cannot be used is told and not used; the next source is asked.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Metadata:
    """Reads values by the first of several keys that has a usable one. `found` says which had none."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.found: list[Verdict] = []

    def text(self, *keys: str) -> str | None:
        """A text that is not blank."""
        for key, value in self._present(keys):
            if isinstance(value, str):
                return value
            self._unusable(key, value, "text")
        return None

    def texts(self, *keys: str) -> Sequence[str]:
        """A list of texts: a list, a list written as JSON, or text with commas."""
        for key, value in self._present(keys):
            items = _listed(value)
            if items is not None:
                return items
            self._unusable(key, value, "a list of texts")
        return ()

    def flag(self, *keys: str, default: bool) -> bool:
        """Yes or no, also as text."""
        for key, value in self._present(keys):
            chosen = _FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
            if chosen is not None:
                return chosen
            self._unusable(key, value, "true or false")
        return default

    def _present(self, keys: Sequence[str]) -> Sequence[tuple[str, Any]]:
        values = [(key, self._values.get(key)) for key in keys]
        return [
            (key, value)
            for key, value in values
            if not (value is None or (isinstance(value, str) and not value.strip()))
        ]

    def _unusable(self, key: str, value: object, wanted: str) -> None:
        self.found.append(verdict("metadata_unusable", key=key, value=value, wanted=wanted))


def _listed(value: object) -> Sequence[str] | None:
    if isinstance(value, str):
        return _written(value) if value.lstrip().startswith("[") else value.split(",")
    is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return value if is_list else None  # type: ignore[return-value] # it was just checked


def _written(text: str) -> Sequence[str] | None:
    try:
        return _listed(json.loads(text))
    except (ValueError, RecursionError):
        return None
