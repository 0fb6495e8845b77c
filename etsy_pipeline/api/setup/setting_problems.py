"""What is wrong with a setting, in words for who fills in a form."""

from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]

_TOLD: Mapping[str, Callable[[Context], str]] = {
    "decimal_parsing": lambda _: "Type a number, such as 12 or 1.5.",
    "float_parsing": lambda _: "Type a number, such as 12 or 1.5.",
    "finite_number": lambda _: "Type a number, such as 12 or 1.5.",
    "int_parsing": lambda _: "Type a whole number, such as 12.",
    "int_parsing_size": lambda _: "This number is too large.",
    "int_from_float": lambda _: "Type a whole number, such as 12.",
    "less_than_equal": lambda told: f"At most {told['le']}.",
    "less_than": lambda told: f"Less than {told['lt']}.",
    "greater_than_equal": lambda told: f"At least {told['ge']}.",
    "greater_than": lambda told: f"More than {told['gt']}.",
    "decimal_max_digits": lambda _: "This number has too many digits.",
    "decimal_max_places": lambda told: f"At most {told['decimal_places']} digits after the point.",
    "decimal_whole_digits": lambda _: "This number is too large.",
    "string_too_long": lambda told: f"At most {told['max_length']} characters.",
    "string_too_short": lambda told: f"At least {told['min_length']} characters.",
    "too_long": lambda told: f"At most {told['max_length']}.",
    "literal_error": lambda told: f"Choose {told['expected']}.",
    "missing": lambda _: "Something has to stand here.",
}
_DATES = ("datetime_", "timezone_")


def told_of(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors; a rule of the settings' own speaks for itself."""
    kind = str(error["type"])
    if kind in _TOLD:
        return _TOLD[kind](error.get("ctx", {}))
    if kind.startswith(_DATES):
        return "Type a day and a time with its zone, such as 2026-11-26T09:00+01:00."
    told = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{told[:1].upper()}{told[1:]}."
