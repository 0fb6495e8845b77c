"""A row of the tables of rules."""

from typing import NamedTuple

from etsy_pipeline.listings.verdict import Severity

MISSION = "the project's brief"


class Rule(NamedTuple):
    """One row. `message` is filled in with `str.format`; it names the value and the limit."""

    severity: Severity
    field: str
    message: str
    hint: str
    source: str
