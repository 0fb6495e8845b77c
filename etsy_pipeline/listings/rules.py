"""Every finding a product can get, with its words: a verdict is always made from a row of a table of rules.

FACTS is docs/etsy-facts.md. Where it calls something uncertain, the strict reading is the rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from etsy_pipeline.listings.rule_tables.categories import CATEGORIES
from etsy_pipeline.listings.rule_tables.media import MEDIA
from etsy_pipeline.listings.rule_tables.prices import PRICES
from etsy_pipeline.listings.rule_tables.products import PRODUCTS
from etsy_pipeline.listings.rule_tables.rule import Rule
from etsy_pipeline.listings.rule_tables.shops import SHOPS
from etsy_pipeline.listings.rule_tables.texts import TEXTS
from etsy_pipeline.listings.rule_tables.variations import VARIATIONS
from etsy_pipeline.listings.verdict import Verdict

LONGEST_SHOWN = 200  # characters of a value in a message: enough to recognise it
MOST_SHOWN = 50  # of several values

RULES: dict[str, Rule] = TEXTS | CATEGORIES | PRICES | VARIATIONS | SHOPS | MEDIA | PRODUCTS


def verdict(code: str, **values: object) -> Verdict:
    """The finding of a rule, with the values that its message names."""
    rule = RULES[code]
    return Verdict(code, rule.severity, rule.field, rule.message.format(**_shown(values)), rule.hint)


def gathered(found: Iterable[Verdict], most: int) -> list[Verdict]:
    """The first few findings of each rule, the last of them saying how many more there are."""
    by_code: dict[str, list[Verdict]] = {}
    for item in found:
        by_code.setdefault(item.code, []).append(item)
    kept = []
    for items in by_code.values():
        *first, last = items[:most]
        more = len(items) - most
        kept += [*first, replace(last, message=f"{last.message} ({more} more likewise)") if more > 0 else last]
    return kept


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    """Values as a message can show them: on one line, not too long, without what a database refuses."""
    return {name: _short(value) for name, value in values.items()}


def _short(value: object) -> object:
    if isinstance(value, tuple):
        more = f" and {len(value) - MOST_SHOWN} more" if len(value) > MOST_SHOWN else ""
        return ", ".join(str(_short(item)) for item in value[:MOST_SHOWN]) + more
    try:
        text = str(value)
    except ValueError:  # Python writes no whole numbers of more than 4300 digits
        return "a very long number"
    if isinstance(value, int | Decimal) and len(text) <= LONGEST_SHOWN:
        return value
    visible = "".join(item if item.isprintable() else "\N{REPLACEMENT CHARACTER}" for item in text[: LONGEST_SHOWN + 1])
    return visible if len(visible) <= LONGEST_SHOWN else visible[:LONGEST_SHOWN] + "…"
