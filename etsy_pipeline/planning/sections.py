"""The parts that a plan is shown in. Pure: each product of a plan is in one of them."""

from collections.abc import Iterable, Mapping
from typing import Literal

from etsy_pipeline.listings.remedies import OF_THE_SHOP
from etsy_pipeline.listings.verdict import Verdict

Section = Literal["create", "update", "deactivate", "invalid", "waits", "left", "same"]

SECTIONS: Mapping[str, str] = {
    "create": "New",
    "update": "Changes",
    "deactivate": "Taken down",
    "invalid": "Cannot be published",
    "waits": "Waits",
    "left": "Left alone",
    "same": "Nothing to do",
}
"""What people call them (docs/glossary.md)."""

WORDS: Mapping[str, str] = {
    "create": "New",
    "update": "Change",
    "deactivate": "Take down",
    "invalid": "Cannot be published",
    "skip": "Nothing to do",
}
"""What is done with a product, where it stands by itself."""

CHANGING: tuple[Section, ...] = ("create", "update", "deactivate")

CARE_OF_LEFT = 6  # a listing that is left as it is, though its product changed (`PlanItem.care`)


def section_of(action: str, care: int, verdicts: Iterable[Verdict]) -> Section:
    """Where a product stands.

    Args:
        action: what the plan does with it.
        care: where it stands in a plan that begins with what is dangerous.
        verdicts: what the rules say of it. One that breaks only rules of the whole shop waits; it is in order itself.
    """
    if action == "skip":
        return "left" if care == CARE_OF_LEFT else "same"
    if action == "invalid":
        broken = {verdict.code for verdict in verdicts if verdict.severity == "error"}
        return "waits" if broken and broken <= OF_THE_SHOP.keys() else "invalid"
    return next(section for section in CHANGING if section == action)


def words_of(action: str, care: int, verdicts: Iterable[Verdict]) -> str:
    """What is done with a product in words; the arguments are those of `section_of`."""
    section = section_of(action, care, verdicts)
    return SECTIONS[section] if section in {"waits", "left"} else WORDS[action]
