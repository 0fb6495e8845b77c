"""Templates that a shop owner writes for titles, descriptions and the texts of pictures: `{title} | {material}`."""

import functools
import string
from collections.abc import Mapping

SEPARATORS = " ,;:|–-"

_FORMATTER = string.Formatter()


def checked(template: str, names: tuple[str, ...]) -> str:
    """The template, if it can be filled in.

    Raises:
        ValueError: naming what it holds that is no placeholder.
    """
    try:
        fields = [(field, spec, conversion) for _, field, spec, conversion in _FORMATTER.parse(template)]
    except ValueError as error:
        raise ValueError(f"{error}; write {{{{ and }}}} for braces of the text") from None
    for field, spec, conversion in fields:
        if field is not None and (field not in names or spec or conversion):
            known = ", ".join(f"{{{name}}}" for name in names)
            raise ValueError(f"{{{field}}} is no placeholder; there are {known}")
    return template


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its values, and without separators at either end, such as a blank value leaves."""
    parts = [text if field is None else text + values[field] for text, field in _parsed(template)]
    return "".join(parts).strip(SEPARATORS)


def joined(template: str, values: Mapping[str, str]) -> str:
    """Likewise, and what separates a blank value from the one before it is dropped, too."""
    parts = []
    for text, field in _parsed(template):
        value = "" if field is None else values[field]
        parts.append("" if field and not value and not text.strip(SEPARATORS) else text + value)
    return "".join(parts).strip(SEPARATORS)


@functools.lru_cache(maxsize=100)
def _parsed(template: str) -> list[tuple[str, str | None]]:
    return [(text, field) for text, field, _, _ in _FORMATTER.parse(template)]
