"""What a product's variants say of variations: which options there are, which values they use, and what is wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

MAX_AXES = 3
MAX_VALUES = 70
LONGEST_VALUE = 20
LONGEST_SKU = 32
FORBIDDEN = "()"
PLACEHOLDERS = frozenset(("default title", "default option value", "default variant", "default value", "default"))
"""What Shopify and Medusa call the value of a product that has no options, in small letters."""

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variations:
    """A product's options as its variants use them: names, the values of each, and each variant's cell.

    What the only variant is, is no variation: `facts` are all options with all their values, and `said` is each
    variant's value of every one of them. Placeholders ("Title: Default Title") are not even facts.
    """

    names: Values
    values: tuple[Values, ...]
    cells: tuple[Values, ...]
    facts: tuple[tuple[str, Values], ...] = ()
    said: tuple[Values, ...] = ()

    @property
    def text(self) -> str:
        """All of it in a line: "Size S, M; Color Red"."""
        return "; ".join(f"{name} {', '.join(values)}" for name, values in self.facts)


def read(product: Product) -> Variations:
    """The options that some variant uses, or that have values at all."""
    tidy: dict[str, str] = {}  # each spelling is looked at once, however many variants have it
    cells = []
    options = [(option, one_line(option.title)) for option in product.options]
    for variant in product.variants:
        cell = []
        for option, _ in options:
            value = variant.options.get(option.title, "")
            if value not in tidy:
                tidy[value] = one_line(value)
            cell.append(tidy[value])
        cells.append(tuple(cell))
    columns = list(zip(*cells, strict=True)) or [()] * len(options)
    kept = [
        index
        for index, (option, _) in enumerate(options)
        if (option.values or any(columns[index])) and not _is_placeholder(columns[index])
    ]
    facts = tuple((options[index][1], _used(options[index][0], columns[index])) for index in kept)
    said = tuple(tuple(cell[index] for index in kept) for cell in cells)
    if len(product.variants) == 1:
        return Variations((), (), ((),), facts, said)
    return Variations(tuple(name for name, _ in facts), tuple(values for _, values in facts), said, facts, said)


def _is_placeholder(column: Sequence[str]) -> bool:
    values = {value.casefold() for value in column}
    return len(values) == 1 and not PLACEHOLDERS.isdisjoint(values)


def problems(product: Product, variations: Variations) -> list[Verdict]:
    """What is wrong with a product's options, whatever its variants cost."""
    found = []
    if len(variations.names) > MAX_AXES:
        names = ", ".join(variations.names)
        found.append(verdict("too_many_variations", count=len(variations.names), options=names, limit=MAX_AXES))
    for name, values in zip(variations.names, variations.values, strict=True):
        found += _check_values(name, values)
    whole: list[Values] = []
    for variant, cell in zip(product.variants, variations.cells, strict=True):
        missing = [name for name, value in zip(variations.names, cell, strict=True) if not value]
        found += [verdict("variation_value_missing", variant=variant.title or variant.id, option=n) for n in missing]
        if not missing:
            whole.append(cell)
    found += [verdict("variation_repeated", values=" / ".join(cell) or "of nothing") for cell in _repeated(whole)]
    return found + _sku_problems([sku(variant) for variant in product.variants])


def sku(variant: Variant) -> str:
    """The variant's SKU on one line; empty where it has none."""
    return one_line(variant.sku) if variant.sku else ""


def _sku_problems(skus: Sequence[str]) -> list[Verdict]:
    found = [verdict("sku_repeated", sku=item) for item in _repeated([item for item in skus if item])]
    too_long = [item for item in skus if len(item) > LONGEST_SKU]
    return found + [verdict("sku_too_long", sku=item, length=len(item), limit=LONGEST_SKU) for item in too_long]


def _repeated(items: Sequence[str] | Sequence[Values]) -> list[str | Values]:
    if len(set(items)) == len(items):
        return []
    counted: Counter[str | Values] = Counter(items)
    return [item for item, count in counted.items() if count > 1]


def _check_values(name: str, values: Values) -> list[Verdict]:
    found = [] if name else [verdict("variation_name_missing")]
    if name and any(character in name for character in FORBIDDEN):
        found.append(verdict("variation_value_forbidden", value=name))
    if len(values) > MAX_VALUES:
        found.append(verdict("variation_values_too_many", option=name, count=len(values), limit=MAX_VALUES))
    spellings: dict[str, list[str]] = {}
    for value in values:
        spellings.setdefault(value.casefold(), []).append(value)
        if any(character in value for character in FORBIDDEN):
            found.append(verdict("variation_value_forbidden", value=value))
        if len(value) > LONGEST_VALUE:
            found.append(verdict("variation_value_too_long", value=value, length=len(value), limit=LONGEST_VALUE))
    alike = [", ".join(group) for group in spellings.values() if len(group) > 1]
    return found + [verdict("variation_value_repeated", values=group, option=name) for group in alike]


def _used(option: Option, column: Sequence[str]) -> Values:
    """The values of an option that some variant has, in the shop's order."""
    used = dict.fromkeys(value for value in column if value)
    ordered = [value for value in dict.fromkeys(map(one_line, option.values)) if value in used]
    known = set(ordered)
    return (*ordered, *(value for value in used if value not in known))
