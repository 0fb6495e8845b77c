"""The attributes of a listing (Material: Cotton): facts that Etsy's category asks for, in values that Etsy lists.

What varies is no attribute. The first source that names an attribute counts: metadata `etsy_attributes`, the shop's
maps by option and by metadata, then, where the shop wants guesses, the product's own options and words, then the shop's
map by category. A value that Etsy does not list is left out and told, with those that come nearest (LISTING_EXTRAS §3).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.attribute_settings import AttributeRules
from etsy_pipeline.listings.attribute_values import property_named, read, unknown_attribute
from etsy_pipeline.listings.axes import ALSO_CALLED
from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.groups import groups
from etsy_pipeline.listings.listing import Attribute
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import Shop, TaxonomyProperty
from etsy_pipeline.listings.tags import split_materials
from etsy_pipeline.listings.variations import Variations
from etsy_pipeline.listings.verdict import Verdict

METADATA = "etsy_attributes"
REFUSED = "attribute_refused"  # code of the warning on attributes that Etsy refuses just now


class _Named(NamedTuple):
    """An attribute that a source names; no values: there is to be none. What is a guess is not told where it fails."""

    name: str
    values: tuple[str, ...]
    is_guess: bool = False


def attributes(
    product: Product,
    metadata: Metadata,
    variations: Variations,
    category: int,
    varying: Collection[int],
    rules: AttributeRules,
    shop: Shop,
) -> tuple[tuple[Attribute, ...], list[Verdict]]:
    """The attributes of a listing, and what cannot be sent of them.

    Args:
        product: as Medusa has it.
        metadata: the product's.
        variations: what its options say.
        category: Etsy's.
        varying: properties that the listing varies by: Etsy has these from its inventory.
        rules: the shop's.
        shop: as Etsy has it.
    """
    named = [*_of_metadata(metadata), *_of_maps(metadata, variations, rules)]
    named += _of_options(variations) if rules.guess else ()
    fixed = list(_of_groups(product, rules))
    if not (named or fixed or rules.guess):
        return (), []
    if category not in shop.properties:  # absent is not empty: an update would take attributes away
        return (), [verdict("attributes_unreadable", taxonomy_id=category)]
    offered = [item for item in shop.properties[category] if item.supports_attributes]
    free = [item for item in offered if item.property_id not in varying]
    guesses = _of_words(product, free) if rules.guess else ()
    chosen, found = _chosen([*named, *guesses, *fixed], offered, varying, rules)
    kept, told = _kept(chosen, {item.property_id for item in offered if item.is_required}, rules.most, shop)
    return kept, found + told


def refused(items: Sequence[Attribute], why: str) -> Verdict:
    """That attributes are left out because Etsy refuses them just now; its field names them."""
    numbers = ",".join(str(item.property_id) for item in items)
    return replace(verdict(REFUSED, attributes=shown(items), why=why), field=f"attributes[{numbers}]")


def refused_in(*verdicts: Iterable[Verdict]) -> frozenset[int]:
    """The properties that were left out because Etsy refuses them."""
    fields = [item.field for found in verdicts for item in found if item.code == REFUSED]
    return frozenset(int(part) for field in fields for part in field[len("attributes[") : -1].split(","))


def without(items: Iterable[Attribute], properties: Collection[int]) -> tuple[Attribute, ...]:
    """The attributes that are not of these properties."""
    return tuple(item for item in items if item.property_id not in properties)


def shown(items: Iterable[Attribute]) -> str:
    """Attributes as a person reads them: "Material: Cotton; Room: Bedroom"."""
    return "; ".join(f"{item.name}: {', '.join(item.values)}" for item in items)


def same(one: Iterable[Attribute], other: Iterable[Attribute]) -> bool:
    """Whether both say the same, in whatever order: Etsy may know a value by another id (LISTING_EXTRAS §3)."""
    return {meaning(item) for item in one} == {meaning(item) for item in other}


def meaning(item: Attribute) -> tuple[int, frozenset[str], int | None]:
    """What an attribute says, whatever the ids of its values."""
    return item.property_id, frozenset(value.casefold() for value in item.values), item.scale_id


def _chosen(
    named: Iterable[_Named], offered: Sequence[TaxonomyProperty], varying: Collection[int], rules: AttributeRules
) -> tuple[dict[int, Attribute], list[Verdict]]:
    """For each attribute what the first usable source says of it."""
    chosen: dict[int, Attribute | None] = dict.fromkeys(varying)
    found: list[Verdict] = []
    for item in named:
        wanted = property_named(item.name, offered)
        if wanted is None:
            found += [] if item.is_guess else [unknown_attribute(item.name, offered)]
        elif wanted.property_id not in chosen:
            attribute, told = read(wanted, item.values, may_be_free=rules.free == "try")
            found += told
            if attribute or not item.values:
                chosen[wanted.property_id] = attribute
    return {number: attribute for number, attribute in chosen.items() if attribute}, found


def _kept(
    chosen: dict[int, Attribute], required: Collection[int], most: int, shop: Shop
) -> tuple[tuple[Attribute, ...], list[Verdict]]:
    """As many as the shop wants, those first that the category requires. What Etsy refuses just now is told only."""
    kept = sorted(chosen.values(), key=lambda item: item.property_id not in required)
    found = []
    if len(kept) > most:
        found.append(verdict("too_many_attributes", count=len(kept), limit=most, dropped=shown(kept[most:])))
    if refuses := [item for item in kept[:most] if item.property_id in shop.refused_attributes]:
        found.append(refused(refuses, "it did within the last day"))
    return tuple(kept[:most]), found


def _of_metadata(metadata: Metadata) -> list[_Named]:
    return [_Named(name, values) for name, values in metadata.named_texts(METADATA).items()]


def _of_maps(metadata: Metadata, variations: Variations, rules: AttributeRules) -> Iterator[_Named]:
    """By option and by metadata, as the shop says."""
    facts = {name.casefold(): values for name, values in variations.facts}
    for option, name in rules.by_option.items():
        if values := facts.get(one_line(option).casefold()):
            yield _Named(name, values)
    for key, name in rules.by_metadata.items():
        if told := metadata.facts(key):
            yield _Named(name, told)


def _of_options(variations: Variations) -> Iterator[_Named]:
    """Options with one value: they vary nothing, and say something."""
    for name, values in variations.facts:
        if len(values) == 1:
            yield _Named(ALSO_CALLED.get(name.casefold(), name), values, is_guess=True)


def _of_words(product: Product, offered: Sequence[TaxonomyProperty]) -> Iterator[_Named]:
    """Words of the product that are, letter by letter, a value of one attribute and of no other."""
    words = [*split_materials(product.material or ""), product.type.name if product.type else "", *product.tags]
    found: dict[int, list[str]] = {}
    for word in _tidy(words):
        of = [item for item in offered if word.casefold() in {value.name.casefold() for value in item.values}]
        if len(of) == 1:
            found.setdefault(of[0].property_id, []).append(word)
    for number, values in found.items():
        yield _Named(str(number), tuple(values), is_guess=True)


def _of_groups(product: Product, rules: AttributeRules) -> Iterator[_Named]:
    """What the shop says of all products of a group, the most specific one first."""
    for group in groups(product) if rules.by_category else ():
        for key in (group.id, group.name):
            for name, values in rules.by_category.get(key, {}).items():
                yield _Named(name, _tidy(values))


def _tidy(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for value in values if (text := one_line(value))))
