"""What a product's variants say of variations: which options there are, which values they use, and what is wrong."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.characters import plain
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

MAX_AXES = 3
MAX_VALUES = 70
LONGEST_VALUE = 20
LONGEST_SKU = 32
FORBIDDEN = "()"
PLACEHOLDERS = (
    "default title", "default option value", "default variant", "default value", "default", "standardtitel",
    "titre par défaut", "título predeterminado", "título por defecto", "título padrão", "titolo predefinito",
    "standaardtitel", "tytuł domyślny", "domyślny tytuł", "デフォルトタイトル", "默认标题", "預設標題",
)  # fmt: skip
"""What Shopify and Medusa call the value of a product that has no options, in the languages of shops."""

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
    def constant(self) -> frozenset[int]:
        """The options that have one value over all variants, where another one tells these apart."""
        columns = list(zip(*self.cells, strict=True))
        alike = frozenset(place for place, column in enumerate(columns) if column[0] and len(set(column)) == 1)
        return alike if len(alike) < len(columns) else frozenset()

    @property
    def text(self) -> str:
        """All of it in a line: "Size S, M; Color Red"."""
        return "; ".join(f"{name} {', '.join(values)}" for name, values in self.facts)


def read(product: Product) -> Variations:
    """The options that some variant uses, or that have values at all."""
    tidy: dict[str, str] = {}  # each spelling is looked at once, however many variants have it
    cells = []
    options = [(option, plain(option.title)) for option in product.options]
    for variant in product.variants:
        cell = []
        for option, _ in options:
            value = variant.options.get(option.title, "")
            if value not in tidy:
                tidy[value] = plain(value)
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


def is_placeholder(value: str) -> bool:
    """Whether a value says that there is none: in whatever capitals, accents and signs ("Default-Title")."""
    return _folded(value) in _FOLDED


def _is_placeholder(column: Sequence[str]) -> bool:
    """A variant without a value of a placeholder lacks nothing."""
    first = next(filter(None, column), "")
    return is_placeholder(first) and {_folded(value) for value in column if value} == {_folded(first)}


def _folded(text: str) -> str:
    return "".join(item for item in unicodedata.normalize("NFKD", text).casefold() if item.isalnum())


_FOLDED = frozenset(map(_folded, PLACEHOLDERS))


def problems(product: Product, variations: Variations) -> list[Verdict]:
    """What is wrong with a product's options, whatever its variants cost."""
    found, kept = [], sendable(variations)
    if len(kept) > MAX_AXES:
        names = ", ".join(variations.names)
        found.append(verdict("too_many_variations", count=len(variations.names), options=names, limit=MAX_AXES))
    for place in kept:
        found += _check_values(variations.names[place], variations.values[place])
    whole: list[Values] = []
    for variant, cell in zip(product.variants, variations.cells, strict=True):
        missing = [name for name, value in zip(variations.names, cell, strict=True) if not value]
        found += [verdict("variation_value_missing", variant=variant.title or variant.id, option=n) for n in missing]
        if not missing:
            whole.append(cell)
    if len(product.variants) > 1 and not variations.names:
        found.append(verdict("variants_alike", count=len(product.variants)))
    else:
        found += [verdict("variation_repeated", values=" / ".join(cell)) for cell in _repeated(whole)]
    return found + _sku_problems([sku(variant) for variant in product.variants])


def sendable(variations: Variations) -> tuple[int, ...]:
    """The options that are to become variations: all, but for constant ones with which Etsy would refuse the product.

    Such are those with parentheses or without a name, and the last ones of more than three.
    """
    constant = variations.constant
    kept = [
        place
        for place, name in enumerate(variations.names)
        if place not in constant or (name and not _is_forbidden(name + variations.values[place][0]))
    ]
    for place in sorted(constant, reverse=True):
        if len(kept) > MAX_AXES and place in kept:
            kept.remove(place)
    return tuple(kept)


def sku(variant: Variant) -> str:
    """The variant's SKU as it is sent; empty where it has none."""
    return tidy_sku(variant.sku)


def tidy_sku(text: str | None) -> str:
    """A SKU on one line, without entities however often they were written: it comes back from Etsy as it was sent."""
    tidy, before = plain(text or ""), text
    while tidy != before:
        tidy, before = plain(tidy), tidy
    return tidy


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
    if name and _is_forbidden(name):
        found.append(verdict("variation_value_forbidden", value=name))
    if len(values) > MAX_VALUES:
        found.append(verdict("variation_values_too_many", option=name, count=len(values), limit=MAX_VALUES))
    spellings: dict[str, list[str]] = {}
    for value in values:
        spellings.setdefault(value.casefold(), []).append(value)
        if _is_forbidden(value):
            found.append(verdict("variation_value_forbidden", value=value))
        if len(value) > LONGEST_VALUE:
            found.append(verdict("variation_value_too_long", value=value, length=len(value), limit=LONGEST_VALUE))
    alike = [", ".join(group) for group in spellings.values() if len(group) > 1]
    return found + [verdict("variation_value_repeated", values=group, option=name) for group in alike]


def _used(option: Option, column: Sequence[str]) -> Values:
    """The values of an option that some variant has, in the shop's order."""
    used = dict.fromkeys(value for value in column if value)
    ordered = [value for value in dict.fromkeys(map(plain, option.values)) if value in used]
    known = set(ordered)
    return (*ordered, *(value for value in used if value not in known))


def _is_forbidden(text: str) -> bool:
    return any(character in text for character in FORBIDDEN)
