"""Which variant a line of an order is of: never guessed, nor by Etsy's product_id, which changes (ORDERS §3). Pure.

The listing says which product; within it, the cell of the listing that was sold says which variant (`VariantOnEtsy`,
by SKU and by option values), else the product's own SKUs and values do. Where two of these name two variants, or none
does, a person has to say.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.linking.text import sku_key, value_key
from etsy_pipeline.linking.variant_map import Key, VariantOnEtsy
from etsy_pipeline.listings.identity import VariantIdentity
from etsy_pipeline.sales.receipt import Choice

MatchedBy = Literal["", "sku", "values", "only variant", "person"]


@dataclass(frozen=True, slots=True)
class Sold:
    """What a line says of the thing that was sold."""

    sku: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The variant, and how it was found; or why it was not, in words."""

    variant_id: str | None = None
    matched_by: MatchedBy = ""
    problem: str = ""


def match(sold: Sold, variants: Sequence[VariantIdentity], cells: Sequence[VariantOnEtsy] = ()) -> Match:
    """Find the variant of a line.

    Args:
        sold: what the line says.
        variants: of the product that the listing is linked to, as Medusa has them now.
        cells: which cell of the listing is which variant, as far as that is known.
    """
    known = {variant.id for variant in variants}
    ours = [cell for cell in cells if cell.variant_id in known]
    own = [VariantOnEtsy(variant.id, variant.sku, variant.values) for variant in variants]
    by_sku = _named(sku_key(sold.sku), ours, own, lambda cell: sku_key(cell.sku))
    by_values = _by_values(sold.choices, ours, own)
    if by_sku and by_values and by_sku != by_values:
        return Match(problem=f"Its SKU {sold.sku} is one variant's, its options ({_told(sold.choices)}) are another's.")
    if by_sku:
        return Match(by_sku, "sku")
    if by_values:
        return Match(by_values, "values")
    if len(variants) == 1 and not sold.choices:
        return Match(variants[0].id, "only variant")
    what = "; ".join(part for part in (f"SKU {sold.sku}" if sold.sku else "no SKU", _told(sold.choices)) if part)
    return Match(problem=f"No variant, or more than one, is what was sold ({what}).")


def _by_values(choices: Sequence[Choice], ours: Sequence[VariantOnEtsy], own: Sequence[VariantOnEtsy]) -> str | None:
    """By the options as they are; where these say nothing, as Etsy formats them."""
    for values in ([choice.plain for choice in choices], [choice.value for choice in choices]):
        if values and all(values) and (found := _named(_key(values), ours, own, lambda cell: _key(cell.values))):
            return found
    return None


def _named(
    wanted: Key,
    ours: Iterable[VariantOnEtsy],
    own: Iterable[VariantOnEtsy],
    key: Callable[[VariantOnEtsy], Key],
) -> str | None:
    """The one variant with this key, among the listing's cells, else among the product's own; a blank key is none's."""
    if not wanted:
        return None
    for cells in (ours, own):
        found = {cell.variant_id for cell in cells if key(cell) == wanted}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _key(values: Sequence[str]) -> tuple[str, ...]:
    """Option values as they are compared: their axes' names and order say nothing."""
    return tuple(sorted(map(value_key, values)))


def _told(choices: Sequence[Choice]) -> str:
    return ", ".join(f"{choice.name}: {choice.value}" for choice in choices)
